"""The farm's memory for forecasts: what was learned (estimates.py) and how good the forecasts were
(scoring.py), each one small JSON file. A damaged one is set aside: it is only experience."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from core import jsonio
from core.errors import StorageError
from core.files import write_durably
from job_queue.forecast.estimates import KEPT, MODELS_KEPT, History, Print
from job_queue.forecast.scoring import MOST, Score

logger = logging.getLogger(__name__)

VERSION = 1
_MAX_BYTES = 16_000_000
_Kind = TypeVar("_Kind")


class Memory:
    """Used by one thread. A disk that refuses costs the file, not the forecast."""

    def __init__(self, folder: Path) -> None:
        self._history_path = folder / "estimates.json"
        self._scores_path = folder / "forecast_scores.json"
        self.history = _load(self._history_path, _history_of) or History()
        self.scores = _load(self._scores_path, _scores_of) or ()

    def keep_history(self, history: History) -> None:
        if history is self.history:
            return
        self.history = history
        document = {
            "version": VERSION,
            "prints": {
                model: [[p.slicer, p.estimated, round(p.real, 1)] for p in prints]
                for model, prints in history.prints.items()
            },
            "clears": [round(value, 1) for value in history.clears],
            "handovers": [round(value, 1) for value in history.handovers],
        }
        _write(self._history_path, document)

    def add_scores(self, scores: tuple[Score, ...]) -> None:
        if not scores:
            return
        self.scores = (*self.scores, *scores)[-MOST:]
        rows = [[s.kind, s.model, s.made_at, s.ended_at, s.p50, s.p90] for s in self.scores]
        _write(self._scores_path, {"version": VERSION, "scores": rows})


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        write_durably(path, jsonio.dumps(document))
    except StorageError as error:
        logger.error("forecast: %s", error.message)


def _load(path: Path, parse: Callable[[Any], _Kind]) -> _Kind | None:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("too large")
        document = jsonio.loads(path.read_bytes())
        if document["version"] != VERSION:
            raise ValueError(f"version {document['version']} is not {VERSION}")
        return parse(document)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        logger.warning("forecast: %s cannot be read (%s), set aside", path.name, error)
    try:
        path.replace(path.with_name(path.name + ".damaged"))
    except OSError as error:
        raise StorageError(f"{path.name} can neither be read nor set aside: {error}") from error
    return None


def _history_of(document: Any) -> History:
    """Every sample goes through the same door as a new one."""
    history = History(
        clears=tuple(float(value) for value in document["clears"])[-KEPT:],
        handovers=tuple(float(value) for value in document["handovers"])[-KEPT:],
    )
    if any(value <= 0 for value in history.clears) or any(v < 0 for v in history.handovers):
        raise ValueError("a time below zero")
    prints: dict[str, tuple[Print, ...]] = {}
    for model, rows in list(document["prints"].items())[-MODELS_KEPT:]:
        one = History()
        for slicer, estimated, real in rows[-KEPT:]:
            guess = None if estimated is None else float(estimated)
            one = one.with_print(str(model), str(slicer), guess, float(real))
        prints |= one.prints
    return History(prints=prints, clears=history.clears, handovers=history.handovers)


def _scores_of(document: Any) -> tuple[Score, ...]:
    return tuple(
        Score(kind=str(kind), model=str(model), made_at=float(made), ended_at=float(ended),
              p50=float(p50), p90=float(p90))
        for kind, model, made, ended, p50, p90 in document["scores"][-MOST:]
    )  # fmt: skip
