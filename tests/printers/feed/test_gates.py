"""A printer of another farm in this farm's hands: no button, no job, no bed."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.config import DispatchConfig, PrinterConfig
from core.errors import Blocked, Unusable
from core.events import Bus
from job_queue.dispatcher import Dispatcher
from job_queue.service import JobService
from job_queue.store.json_store import JsonJobStore
from job_queue.target import Target
from printers import commands as c
from printers import safety
from printers.conditions import Conditions
from printers.display import display_state
from printers.feed.words import lock_of
from printers.fleet import Fleet
from printers.registry import Registry, Snapshot
from printers.status import Link, Machine, PrinterState, PrinterStatus
from simulator.plates import PlateSpec, build_gcode_3mf
from slicer.library import FileLibrary

S = PrinterState
WORDS = "Alder is shown from another farm; control it there."


def shown(state: PrinterState, word: str, mono: float) -> PrinterStatus:
    return PrinterStatus(
        printer_id="alder", name="Alder", kind="feed", state=state, raw_state=word,
        observed_at=1.0, observed_mono=mono, link=Link(online=True), lock=lock_of("Alder"),
        machine=Machine(name="P1S"),
    )  # fmt: skip


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("clear", [True, False])
def test_every_gate_is_closed_with_the_same_sentence_whatever_it_does(
    state: PrinterState, clear: bool
) -> None:
    status = shown(state, "", 10.0)
    snapshot = Snapshot(status=status, conditions=Conditions(bed_clear=clear), revision=1)
    for late in (10.0, 40.0, 4000.0):
        gates = safety.gates(snapshot, late)
        closed = {name for name, gate in gates.items() if not gate.ok}
        if state is not S.MISCONFIGURED:
            assert set(gates) - closed == {"reconnect", "trust"}
            assert {gates[name].why for name in closed} == {WORDS}


def test_it_is_shown_by_its_own_farms_word_as_long_as_that_is_fresh() -> None:
    def word(state: PrinterState, raw: str, late: float = 10.0) -> tuple[str, str]:
        snapshot = Snapshot(
            status=shown(state, raw, 10.0), conditions=Conditions(bed_clear=True), revision=1
        )
        return display_state(snapshot, late)

    assert word(S.FINISHED, "needs_clear") == ("needs_clear", "")
    assert word(S.FAILED, "needs_clear") == ("needs_clear", "stopped")
    assert word(S.IDLE, "ready") == ("ready", "")
    assert word(S.IDLE, "maintenance") == ("maintenance", "")
    assert word(S.PRINTING, "stopping") == ("stopping", "")
    assert word(S.OFFLINE, "auth") == ("offline", "there")
    assert word(S.OFFLINE, "") == ("offline", "")  # it is the other farm that is away
    assert word(S.IDLE, "ready", 71.0) == ("offline", "")


class Farm:
    """Queue, gate and dispatcher of a farm whose only printer belongs to another one."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock()
        bus = Bus()
        self.registry = Registry(bus)
        config = PrinterConfig(
            id="alder", name="Alder", type="feed", model="", url="ws://127.0.0.1:9", tags=("pla",)
        )
        self.fleet = Fleet([config], self.registry, self.clock, folder)
        self.library = FileLibrary(folder / "files", self.clock, 50_000_000, bus=bus)
        self.store = JsonJobStore(folder, self.clock)
        self.jobs = JobService(self.store, self.fleet, self.registry, self.library, bus, self.clock)
        self.dispatcher = Dispatcher(
            self.jobs, self.fleet, self.library, self.clock, DispatchConfig()
        )
        content = io.BytesIO(build_gcode_3mf([PlateSpec(name="gear", minutes=5.0)], model="P1S"))
        self.file = self.library.add(content, "Gear.gcode.3mf").id
        self.jobs.recover()

    def report(self, state: PrinterState, word: str) -> None:
        status = shown(state, word, self.clock.monotonic())
        self.registry.publish(status)
        self.jobs.look_at(self.registry.all())


@pytest.fixture
def farm(tmp_path: Path) -> Farm:
    return Farm(tmp_path)


def test_no_bed_flag_is_ever_raised_for_it(farm: Farm) -> None:
    for state, word in ((S.PRINTING, "printing"), (S.FINISHED, "needs_clear"), (S.IDLE, "ready")):
        farm.report(state, word)
    assert farm.jobs.view().bed("alder") is None
    snapshot = farm.registry.get("alder")
    assert snapshot is not None and snapshot.conditions == Conditions()


def test_commands_are_refused_before_they_reach_the_adapter(farm: Farm) -> None:
    farm.report(S.PRINTING, "printing")
    for command in (c.Pause(), c.Stop(), c.SetLight(on=True), c.EmergencyStop()):
        with pytest.raises(Blocked, match="control it there"):
            farm.fleet.execute("alder", command)
    with pytest.raises(Unusable, match="control it there"):
        farm.fleet.upload("alder", Path("x"), "x", lambda _a, _b: None, threading.Event())


def test_no_job_can_be_meant_for_it(farm: Farm) -> None:
    farm.report(S.IDLE, "ready")
    for target, said in (
        (Target.printer("alder"), "send the job to that one"),
        (Target(kind="model", values=("P1S",)), "No printer of the farm has the model"),
    ):
        with pytest.raises(Unusable, match=said):
            farm.jobs.add(farm.file, 1, target)


def test_the_dispatcher_never_sends_it_anything(farm: Farm) -> None:
    farm.report(S.IDLE, "ready")
    job = farm.jobs.add(farm.file, 1, Target(), confirm=("all",))
    assert farm.dispatcher.once().sent == ()
    [printer] = farm.dispatcher.standing().printers
    assert printer.closed is not None and (printer.closed.code, printer.closed.text) == (
        "feed", WORDS,
    )  # fmt: skip
    assert farm.jobs.job(job.id).state.is_waiting
    assert farm.dispatcher.advice() is None


def test_the_start_dialog_and_a_direct_start_say_whose_it_is(farm: Farm) -> None:
    farm.report(S.IDLE, "ready")
    [row] = farm.jobs.fit(farm.file, 1)
    assert not row.ok and row.level == "refuse"
    assert [(v.code, v.text) for v in row.verdicts] == [("feed", WORDS)]
    with pytest.raises((Blocked, Unusable), match="control it there"):
        farm.jobs.start_file("alder", farm.file, confirm=("all",))
