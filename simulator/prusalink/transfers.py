"""The upload that is under way: PrusaLink takes one at a time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

_NUMBERS = count(268_671_752)


@dataclass(slots=True, kw_only=True)
class Transfer:
    """One upload. ``folder`` is shown as its path."""

    name: str
    folder: str
    size: int
    to_print: bool
    received: int = 0
    id: int = field(default_factory=lambda: next(_NUMBERS))
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> int:
        """Since it began."""
        return int(time.monotonic() - self.started)

    @property
    def percent(self) -> float:
        """0–100."""
        return round(100 * self.received / max(1, self.size), 2)

    @property
    def seconds_left(self) -> int:
        """At the speed so far."""
        passed = time.monotonic() - self.started
        return int(passed * (self.size - self.received) / max(1, self.received))

    def seen(self, received: int) -> None:
        """So many bytes have come."""
        self.received = received


class Transfers:
    """Of one server."""

    def __init__(self) -> None:
        self.present: Transfer | None = None

    @contextlib.contextmanager
    def under_way(self, transfer: Transfer) -> Iterator[Transfer]:
        """Shown as long as the body comes in."""
        self.present = transfer
        try:
            yield transfer
        finally:
            self.present = None
