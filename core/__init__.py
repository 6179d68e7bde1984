"""What every room may use and what uses nobody: config, errors, events, files, clock, secrets."""
