"""Ports that stay free while a simulated printer is switched off for a while.

A port of the system's choice comes from the range of outgoing connections: while the printer is off
any program may be given it, and the printer could not come back where it was.
"""

from __future__ import annotations

import random
import socket

FIRST, LAST = 20_000, 32_000
"""Below the outgoing connections of Linux (32768) and of everybody else (49152)."""
TRIES = 200
_ANY = random.SystemRandom()  # whatever a test has seeded, two farms must not draw alike


def quiet_port(address: str) -> int:
    """A free TCP port there; 0, the system's choice, in the unlikely case that none was found."""
    for _ in range(TRIES):
        port = _ANY.randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    return 0
