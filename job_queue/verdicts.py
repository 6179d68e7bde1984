"""What a job's file may do on a printer, remembered for as long as neither changes.

A pass over thousands of jobs asks the same question again and again; the gates answer it once per
(file, plate, wishes, what the printer is and has loaded).
"""

from __future__ import annotations

import logging
from typing import Any

from core.clock import Clock
from core.errors import FarmError
from job_queue.fit import require_start
from job_queue.fitting import Fitting
from job_queue.job import Job
from job_queue.matching import Reason
from printers.registry import Snapshot
from printers.status import PrinterStatus
from slicer.library import FileLibrary

logger = logging.getLogger(__name__)

KEPT_S = 300.0
"""Then it is asked again, should anything have changed that nobody tells of."""
MOST = 50_000
_PASSES = frozenset({"being_read", "internal_error"})
"""By itself and soon: these answers are not kept."""

Parts = tuple[object, ...]


class FileVerdicts:
    """Used by one thread at a time (the dispatcher's turn)."""

    def __init__(self, fitting: Fitting, library: FileLibrary, clock: Clock) -> None:
        self._fitting = fitting
        self._library = library
        self._clock = clock
        self._facts: dict[str, tuple[Parts, Parts, int]] = {}
        self._version = 0
        self._known: dict[tuple[Any, ...], tuple[float, Reason | None]] = {}

    def of(self, job: Job, snapshot: Snapshot) -> Reason | None:
        """What a start would be refused with because of the file; None = nothing."""
        options = tuple(sorted(job.options.items())) if job.options else ()
        facts = self._version_of(snapshot.status)
        key = (facts, job.file_id, job.plate, job.ams_wanted, options, job.confirm, job.filaments)
        now = self._clock.monotonic()
        known = self._known.get(key)
        if known is not None and now - known[0] < KEPT_S:
            return known[1]
        if len(self._known) >= MOST:
            self._known.clear()
        reason = self._ask(job, snapshot)
        if reason is None or reason.code not in _PASSES:
            self._known[key] = (now, reason)
        return reason

    def forget_file(self, file_id: str) -> None:
        """Its moves have been read, or it has gone."""
        for key in [key for key in self._known if key[1] == file_id]:
            del self._known[key]

    def forget_printer(self, printer_id: str) -> None:
        """A start there was refused although all seemed well."""
        self._facts.pop(printer_id, None)

    def _ask(self, job: Job, snapshot: Snapshot) -> Reason | None:
        try:
            stored = self._library.get(job.file_id)
            fit = self._fitting.of_file(
                stored, job.plate, snapshot.status, ams_mapping=job.ams_wanted, options=job.options,
                wishes=job.filaments,
            )  # fmt: skip
            require_start(fit, job.confirm)
        except FarmError as error:
            return Reason(error.error_code, error.message)
        except Exception:  # the barrier: one odd file must not stop the queue, and never starts
            logger.exception("%s: could not be judged for %s", job.id, snapshot.status.printer_id)
            text = f"{job.file_name} could not be checked; the server's log says why."
            return Reason("internal_error", text)
        return None

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
