"""Questions and dollars of a day (UTC), of the farm and of each printer, and their caps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.alert_config import DefectConfig

_MOST_AHEAD = timedelta(days=2)


@dataclass(slots=True)
class Spent:
    calls: int = 0
    usd: float = 0.0


class Budget:
    """Used by one thread, read by all. ``capped``: whether the provider costs money."""

    def __init__(
        self, config: DefectConfig, capped: bool, kept: Mapping[str, Any] | None = None
    ) -> None:
        self._config, self._capped = config, capped
        kept = kept if isinstance(kept, Mapping) else {}
        self.day = str(kept.get("day", ""))
        by = kept.get("by")
        self._by = {str(k): _spent(v) for k, v in by.items()} if isinstance(by, Mapping) else {}
        self._total = _spent(kept.get("total"))

    def why_not(self, at: float) -> str:
        """Why nothing may be asked now, "" = it may. ``at``: epoch s."""
        self._turn(at)
        if not self._capped:
            return ""
        config = self._config
        if self._total.calls >= config.per_day:
            return f"Today's {config.per_day} questions are used up; it goes on at midnight UTC"
        if config.usd_per_day and self._total.usd >= config.usd_per_day:
            return (
                f"Today's {config.usd_per_day:g} US dollars are used up; it goes on at midnight UTC"
            )
        return ""

    def ask(self, printer_id: str, at: float) -> None:
        """Count a question before it is asked, so that a crash cannot make it free."""
        self._turn(at)
        self._total.calls += 1
        self._by.setdefault(printer_id, Spent()).calls += 1

    def pay(self, printer_id: str, usd: float | None) -> None:
        if usd:
            self._total.usd += usd
            self._by.setdefault(printer_id, Spent()).usd += usd

    def of(self, printer_id: str) -> Spent:
        return self._by.get(printer_id, Spent())

    @property
    def total(self) -> Spent:
        return self._total

    def dump(self) -> dict[str, Any]:
        by = {name: [one.calls, round(one.usd, 8)] for name, one in self._by.items()}
        total = [self._total.calls, round(self._total.usd, 8)]
        return {"day": self.day, "total": total, "by": by}

    def _turn(self, at: float) -> None:
        today = datetime.fromtimestamp(at, UTC).date()
        if self._is_past(today):
            self.day, self._by, self._total = today.isoformat(), {}, Spent()

    def _is_past(self, today: date) -> bool:
        """A clock that is set back gives no second budget; one that had been far ahead, or a day
        that is none, does not stop the watch for years."""
        try:
            ahead = date.fromisoformat(self.day) - today
        except ValueError:
            return True
        return not timedelta() <= ahead <= _MOST_AHEAD


def _spent(kept: object) -> Spent:
    match kept:
        case [int(calls), (int() | float()) as usd] if calls >= 0 and math.isfinite(usd):
            return Spent(calls, max(0.0, float(usd)))
    return Spent()
