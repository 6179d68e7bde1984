"""Keeps the profile sets on offer in step with the slicers that are there."""

from __future__ import annotations

import logging
import threading

from core.errors import FarmError
from slicer.engines.base import Installation
from slicer.profiles.presets import Family
from slicer.profiles.store import ProfileStore
from slicer.slicing.slicers import Slicers

logger = logging.getLogger(__name__)

LOOK_AFTER_S = 5.0
"""A start is busy enough; which machines the sets have can wait."""


class Offers:
    """Thread-safe."""

    def __init__(self, store: ProfileStore, slicers: Slicers) -> None:
        self._store = store
        self._slicers = slicers
        self._lock = threading.Lock()
        self._offered: tuple[tuple[Family, Installation], ...] = ()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def refresh(self) -> None:
        """Offer what the slicers of now bring along. Raises FarmError."""
        with self._lock:
            usable = tuple((engine.family, item) for engine, item in self._slicers.for_presets())
            if usable == self._offered:
                return
            self._store.take_installed(usable)
            self._offered = usable
            self._thread = threading.Thread(
                target=self._look_through, name="slicer:machines", daemon=True
            )
            self._thread.start()

    def end(self) -> None:
        """Ask the thread to end."""
        self._ending.set()

    def join(self, timeout_s: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _look_through(self) -> None:
        """Nobody has to wait for it: the sets can be looked into before."""
        if self._ending.wait(LOOK_AFTER_S):
            return
        try:
            self._store.look_through(self._ending)
        except FarmError as error:
            logger.warning("slicing: not all machines are known: %s", error.message)
