"""What other threads ask of the watch's own, or tell it."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

from alerts.defects.verdict import Trouble, Verdict


@dataclass(frozen=True, slots=True)
class Wish:
    """A person wants the print that runs now watched, or not. ``answer``: a sentence."""

    printer_id: str
    on: bool
    answer: Future[str] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class Tested:
    """What a person's test gave. One of ``verdict`` and ``trouble`` is set."""

    printer_id: str
    verdict: Verdict | None
    trouble: Trouble | None
