"""Anything in any order: no start on an occupied bed, no false end, no lost job.

A physical truth runs beside the farm: the part on the bed, the print in the machine. People are
honest but may act whenever the farm lets them. Small forerunner of the explicit-state model.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from core.errors import FarmError, PrinterOffline, PrinterRejected, PrinterTimeout
from job_queue.job import JobState
from printers.status import PrinterState as P

FILE_ID = "f" * 32


class World:
    """One real printer, and what happens to it."""

    def __init__(self, farm: Any, seed: int, counts: Counter[str]) -> None:
        self.farm = farm
        self.random = random.Random(seed)
        self.counts = counts
        self.occupied = False
        self.printing = False
        self.late: Any = None
        self.printed: set[int] = set()
        self.finished: set[int] = set()
        self.showing: Any = None
        self.before = P.IDLE
        self.adopt()

    def adopt(self) -> None:
        self.farm.printer().on_start = self.on_start

    # what the machine does

    def begin(self, command: Any) -> None:
        assert not self.occupied, "a start on a bed that carries a part"
        assert command.token not in self.printed, "a job printed twice"
        self.occupied = self.printing = True
        self.printed.add(command.token)
        self.showing = command
        self.counts["began"] += 1
        self.farm.printer().shows(command, P.PREPARING)

    def on_start(self, command: Any) -> None:
        fate = self.random.choice(["begins", "begins", "refused", "unsent", "lost", "late"])
        self.counts[fate] += 1
        if fate == "begins":
            self.begin(command)
        elif fate == "refused":
            raise PrinterRejected("Alder refused.")
        elif fate == "unsent":
            raise PrinterOffline("Alder is offline. Nothing was sent.")
        elif fate == "late":
            self.late = command
            raise PrinterTimeout("Alder did not answer.")
        else:
            raise PrinterTimeout("Alder did not answer.")

    def late_begin(self) -> None:
        command, self.late = self.late, None
        online = self.farm.printer().status.state.is_connected
        there = command is not None and command.remote_name in self.farm.printer().files
        if there and online and not self.printing and not self.occupied:
            self.begin(command)

    def end(self) -> None:
        if self.printing and self.farm.printer().status.state.is_connected:
            self.printing = False
            state = self.random.choice([P.FINISHED, P.FINISHED, P.FAILED])
            if self.showing is None:
                self.farm.printer().shows_other(state)
            else:
                if state is P.FINISHED:
                    self.finished.add(self.showing.token)
                self.farm.printer().shows(self.showing, state)

    def foreign(self) -> None:
        resting = self.farm.printer().status.state.is_at_rest
        if resting and not self.printing and not self.occupied:
            self.showing, self.occupied, self.printing = None, True, True
            self.farm.printer().shows_other(P.PRINTING, f"theirs_{self.random.random()}")
            self.farm.look()

    # what people and networks do

    def start(self) -> None:
        self.farm.service.start_file("alder", FILE_ID)
        self.farm.join()

    def clear(self) -> None:
        if not self.printing:
            self.occupied = False
            self.farm.service.mark_clear("alder")

    def resolve(self) -> None:
        for job in self.farm.service.jobs():
            if job.state is JobState.NEEDS_HUMAN:
                began = job.token in self.printed
                outcome = "printing" if began else self.random.choice(["not_started", "give_up"])
                if began and not self.printing:
                    outcome = "give_up"
                self.farm.service.resolve(job.id, outcome, job.rev)
                self.counts[outcome] += 1

    def network(self) -> None:
        printer = self.farm.printer()
        if printer.status.state.is_connected:
            self.before = printer.status.state
            printer.report(P.OFFLINE)
        else:
            printer.report(self.before)

    def restart(self) -> None:
        state = self.farm.printer().status.state
        self.farm.reboot()
        self.adopt()
        if state.is_connected:
            self.farm.printer().report(state)

    def step(self) -> None:
        if not self.farm.printer().status.state.is_connected and self.random.random() < 0.5:
            self.farm.printer().report(self.before)
        act = self.random.choice(
            [self.start, self.start, self.start, self.clear, self.clear, self.end, self.end,
             self.late_begin, self.foreign, self.resolve, self.resolve, self.network, self.restart]
        )  # fmt: skip
        try:
            act()
        except FarmError as error:
            self.counts[error.error_code] += 1
        self.farm.look()
        self.farm.wait(self.random.choice([1, 1, 1, 15, 200]))
        self.check()

    def check(self) -> None:
        view = self.farm.store.view()
        for job in view.jobs.values():
            if job.state is JobState.FINISHED:
                assert job.token in self.finished, "done, but never printed"
            if job.state is JobState.PRINTING:
                assert job.token in self.printed
            if job.result == "Not started" or (job.error and job.error.code == "not_started"):
                assert job.token not in self.printed, "said not to have started, and printed"
        assert self.printed <= {job.token for job in view.jobs.values()}, "a job was lost"
        bed = view.bed("alder")
        reporting = self.farm.printer().status.state.is_connected
        if self.occupied and reporting:
            assert bed is None or not bed.clear, "a bed with a part is called clear"


def walk(farm: Any, counts: Counter[str], seeds: range, folders: Any) -> None:
    for seed in seeds:
        fresh = type(farm)(folders.mktemp("walk"))
        fresh.open()
        world = World(fresh, seed, counts)
        for _ in range(100):
            world.step()


@pytest.mark.parametrize("block", range(4))
def test_random_walks(farm: Any, block: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    counts: Counter[str] = Counter()
    walk(farm, counts, range(block * 12, block * 12 + 12), tmp_path_factory)
    # the interesting paths were really taken
    for path in ("began", "late", "lost", "refused", "unsent", "give_up", "bed_not_clear"):
        assert counts[path] > 2, (path, counts)


def without_bed_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    from job_queue.records import BedRecord
    from job_queue.starting import beds

    always = BedRecord(clear=True)
    monkeypatch.setattr(beds, "after_end", lambda *_: always)
    monkeypatch.setattr(beds, "after_report", lambda *_, **__: always)


def without_evidence_and_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is taken for "it did not start", as other programs do."""
    from job_queue.starting import cleanup, watch
    from job_queue.starting.closing import end_before_start

    def give_back(tx: Any, job: Any, error: Any, now: float) -> Any:
        from job_queue.records import BedRecord

        tx.set_bed(job.printer_id, BedRecord(clear=True))
        return end_before_start(tx, job, error, now)

    monkeypatch.setattr(watch, "doubt", give_back)
    monkeypatch.setattr(cleanup.Sweeper, "kick", lambda self: None)


@pytest.mark.parametrize("ablation", [without_bed_gate, without_evidence_and_fence])
def test_the_walks_find_what_is_taken_away(
    farm: Any, ablation: Any, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any
) -> None:
    ablation(monkeypatch)
    with pytest.raises(AssertionError):
        walk(farm, Counter(), range(30), tmp_path_factory)
