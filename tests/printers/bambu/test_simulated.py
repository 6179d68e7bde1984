"""The simulator's reports of every model, through merge and parser, over whole jobs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from printers.bambu.merge import Report
from printers.bambu.models import Model, by_name, by_serial
from printers.bambu.parse import FAIL_SETTLE_S, Parsed, Parser, parse, read_versions, settled_state
from printers.status import PrinterState
from simulator.bambu.machine import BambuMachine
from simulator.models import MODELS as SIMULATED
from simulator.specs import make_spec

S = PrinterState
NAMES = [model.name for model in (SIMULATED.values() if isinstance(SIMULATED, dict) else SIMULATED)]


class Follower:
    """What the adapter does with a printer's messages, without the network."""

    def __init__(self, name: str, scenario: str, time_scale: float = 1.0) -> None:
        self.printer = BambuMachine(make_spec("p", "P", name, 1, scenario), time_scale=time_scale)
        model = by_name(name)
        assert model is not None
        self.model: Model = model
        self.report = Report()
        self.parser = Parser(model)
        self.parsed = self.take(self.printer.next_report(full=True), full=True)

    def take(self, message: dict[str, Any] | None, *, full: bool = False) -> Parsed:
        body = message["print"] if message else {}
        whole = full or "msg" not in body or body["msg"] == 0
        changed = self.report.apply(body, full=whole)
        self.parsed = self.parser.parse(self.report.data, changed)
        return self.parsed

    def watch(self, seconds: float, step: float = 2.0) -> Iterator[Parsed]:
        for _ in range(int(seconds / step)):
            self.printer.tick(step)
            yield self.take(self.printer.next_report())


@pytest.mark.parametrize("name", NAMES)
def test_our_table_agrees_with_the_simulated_model(name: str) -> None:
    follower = Follower(name, "idle")
    ours, theirs = follower.model, follower.printer.model
    assert by_serial(follower.printer.spec.serial) is ours
    assert (ours.code, ours.volume_mm, ours.nozzles) == (theirs.code, theirs.volume, theirs.nozzles)
    assert (ours.nozzle_max, ours.bed_max) == (theirs.nozzle_max, theirs.bed_max)
    assert (ours.chamber_max or 0) == theirs.chamber_max
    assert ours.chamber_sensor == theirs.chamber_sensor
    request = {"info": {"command": "get_version", "sequence_id": "1"}}
    versions = read_versions(follower.printer.handle(request)[0]["info"])
    assert (versions.model, versions.firmware) == (ours.code, theirs.firmware)
    assert versions.serial == follower.printer.spec.serial
    assert versions.ams_kinds == {unit.id: unit.kind for unit in follower.parsed.ams}


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_job(name: str) -> None:
    follower = Follower(name, "preparing", time_scale=60)
    assert follower.parsed.state is S.PREPARING
    states, stages, percents = [], set(), []
    for parsed in follower.watch(140):
        states.append(parsed.state)
        stages.add(parsed.stage)
        assert parsed.job is not None
        percents.append(parsed.job.percent or 0)
        assert {heater.name for heater in parsed.heaters} >= {"nozzle", "bed"}
        if parsed.state is S.FINISHED:
            break
    assert parsed == parse(follower.report.data, follower.model)
    assert parsed.state is S.FINISHED
    assert set(states) == {S.PREPARING, S.PRINTING, S.FINISHED}
    assert states.index(S.PRINTING) > states.index(S.PREPARING)
    assert "Heating the bed" in stages
    assert percents == sorted(percents)
    assert parsed.job is not None
    assert parsed.job.percent == 100
    assert parsed.job.remaining_min is None
    assert parsed.homed == "xyz"


@pytest.mark.parametrize("name", NAMES)
def test_printing(name: str) -> None:
    parsed = Follower(name, "printing").parsed
    assert (parsed.state, parsed.stage) == (S.PRINTING, "")
    job = parsed.job
    assert job is not None
    assert job.layer is not None
    assert job.remaining_min is not None
    assert 0 < (job.percent or 0) < 100
    assert parsed.active_tray == "A1"
    assert parsed.storage == "ok"
    assert parsed.faults == ()
    assert {fan.name for fan in parsed.fans} >= {"part", "hotend"}
    assert parsed.light is True
    assert parsed.wifi_dbm is not None


