"""How long to wait before the next attempt: never less than the owner's least, nor more than his
most."""

from __future__ import annotations

import random

from printers.lan.backoff import Backoff


class BoundedBackoff(Backoff):
    """Doubling from ``least`` to ``most`` seconds; each wait is somewhere in the upper half of its
    step, so that farms that lost the same server do not come back together."""

    def __init__(self, least: float, most: float, rng: random.Random | None = None) -> None:
        super().__init__(retry=(least, most), rng=rng)

    def next(self, *, refused: bool) -> float:
        """Seconds; ``refused``: a wrong password is not tried again in a hurry."""
        least, most = self._retry
        ceiling = most if refused else min(most, least * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return self._rng.uniform(max(least, ceiling / 2), max(least, ceiling))
