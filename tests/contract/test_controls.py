"""Moves and heat: what is allowed happens, what is not is refused before anything is sent."""

from __future__ import annotations

import pytest

from printers import commands as c
from printers.status import PrinterState as S
from tests.contract.seat import REST, Seat

SAFE_C = {"nozzle": 61, "bed": 41}


def test_moving_is_refused_in_mid_print_and_nothing_is_sent(seat: Seat) -> None:
    job = seat.printing(60.0)
    mark = seat.rig.mark()
    for command in (
        c.Jog(x=10.0),
        c.Home(),
        c.Extrude(mm=5.0),
        c.SendGcode(line="G28"),
        c.SendGcode(line="G1 X50 Y50"),
        c.CoolDown(),
    ):
        capable = command.name != "gcode" or "gcode" in seat.status.machine.capabilities
        error = seat.refusal(command)
        if error.error_code != "not_supported" and capable:
            assert error.status == 409, (command, error.message)
            assert "Alder" in error.message and "print" in error.message
    assert seat.rig.orders(mark) == []
    seat.order(c.Stop())
    seat.job_until(job, "cancelled", seconds=45.0)


def test_home_and_jog_at_rest_really_move(seat: Seat) -> None:
    seat.ready()
    seat.rig.calm()
    if "jog" not in seat.status.machine.capabilities:
        assert seat.refusal(c.Jog(x=10.0)).error_code == "not_supported"
        pytest.skip(f"{seat.rig.id}: its server offers no moves, and the gate refuses them")
    seat.homed()
    before = _at_rest(seat)
    mark = seat.rig.mark()
    seat.order(c.Jog(x=20.0, z=5.0))
    seat.in_state(*REST)
    sent = seat.rig.orders(mark)
    assert sent, "nothing was sent"
    assert len(set(sent)) == len(sent), f"sent twice: {sent}"
    if before is not None:
        x, z = before[0] + 20.0, before[2] + 5.0
        seat.rig.until(lambda: _near(seat.rig.position(), x, z), f"not at {x}, {z}")


def _at_rest(seat: Seat) -> tuple[float, float, float] | None:
    """The position after homing: Marlin does not say when that has ended."""
    seen: list[tuple[float, float, float] | None] = []

    def still() -> bool:
        seen.append(seat.rig.position())
        return len(seen) > 25 and len(set(seen[-25:])) == 1

    seat.rig.until(still, "the head never came to rest")
    return seen[-1]


def _near(position: tuple[float, float, float] | None, x: float, z: float) -> bool:
    return position is not None and abs(position[0] - x) < 0.3 and abs(position[2] - z) < 0.3


def test_jogging_before_homing_is_refused(seat: Seat) -> None:
    seat.ready()
    if "jog" not in seat.status.machine.capabilities or seat.status.homed:
        pytest.skip(f"{seat.rig.id}: has no jog, or is homed already")
    mark = seat.rig.mark()
    error = seat.refusal(c.Jog(x=10.0))
    assert error.error_code == "not_homed" and seat.rig.orders(mark) == []


@pytest.mark.parametrize("heater", ["nozzle", "bed"])
def test_a_target_within_range_is_seen_and_reached(seat: Seat, heater: str) -> None:
    seat.ready()
    if f"temperature_{heater}" not in seat.status.machine.capabilities:
        error = seat.refusal(c.SetTemperature(heater=heater, target=SAFE_C[heater]))
        assert error.error_code in ("not_supported", "unusable", "temperature_not_supported")
        return
    seat.until(lambda s: s.heater(heater), f"{heater}: not measured yet")
    target = SAFE_C[heater]
    seat.order(c.SetTemperature(heater=heater, target=target))
    seat.until(lambda s: _heater(s, heater)[1] == target, f"{heater}: the target is not shown")
    seat.until(lambda s: _heater(s, heater)[0] >= target - 4, f"{heater}: it does not warm", 40.0)
    seat.order(c.CoolDown())
    seat.until(lambda s: _heater(s, heater)[1] == 0, f"{heater}: it is not off")


def _heater(status: object, name: str) -> tuple[float, float | None]:
    found = status.heater(name)  # type: ignore[attr-defined]
    assert found is not None
    return found.current, found.target


def test_targets_out_of_range_are_refused(seat: Seat) -> None:
    seat.ready()
    mark = seat.rig.mark()
    for heater in ("nozzle", "bed"):
        found = seat.until(lambda s: s.heater(heater), "not measured yet").heater(heater)  # noqa: B023
        assert found is not None
        top = (found.maximum or 100) + 1
        for target in (top, 9999, -5):
            error = seat.refusal(c.SetTemperature(heater=heater, target=target))
            assert error.status in (409, 422), error.message
    assert seat.refusal(c.SetTemperature(heater="tool7", target=50)).status in (404, 409, 422)
    assert seat.rig.orders(mark) == []


def test_pause_and_stop_at_rest_are_refused(seat: Seat) -> None:
    seat.ready()
    mark = seat.rig.mark()
    for command in (c.Pause(), c.Resume(), c.Stop()):
        assert seat.refusal(command).error_code == "no_job"
    assert seat.rig.orders(mark) == []


@pytest.mark.parametrize("fan", ["part"])
def test_a_fan_turns_when_the_printer_offers_it(seat: Seat, fan: str) -> None:
    seat.ready()
    if f"fan_{fan}" not in seat.status.machine.capabilities:
        assert seat.refusal(c.SetFan(fan=fan, percent=50)).status in (409, 422)
        return
    seat.order(c.SetFan(fan=fan, percent=50))
    if any(f.name == fan for f in seat.status.fans):
        seat.until(
            lambda s: any(f.name == fan and abs(f.percent - 50) <= 2 for f in s.fans), "no fan"
        )
    assert seat.status.state is not S.FAULT
