"""Anything in any order, with the dispatcher at work: never two starts per approval, no start on an
occupied bed, no job lost, no copy printed that nobody asked for.

A physical truth runs beside the farm for each printer: the part on the bed, the print in the
machine, a start that arrives late. People are honest, but act whenever the farm lets them.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from core.errors import FarmError, PrinterRejected, PrinterTimeout, UploadFailed
from job_queue.job import JobState
from job_queue.target import Target
from printers.status import PrinterState as P

PRINTERS = st.sampled_from(("alder", "birch"))
TARGETS = st.sampled_from((Target(), Target.printer("alder"), Target("printer_ids", ("birch",))))
FATES = ("begins", "begins", "begins", "refused", "lost", "late")
REACHED: Counter[str] = Counter()
WALKED = {"sent", "begins", "refused", "lost", "late"}
"""Every walk takes them many times. The rarer ways hang on two printers' threads, too; each of
them is taken on purpose."""


class Machine:
    """One real printer beside the farm's idea of it."""

    def __init__(self, world: QueueMachine, name: str) -> None:
        self.world = world
        self.name = name
        self.occupied = False
        self.approvals = 1  # an empty simulated bed at the beginning
        self.starts = 0
        self.printing: Any = None  # StartPrint, or "theirs"
        self.late: Any = None
        self.fate = "begins"
        self.adopt()

    @property
    def fake(self) -> Any:
        return self.world.farm.printer(self.name)

    def adopt(self) -> None:
        self.fake.on_start = self.on_start

    def on_start(self, command: Any) -> None:
        REACHED[self.fate] += 1
        if self.fate == "refused":
            raise PrinterRejected("It refused.")
        self.starts += 1
        assert self.starts <= self.approvals, "two starts for one approval"
        if self.fate == "begins":
            self.begin(command)
            return
        self.late = command if self.fate == "late" else None
        raise PrinterTimeout("It did not answer.")

    def begin(self, command: Any) -> None:
        assert not self.occupied, "a start on a bed that carries a part"
        assert command.token not in self.world.begun, "one attempt printed twice"
        self.world.begun.add(command.token)
        self.occupied, self.printing = True, command
        self.fake.shows(command, P.PREPARING)

    def begin_late(self) -> None:
        command, self.late = self.late, None
        there = command is not None and command.remote_name in self.fake.files
        if there and self.printing is None and not self.occupied and self.is_online:
            REACHED["began late"] += 1
            self.begin(command)

    @property
    def is_online(self) -> bool:
        return bool(self.fake.status.state.is_connected)


