"""A command -> what Moonraker is asked to do. Pure.

Names in G-code are only ever names the printer itself listed, and even those must be harmless
inside quotes; numbers are formatted here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import Unusable
from printers import commands as c
from printers.moonraker.layout import own_name, settings_of
from printers.moonraker.picture import Picture
from printers.moonraker.values import number

_SAFE_NAME = re.compile(r"[\w .:,/()\[\]+-]{1,100}")
"""No quotes, backslashes, line ends, "=" or comment marks (; # *): nothing a parser could split."""
_STATE = "farm"
_RESTORE = f"RESTORE_GCODE_STATE NAME={_STATE}"
_SPEED_XY, _SPEED_Z, _SPEED_E = 3000, 900, 300  # mm/min
SCRIPT = "printer.gcode.script"
RESTARTS = ("printer.firmware_restart", "printer.restart")


@dataclass(frozen=True, slots=True)
class Order:
    """One request. ``undo``: a script that puts things right when Klipper refused half of it."""

    method: str
    what: str  # for sentences: "the pause"
    params: Mapping[str, Any] = field(default_factory=dict)
    undo: str = ""
    echo: bool = False  # its answer is what the console prints


_PLAIN: dict[type[c.Command], Order] = {
    c.Pause: Order("printer.print.pause", "the pause"),
    c.Resume: Order("printer.print.resume", "the resume"),
    c.Stop: Order("printer.print.cancel", "the cancel"),
    c.CoolDown: Order(SCRIPT, "the cool-down", {"script": "TURN_OFF_HEATERS"}),
    c.EmergencyStop: Order("printer.emergency_stop", "the emergency stop"),
    c.FirmwareRestart: Order("printer.firmware_restart", "the firmware restart"),
    c.HostRestart: Order("printer.restart", "the restart"),
}


def order_of(command: c.Command, picture: Picture) -> Order:
    """Raises Unusable for what this printer does not have."""
    plain = _PLAIN.get(type(command))
    if plain is not None:
        return plain
    match command:
        case c.Jog():
            return _relative("the move", "G91", _jog(command))
        case c.Extrude(mm=mm):
            return _relative("the extrusion", "M83", f"G1 E{_mm(mm)} F{_SPEED_E}")
        case c.SkipObjects(ids=ids):
            return _script("leaving out", _skip(ids, picture))
        case c.SendGcode(line=line):
            return Order(SCRIPT, "the G-code", {"script": _one_line(line, picture)}, echo=True)
        case _:
            return _setting(command, picture)


def _setting(command: c.Command, picture: Picture) -> Order:
    match command:
        case c.Home(axes=axes):
            return _script("the homing", _home(axes, picture))
        case c.SetTemperature(heater=heater, target=target):
            return _script("the temperature", _temperature(heater, target, picture))
        case c.SetFan(fan=fan, percent=percent):
            return _script("the fan", _fan(fan, percent, picture))
        case c.SetLight(on=on):
            return _script("the light", _light(on, picture))
        case c.SetSpeed(percent=int() as percent):
            return _script("the speed", f"M220 S{_percent(percent, 300)}")
        case _:
            raise _cannot(picture, f"{picture.name} cannot do that.")


def start_of(filename: str) -> Order:
    """``filename`` as Klipper will name it: relative to the G-code folder."""
    return Order("printer.print.start", "the start", {"filename": filename})


def _script(what: str, script: str) -> Order:
    return Order(SCRIPT, what, {"script": script})


def _relative(what: str, mode: str, move: str) -> Order:
    """A move in relative coordinates that leaves no mode behind, also when it is refused."""
    lines = (f"SAVE_GCODE_STATE NAME={_STATE}", mode, move, _RESTORE)
    return Order(SCRIPT, what, {"script": "\n".join(lines)}, undo=_RESTORE)


def _cannot(picture: Picture, text: str) -> Unusable:
    return Unusable(text, code="not_supported", details={"printer": picture.name})


def _mm(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _percent(value: int, most: int) -> int:
    return max(0, min(most, int(value)))


def _quoted(name: str, picture: Picture) -> str:
    """A name of this printer inside a G-code parameter."""
    if not _SAFE_NAME.fullmatch(name):
        raise _cannot(picture, f"{picture.name} has a part whose name cannot be sent: {name!r}.")
    return f'"{name}"' if " " in name or not name.isascii() else name


def _home(axes: tuple[str, ...], picture: Picture) -> str:
    wanted = [axis for axis in "xyz" if axis in {a.lower() for a in axes}]
    if len(wanted) != len(axes):
        raise _cannot(picture, f"{picture.name} homes x, y and z, not: {', '.join(axes)}.")
    return " ".join(["G28", *(axis.upper() for axis in wanted)])


def _jog(jog: c.Jog) -> str:
    moves = [f"{axis}{_mm(mm)}" for axis, mm in (("X", jog.x), ("Y", jog.y), ("Z", jog.z)) if mm]
    speed = jog.speed_mm_min or (_SPEED_Z if jog.z else _SPEED_XY)
    return " ".join(["G1", *moves, f"F{int(speed)}"])


def _temperature(heater: str, target: int, picture: Picture) -> str:
    section = picture.layout.heaters.get(heater)
    if section is None:
        raise _cannot(picture, f"{picture.name} has no {heater} heater the farm can set.")
    name = _quoted(own_name(section), picture)
    return f"SET_HEATER_TEMPERATURE HEATER={name} TARGET={int(target)}"


def _fan(fan: str, percent: int, picture: Picture) -> str:
    if not picture.layout.may_set_fan(fan):
        raise _cannot(picture, f"{picture.name} has no {fan} fan the farm can set.")
    share = _percent(percent, 100)
    section = picture.layout.fans[fan]
    if section == "fan":
        return f"M106 S{round(share * 255 / 100)}"
    return f"SET_FAN_SPEED FAN={_quoted(own_name(section), picture)} SPEED={share / 100:g}"


def _light(on: bool, picture: Picture) -> str:
    section = picture.layout.light
    if not section:
        raise _cannot(picture, f"{picture.name} has no light the farm can switch.")
    name = _quoted(own_name(section), picture)
    if section.startswith("output_pin "):
        scale = number(settings_of(picture.settings, section).get("scale")) or 1.0
        return f"SET_PIN PIN={name} VALUE={scale if on else 0:g}"
    level = int(on)
    colours = " ".join(f"{colour}={level}" for colour in ("RED", "GREEN", "BLUE", "WHITE"))
    return f"SET_LED LED={name} {colours}"


def _skip(ids: tuple[int, ...], picture: Picture) -> str:
    names = {number: name for name, number in picture.sensed.object_ids.items()}
    unknown = [number for number in ids if number not in names]
    if unknown or not ids:
        raise Unusable(
            f"The print on {picture.name} has no object {unknown[0] if unknown else ''}.".replace(
                " .", "."
            ),
            code="no_such_object",
        )
    return "\n".join(f"EXCLUDE_OBJECT NAME={_quoted(names[number], picture)}" for number in ids)


def _one_line(line: str, picture: Picture) -> str:
    """The gate has judged it; here it only must be what was judged: one line."""
    if not line.strip() or not line.isprintable():
        raise _cannot(picture, "Write one G-code command on one line.")
    return line.strip()
