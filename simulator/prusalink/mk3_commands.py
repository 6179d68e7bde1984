"""The older calls that move and heat: printhead, tool, bed. Limits as measured (0.8.1)."""

from __future__ import annotations

from typing import Any

from simulator.prusalink import mk3_errors as e
from simulator.prusalink.printer import PrusaMachine

_HEAD_MAX, _EXTRUDE_MAX = 2700, 100  # mm/min
_NOZZLE_MAX, _BED_MAX = 305, 125
_FACTORS = (10, 999)


def _factor(body: dict[str, Any]) -> int:
    value = body.get("factor", 100)
    if not isinstance(value, (int, float)):
        raise e.Refusal(e.BROKEN)
    if value > _FACTORS[1]:
        raise e.Refusal(e.TOO_HIGH)
    if value < _FACTORS[0]:
        raise e.Refusal(e.TOO_LOW)
    return int(value)


def _temperature(value: Any, highest: int) -> float:
    if not isinstance(value, (int, float)):
        raise e.Refusal(e.BROKEN)
    if value > highest:
        raise e.Refusal(e.TOO_HOT)
    if value < 0:
        raise e.Refusal(e.TOO_COLD)
    return float(value)


def printhead(machine: PrusaMachine, body: dict[str, Any]) -> None:
    """jog, home, speed, disable_steppers; unknown words are accepted and do nothing."""
    match body.get("command"):
        case "jog":
            _jog(machine, body)
        case "home":
            if machine.state not in ("IDLE", "BUSY"):
                raise e.Refusal(e.CANNOT_MOVE)
            machine.console.send("G28")
        case "speed":
            machine.feed_percent = float(_factor(body))
        case "disable_steppers":
            machine.axes.motors_off()


def _jog(machine: PrusaMachine, body: dict[str, Any]) -> None:
    if machine.state == "PRINTING":
        raise e.Refusal(e.CANNOT_MOVE)
    if float(body.get("speed", _HEAD_MAX)) > _HEAD_MAX:
        raise e.Refusal(e.TOO_HIGH)
    words = " ".join(
        f"{axis.upper()}{float(body[axis])}" for axis in ("x", "y", "z") if axis in body
    )
    if words:
        mode = "G90" if body.get("absolute") else "G91"
        machine.console.send(f"{mode}\nG1 {words}\nG90")


def tool(machine: PrusaMachine, body: dict[str, Any]) -> None:
    """target, extrude, flowrate. A cold nozzle is no reason to refuse: nothing comes out."""
    match body.get("command"):
        case "target":
            targets = body.get("targets")
            if not isinstance(targets, dict) or "tool0" not in targets:
                raise e.Refusal(e.BROKEN)
            goal = _temperature(targets["tool0"], _NOZZLE_MAX)
            machine.console.send(f"M104 S{goal:g}")
        case "extrude":
            if machine.state == "PRINTING":
                raise e.Refusal(e.IS_PRINTING)
            if "speed" not in body:
                raise e.Refusal(e.BROKEN)
            if float(body["speed"]) > _EXTRUDE_MAX:
                raise e.Refusal(e.TOO_HIGH)
            machine.console.extrude(float(body.get("amount", 0)), 0)
        case "flowrate":
            machine.flow_percent = float(_factor(body))


def bed(machine: PrusaMachine, body: dict[str, Any]) -> None:
    """target."""
    if body.get("command") == "target":
        goal = _temperature(body.get("target"), _BED_MAX)
        machine.console.send(f"M140 S{goal:g}")
