"""What a job's file may do on a printer, remembered for as long as neither changes.

A pass over thousands of jobs asks the same question again and again; the gates answer it once per
(file, plate, wishes, what the printer is and has loaded).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.clock import Clock
from core.errors import FarmError, NotFound
from job_queue.job import Job
from job_queue.matching.fit import CONFIRM_ALL, PrinterFit, require_start
from job_queue.matching.fitting import Fitting
from job_queue.matching.match import Reason, file_class_of
from printers.registry import Snapshot
from printers.status import PrinterStatus
from slicer.gates.filament_wishes import Need, need_of, wish_for, wished
from slicer.gates.verdicts import CONFIRM, REFUSE
from slicer.library import FileLibrary

logger = logging.getLogger(__name__)

KEPT_S = 300.0
"""Then it is asked again, should anything have changed that nobody tells of."""
MOST = 50_000
_PASSES = frozenset({"being_read", "internal_error"})
"""By itself and soon: these answers are not kept."""

Parts = tuple[object, ...]
_OTHER = frozenset({"other_color", "not_enough"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Of the gates, to one job on one printer."""

    reason: Reason | None = None  # what a start would be refused with; None = nothing
    missing: tuple[int, ...] = ()  # filaments (project slots) that alone are in its way
    other: bool = False  # it may start, and a person would rather load something else
    blind: bool = False  # the printer cannot tell what is loaded


_Kept = tuple[int, float, Answer]
"""What one printer's answer was: the printer's version, monotonic s, the answer."""


class FileVerdicts:
    """Thread-safe: the dispatcher and the forecast share one, so that the gates are asked once."""

    def __init__(self, fitting: Fitting, library: FileLibrary, clock: Clock) -> None:
        self._fitting = fitting
        self._library = library
        self._clock = clock
        self._turn = threading.RLock()
        self._facts: dict[str, tuple[Parts, Parts, int]] = {}
        self._version = 0
        self._spools: dict[tuple[Any, ...], Mapping[int, Need]] = {}
        self._known: dict[tuple[Any, ...], dict[str, _Kept]] = {}  # by file_class_of, by printer
        self._count = 0  # of answers, not fewer than there are

    def of(self, snapshots: Iterable[Snapshot]) -> Asking:
        """For one look at the farm, in which the same printers are asked about many files."""
        with self._turn:
            seen = {s.status.printer_id: (s, self._version_of(s.status)) for s in snapshots}
        return Asking(self, seen, self._clock.monotonic() - KEPT_S)

    def spools(self, job: Job) -> Mapping[int, Need]:
        """What the job prints with, by project slot; {} when its file does not say, or is gone."""
        key = (job.file_id, job.plate, job.filaments)
        with self._turn:
            known = self._spools.get(key)
            if known is None:
                if len(self._spools) >= MOST:
                    self._spools.clear()
                known = self._spools[key] = self._read_spools(job)
            return known

    def _read_spools(self, job: Job) -> Mapping[int, Need]:
        try:
            plate = self._library.get(job.file_id).file.plate(job.plate)
        except NotFound:
            return {}
        told = wished(plate, job.filaments).filaments if plate is not None else ()
        return {f.index: need_of(f, wish_for(job.filaments, f.index)) for f in told if f.type}

    def needs(self, job: Job, answer: Answer) -> tuple[Need, ...]:
        """The spools that alone are missing; () when nothing is, or something else, too."""
        spools = self.spools(job) if answer.missing else {}
        return tuple(spools[index] for index in answer.missing if index in spools)

    def about(self, job: Job) -> dict[str, _Kept]:
        """The answers to the job's file, by printer; whoever holds them sees new ones come in."""
        with self._turn:
            if self._count >= MOST or len(self._known) >= MOST:
                self._known.clear()
                self._count = 0
            return self._known.setdefault(file_class_of(job), {})

    def ask(self, job: Job, snapshot: Snapshot, version: int, about: dict[str, _Kept]) -> Answer:
        """Ask the gates, and keep what they say. An answer that was on its way while its file
        changed is not: ``forget_file`` waits for it."""
        with self._turn:
            answer = self._ask(job, snapshot)
            if answer.reason is None or answer.reason.code not in _PASSES:
                self._count += snapshot.status.printer_id not in about
                about[snapshot.status.printer_id] = (version, self._clock.monotonic(), answer)
            return answer

    def forget_file(self, file_id: str) -> None:
        """Its moves have been read, or it has gone."""
        with self._turn:
            for key in [key for key in self._known if key[0] == file_id]:
                self._count -= len(self._known.pop(key))
            for spools in [key for key in self._spools if key[0] == file_id]:
                del self._spools[spools]

    def forget_printer(self, printer_id: str) -> None:
        """A start there was refused although all seemed well."""
        with self._turn:
            self._facts.pop(printer_id, None)

    def _ask(self, job: Job, snapshot: Snapshot) -> Answer:
        fit = None
        try:
            stored = self._library.get(job.file_id)
            fit = self._fitting.of_file(
                stored, job.plate, snapshot.status, ams_mapping=job.ams_wanted, options=job.options,
                wishes=job.filaments,
            )  # fmt: skip
            require_start(fit, job.confirm)
        except FarmError as error:
            reason = Reason(error.error_code, error.message)
            return Answer(reason=reason, missing=_missing(job, fit) if fit else ())
        except Exception:  # the barrier: one odd file must not stop the queue, and never starts
            logger.exception("%s: could not be judged for %s", job.id, snapshot.status.printer_id)
            text = f"{job.file_name} could not be checked; the server's log says why."
            return Answer(reason=Reason("internal_error", text))
        return Answer(
            other=any(item.verdict.code in _OTHER for item in fit.mapping),
            blind=not snapshot.status.trays(),
        )

    def _version_of(self, status: PrinterStatus) -> int:
        """A number that stands for everything about the printer that a file could mind."""
        parts = (status.machine, status.nozzles, status.ams, status.external, status.heaters,
                 status.next_tray, status.name, status.kind)  # fmt: skip
        known = self._facts.get(status.printer_id)
        if known is not None and all(a is b for a, b in zip(known[0], parts, strict=True)):
            return known[2]
        facts = _facts_of(status)
        if known is not None and known[1] == facts:
            self._facts[status.printer_id] = (parts, facts, known[2])
            return known[2]
        self._version += 1
        self._facts[status.printer_id] = (parts, facts, self._version)
        return self._version


