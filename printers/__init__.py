"""Printers: their state, the commands they take, the one gate, and an adapter per make."""
