"""The same invariants against simulated printers of all makes at once, over their protocols."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from core.errors import FarmError
from job_queue.job import JobState
from job_queue.target import Target
from printers.commands import Stop
from simulator.farm import SimulatedFarm
from simulator.specs import make_spec
from tests.job_queue import test_dispatch_with_simulators as rig

MAKES = list(rig.MAKES)
MAKE = st.sampled_from(MAKES)


class Mixed(rig.Server):
    """One server run; the printers are called as their makes."""

    def __init__(self, sim: SimulatedFarm, folder: Path, patch: pytest.MonkeyPatch) -> None:
        of_make = rig_config_of
        patch.setattr(rig, "NAMES", tuple(MAKES))
        patch.setattr(rig, "config_of", lambda sim, _, name: of_make(sim, name, name))
        super().__init__(sim, "", folder)


rig_config_of = rig.config_of


class Makes(RuleBasedStateMachine):
    """Real time: a print takes two seconds. The observer reads what reached each printer."""

    sim: SimulatedFarm
    patch: pytest.MonkeyPatch
    reached: ClassVar[Counter[str]] = Counter()

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.server = Mixed(self.sim, Path(self.folder.name), self.patch)
        self.files = {make: rig.add_file(self.server, make) for make in MAKES}
        self.jobs: dict[str, str] = {}
        self.before = {make: self.starts(make) for make in MAKES}
        self.approvals = dict.fromkeys(MAKES, 1)
        for make in MAKES:
            rig.wait_for(lambda make=make: self.is_ready(make))
            self.add(make)
        rig.wait_for(lambda: all(self.starts(make) > self.before[make] for make in MAKES))

    def is_ready(self, make: str) -> bool:
        """At rest, and its bed clear: after the example before this one a part lies there."""
        snapshot = self.server.fleet.snapshot(make)
        if not snapshot.status.state.is_at_rest:
            return False
        self.server.jobs.mark_clear(make)
        return True

    def starts(self, make: str) -> int:
        return rig.starts_of(make, self.sim.printer(make).requests())

    def add(self, make: str) -> None:
        target = Target.printer(make)
        job = self.server.jobs.add(self.files[make], 1, target, confirm=("all",))
        self.jobs[job.id] = make

    def clear(self, make: str) -> None:
        """An honest person: refused while something is open there."""
        was = self.server.fleet.snapshot(make).conditions.bed_clear
        try:
            self.server.jobs.mark_clear(make)
        except FarmError as error:
            self.reached[error.error_code] += 1
            return
        self.approvals[make] += not was
        self.reached["cleared"] += not was

    def stop(self, make: str) -> None:
        try:
            self.server.fleet.execute(make, Stop())
            self.reached["stopped"] += 1
        except FarmError as error:
            self.reached[error.error_code] += 1

    def restart(self) -> None:
        self.server.stop()
        self.server = Mixed(self.sim, Path(self.folder.name), self.patch)
        self.reached["restart"] += 1

    @rule(make=MAKE, act=st.sampled_from(("next", "stop", "clear", "restart", "add")))
    def something(self, make: str, act: str) -> None:
        if act == "stop":
            self.stop(make)
        elif act == "clear":
            self.clear(make)
        elif act == "restart" and not self.reached["restart"]:
            self.restart()
        elif act == "add":
            self.add(make)
        else:
            self.next_one(make)

    def next_one(self, make: str) -> None:
        """The print there ends, a person takes the part, and there is more to do."""
        rig.wait_for(lambda: make not in self.server.jobs.view().open_jobs)
        rig.wait_for(lambda: self.server.fleet.snapshot(make).status.state.is_at_rest)
        self.clear(make)
        self.add(make)

    @invariant()
    def one_start_per_approval(self) -> None:
        if not hasattr(self, "server"):
            return
        for make in MAKES:
            began = self.starts(make) - self.before[make]
            assert began <= self.approvals[make], f"{make}: more starts than approvals"
            jobs = [i for i, one in self.jobs.items() if one == make]
            assert began <= len(jobs), f"{make}: a job was started twice"
            states = [self.server.jobs.job(i).state for i in jobs]  # raises for a lost one
            assert states.count(JobState.FINISHED) <= began, f"{make}: done, but never started"

    def teardown(self) -> None:
        if hasattr(self, "server"):
            self.reached["began"] += sum(self.starts(m) - self.before[m] for m in MAKES)
            self.server.stop()
            self.folder.cleanup()


@pytest.fixture
def sim(tmp_path: Path) -> Iterator[SimulatedFarm]:
    specs = [
        make_spec(make, make.capitalize(), rig.MAKES[make], number, kind=make)
        for number, make in enumerate(MAKES)
    ]
    with SimulatedFarm(specs, time_scale=rig.TIME_SCALE, data_dir=tmp_path / "sim") as farm:
        yield farm


def test_all_makes_in_any_order(sim: SimulatedFarm, monkeypatch: pytest.MonkeyPatch) -> None:
    Makes.sim, Makes.patch = sim, monkeypatch
    Makes.reached.clear()
    run_state_machine_as_test(
        Makes,
        settings=settings(
            max_examples=2, stateful_step_count=8, deadline=None, phases=[Phase.generate]
        ),
    )
    assert Makes.reached["began"] > len(MAKES), Makes.reached
    assert Makes.reached["cleared"], Makes.reached
