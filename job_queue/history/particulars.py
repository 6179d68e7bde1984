"""What a history record takes from elsewhere: the printer's name and model, the plate's grams."""

from __future__ import annotations

from core.errors import FarmError
from job_queue.history.attempts import Ended, Record, Used, record_of
from job_queue.job import Job
from printers.fleet import Fleet
from printers.registry import Registry
from slicer.library import FileLibrary


class Particulars:
    """As they are when the attempt ends; the file or the printer may be gone already."""

    def __init__(self, fleet: Fleet, registry: Registry, library: FileLibrary) -> None:
        self._fleet = fleet
        self._registry = registry
        self._library = library

    def describe(self, job: Job, ended: Ended, parent: Job | None) -> Record:
        filaments, grams = self._filaments(job)
        name, model = self._printer(ended.printer_id)
        return record_of(
            job, ended, parent=parent, printer=name, model=model, filaments=filaments, grams=grams
        )

    def _printer(self, printer_id: str) -> tuple[str, str]:
        config = self._fleet.configs.get(printer_id)
        snapshot = self._registry.get(printer_id)
        reported = snapshot.status.machine.name if snapshot else ""
        if config is None:
            return printer_id, reported
        return config.name, config.model or reported

    def _filaments(self, job: Job) -> tuple[list[Used], float | None]:
        try:
            plate = self._library.get(job.file_id).file.plate(job.plate)
        except FarmError:
            return [], None  # deleted since
        if plate is None:
            return [], None
        used = [
            Used(type=one.type, color=one.color, name=one.name, grams=one.grams)
            for one in plate.filaments
        ]
        known = [one.grams for one in used if one.grams is not None]
        return used, plate.grams if plate.grams is not None else (sum(known) if known else None)
