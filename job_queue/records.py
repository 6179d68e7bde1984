"""What is durable besides the jobs themselves: beds, maintenance, clean-up, counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from job_queue.job import Job

FILE_LEFT = "file_left"
"""The code of ``why_barred``."""


AUTO = "auto"
"""``BedRecord.by`` of a bed that the farm itself took for clear."""


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
    by: str = ""  # who called it clear: a user's name, AUTO, "" = a farm without passwords


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """When a printer was last seen, by both clocks. Kept apart from the queue; may be lost."""

    at: float  # epoch s
    mono: float  # monotonic, of this run of the computer
    boot: str = ""  # which run of the computer, "" = it does not tell
    token: int = 0  # of our job that it was at work on then, 0 = none
    machine: str = ""  # which machine had this id then (Fleet.machine_of)
    serial: str = ""  # what that machine called itself, "" = it never said


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
class Staged:
    """Why a file lies on a printer before its start: the next start there may use it, once."""

    token: int  # of the one attempt that will have this name
    file_id: str
    sha256: str  # of the bytes that were sent
    size_bytes: int
    job_id: str  # for which it was sent; any job of the same file may use it
    at: float  # epoch s, when its transfer began
    ready: bool = False  # all of it is there, as the printer's size proved


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleanup:
    """A file of ours on a printer that must go (a file left behind may start by itself).

    With ``staged`` it waits for the next start there, which takes it off this list; the sweeper
    leaves it alone until ``staged`` is taken away, which is for good.
    """

    printer_id: str
    remote_name: str
    due_at: float  # epoch s, not before
    late_start: bool = False  # its start may still arrive: none is sent there until this is over
    staged: Staged | None = None


def staged_on(items: Iterable[Cleanup], printer_id: str) -> Cleanup | None:
    """The file that was sent ahead to this printer; there is never more than one."""
    return next((i for i in items if i.staged is not None and i.printer_id == printer_id), None)


def why_barred(items: Iterable[Cleanup], printer_id: str, name: str) -> str:
    """Why nothing may be started there yet; "" when no file of an uncertain start is left."""
    if not any(item.late_start and item.printer_id == printer_id for item in items):
        return ""
    return (
        f"The file of a job that was given up may still be on {name}, and its start may still "
        f"arrive. The farm removes it as soon as {name} is connected and at rest, and waits some "
        "minutes after that."
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
