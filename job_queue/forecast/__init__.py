"""When what will start and end: the queue played forward with times learned from real ones."""
