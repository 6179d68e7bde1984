"""Waiting for what other threads and programs do, and ports for them on this machine."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any


def wait_for(
    condition: Callable[[], Any],
    what: str | Callable[[], object] = "it did not come about",
    seconds: float = 60.0,
    *,
    every: float = 0.02,
) -> Any:
    """Its first true value, asked ``every`` so many seconds.

    AssertionError when there is none within ``seconds``; its words are ``what``, which is called
    only then where it can be called ("the last thing the printer said").
    """
    until, pause = time.monotonic() + seconds, threading.Event()
    while not (value := condition()):
        if time.monotonic() >= until:
            words = what() if callable(what) else what
            raise AssertionError(f"waited {seconds:g} s in vain: {words}")
        pause.wait(every)
    return value


def free_port() -> int:
    """Of 127.0.0.1; nobody listens there, and connections to it are refused."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
