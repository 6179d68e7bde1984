"""Values a command may carry: ranges of this printer, and what one line of G-code would do."""

from __future__ import annotations

from core.errors import Unusable
from printers import commands as c
from printers.gcode import Effect, GcodeLine, parse_line
from printers.registry import Snapshot
from printers.rules import OK, GateInputs, Verdict, may_extrude, may_jog, may_move
from printers.status import Heater

EXTENDED_GCODE = frozenset({"moonraker"})
"""Kinds whose console also takes Klipper's commands and macros by name."""
JOG_MAX_MM = 200.0
EXTRUDE_MAX_MM = 100.0


def in_range(ok: bool, text: str) -> Verdict:
    return OK if ok else Verdict(False, "out_of_range", text, Unusable)


def judge_target(name: str, heater: Heater | None, target: float, printer: str) -> Verdict:
    if heater is None or heater.maximum is None:
        return Verdict(
            False, "not_supported", f"{printer} has no {name} heater the farm can set.", Unusable
        )
    return in_range(
        0 <= target <= heater.maximum,
        f"{printer} takes 0 to {heater.maximum} °C for the {name}, not {target:g}.",
    )


def judge_speed(level: int | None, printer: str, i: GateInputs) -> Verdict:
    wanted = "speed_levels" if level is not None else "speed_percent"
    if wanted in i.capabilities:
        return OK
    other = "a percentage" if level is not None else "one of its levels, 1 to 4"
    takes_other = {"speed_levels", "speed_percent"} & i.capabilities
    text = f"{printer} takes its speed as {other}." if takes_other else f"{printer} cannot do that."
    return Verdict(False, "not_supported", text, Unusable)


def _target(line: GcodeLine) -> float:
    """°C; of several the one furthest out, because firmware chooses by its own rules."""
    return max((line.words.get(letter) or 0.0 for letter in "SR"), key=abs)


def judge_gcode(line: GcodeLine, snapshot: Snapshot, i: GateInputs) -> Verdict:
    if line.effect is Effect.FORBIDDEN:
        return Verdict(False, "gcode_forbidden", f"{line.code} is not sent: {line.why}.", Unusable)
    if line.effect in (Effect.HEATS, Effect.WAITS):
        verdict = judge_target(
            line.heater, snapshot.status.heater(line.heater), _target(line), snapshot.status.name
        )
        if not verdict.ok or line.effect is Effect.HEATS:
            return verdict
        return may_move(i)
    if line.effect is Effect.HARMLESS:
        return OK
    if line.code == "G28":
        if "bambu" in snapshot.status.kind and set(line.words) & set("XYZ"):
            return Verdict(
                False,
                "gcode_forbidden",
                "Bambu printers are only homed with a plain G28; homing Z alone can crash "
                "the nozzle.",
                Unusable,
            )
        return may_move(i)
    if line.effect is Effect.EXTRUDES and not (cold := may_extrude(i)).ok:
        return cold
    travels = bool(set(line.words) & set("XYZ"))
    return may_jog(i) if travels else may_move(i)


def judge_values(command: c.Command, snapshot: Snapshot, i: GateInputs) -> Verdict:
    status = snapshot.status
    match command:
        case c.SetTemperature(heater=name, target=target):
            return judge_target(name, status.heater(name), target, status.name)
        case c.Jog(x=x, y=y, z=z):
            far = max(abs(x), abs(y), abs(z))
            return in_range(
                0 < far <= JOG_MAX_MM, f"A jog is more than 0 and up to {JOG_MAX_MM:g} mm."
            )
        case c.Extrude(mm=mm):
            return in_range(
                0 < abs(mm) <= EXTRUDE_MAX_MM, f"Extrude up to {EXTRUDE_MAX_MM:g} mm at a time."
            )
        case c.SetSpeed(level=level):
            return judge_speed(level, status.name, i)
        case c.SetFan(fan=fan, percent=percent):
            if f"fan_{fan}" not in i.capabilities:
                text = f"{status.name} has no {fan} fan the farm can set."
                return Verdict(False, "not_supported", text, Unusable)
            return in_range(0 <= percent <= 100, "A fan runs at 0 to 100 percent.")
        case c.SendGcode(line=line):
            extended = status.kind in EXTENDED_GCODE
            return judge_gcode(parse_line(line, extended=extended), snapshot, i)
        case _:
            return OK