class Asking:
    """What the gates say of files on the printers of one look at the farm. Used by one thread."""

    def __init__(
        self, verdicts: FileVerdicts, seen: Mapping[str, tuple[Snapshot, int]], fresh: float
    ) -> None:
        """``seen``: by printer, with its version; answers from before ``fresh`` are asked anew."""
        self._verdicts = verdicts
        self._seen = seen
        self._fresh = fresh
        self._about: dict[str, dict[str, _Kept]] = {}  # by job

    def answer(self, job: Job, printer_id: str) -> Answer:
        """Everything the gates say about the job's file there."""
        about = self._answers(job)
        kept = about.get(printer_id)
        snapshot, version = self._seen[printer_id]
        if kept is not None and kept[0] == version and kept[1] > self._fresh:
            return kept[2]
        return self._verdicts.ask(job, snapshot, version, about)

    def known(self, job: Job, printer_id: str, *, fresh: bool = False) -> Answer | None:
        """What they said last, without asking anybody; None where they have not been asked since
        the printer is as it is. ``fresh``: or not for KEPT_S."""
        kept = self._answers(job).get(printer_id)
        if kept is None or kept[0] != self._seen[printer_id][1]:
            return None
        return None if fresh and kept[1] <= self._fresh else kept[2]

    def _answers(self, job: Job) -> dict[str, _Kept]:
        about = self._about.get(job.id)
        if about is None:
            about = self._about[job.id] = self._verdicts.about(job)
        return about


def _facts_of(status: PrinterStatus) -> Parts:
    """Without what moves all the time (temperatures, humidity)."""
    return (
        status.printer_id,
        status.name,
        status.kind,
        status.machine,
        status.nozzles,
        tuple((unit.id, unit.nozzle, unit.trays) for unit in status.ams),
        status.external,
        status.next_tray,
        tuple((heater.name, heater.maximum) for heater in status.heaters),
    )


def _missing(job: Job, fit: PrinterFit) -> tuple[int, ...]:
    if any(verdict.level == REFUSE for verdict in fit.verdicts):
        return ()
    open_questions = {v.code for v in fit.verdicts if v.level == CONFIRM}
    if CONFIRM_ALL not in job.confirm and open_questions - set(job.confirm):
        return ()
    return tuple(item.filament for item in fit.mapping if item.verdict.level == REFUSE)