@pytest.mark.parametrize("name", NAMES)
def test_runout_stop_and_faults(name: str) -> None:
    paused = Follower(name, "paused_filament").parsed
    assert (paused.state, paused.pause_kind) == (S.PAUSED, "filament")
    assert paused.pause_reason == "Filament ran out in A1"
    fault = Follower(name, "fault_hms").parsed
    assert fault.state is S.FAULT
    assert fault.faults[0].code == "0300-4002"

    follower = Follower(name, "printing")
    follower.printer.stop()
    seen = {parsed.state for parsed in follower.watch(FAIL_SETTLE_S + 3, step=0.5)}
    assert S.FAULT not in seen
    settled = settled_state(follower.parsed, FAIL_SETTLE_S, S.PRINTING)
    assert settled == (S.FAILED, False)
    assert follower.parsed.faults == ()


@pytest.mark.parametrize("name", ["P1S", "X1C", "A1", "H2D"])
def test_what_people_do_to_a_printer(name: str) -> None:
    follower = Follower(name, "idle")

    def after(seconds: float = 2.0) -> Parsed:
        return list(follower.watch(seconds, step=1.0))[-1]

    follower.printer.swap_spool(0, 3, "ABS", "112233", 50)
    tray = next(t for unit in after().ams for t in unit.trays if t.slot == "A4")
    assert (tray.empty, tray.type, tray.color, tray.grams) == (False, "ABS", "112233", 500)
    follower.printer.swap_spool(0, 3, "", "")
    assert next(t for u in after().ams for t in u.trays if t.slot == "A4").empty
    follower.printer.inject_hms(0x0300_0100, 0x0001_0007)
    assert after().state is S.FAULT
    follower.printer.clear_hms()
    assert after().state is S.IDLE
    follower.printer.unplug_ams(0)
    assert "A" not in [unit.label for unit in after().ams]
    follower.printer.knobs.sd_missing = True
    assert after(40).storage == "missing"


@pytest.mark.parametrize("name", ["X1C", "H2D", "P2S", "P1S", "A1 mini"])
def test_developer_mode_off_shows_as_lock(name: str) -> None:
    follower = Follower(name, "printing")
    follower.printer.knobs.dev_mode_off = True
    pause = {"print": {"command": "pause", "sequence_id": "20001", "param": ""}}
    follower.printer.handle(pause)
    parsed = list(follower.watch(4))[-1]
    assert parsed.lock is not None
    assert parsed.lock.code == "developer_mode_off"
    assert (parsed.state, parsed.faults) == (S.PRINTING, ())


@pytest.mark.parametrize("knob", ["wrong_types", "wrong_typed_key", "chamber_stuck_at_5"])
@pytest.mark.parametrize("name", NAMES)
def test_sick_reports_do_not_change_what_a_printer_does(name: str, knob: str) -> None:
    follower = Follower(name, "printing", time_scale=5)
    setattr(follower.printer.knobs, knob, True)
    for parsed in follower.watch(20):
        assert (parsed.state, parsed.stage) == (S.PRINTING, "")
        assert parsed.job is not None
        assert parsed.job.name == "shelf_bracket"


def test_a_job_that_prints_air_is_pointed_out() -> None:
    follower = Follower("P1S", "preparing", time_scale=60)
    follower.printer.knobs.air_print = True
    codes = {n.code for parsed in follower.watch(140) for n in parsed.notices}
    assert codes == {"air_print"}
    assert follower.parsed.notices == ()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_a_printer_sends_is_refused_for_its_type(name: str) -> None:
    follower = Follower(name, "printing")
    message = follower.printer.next_report(full=True)
    assert message is not None
    report = Report()
    assert report.apply(message["print"], full=True) == message["print"].keys()
    assert report.data == message["print"]


@pytest.mark.parametrize("name", NAMES)
def test_differences_add_up_to_the_whole(name: str) -> None:
    follower = Follower(name, "busy_farm", time_scale=40)
    for _ in follower.watch(60, step=1.0):
        pass
    whole = follower.printer.next_report(full=True)
    assert whole is not None
    before = follower.parsed
    after = follower.take(whole, full=True)
    assert after.job == before.job
    assert (after.state, after.ams, after.external) == (before.state, before.ams, before.external)
