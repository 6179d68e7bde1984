"""The gate as a table: every act in every state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import Blocked, PrinterOffline, Unusable
from printers import commands as c
from printers import safety
from printers.conditions import Conditions, OpenJob
from printers.display import STATES, display_state
from printers.registry import Snapshot
from printers.status import (
    Fault,
    Heater,
    Lock,
    PrinterState,
    Severity,
)
from tests.printers.situations import NOW, S, klipper, snapshot

MOVEMENT = [
    c.Home(),
    c.Jog(x=10),
    c.Calibrate(kinds=("bed_level",)),
    c.SendGcode(line="G28"),
    c.SendGcode(line="g0 x10"),
    c.SendGcode(line="G1 Z5 F600"),
    c.SendGcode(line="M18"),
    c.SendGcode(line="M600"),
    c.SendGcode(line="M109 S200"),
    c.SendGcode(line="G9999"),
    c.SendGcode(line="T1"),
]
NOT_AT_REST = [s for s in S if not s.is_at_rest]


@pytest.mark.parametrize("state", NOT_AT_REST)
@pytest.mark.parametrize("command", MOVEMENT, ids=repr)
def test_movement_is_refused_in_every_state_but_rest(state: S, command: c.Command) -> None:
    with pytest.raises((Blocked, PrinterOffline)) as refusal:
        safety.check(command, snapshot(state), NOW)
    assert "Alder" in refusal.value.message
    assert refusal.value.details == {"printer_id": "alder"}


@pytest.mark.parametrize("state", [S.IDLE, S.FINISHED, S.FAILED])
@pytest.mark.parametrize("command", MOVEMENT, ids=repr)
def test_movement_is_allowed_at_rest(state: S, command: c.Command) -> None:
    safety.check(command, snapshot(state), NOW)


def test_the_refusal_while_printing_names_job_and_danger() -> None:
    answer = safety.verdict(c.Jog(x=1), snapshot(S.PRINTING), NOW)
    assert (answer.code, answer.ok) == ("printer_busy", False)
    assert answer.why == ("Alder is printing gear. Moving the head now would crash into the part.")


@pytest.mark.parametrize("homed", ["", "x", "xy", "xz"])
def test_jog_needs_all_axes_homed(homed: str) -> None:
    with pytest.raises(Blocked) as refusal:
        safety.check(c.Jog(z=1), snapshot(homed=homed), NOW)
    assert refusal.value.error_code == "not_homed"


@pytest.mark.parametrize("z", [0.0, 201.0, -500.0, float("nan"), float("inf")])
def test_jog_distance_is_bounded(z: float) -> None:
    with pytest.raises(Unusable):
        safety.check(c.Jog(z=z), snapshot(), NOW)


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (c.SetTemperature(heater="nozzle", target=301), "0 to 300"),
        (c.SetTemperature(heater="bed", target=-1), "0 to 100"),
        (c.SetTemperature(heater="chamber", target=40), "no chamber heater"),
        (c.SetTemperature(heater="nozzle2", target=40), "no nozzle2 heater"),
        (c.SetFan(fan="chamber", percent=10), "no chamber fan"),
        (c.SetFan(fan="part", percent=101), "0 to 100 percent"),
    ],
)
def test_values_stay_in_the_machines_range(command: c.Command, part: str) -> None:
    with pytest.raises(Unusable) as refusal:
        safety.check(command, snapshot(), NOW)
    assert part in refusal.value.message


@pytest.mark.parametrize("command", [k for k in c.COMMANDS if k.name in safety.TABLE])
def test_nothing_but_bookkeeping_passes_without_a_live_session(command: type[c.Command]) -> None:
    free = {"reconnect", "trust", "maintenance"}
    for state in (S.OFFLINE, S.CONNECTING, S.AUTH, S.IDENTITY):
        gate = safety.gates(snapshot(state), NOW)[command.name]
        assert gate.ok == (command.name in free), (state, command.name)


def test_a_silent_printer_is_stale_after_fifteen_seconds_and_nothing_moves() -> None:
    fresh, old = snapshot(observed_mono=NOW - 15), snapshot(observed_mono=NOW - 15.1)
    assert safety.gates(fresh, NOW)["home"].ok
    for name in ("home", "jog", "start", "light", "temperature", "stop"):
        assert safety.gates(old, NOW)[name].code == "printer_stale"
    assert safety.gates(snapshot(observed_mono=None), NOW)["start"].code == "printer_stale"


def test_without_developer_mode_only_open_commands_pass() -> None:
    locked = snapshot(lock=Lock(code="developer_mode_off", text="Alder takes no orders."))
    gates = safety.gates(locked, NOW)
    assert {name for name, gate in gates.items() if gate.ok} == {
        "tray", "light", "maintenance", "reconnect", "trust",
    }  # fmt: skip
    assert gates["home"].why == "Alder takes no orders."


JOB_HERE = OpenJob(job_id="j-1", phase="uploading", name="gear", token=7)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"conditions": Conditions()}, "bed_not_clear"),
        ({"conditions": Conditions(bed_clear=True, maintenance=True)}, "maintenance"),
        ({"conditions": Conditions(bed_clear=True, job=JOB_HERE)}, "printer_busy"),
        ({"storage": "missing"}, "storage"),
        (
            {"faults": (Fault(code="1", text="Jam", severity=Severity.SERIOUS),)},
            "printer_fault",
        ),
        ({"state": S.PAUSED}, "printer_busy"),
        ({"state": S.UNKNOWN}, "printer_unknown"),
        ({"state": S.FAULT}, "printer_fault"),
    ],
)
def test_a_start_needs_rest_a_clear_bed_and_a_free_printer(
    change: dict[str, object], code: str
) -> None:
    state = change.pop("state", S.IDLE)
    assert isinstance(state, PrinterState)
    with pytest.raises(Blocked) as refusal:
        safety.check_act("start", snapshot(state, **change), NOW)
    assert refusal.value.error_code == code


def test_a_common_message_does_not_keep_jobs_away() -> None:
    info = (Fault(code="1", text="Clean the rods", severity=Severity.COMMON),)
    safety.check_act("start", snapshot(faults=info), NOW)


def test_the_start_itself_is_only_sent_for_the_job_that_holds_the_printer() -> None:
    start = c.StartPrint(remote_name="gear-7.gcode.3mf", token=7, display_name="gear", plate=1)
    holding = replace(JOB_HERE, phase="starting")
    safety.check_start(snapshot(conditions=Conditions(job=holding)), start, NOW)
    for wrong in (
        snapshot(),
        snapshot(conditions=Conditions(job=JOB_HERE)),
        snapshot(conditions=Conditions(job=replace(holding, token=8))),
        snapshot(S.PRINTING, conditions=Conditions(job=holding)),
        snapshot(observed_mono=NOW - 60, conditions=Conditions(job=holding)),
    ):
        with pytest.raises(Blocked):
            safety.check_start(wrong, start, NOW)
    with pytest.raises(Blocked):
        safety.check(start, snapshot(), NOW)


@pytest.mark.parametrize("state", [S.PRINTING, S.PAUSED, S.PREPARING, S.BUSY, S.UNKNOWN])
def test_the_bed_is_not_marked_clear_under_a_running_job(state: S) -> None:
    with pytest.raises(Blocked):
        safety.check_act("mark-clear", snapshot(state, conditions=Conditions()), NOW)


def test_the_bed_is_not_marked_clear_while_a_job_of_ours_is_open() -> None:
    for phase in ("claimed", "uploading", "uploaded", "starting", "needs_human", "printing"):
        conditions = Conditions(job=replace(JOB_HERE, phase=phase))
        with pytest.raises(Blocked):
            safety.check_act("mark-clear", snapshot(S.FINISHED, conditions=conditions), NOW)
    safety.check_act("mark-clear", snapshot(S.FINISHED, conditions=Conditions()), NOW)


def test_every_command_but_start_has_a_row() -> None:
    assert {command.name for command in c.COMMANDS} <= set(safety.TABLE)


def test_the_same_situation_shares_one_table_of_gates() -> None:
    one = snapshot()
    warmer = (Heater(name="nozzle", current=26.0, target=0.0, maximum=300), *one.status.heaters[1:])
    other = Snapshot(
        status=replace(one.status, heaters=warmer), conditions=one.conditions, revision=2
    )
    assert safety.gates(one, NOW) is safety.gates(other, NOW)


def test_never_ready_without_a_clear_bed() -> None:
    for state in S:
        shown, _ = display_state(snapshot(state, conditions=Conditions()), NOW)
        assert shown in STATES
        assert shown != "ready"
    assert display_state(snapshot(), NOW) == ("ready", "")
    assert display_state(snapshot(S.FINISHED, conditions=Conditions()), NOW) == ("needs_clear", "")
    assert display_state(snapshot(S.FAILED, conditions=Conditions()), NOW)[1] == "stopped"


def test_silence_of_a_minute_is_shown_as_offline_whatever_was_last_heard() -> None:
    assert display_state(snapshot(S.PRINTING, observed_mono=NOW - 61), NOW)[0] == "offline"
    assert display_state(snapshot(S.PRINTING, observed_mono=NOW - 59), NOW)[0] == "printing"


def test_nobody_tears_the_session_down_while_a_start_waits_for_its_proof() -> None:
    job = OpenJob(job_id="j-1", phase="starting", name="gear", token=7)
    waiting = Conditions(bed_clear=False, job=job)
    gate = safety.gates(snapshot(S.IDLE, conditions=waiting), NOW)["reconnect"]
    assert (gate.ok, gate.code) == (False, "start_open")
    for state in (S.OFFLINE, S.CONNECTING):  # nothing to tear down
        assert safety.gates(snapshot(state, conditions=waiting), NOW)["reconnect"].ok
    stale = snapshot(S.IDLE, conditions=waiting, observed_mono=NOW - 20)
    assert safety.gates(stale, NOW)["reconnect"].ok
    doubt = Conditions(job=OpenJob(job_id="j-1", phase="needs_human", name="gear"))
    assert safety.gates(snapshot(conditions=doubt), NOW)["reconnect"].ok


@pytest.mark.parametrize("state", [S.IDLE, S.FINISHED, S.FAILED])
@pytest.mark.parametrize("phase", ["printing", "paused"])
def test_a_printer_at_rest_is_never_shown_at_work_because_our_job_is_still_open(
    state: S, phase: str
) -> None:
    conditions = Conditions(job=replace(JOB_HERE, phase=phase))
    shown = snapshot(state, job=None, conditions=conditions)
    assert display_state(shown, NOW)[0] == "needs_clear"
    assert not safety.gates(shown, NOW)["start"].ok
    assert not safety.gates(shown, NOW)["mark-clear"].ok


@pytest.mark.parametrize("command", [c.FirmwareRestart(), c.HostRestart(), c.ConnectPrinter()])
@pytest.mark.parametrize("state", list(S))
def test_restarts_are_for_printers_that_do_not_print(state: S, command: c.Command) -> None:
    answer = safety.verdict(command, klipper(state), NOW)
    refused = {S.PREPARING, S.PRINTING, S.PAUSED, S.BUSY, S.MISCONFIGURED}
    assert answer.ok is (state not in refused), answer.why
    bambu = safety.verdict(command, snapshot(state), NOW)
    assert not bambu.ok


@pytest.mark.parametrize("state", list(S))
def test_an_emergency_stop_is_tried_whatever_the_farm_believes(state: S) -> None:
    old = klipper(state, observed_mono=NOW - 3600)
    assert safety.verdict(c.EmergencyStop(), old, NOW).ok is (state is not S.MISCONFIGURED)


def test_a_speed_is_given_as_the_printer_takes_it() -> None:
    assert safety.verdict(c.SetSpeed(percent=120), klipper(S.PRINTING), NOW).ok
    levels = safety.verdict(c.SetSpeed(level=2), klipper(S.PRINTING), NOW)
    assert (levels.code, "a percentage" in levels.why) == ("not_supported", True)
