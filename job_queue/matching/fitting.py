"""A library file against a printer, with everything the gates want to know fetched."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from core.clock import Clock
from job_queue.matching.fit import CONFIRM_ALL, PrinterFit, being_read, fit_file, with_state
from printers.registry import Snapshot
from printers.status import PrinterStatus
from slicer.confirmations import ABOUT_THE_MACHINE, Confirmation, Confirmations, Question
from slicer.gates.filament_wishes import FilamentWish
from slicer.gates.verdicts import CONFIRM, REFUSE, WARN, Verdict, worst
from slicer.library import FileLibrary, StoredFile


class Fitting:
    """The one way from a stored file to verdicts: dialog, start, last look and dispatcher."""

    def __init__(
        self,
        library: FileLibrary,
        clock: Clock,
        confirmations: Confirmations | None = None,
        build_plates: Mapping[str, str] | None = None,
    ) -> None:
        """``confirmations``: what people have said yes to for good; None: nothing is kept.
        ``build_plates``: printer id -> what lies on its bed, of those that were told."""
        self._library = library
        self._clock = clock
        self._confirmations = confirmations
        self._plates = build_plates or {}

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
        fit = self.of_file(stored, plate, snapshot.status, ams_mapping=ams_mapping, options=options)
        return with_state(fit, snapshot, self._clock.monotonic())

    def of_file(
        self,
        stored: StoredFile,
        plate: int,
        status: PrinterStatus,
        *,
        ams_mapping: Sequence[int] | None = None,
        options: Mapping[str, bool] | None = None,
        wishes: Sequence[FilamentWish] = (),
    ) -> PrinterFit:
        """The same without the printer's state. Raises NotFound for a file that is gone."""
        bounds = None
        if stored.file.plate(plate) is not None:
            bounds = self._library.bounds(stored.id, plate)
        fit = fit_file(
            stored.file, plate, status, bounds=bounds, ams_mapping=ams_mapping, options=options,
            build_plate=self._plates.get(status.printer_id, ""), wishes=wishes,
        )  # fmt: skip
        if bounds is None and fit.level != REFUSE:
            return being_read(fit, stored.name)
        return self._with_answers(fit, stored, plate, status)

    # -- yes, once and for good ----------------------------------------------------------------

    def remember(
        self,
        stored: StoredFile,
        plate: int,
        status: PrinterStatus,
        fit: PrinterFit,
        confirm: Collection[str],
        by: str,
    ) -> None:
        """Keep the yes to what is about this file's content and this machine.

        Call it when ``fit`` has passed with ``confirm``. Raises StorageError.
        """
        if self._confirmations is None:
            return
        asked = {verdict.code for verdict in fit.verdicts if verdict.level == CONFIRM}
        said = asked if CONFIRM_ALL in confirm else asked & set(confirm)
        codes = said & ABOUT_THE_MACHINE
        if codes:
            self._confirmations.add(_question(stored, plate, status), codes, by)

    def _with_answers(
        self, fit: PrinterFit, stored: StoredFile, plate: int, status: PrinterStatus
    ) -> PrinterFit:
        if self._confirmations is None:
            return fit
        known = self._confirmations.of(_question(stored, plate, status))
        if not known:
            return fit
        verdicts = tuple(_answered(verdict, known) for verdict in fit.verdicts)
        level = worst([*verdicts, *(item.verdict for item in fit.mapping)])
        return replace(fit, level=level, verdicts=verdicts)


def _question(stored: StoredFile, plate: int, status: PrinterStatus) -> Question:
    machine = status.machine
    return Question(
        sha256=stored.sha256,
        plate=plate,
        printer_id=status.printer_id,
        machine=" ".join(filter(None, (machine.code, machine.name))),
    )


def _answered(verdict: Verdict, known: Mapping[str, Confirmation]) -> Verdict:
    """A question with a yes is told, not asked again."""
    answer = known.get(verdict.code)
    if verdict.level != CONFIRM or answer is None:
        return verdict
    day = time.strftime("%Y-%m-%d", time.localtime(answer.at))
    who = f" by {answer.by}" if answer.by else ""
    return Verdict(WARN, verdict.code, f"{verdict.text} Confirmed{who} on {day}.")
