"""The farm's disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import disk_usage

from alerts.model import Event, Kind
from alerts.watch.telling import Teller

EVERY_S = 30.0
SLOT = "disk"
_ENOUGH = 1.2
"""Times the limit must be free before it counts as over."""
MB = 1_000_000


def free_in(folder: Path) -> Callable[[], int]:
    """Free bytes on the disk of that folder. Raises OSError."""
    return lambda: disk_usage(folder).free


class Disk:
    """``see`` as often as wanted; it looks every EVERY_S seconds."""

    def __init__(self, teller: Teller, limit_mb: int, free: Callable[[], int]) -> None:
        self._teller = teller
        self._limit = limit_mb * MB
        self._free = free
        self._looked: float | None = None  # monotonic s

    def see(self, now: float, mono: float) -> list[Event]:
        """Raises OSError."""
        if self._looked is not None and mono - self._looked < EVERY_S:
            return []
        self._looked = mono
        free, teller = self._free(), self._teller
        teller.now = now
        if free < self._limit:
            text = f"The farm's disk has {free // MB} MB left. Delete files you no longer need."
            teller.begin(SLOT, Kind.DISK_LOW, text, facts={"reason": f"{free // MB} MB left"})
        elif free >= self._limit * _ENOUGH:
            teller.end(SLOT, f"The farm's disk has {free // MB} MB left again.")
        return teller.taken()
