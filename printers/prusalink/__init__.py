"""PrusaLink printers: the MK3 family's server on a Raspberry Pi, and the printers' own firmware."""
