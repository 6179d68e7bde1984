"""From what printers report and what the queue knows to events."""
