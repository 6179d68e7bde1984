"""Ports that stay free while a simulated printer is switched off for a while.

A port of the system's choice comes from the range of outgoing connections: while the printer is off
any program may be given it, and the printer could not come back where it was.
"""

from __future__ import annotations

import asyncio
import errno
import os
import random
import socket
import threading
from collections.abc import Awaitable, Callable

FIRST, LAST = 20_000, 32_000
"""Below the outgoing connections of Linux (32768) and of everybody else (49152)."""
RANGE = "SIMULATOR_PORTS"
"""Environment variable: "20000-21499" keeps farms apart that run beside each other, so that none
takes the port of another's printer while that one is off."""
TRIES = 200
_ANY = random.SystemRandom()  # whatever a test has seeded, two farms must not begin alike
_lock = threading.Lock()
_turns: dict[tuple[int, int], int] = {}


def quiet_port(address: str) -> int:
    """A free TCP port there; 0, the system's choice, in the unlikely case that none was found.

    No number comes again before all others of the range were given: two ports that are chosen
    before either is opened differ, and nobody is given the port of a printer that is off.
    Raises ValueError for a range that cannot be read.
    """
    low, _, high = os.environ.get(RANGE, f"{FIRST}-{LAST}").partition("-")
    first, last = int(low), int(high)
    width = last - first + 1
    with _lock:
        turn = _turns.setdefault((first, last), _ANY.randrange(width))
        for step in range(min(width, TRIES)):
            port = first + (turn + step) % width
            if _is_free(address, port):
                _turns[first, last] = turn + step + 1
                return port
    return 0


async def listen(
    address: str, port: int, start: Callable[[int], Awaitable[asyncio.Server]]
) -> asyncio.Server:
    """Open ``port``, or for 0 a quiet one, by ``start(port)``; another where a neighbour process
    was quicker. Raises OSError."""
    for _ in range(TRIES):
        chosen = port or quiet_port(address)
        try:
            return await start(chosen)
        except OSError as error:
            if port or error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, f"no free port at {address} in {TRIES} tries")


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
