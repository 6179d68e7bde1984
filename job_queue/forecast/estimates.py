"""How long prints and people really take, learned from what happened.

A slicer's estimate is corrected by the ratios real / estimated of its printer model, and of the
model with that slicer. Few samples hardly move it (they are shrunk towards 1), wild ones not at
all. What has never been seen and never been estimated stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import exp, log
from statistics import fmean

KEPT = 200
"""Samples of a printer model, of clearings and of hand-overs; then the oldest go."""
MODELS_KEPT = 200
SHRINK = 5.0
"""So many imagined samples say what was believed before."""
LEAST = 3
"""Samples without which a time that nobody estimated stays unknown."""
LOWEST, HIGHEST = 0.25, 4.0
"""A ratio outside was another thing than a print: a wrong file, a missed pause, a jumped clock."""
LONGEST_CLEAR_S = 4 * 86_400.0
_FENCE = 4 * 1.4826  # of the median distance from the median, about four standard deviations
_NARROWEST = log(1.25)
_FENCE_FROM = 5


@dataclass(frozen=True, slots=True)
class Spread:
    """An uncertain duration in seconds, or an uncertain factor: half of them stay below ``p50``,
    nine of ten below ``p90``; ``mean`` is what many of them add up to."""

    p50: float
    p90: float
    mean: float

    @classmethod
    def exactly(cls, value: float) -> Spread:
        return cls(value, value, value)

    def times(self, factor: float) -> Spread:
        return Spread(self.p50 * factor, self.p90 * factor, self.mean * factor)

    def less(self, seconds: float, least: float) -> Spread:
        """What is left after ``seconds`` of it, never under ``least``."""
        return Spread(*(max(least, value - seconds) for value in (self.p50, self.p90, self.mean)))


NO_HISTORY = Spread(1.0, 1.2, 1.0)
"""Slicers estimate well on the whole; one print in ten takes a fifth longer (our assumption, until
the model's own prints say otherwise)."""
CLEAR_PRIOR = Spread(1.0, 4.0, 1.8)
"""People come late far more often than early; in units of the configured time."""


@dataclass(frozen=True, slots=True)
class Print:
    """A print that ended well. ``real``: from the start to the end, without pauses."""

    slicer: str
    estimated: float | None
    real: float


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything learned. Never edited, only replaced."""

    prints: Mapping[str, tuple[Print, ...]] = field(default_factory=dict)  # by model
    clears: tuple[float, ...] = ()  # s, from an end to the clear bed
    handovers: tuple[float, ...] = ()  # s, from the claim of a printer to the start

    def with_print(self, model: str, slicer: str, estimated: float | None, real: float) -> History:
        """The same object when the sample cannot be one."""
        if not 0 < real < 60 * 86_400 or (estimated is not None and not _is_ratio(estimated, real)):
            return self
        known = {name: kept for name, kept in self.prints.items() if name != model}
        if len(known) >= MODELS_KEPT:
            del known[next(iter(known))]
        kept = (*self.prints.get(model, ()), Print(slicer, estimated, real))[-KEPT:]
        return replace(self, prints={**known, model: kept})

    def with_clear(self, seconds: float) -> History:
        if not 0 < seconds <= LONGEST_CLEAR_S:
            return self
        return replace(self, clears=(*self.clears, seconds)[-KEPT:])

    def with_handover(self, seconds: float) -> History:
        if not 0 <= seconds <= 3600:
            return self
        return replace(self, handovers=(*self.handovers, seconds)[-KEPT:])


class Figures:
    """A history's answers, each worked out once. ``clear_s``: what a person needs to clear a bed
    as long as nothing has been learned. Used by one thread at a time."""

    def __init__(self, history: History, clear_s: float) -> None:
        self.history = history
        self._clear_s = clear_s
        self._ratios: dict[tuple[str, str], Spread] = {}
        self._lengths: dict[str, Spread | None] = {}
        self._clear: Spread | None = None
        self.handover = plain(history.handovers) or Spread.exactly(0.0)

    def ratio(self, model: str, slicer: str) -> Spread:
        """real / estimated: of the slicer on the model, held by that of the model, held by 1."""
        known = self._ratios.get((model, slicer))
        if known is None:
            prints = [p for p in self.history.prints.get(model, ()) if p.estimated]
            of_model = shrunk([p.real / p.estimated for p in prints if p.estimated], NO_HISTORY)
            own = [p.real / p.estimated for p in prints if p.estimated and p.slicer == slicer]
            known = self._ratios[model, slicer] = shrunk(own, of_model) if slicer else of_model
        return known

    def duration(self, model: str, slicer: str, estimated: float | None) -> Spread | None:
        """Of a print. None: nobody estimated it and the model has no history."""
        if estimated is not None and estimated > 0:
            return self.ratio(model, slicer).times(estimated)
        if model not in self._lengths:
            reals = [p.real for p in self.history.prints.get(model, ())]
            self._lengths[model] = plain(reals)
        return self._lengths[model]

    def clear(self, waited: float = 0.0) -> Spread:
        """Until a person clears a bed that has waited so long already."""
        longer = [value - waited for value in self.history.clears if value > waited]
        if waited > 0 and len(longer) >= LEAST:
            return plain(longer) or self.clear()
        if self._clear is None:
            ratios = [value / self._clear_s for value in self.history.clears]
            self._clear = shrunk(ratios, CLEAR_PRIOR).times(self._clear_s)
        return self._clear


def shrunk(ratios: Sequence[float], base: Spread) -> Spread:
    """The spread of positive ``ratios``, pulled towards ``base`` the more the fewer there are."""
    kept = without_outliers(ratios)
    if not kept:
        return base
    weight = len(kept) / (len(kept) + SHRINK)
    middle, high = quantile(kept, 0.5), quantile(kept, 0.9)
    p50 = _between(base.p50, middle, weight)
    wide = _between(base.p90 / base.p50, max(1.0, high / middle), weight)
    skew = _between(base.mean / base.p50, fmean(kept) / middle, weight)
    return Spread(p50, p50 * wide, p50 * skew)


def plain(values: Sequence[float]) -> Spread | None:
    """The spread of the values as they are; None for too few."""
    if len(values) < LEAST:
        return None
    return Spread(quantile(values, 0.5), quantile(values, 0.9), fmean(values))


def without_outliers(ratios: Sequence[float]) -> list[float]:
    """Those within a fence around the median, on the scale of factors."""
    if len(ratios) < _FENCE_FROM:
        return list(ratios)
    logs = [log(value) for value in ratios]
    middle = quantile(logs, 0.5)
    fence = max(_NARROWEST, _FENCE * quantile([abs(value - middle) for value in logs], 0.5))
    return [v for v, scaled in zip(ratios, logs, strict=True) if abs(scaled - middle) <= fence]


def quantile(values: Sequence[float], share: float) -> float:
    """Between the two nearest values in order. ``values`` not empty."""
    ranked = sorted(values)
    place = share * (len(ranked) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


def _between(base: float, value: float, weight: float) -> float:
    return exp((1 - weight) * log(base) + weight * log(value))


def _is_ratio(estimated: float, real: float) -> bool:
    return estimated > 0 and LOWEST <= real / estimated <= HIGHEST
