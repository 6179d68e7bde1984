"""Sentences of the watch, and the facts that go with them."""

from __future__ import annotations

from typing import Any

from alerts.watch.memory import Run
from alerts.watch.sight import Sight
from cameras.timelapse.prints import title
from core.lines import one_line
from printers.display import display_state


def name_of(file: str) -> str:
    """A print's name for people: without folders and endings; "a print" when it has none."""
    return one_line(title(file.rsplit("/", 1)[-1])) or "a print"


def duration(seconds: float) -> str:
    """ "3 h 20 min", "12 min", "less than a minute"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def left(seconds: float | None) -> str:
    """A tail for a sentence, "" when it is not known."""
    return "" if seconds is None else f", {duration(seconds)} left"


def sentence(text: str) -> str:
    """With exactly one full stop."""
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def facts_of(sight: Sight, run: Run | None) -> dict[str, Any]:
    """What is known of the print and its printer; nothing that is unknown."""
    status, job = sight.status, sight.status.job
    nozzle, bed = status.heater("nozzle"), status.heater("bed")
    facts: dict[str, Any] = {"state": display_state(sight.snapshot, sight.mono)[0]}
    if run is not None:
        facts |= {"file": run.file, "job_id": run.job_id or None}
    if run is not None and job is not None:
        facts |= {
            "percent": job.percent,
            "left_s": None if job.remaining_min is None else job.remaining_min * 60,
            "layer": job.layer,
            "layers": job.layers,
        }
    facts["nozzle"] = None if nozzle is None else round(nozzle.current)
    facts["bed"] = None if bed is None else round(bed.current)
    return {name: value for name, value in facts.items() if value not in (None, "")}
