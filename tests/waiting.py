"""Waiting for what other threads and programs do, and ports for them on this machine."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any


def wait_for(condition: Callable[[], Any], what: str = "it", seconds: float = 60.0) -> Any:
    """Its first true value; AssertionError when there is none within ``seconds``."""
    until, pause = time.monotonic() + seconds, threading.Event()
    while not (value := condition()):
        assert time.monotonic() < until, f"waited {seconds:g} s in vain for {what}"
        pause.wait(0.02)
    return value


def free_port() -> int:
    """Of 127.0.0.1; nobody listens there, and connections to it are refused."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
