"""The farm around one rig, and the person who sits before it."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.errors import FarmError
from core.events import Bus
from job_queue.job import Job
from job_queue.service import JobService
from job_queue.store.json_store import JsonJobStore
from job_queue.timing import Timing as JobTiming
from printers import safety
from printers.adapters import ADAPTERS
from printers.base import Printer
from printers.commands import Command, Home
from printers.conditions import Conditions
from printers.display import display_state
from printers.fleet import Fleet
from printers.registry import Registry
from printers.rules import Verdict, inputs_of
from printers.status import PrinterState, PrinterStatus
from slicer.library import FileLibrary
from tests.contract.impatient import FACTORIES
from tests.contract.print_files import Printed
from tests.contract.rig import POLL_S, Rig

ID = "alder"
WAIT_S = 25.0
NOTICED_S = 20.0
LIBRARY_BYTES = 200_000_000
JOBS = JobTiming(
    evidence_s=20.0, quiet_s=2.0, stopping_s=30.0, cleanup_delay_s=0.2, batch_s=0.02, tick_s=0.1
)
QUICK_JOBS = replace(JOBS, evidence_s=6.0, quiet_s=1.0)
REST = (PrinterState.IDLE, PrinterState.FINISHED, PrinterState.FAILED)


class Seat:
    """One farm run with this rig's printer; ``others`` are further configurations."""

    def __init__(
        self,
        rig: Rig,
        folder: Path,
        *,
        others: tuple[PrinterConfig, ...] = (),
        **changes: Any,
    ) -> None:
        self.rig = rig
        self.config = replace(rig.config(), **changes)
        clock = SystemClock()
        self.bus = Bus()
        self.registry = Registry(self.bus)
        with pytest.MonkeyPatch.context() as patch:
            if not rig.is_real:
                for kind, make in FACTORIES.items():
                    patch.setitem(ADAPTERS, kind, make)
            self.fleet = Fleet([self.config, *others], self.registry, clock, folder)
        self.library = FileLibrary(folder / "files", clock, LIBRARY_BYTES)
        store = JsonJobStore(folder, clock)
        self.jobs = JobService(
            store,
            self.fleet,
            self.registry,
            self.library,
            self.bus,
            clock,
            JOBS if rig.is_real else QUICK_JOBS,
        )
        self.fleet.observe(self.jobs.note_command)

    def start(self) -> None:
        self.jobs.start()
        self.fleet.start()

    def stop(self) -> None:
        self.jobs.stop()
        self.fleet.stop()

    # looking

    @property
    def adapter(self) -> Printer:
        return self.fleet.adapter(ID)

    @property
    def status(self) -> PrinterStatus:
        return self.fleet.snapshot(ID).status

    @property
    def conditions(self) -> Conditions:
        return self.fleet.snapshot(ID).conditions

    @property
    def card(self) -> str:
        """The word on the printer's card."""
        return display_state(self.fleet.snapshot(ID), time.monotonic())[0]

    @property
    def is_stale(self) -> bool:
        return self.status.state.is_connected and self.status.is_stale(time.monotonic())

    def until(
        self, holds: Callable[[PrinterStatus], Any], what: str, seconds: float = WAIT_S
    ) -> PrinterStatus:
        """Wait for a status that ``holds``; fails with the last one and the server's logs."""
        end = time.monotonic() + seconds
        while True:
            status = self.status
            if holds(status):
                return status
            if time.monotonic() > end:
                raise AssertionError(f"{what}; last: {self.told()}")
            time.sleep(POLL_S)

    def told(self) -> str:
        """What is shown now, for a failure's message."""
        s = self.status
        return (
            f"{s.state.value} card={self.card} raw={s.raw_state!r} stage={s.stage!r} "
            f"message={s.message!r} job={s.job} faults={s.faults} notices={s.notices} "
            f"heaters={s.heaters} conditions={self.conditions}"
        )

    def in_state(self, *states: PrinterState, seconds: float = WAIT_S) -> PrinterStatus:
        words = " or ".join(state.value for state in states)
        return self.until(lambda s: s.state in states, f"never {words}", seconds)

    def on_card(self, *words: str, seconds: float = WAIT_S) -> str:
        self.until(lambda _: self.card in words, f"the card never said {words}", seconds)
        return self.card

    def stays(self, holds: Callable[[PrinterStatus], Any], seconds: float, what: str) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            assert holds(self.status), f"{what}: {self.told()}"
            time.sleep(POLL_S)

    # acting

    def online(self, seconds: float = WAIT_S) -> PrinterStatus:
        return self.until(lambda s: s.state.is_connected, "never online", seconds)

    def ready(self) -> PrinterStatus:
        """At rest, and a person has looked at the bed: after the farm's own first look, which
        would else take back what was said during it."""
        self.in_state(*REST, seconds=45.0)
        self.until(lambda _: ID in self.jobs._watch._sight._own, "the farm never looked")
        if not self.conditions.bed_clear:
            self.jobs.mark_clear(ID)
        self.on_card("ready")
        return self.status

    def order(self, command: Command) -> str:
        return self.fleet.execute(ID, command).text

    def refusal(self, command: Command) -> FarmError:
        """The error with which a command comes back."""
        with pytest.raises(FarmError) as caught:
            self.order(command)
        return caught.value

    def homed(self) -> PrinterStatus:
        if not self.status.homed or set("xyz") - set(self.status.homed):
            self.order(Home())
        status = self.until(lambda s: set("xyz") <= set(s.homed), "never homed")
        return self.in_state(*REST) if status.state not in REST else status

    def gate(self, act: str) -> Verdict:
        return safety.judge(act, inputs_of(self.fleet.snapshot(ID), time.monotonic()))

    def add(self, printed: Printed) -> str:
        """Into the farm's library; its id there."""
        return self.library.add(io.BytesIO(printed.content), printed.name).id

    def begin(self, printed: Printed) -> Job:
        return self.jobs.start_file(ID, self.add(printed), confirm=("all",))

    def job_until(self, job: Job, *states: str, seconds: float = WAIT_S) -> Job:
        end = time.monotonic() + seconds
        while True:
            now = self.jobs.job(job.id)
            if now.state.value in states:
                return now
            if time.monotonic() > end:
                raise AssertionError(f"the job was never {states}: {now}\n{self.told()}")
            time.sleep(POLL_S)

    def printing(self, seconds: float = 90.0) -> Job:
        """A print of the farm's own that is certainly under way."""
        self.ready()
        job = self.begin(self.rig.print_file(seconds))
        job = self.job_until(job, "printing", seconds=45.0)
        self.in_state(PrinterState.PRINTING, seconds=45.0)
        self.rig.until(lambda: self.rig.shows() == "printing", "the server prints nothing")
        return job

    def upload(
        self,
        source: Path,
        name: str,
        progress: Callable[[int, int], None] = lambda sent, total: None,
        cancel: threading.Event | None = None,
    ) -> int:
        return self.fleet.upload(ID, source, name, progress, cancel or threading.Event())


def alive_threads() -> list[str]:
    """Of adapters and jobs."""
    names = ("printer:", "job:", "jobs:")
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(names)]
