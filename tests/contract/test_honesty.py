"""What is offered works, what is not is refused, and secrets stay where they are."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import FarmError
from printers import commands as c
from printers.status import PrinterState as S
from printers.status import PrinterStatus
from tests.contract.rig import Rig
from tests.contract.seat import ID, REST, Seat

AT_REST: dict[str, c.Command] = {
    "temperature_nozzle": c.SetTemperature(heater="nozzle", target=50),
    "temperature_bed": c.SetTemperature(heater="bed", target=35),
    "home": c.Home(),
    "jog": c.Jog(x=5.0),
    "light": c.SetLight(on=True),
    "gcode": c.SendGcode(line="M117 hello"),
}
IN_PRINT: dict[str, c.Command] = {
    "speed_percent": c.SetSpeed(percent=110),
    "speed_levels": c.SetSpeed(level=3),
    "pause": c.Pause(),
}
NEVER = ("not_supported", "unusable", "heater_not_settable", "unknown_heater", "fan_not_settable")


def test_every_capability_at_rest_is_kept_or_refused_by_the_gate(seat: Seat) -> None:
    seat.ready()
    seat.rig.calm()
    seat.until(lambda s: s.heater("nozzle") and s.heater("bed"), "not measured yet")
    offered = seat.status.machine.capabilities
    if "home" in offered:
        seat.homed()
    for name, command in AT_REST.items():
        mark = seat.rig.mark()
        if name in offered:
            seat.order(command)
            seat.in_state(*REST)
            assert seat.rig.orders(mark), f"{name}: accepted, and nothing was sent"
        else:
            error = seat.refusal(command)
            assert error.status in (409, 422), f"{name}: {error.message}"
            assert seat.rig.orders(mark) == [], f"{name}: refused, and sent all the same"
    for fan in [name for name in offered if name.startswith("fan_")]:
        seat.order(c.SetFan(fan=fan.removeprefix("fan_"), percent=40))
    assert seat.status.state is not S.FAULT


def test_every_capability_in_mid_print_is_kept_or_refused(seat: Seat) -> None:
    job = seat.printing(90.0)
    offered = seat.status.machine.capabilities
    for name, command in IN_PRINT.items():
        mark = seat.rig.mark()
        if name in offered:
            seat.order(command)
            assert seat.rig.orders(mark), f"{name}: accepted, and nothing was sent"
        else:
            assert seat.refusal(command).status in (409, 422)
            assert seat.rig.orders(mark) == []
    seat.in_state(S.PAUSED)
    seat.order(c.Stop())
    seat.job_until(job, "cancelled", seconds=45.0)


def test_commands_of_other_makes_are_refused_before_anything_is_sent(seat: Seat) -> None:
    seat.ready()
    offered = seat.status.machine.capabilities
    foreign: dict[str, c.Command] = {
        "load": c.LoadFilament(slot="A1"),
        "calibrate": c.Calibrate(kinds=("bed_level",)),
        "connect": c.ConnectPrinter(on=False),
        "firmware_restart": c.FirmwareRestart(),
        "host_restart": c.HostRestart(),
        "skip_objects": c.SkipObjects(ids=(1,)),
    }
    mark = seat.rig.mark()
    for name, command in foreign.items():
        if name not in offered:
            error = seat.refusal(command)
            assert error.status in (409, 422) and "Alder" in error.message, (name, error.message)
    assert seat.rig.orders(mark) == []


def test_an_emergency_stop_stops(seat: Seat) -> None:
    job = seat.printing(90.0)
    if "emergency_stop" not in seat.status.machine.capabilities:
        assert seat.refusal(c.EmergencyStop()).status in (409, 422)
        seat.order(c.Stop())
        seat.job_until(job, "cancelled", seconds=45.0)
        return
    seat.order(c.EmergencyStop())
    seat.until(lambda s: s.state not in (S.PRINTING, S.PREPARING, S.PAUSED), "it prints on")
    ended = seat.job_until(job, "failed", "cancelled", seconds=60.0)
    assert ended.error is None or ended.error.text
    assert not seat.conditions.bed_clear


def test_no_secret_is_shown_or_logged(
    rig: Rig, sit: Callable[..., Seat], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    seat = sit()
    seat.ready()
    seat.rig.wire(refuse=True)
    seat.in_state(S.OFFLINE, seconds=20.0)
    seen.append(repr(seat.status))
    seat.rig.wire()
    seat.in_state(*REST, seconds=45.0)
    for heater in ("nozzle", "tool9"):
        try:
            seat.order(c.SetTemperature(heater=heater, target=9999))
        except FarmError as error:
            seen.append(f"{error} {error.details}")
    seen += [repr(seat.status), json.dumps(seat.fleet.diagnostics(ID), default=_shown)]
    seen += [repr(seat.config), repr(seat.adapter.__dict__), repr(seat.fleet.camera(ID))]
    seen += [f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records]
    for secret in rig.secrets():
        found = [text[max(0, text.find(secret) - 80) :][:200] for text in seen if secret in text]
        assert found == [], f"a secret is shown: {[f.replace(secret, '<SECRET>') for f in found]}"


def _shown(value: Any) -> str:
    return repr(value)


def test_the_state_never_claims_more_than_is_known(rig: Rig, sit: Callable[..., Seat]) -> None:
    """From the first moment: connecting, never a guess of ready."""
    rig.wire(delay_s=0.3)
    shown: list[PrinterStatus] = []
    seat = sit()

    def look(status: PrinterStatus) -> bool:
        shown.append(status)
        return status.state in REST

    seat.until(look, "never at rest")
    before = [status for status in shown if status.state not in REST]
    assert before, "it was at rest before anything could be known"
    assert all(status.state in (S.CONNECTING, S.OFFLINE) for status in before)
    assert all(not status.heaters for status in before)
