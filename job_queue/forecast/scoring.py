"""Pure: how good forecasts were. Each print is compared with what had been said about its end when
it was first planned ("queued") and when it began ("started")."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from job_queue.forecast.estimates import quantile
from job_queue.forecast.prediction import Forecast

MOST = 1_000
"""Scores that are kept; the oldest go."""
MOST_OPEN = 5_000
KINDS = ("queued", "started")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What was said about one print's end; epoch s."""

    kind: str  # of KINDS
    made_at: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A promise and what came of it; epoch s."""

    kind: str
    model: str
    made_at: float
    ended_at: float
    p50: float
    p90: float

    @property
    def error_s(self) -> float:
        """Positive: it ended later than the middle of the forecast."""
        return self.ended_at - self.p50


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """Of many scores of one kind. A good forecast has 0.9 in ``within_p90``, 0.5 in ``early``."""

    kind: str
    count: int
    within_p90: float
    early: float  # ended before the middle
    error_s: float  # median distance from the middle
    share: float  # the same as a share of the time that was foreseen


class Promises:
    """What has been said about prints that have not ended; bounded, of this run only."""

    def __init__(self) -> None:
        self._open: dict[str, dict[str, Promise]] = {}

    def note(self, forecast: Forecast, single: Iterable[str]) -> None:
        """Keep the first word on each print. ``single``: waiting jobs that are one print each."""
        at = forecast.at
        for job_id in single:
            outcome = forecast.jobs.get(job_id)
            if outcome is not None and outcome.end is not None and outcome.end_p90 is not None:
                self._keep(job_id, "queued", at, outcome.end, outcome.end_p90)
        for lane in forecast.lanes:
            running = lane.running
            if running is None or not running.job_id or running.left is None:
                continue
            if running.began:
                left = running.left
                self._keep(running.job_id, "started", at, at + left.p50, at + left.p90)

    def _keep(self, job_id: str, kind: str, at: float, p50: float, p90: float) -> None:
        known = self._open.setdefault(job_id, {})
        if kind not in known:
            known[kind] = Promise(kind=kind, made_at=at, p50=p50, p90=p90)
        while len(self._open) > MOST_OPEN:
            del self._open[next(iter(self._open))]

    def forget(self, job_id: str) -> None:
        """It failed, was cancelled or taken back: nothing was promised about that."""
        self._open.pop(job_id, None)

    def settle(self, job_id: str, model: str, ended_at: float) -> tuple[Score, ...]:
        """The print has ended well."""
        found = self._open.pop(job_id, {})
        return tuple(
            Score(kind=p.kind, model=model, made_at=p.made_at, ended_at=ended_at, p50=p.p50,
                  p90=p.p90)
            for p in found.values()
        )  # fmt: skip


def grades(scores: Sequence[Score]) -> tuple[Grade, ...]:
    """One for each kind that has scores."""
    return tuple(
        _grade(kind, own) for kind in KINDS if (own := [s for s in scores if s.kind == kind])
    )


def _grade(kind: str, own: Sequence[Score]) -> Grade:
    errors = [abs(score.error_s) for score in own]
    ahead = [max(1.0, score.p50 - score.made_at) for score in own]
    return Grade(
        kind=kind,
        count=len(own),
        within_p90=sum(score.ended_at <= score.p90 for score in own) / len(own),
        early=sum(score.ended_at <= score.p50 for score in own) / len(own),
        error_s=quantile(errors, 0.5),
        share=quantile([e / a for e, a in zip(errors, ahead, strict=True)], 0.5),
    )
