"""Measures the farm against simulated printers: ``make bench``. Prints figures, judges nothing."""
