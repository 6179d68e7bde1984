"""What is sent of what happens: to whom, when, how much at once, in which words. Pure but for the
Holder, which keeps what waits."""
