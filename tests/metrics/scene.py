"""A farm of one printer that has everything, and of one that is gone: every family has a figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from cameras.book import CameraBook, CameraInfo
from cameras.frames import CameraStatus
from core.clock import ManualClock
from core.errors import Blocked
from job_queue.history.attempts import Record
from job_queue.history.tallies import statistics_of
from job_queue.job import Job, JobState
from job_queue.records import QueueState
from metrics.sources import AlertFigures, Sources, WatchFigures
from printers.conditions import Conditions
from printers.counts import FleetCounts
from printers.registry import Snapshot
from printers.status import (
    AmsUnit,
    Fan,
    Fault,
    Heater,
    JobProgress,
    Machine,
    PrinterState,
    PrinterStatus,
    Severity,
    Tray,
)

NAME = 'Alder "the \\ first"\nof two'


def alder(clock: ManualClock, **changes: Any) -> PrinterStatus:
    """Printing, and telling all it can."""
    status = PrinterStatus(
        printer_id="alder", name=NAME, kind="bambu", state=PrinterState.PRINTING,
        observed_at=clock.time(), observed_mono=clock.monotonic(),
        job=JobProgress(
            name="gear", file="secret-project.3mf", percent=37, remaining_min=90, layer=4,
            layers=100,
        ),
        heaters=(
            Heater(name="nozzle", current=219.5, target=220.0, maximum=300),
            Heater(name="chamber", current=31.0, target=None, maximum=None),
        ),
        fans=(Fan(name="part", percent=80),),
        faults=(
            Fault(code="0300-400C", text="Bed is hot.", severity=Severity.COMMON),
            Fault(code="0300-400D", text="Bed is hotter.", severity=Severity.COMMON),
        ),
        ams=(
            AmsUnit(
                id=0, label="A", kind="AMS", humidity=23,
                trays=(Tray(slot="A1", index=0, remain=55), Tray(slot="A2", index=1)),
            ),
        ),
        wifi_dbm=-61, machine=Machine(name="P1S", firmware="01.08"),
    )  # fmt: skip
    return replace(status, **changes)


def gone(clock: ManualClock) -> PrinterStatus:
    """Silent for two minutes, its last words still in the snapshot."""
    return alder(
        clock, printer_id="birch", name="Birch", observed_at=clock.time() - 120.0,
        observed_mono=clock.monotonic() - 120.0,
    )  # fmt: skip


class OneCamera:
    """Hub and book at once."""

    def all(self) -> Iterator[CameraInfo]:
        yield CameraInfo(id="alder", name="Alder", printer_id="alder", kind="rtsp", main=True)

    def status(self, camera_id: str) -> CameraStatus:
        return CameraStatus(
            mode="jpeg", code="live", text="", age_s=0.4, fps=9.5, frames=77, restarts=2, failures=0
        )

    def is_wanted(self, camera_id: str) -> bool:
        return True


def jobs(clock: ManualClock) -> QueueState:
    def job(number: int, state: JobState, waited: float) -> Job:
        return Job(
            id=f"j-{number}", state=state, file_id="f", file_name="gear.3mf",
            waiting_since=clock.time() - waited,
        )  # fmt: skip

    waiting = [
        job(1, JobState.QUEUED, 60.0),
        job(2, JobState.QUEUED, 900.0),
        job(3, JobState.HELD, 9000.0),
        job(4, JobState.FINISHED, 0.0),
    ]
    return QueueState(jobs={job.id: job for job in waiting}, next_token=6)


def records(clock: ManualClock) -> Iterator[Record]:
    results = (("finished", 3600.0), ("finished", 1800.0), ("failed", 600.0), ("not_started", 0.0))
    for number, (result, took) in enumerate(results):
        started = None if result == "not_started" else clock.time() - took
        yield Record(
            job_id=f"j-{number}", attempt=1, result=result, file_id="f", file_name="gear.3mf",
            printer_id="alder", printer="Alder", started_at=started, ended_at=clock.time(),
            grams=20.0, estimate_s=1200, code="0300-400C",
        )  # fmt: skip


def counted(clock: ManualClock) -> FleetCounts:
    counts = FleetCounts(clock)
    with counts.start("alder", "start"), counts.upload():
        clock.advance(7.0)
    with counts.command("alder", "pause"):
        pass
    with suppress(Blocked), counts.command("alder", "home"):
        raise Blocked("Alder is printing.", code="printer_busy")
    return counts


def sources(folder: Path, clock: ManualClock, **changes: Any) -> Sources:
    camera = OneCamera()
    found = statistics_of(records(clock))
    counts = counted(clock)
    snapshots = [
        Snapshot(status=status, conditions=Conditions(bed_clear=True), revision=1)
        for status in (alder(clock), gone(clock))
    ]
    whole = Sources(
        version="1.2.3", started_at=clock.time() - 60.0, clock=clock, folder=folder,
        snapshots=lambda: snapshots, counts=counts.read, queue=lambda: jobs(clock),
        statistics=lambda wanted: found, cameras=camera, book=cast(CameraBook, camera),
        browsers=lambda: 2,
        alerts=lambda: AlertFigures(
            sent={("phone", "sent"): 4, ("phone", "failed"): 1}, pending={"phone": 2},
            open_incidents={"now": 1, "soon": 0},
        ),
        watch=lambda: {"alder": WatchFigures(score=0.25, calls=9, cost_usd=0.0125)},
        mqtt_connected=lambda: True,
    )  # fmt: skip
    return replace(whole, **changes)