class QueueMachine(RuleBasedStateMachine):
    make_farm: Callable[[Path], Any]

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.farm = type(self).make_farm(Path(self.folder.name))
        self.begun: set[int] = set()
        self.finished: set[int] = set()
        self.added: dict[str, int] = {}
        self.machines = {name: Machine(self, name) for name in ("alder", "birch")}

    def teardown(self) -> None:
        if hasattr(self, "farm"):
            self.farm.join()
            self.folder.cleanup()

    def tried(self, act: Callable[[], Any]) -> Any:
        """Refusals are answers too."""
        try:
            return act()
        except FarmError as error:
            REACHED[error.error_code] += 1
            return None

    # -- people ----------------------------------------------------------------------------------

    @rule(target_=TARGETS, copies=st.integers(1, 3), held=st.booleans())
    def add(self, target_: Target, copies: int, held: bool) -> None:
        job = self.farm.add(target_, copies=copies, held=held and copies == 1)
        self.added[job.id] = copies

    @rule(pick=st.integers(0, 50), act=st.sampled_from(("hold", "release", "retry", "last")))
    def edit(self, pick: int, act: str) -> None:
        jobs, desk = self.farm.service.jobs(), self.farm.service.desk
        if jobs:
            job_id = jobs[pick % len(jobs)].id
            change = {"last": lambda: desk.place(job_id, None)}.get(act)
            self.tried(change or (lambda: getattr(desk, act)(job_id)))

    @rule(pick=st.integers(0, 50))
    def remove(self, pick: int) -> None:
        jobs = self.farm.service.jobs()
        if jobs:
            self.tried(lambda: self.farm.service.remove(jobs[pick % len(jobs)].id))

    @rule(name=PRINTERS)
    def clear(self, name: str) -> None:
        machine = self.machines[name]
        if machine.printing is not None:
            return
        machine.occupied = False
        was = self.farm.bed(name)[0]
        self.tried(lambda: self.farm.service.mark_clear(name))
        machine.approvals += not was and self.farm.bed(name)[0]

    @rule(name=PRINTERS, doubt=st.sampled_from(("not_started", "give_up")))
    def resolve(self, name: str, doubt: str) -> None:
        job = self.farm.store.view().open_jobs.get(name)
        if job is None or job.state is not JobState.NEEDS_HUMAN:
            return
        machine = self.machines[name]
        began = job.token in self.begun
        outcome = ("printing" if machine.printing is not None else "give_up") if began else doubt
        if self.tried(lambda: self.farm.service.resolve(job.id, outcome, job.rev)) is not None:
            REACHED[outcome] += 1

    @rule(name=PRINTERS, doubt=st.sampled_from(("give_up", "not_started")))
    def wait_out_the_doubt(self, name: str, doubt: str) -> None:
        job = self.farm.store.view().open_jobs.get(name)
        if job is not None and job.state in (JobState.STARTING, JobState.NEEDS_HUMAN):
            self.farm.wait(200)
            self.resolve(name, doubt)
            self.farm.wait(310)
            self.resolve(name, "not_started")

    # -- machines and networks -------------------------------------------------------------------

    @rule()
    def late_begins(self) -> None:
        for machine in self.machines.values():
            machine.begin_late()

    @rule(name=PRINTERS, well=st.booleans())
    def end(self, name: str, well: bool) -> None:
        machine = self.machines[name]
        command, state = machine.printing, P.FINISHED if well else P.FAILED
        if command is None or not machine.is_online:
            return
        machine.printing = None
        if command == "theirs":
            machine.fake.shows_other(state)
        else:
            self.finished |= {command.token} if well else set()
            machine.fake.shows(command, state)
        self.farm.wait(3)

    @rule(name=PRINTERS)
    def foreign(self, name: str) -> None:
        machine = self.machines[name]
        free = machine.fake.status.state.is_at_rest and machine.printing is None
        if free and not machine.occupied:
            machine.printing, machine.occupied = "theirs", True
            machine.fake.shows_other(P.PRINTING, f"theirs_{len(self.begun)}_{name}")
            self.farm.look()

    @rule(name=PRINTERS, broken=st.booleans())
    def card(self, name: str, broken: bool) -> None:
        self.machines[name].fake.upload_error = UploadFailed("No card.") if broken else None

    # -- the farm --------------------------------------------------------------------------------

    @rule(fates=st.tuples(st.sampled_from(FATES), st.sampled_from(FATES)))
    def dispatch(self, fates: tuple[str, str]) -> None:
        for machine, fate in zip(self.machines.values(), fates, strict=True):
            machine.fate = fate
        REACHED["sent"] += len(self.farm.dispatch_once())

    @rule(fate=st.sampled_from(FATES))
    def add_and_dispatch(self, fate: str) -> None:
        self.add(Target(), 1, held=False)
        self.dispatch((fate, fate))

    @rule(seconds=st.sampled_from((1, 15, 200, 320)))
    def wait(self, seconds: int) -> None:
        self.farm.wait(seconds)

    @rule()
    def restart(self) -> None:
        states = {name: m.fake.status.state for name, m in self.machines.items()}
        self.farm.reboot()
        for name, machine in self.machines.items():
            machine.adopt()
            machine.fake.report(states[name])
        self.farm.look()

    @invariant()
    def nothing_is_lost_and_nothing_invented(self) -> None:
        if not hasattr(self, "farm"):
            return
        view = self.farm.store.view()
        for job_id, copies in self.added.items():
            job = view.jobs[job_id]
            series = [job, *(one for one in view.jobs.values() if one.series == job_id)]
            assert job.copies == copies == len(series) - 1 + job.left, "a copy was lost"
            assert job.made == sum(one.state is JobState.FINISHED for one in series)
        for job in view.jobs.values():
            tokens = {job.token, *(attempt.token for attempt in job.attempts)} & self.begun
            if job.state is JobState.FINISHED:
                assert job.token in self.finished, "done, but never printed"
            if job.state.is_waiting and not job.attempts:
                assert not tokens
            for attempt in job.attempts:
                never = attempt.outcome == "not_started"
                assert not (never and attempt.token in self.begun), "not started, yet printed"
        known = {job.token for job in view.jobs.values()}
        known |= {a.token for job in view.jobs.values() for a in job.attempts}
        assert self.begun <= known, "a print without a job"
        for name, machine in self.machines.items():
            if machine.occupied and machine.is_online:
                assert not self.farm.bed(name)[0], "a bed with a part is called clear"


@pytest.fixture
def machine(farm: Any) -> Iterator[type[QueueMachine]]:
    kind = type(farm)

    def make(folder: Path) -> Any:
        made = kind(folder)
        made.open()
        return made

    QueueMachine.make_farm = staticmethod(make)  # type: ignore[method-assign,assignment]
    REACHED.clear()
    yield QueueMachine


def test_the_queue_in_any_order(machine: type[QueueMachine]) -> None:
    run_state_machine_as_test(
        machine, settings=settings(max_examples=200, stateful_step_count=40, deadline=None)
    )
    missing = WALKED - set(REACHED)
    assert not missing, f"never reached: {missing} of {REACHED}"


@pytest.mark.parametrize(
    ("way", "fate", "doubt"),
    [("began late", "late", "give_up"), ("not_started", "lost", "not_started"),
     ("give_up", "lost", "give_up")],
)  # fmt: skip
def test_a_rare_way_is_taken_on_purpose(
    way: str, fate: str, doubt: str, machine: type[QueueMachine]
) -> None:
    """The machine's own rules in an order of ours, and the copies are printed all the same."""
    world = machine()
    world.open()
    try:
        world.add(Target.printer("alder"), 2, held=False)
        world.dispatch((fate, fate))
        world.late_begins()
        world.wait_out_the_doubt("alder", doubt)
        world.nothing_is_lost_and_nothing_invented()
        assert REACHED[way] == 1, REACHED
        for _ in range(3):
            world.end("alder", well=True)
            world.clear("alder")
            world.dispatch(("begins", "begins"))
            world.nothing_is_lost_and_nothing_invented()
        assert len(world.finished) >= 1, "it went on"
    finally:
        world.teardown()


def test_it_finds_a_bed_gate_that_is_missing(
    machine: type[QueueMachine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its silence would prove nothing."""
    from job_queue.records import BedRecord
    from job_queue.starting import beds

    always = BedRecord(clear=True)
    monkeypatch.setattr(beds, "after_end", lambda *_: always)
    monkeypatch.setattr(beds, "after_report", lambda *_, **__: always)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            machine, settings=settings(max_examples=200, stateful_step_count=40, deadline=None)
        )
