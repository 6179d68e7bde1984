"""Ports that stay free while a simulated printer is switched off for a while.

A port of the system's choice comes from the range of outgoing connections: while the printer is off
any program may be given it, and the printer could not come back where it was.
"""

from __future__ import annotations

import os
import random
import socket

FIRST, LAST = 20_000, 32_000
"""Below the outgoing connections of Linux (32768) and of everybody else (49152)."""
RANGE = "SIMULATOR_PORTS"
"""Environment variable: "20000-21499" keeps farms apart that run beside each other, so that none
takes the port of another's printer while that one is off."""
TRIES = 200
_ANY = random.SystemRandom()  # whatever a test has seeded, two farms must not draw alike


def quiet_port(address: str) -> int:
    """A free TCP port there; 0, the system's choice, in the unlikely case that none was found.

    Raises ValueError for a range that cannot be read.
    """
    first, _, last = os.environ.get(RANGE, f"{FIRST}-{LAST}").partition("-")
    for _ in range(TRIES):
        port = _ANY.randint(int(first), int(last))
        with socket.socket() as probe:
            try:
                probe.bind((address, port))
            except OSError:
                continue
            return port
    return 0
