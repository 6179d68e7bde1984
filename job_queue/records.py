"""What is durable besides the jobs themselves: beds, maintenance, clean-up, counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from job_queue.job import Job

FILE_LEFT = "file_left"
"""The code of ``why_barred``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BedRecord:
    """Whether a person (or an empty printer seen for the first time) vouches for the bed."""

    clear: bool = False
    since: float = 0.0  # epoch s
    why: str = ""
    name: str = ""  # the job whose part lies there
    result: str = ""  # finished, failed, cancelled, "" = unknown
    file_id: str = ""
    job_id: str = ""  # our job that consumed the permission, "" = none of ours
    active: bool = False  # someone else's job was seen on it and its end not yet
    shown: str = ""  # identity of the ended job on the screen when a person said "clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    on: bool = False
    note: str = ""
    since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterRecord:
    bed: BedRecord | None = None  # None = never seen
    maintenance: Maintenance = field(default_factory=Maintenance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleanup:
    """A file of ours on a printer that must go (a file left behind may start by itself)."""

    printer_id: str
    remote_name: str
    due_at: float  # epoch s, not before
    late_start: bool = False  # its start may still arrive: none is sent there until it is gone


def why_barred(items: Iterable[Cleanup], printer_id: str, name: str) -> str:
    """Why nothing may be started there yet; "" when no file of an uncertain start is left."""
    if not any(item.late_start and item.printer_id == printer_id for item in items):
        return ""
    return (
        f"The file of a job that was given up may still be on {name}, and its start may still "
        f"arrive. The farm removes it as soon as {name} is connected and at rest."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A person's word that the dispatcher sends nothing until told otherwise."""

    on: bool = False
    by: str = ""
    at: float | None = None  # epoch s


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """Everything the store holds, at one revision."""

    rev: int = 0
    jobs: Mapping[str, Job] = field(default_factory=dict)
    open_jobs: Mapping[str, Job] = field(default_factory=dict)  # by printer, derived
    printers: Mapping[str, PrinterRecord] = field(default_factory=dict)
    cleanup: tuple[Cleanup, ...] = ()
    next_token: int = 1
    next_id: int = 1
    trouble: str = ""  # why no job may start until a person acknowledges
    pause: Pause = field(default_factory=Pause)

    def bed(self, printer_id: str) -> BedRecord | None:
        record = self.printers.get(printer_id)
        return record.bed if record else None

    def maintenance(self, printer_id: str) -> Maintenance:
        record = self.printers.get(printer_id)
        return record.maintenance if record else Maintenance()
