"""Where the moves of a print file go: a streaming scan in a child process."""
