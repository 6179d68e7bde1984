"""Since when the watch cannot see, and when that is told: late, once, and ever later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PATIENCE_S = 60.0
MOST_PATIENCE_S = 3600.0
CALM_S = 6 * 3600.0
"""Having seen so long, it begins with the first patience again."""


class Blindness:
    """Of one printer or of the provider. Times are monotonic seconds."""

    def __init__(self, told: int = 0, key: str = "", series: str = "") -> None:
        """``told``: how often so far; ``key``: of the incident that is open, "" = none; ``series``:
        tells its keys from those that were counted in a file that is lost."""
        self.told, self.key, self.series = told, key, series
        self.reason = ""
        self._level = told
        self._saw: float | None = None
        self._since: float | None = None

    @classmethod
    def of_farm(cls, kept: Mapping[str, Any], now: float) -> Blindness:
        """``kept``: what ``dump`` gave, {} when there is none; ``now``: epoch s."""
        told, key, series = kept.get("told"), kept.get("key"), kept.get("series", "")
        return cls(
            told if isinstance(told, int) else 0,
            key if isinstance(key, str) else "",
            series if isinstance(told, int) and isinstance(series, str) else f"{int(now)}.",
        )

    def dump(self) -> dict[str, Any]:
        return {"told": self.told, "key": self.key, "series": self.series}

    def blind(self, reason: str, now: float) -> None:
        self.reason = reason
        if self._since is not None:
            return
        self._since = now
        if self._saw is not None and now - self._saw > CALM_S:
            self._level = 0

    def rest(self) -> None:
        """Nobody needs to see now; what is told stays told."""
        self.reason, self._since = "", None

    def tell(self, now: float) -> bool:
        """True when an incident begins now, with ``key``. A camera that comes and goes makes
        each further one wait twice as long."""
        if self._since is None or self.key:
            return False
        if now - self._since < min(MOST_PATIENCE_S, PATIENCE_S * 2 ** min(self._level, 10)):
            return False
        self.told += 1
        self._level += 1
        self.key = f"{self.series}{self.told}"
        return True

    def sees(self, now: float) -> str:
        """It sees again; the key of the incident that ends by this, "" = none."""
        if self._saw is None or self._since is not None:
            self._saw = now
        self.rest()
        key, self.key = self.key, ""
        return key
