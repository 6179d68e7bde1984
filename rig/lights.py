"""Three lamps: red = preview, green = recording, yellow = paused, none while a video is built.

Red flashes for each saved frame; where it is on already, it goes out for that moment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

BLINK_S = 0.2
LAMPS = ("red", "yellow", "green")
STEADY = {"idle": "red", "recording": "green", "paused": "yellow", "building": ""}


class Lamp(Protocol):
    def on(self) -> None: ...

    def off(self) -> None: ...


class Lights:
    """Thread-safe. ``state`` is asked whenever something may have changed."""

    def __init__(self, lamps: dict[str, Lamp], state: Callable[[], str]) -> None:
        self._lamps, self._state = lamps, state
        self._event = threading.Event()
        self._blink = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="rig:lights", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 2.0) -> None:
        self._stopping = True
        self._event.set()
        self._thread.join(timeout)
        for lamp in self._lamps.values():
            lamp.off()

    def refresh(self) -> None:
        self._event.set()

    def blink(self) -> None:
        self._blink = True
        self._event.set()

    def _run(self) -> None:
        pause = threading.Event()
        while not self._stopping:
            self._event.clear()
            steady = STEADY.get(self._state(), "")
            if self._blink:
                self._blink = False
                self._show(steady, red=steady != "red")
                pause.wait(BLINK_S)
            self._show(steady, red=steady == "red")
            self._event.wait()

    def _show(self, steady: str, red: bool) -> None:
        for name in LAMPS:
            lit = red if name == "red" else name == steady
            (self._lamps[name].on if lit else self._lamps[name].off)()
