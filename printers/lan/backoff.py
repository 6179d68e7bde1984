"""How long to wait before the next attempt to reach a printer."""

from __future__ import annotations

import random


class Backoff:
    """Doubling from ``retry[0]`` to ``retry[1]`` seconds, with full jitter; ``auth_retry`` after
    a refusal, because hurry helps nobody then."""

    def __init__(
        self,
        retry: tuple[float, float] = (1.0, 20.0),
        auth_retry: float = 60.0,
        rng: random.Random | None = None,
    ) -> None:
        self._retry = retry
        self._auth_retry = auth_retry
        self._rng = rng or random.Random()  # noqa: S311 - spreads attempts, no secret
        self._failures = 0

    def reset(self) -> None:
        self._failures = 0

    def next(self, *, refused: bool) -> float:
        """Seconds; ``refused``: the printer said no to our key or code."""
        shortest, longest = self._retry
        if refused:
            return self._auth_retry * self._rng.uniform(1.0, 1.5)
        ceiling = min(longest, shortest * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return max(shortest / 4, self._rng.uniform(0.0, ceiling))
