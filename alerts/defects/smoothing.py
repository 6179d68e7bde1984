"""From single verdicts to a suspicion, an alert and a pause. Pure, and kept over restarts.

Votes (N of M) for models that answer yes or no with a confidence; Obico's own formulas for its
detector, written from alerts 3.3: they are tuned to a picture every ten seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

ALPHA = 2 / (12 + 1)
SHORT_FRAMES, LIFE_FRAMES, SAFE_FRAMES = 310, 7200, 30
LOW, HIGH = 0.38, 0.78
ESCALATING, PAUSE_DIVISOR = 3.8, 1.75
USUAL_THRESHOLD = 0.7
"""Of the settings; with this one Obico's formulas are as sensitive as their authors meant."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """``score``: 0–1 for people; ``suspected``: look again soon; ``seen``: in words."""

    score: float = 0.0
    suspected: bool = False
    defect: bool = False
    pause: bool = False
    clean: bool = False  # all of the latest pictures were good
    seen: str = ""


class Judge(Protocol):
    """One printer's."""

    def add(self, score: float) -> Judgement: ...

    def reset(self) -> None:
        """A print begins, or a person has looked at it."""

    def dump(self) -> Mapping[str, Any]:
        """What outlives a restart; JSON values."""


class Votes:
    """``n`` of the last ``m`` pictures must show it with at least ``threshold``."""

    def __init__(self, threshold: float, n: int, m: int) -> None:
        self._threshold = threshold
        self._n, self._m = min(n, m), m
        self._votes: deque[bool] = deque(maxlen=m)

    def add(self, score: float) -> Judgement:
        self._votes.append(score >= self._threshold)
        bad = sum(self._votes)
        defect = bad >= self._n
        still = list(self._votes)[-(self._m - 1) :] if self._m > 1 else []
        return Judgement(
            score=min(1.0, max(0.0, score)),
            suspected=not defect and any(still),
            defect=defect,
            pause=defect,
            clean=bad == 0 and len(self._votes) == self._m,
            seen=f"in {bad} of {len(self._votes)} pictures",
        )

    def reset(self) -> None:
        self._votes.clear()

    def dump(self) -> Mapping[str, Any]:
        return {}  # a few pictures: they are looked at again


class Rolling:
    """Obico's means (alerts 3.3). ``long`` is of the printer's life, not of the print."""

    def __init__(self, sensitivity: float = 1.0, kept: Mapping[str, Any] | None = None) -> None:
        """``sensitivity``: > 1 sees more. ``kept``: of dump()."""
        kept = kept or {}
        self._sensitivity = sensitivity
        self._long = _number(kept.get("long"))
        self._life = int(_number(kept.get("life")))
        self._ewm = self._short = 0.0
        self._frames = self._calm = 0

    def add(self, score: float) -> Judgement:
        p = max(0.0, score)
        self._frames += 1
        self._life = min(LIFE_FRAMES, self._life + 1)
        self._ewm += (p - self._ewm) * ALPHA
        self._short += (p - self._short) / min(self._frames, SHORT_FRAMES)
        self._long += (p - self._long) / self._life
        x = (self._ewm - self._long) * self._sensitivity
        settled = self._frames > SAFE_FRAMES
        self._calm = 0 if x >= LOW else self._calm + 1
        return Judgement(
            score=in_thirds(x),
            suspected=x >= LOW,
            defect=settled and self._fails(x),
            pause=settled and self._fails(x / PAUSE_DIVISOR),
            clean=self._calm >= SAFE_FRAMES,
            seen=f"with a score of {x:.2f}",
        )

    def _fails(self, x: float) -> bool:
        return x > HIGH or (x >= LOW and x > ESCALATING * (self._short - self._long))

    def reset(self) -> None:
        self._ewm = self._short = 0.0
        self._frames = self._calm = 0

    def dump(self) -> Mapping[str, Any]:
        return {"long": round(self._long, 6), "life": self._life}


def in_thirds(x: float) -> float:
    """Safe, warning and failing as thirds of 0–1."""
    if x <= 0:
        return 0.0
    if x < LOW:
        return x / LOW / 3
    if x < HIGH:
        return (1 + (x - LOW) / (HIGH - LOW)) / 3
    return min(1.0, (2 + (x - HIGH) / HIGH) / 3)


def _number(value: object) -> float:
    usable = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if usable and 0 <= value < 1e6 else 0.0  # type: ignore[arg-type, operator]
