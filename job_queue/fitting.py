"""A library file against a printer, with everything the gates want to know fetched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.clock import Clock
from job_queue.fit import PrinterFit, fit_file, fit_printer
from printers.registry import Snapshot
from printers.status import PrinterStatus
from slicer.library import FileLibrary, StoredFile


class Fitting:
    """The one way from a stored file to verdicts: dialog, start, last look and dispatcher."""

    def __init__(self, library: FileLibrary, clock: Clock) -> None:
        self._library = library
        self._clock = clock

    def of_printer(
        self,
        stored: StoredFile,
        plate: int,
        snapshot: Snapshot,
        *,
        ams_mapping: Sequence[int] | None = None,
        options: Mapping[str, bool] | None = None,
    ) -> PrinterFit:
        """Everything for and against a start now, the printer's state included."""
        now = self._clock.monotonic()
        return fit_printer(
            stored.file, plate, snapshot, now, ams_mapping=ams_mapping, options=options
        )

    def of_file(
        self,
        stored: StoredFile,
        plate: int,
        status: PrinterStatus,
        *,
        ams_mapping: Sequence[int] | None = None,
        options: Mapping[str, bool] | None = None,
    ) -> PrinterFit:
        """The same without the printer's state."""
        return fit_file(stored.file, plate, status, ams_mapping=ams_mapping, options=options)
