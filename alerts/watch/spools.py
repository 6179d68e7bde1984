"""Spools with less on them than a job needs, where the printer knows what is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from alerts.model import Event, Kind
from alerts.watch.memory import PrinterMemory
from alerts.watch.plates import Grams
from alerts.watch.telling import Teller
from alerts.watch.words import name_of
from cameras.final_photos import photo_name
from job_queue.job import Job, JobState
from job_queue.records import QueueState
from printers.registry import Snapshot
from printers.status import JobProgress, Tray

_SLOT = "spool "
_BACK_G = 5.0
"""What is left is told in percent: so much more must be there before a spool counts as enough."""
_RUNS = frozenset({JobState.PRINTING, JobState.PAUSED})


class Spools:
    """All printers. Only Bambu's own spools, with a chip in them, tell their weight."""

    def __init__(self, grams: Grams, margin_g: float) -> None:
        self._grams = grams
        self._margin_g = margin_g

    def see(
        self, snapshot: Snapshot, job: Job | None, teller: Teller, now: float, *, believable: bool
    ) -> list[Event]:
        """``job``: the one that is open there, or the next one that is meant for this printer and
        names its spools."""
        teller.now, teller.name = now, snapshot.status.name
        if believable:
            needs = {} if job is None else self._needs(job, snapshot.status.job)
            trays = {tray.index: tray for tray in snapshot.status.trays()}
            self._judge(job, needs, trays, teller)
        return teller.taken()

    def _needs(self, job: Job, progress: JobProgress | None) -> dict[int, float]:
        """Tray index -> grams it still has to give."""
        mapping = job.ams_mapping or job.ams_wanted or ()
        percent = progress.percent if progress is not None and job.state in _RUNS else None
        share = 1.0 - (percent or 0) / 100
        needs: dict[int, float] = {}
        for slot, grams in self._grams(job.file_id, job.plate).items():
            tray = mapping[slot - 1] if 0 < slot <= len(mapping) else -1
            if tray >= 0:
                needs[tray] = needs.get(tray, 0.0) + grams * share
        return needs

    def _judge(
        self, job: Job | None, needs: Mapping[int, float], trays: Mapping[int, Tray], teller: Teller
    ) -> None:
        for slot, tray in list(_told(teller.memory, trays)):
            wanted = needs.get(tray.index, 0.0) if tray is not None else 0.0
            enough = tray is None or tray.grams is None or tray.grams >= wanted + _BACK_G
            of_job = job is not None and teller.memory.open[slot].run == _run(job)
            if not wanted or enough or not of_job:
                teller.end(slot, f"{teller.name}: {slot.removeprefix(_SLOT)} has enough again.")
        for index, wanted in needs.items():
            found = trays.get(index)
            if job is None or found is None or found.grams is None:
                continue
            if found.grams < wanted + self._margin_g:
                self._begin(job, found, wanted, teller)

    def _begin(self, job: Job, tray: Tray, wanted: float, teller: Teller) -> None:
        slot, left = _SLOT + tray.slot, tray.grams or 0
        if teller.is_open(slot):
            return
        count = f"{_run(job)} {Kind.SPOOL_SHORT} {tray.slot}"
        if teller.memory.counts.get(count):
            return  # once a print: what is left is an estimate that goes up and down
        teller.memory.counts[count] = 1
        text = (
            f"{teller.name}: {tray.slot} has about {left} g left, and {name_of(job.file_name)} "
            f"needs {wanted:.0f} g more."
        )
        facts = {
            "job_id": job.id, "file": job.file_name, "grams": round(wanted, 1), "code": tray.slot,
        }  # fmt: skip
        teller.begin(slot, Kind.SPOOL_SHORT, text, run_id=_run(job), code=tray.slot, facts=facts)


def next_jobs(view: QueueState) -> dict[str, Job]:
    """By printer: the one that is open there, else the next that is for this printer alone and
    says from which spools."""
    waiting = [job for job in view.jobs.values() if job.state is JobState.QUEUED and job.ams_wanted]
    waiting.sort(key=lambda job: (-job.priority, job.rank), reverse=True)
    meant = {job.target.one_printer: job for job in waiting if job.target.one_printer}
    return meant | dict(view.open_jobs)


def _run(job: Job) -> str:
    return photo_name(job.id, job.attempt)


def _told(memory: PrinterMemory, trays: Mapping[int, Tray]) -> Iterator[tuple[str, Tray | None]]:
    by_slot = {tray.slot: tray for tray in trays.values()}
    for slot in memory.open:
        if slot.startswith(_SLOT):
            yield slot, by_slot.get(slot.removeprefix(_SLOT))
