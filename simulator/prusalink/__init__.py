"""PrusaLink: the server beside an MK3 (flavour "mk3"), and the one in newer printers' firmware."""
