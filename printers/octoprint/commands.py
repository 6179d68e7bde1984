"""Pure: a Command -> the REST calls that carry it out (octoprint-moonraker 1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import Unusable
from printers import commands as c
from printers.lan.remote_paths import quoted, stored_path
from printers.octoprint.heat import key_of

MAX_GCODE = 250
XY_SPEED, Z_SPEED = 3000, 900  # mm/min


@dataclass(frozen=True, slots=True)
class Call:
    """One POST. ``lines``: G-code the printer gets by it, as far as somebody must know."""

    path: str
    body: Mapping[str, Any]
    lines: tuple[str, ...] = field(default=())


JOB, HEAD, TOOL = "/api/job", "/api/printer/printhead", "/api/printer/tool"
GCODE, CONNECTION = "/api/printer/command", "/api/connection"


def gcode(line: str) -> Call:
    return Call(GCODE, {"command": line}, (line,))


def calls(command: c.Command, heaters: Iterable[str]) -> tuple[Call, ...]:
    """In this order. ``heaters``: names of those the printer reports with a target.

    Raises Unusable for what OctoPrint cannot do.
    """
    match command:
        case c.Pause():
            return (Call(JOB, {"command": "pause", "action": "pause"}),)
        case c.Resume():
            return (Call(JOB, {"command": "pause", "action": "resume"}),)
        case c.Stop():
            return (Call(JOB, {"command": "cancel"}),)
        case c.EmergencyStop():
            return (gcode("M112"),)
        case c.SendGcode(line=line):
            return (gcode(_one_line(line)),)
        case c.ConnectPrinter(on=on):
            return (Call(CONNECTION, {"command": "connect" if on else "disconnect"}),)
        case c.SetTemperature(heater=heater, target=target):
            return (_target(heater, target),)
        case c.CoolDown():
            return _cool_down(tuple(heaters))
        case _:
            return (_motion(command),)


def _motion(command: c.Command) -> Call:
    match command:
        case c.Home(axes=axes):
            named = [axis for axis in "xyz" if not axes or axis in axes]
            line = "G28 " + " ".join(axis.upper() for axis in named)
            return Call(HEAD, {"command": "home", "axes": named}, (line,))
        case c.Jog():
            return _jog(command)
        case c.Extrude(mm=mm):
            return Call(TOOL, {"command": "extrude", "amount": mm})
        case c.SetFan(fan="part", percent=percent):
            return gcode(f"M106 S{round(percent * 255 / 100)}" if percent else "M107")
        case c.SetSpeed(percent=int(percent)):
            return Call(HEAD, {"command": "feedrate", "factor": percent}, (f"M220 S{percent}",))
        case _:
            raise Unusable(
                f"OctoPrint has no way to do that ({command.name}).", code="not_supported"
            )


def _jog(command: c.Jog) -> Call:
    speed = command.speed_mm_min or (Z_SPEED if command.z else XY_SPEED)
    moves = {"x": command.x, "y": command.y, "z": command.z}
    body: dict[str, Any] = {"command": "jog", "speed": speed}
    body.update({axis: value for axis, value in moves.items() if value})
    return Call(HEAD, body, ("G1",))


def _target(heater: str, target: int) -> Call:
    key = key_of(heater)
    if key.startswith("tool"):
        return Call(TOOL, {"command": "target", "targets": {key: target}})
    if key in ("bed", "chamber"):
        return Call(f"/api/printer/{key}", {"command": "target", "target": target})
    raise Unusable(f"OctoPrint cannot set {heater!r}.", code="not_supported")


def _cool_down(heaters: tuple[str, ...]) -> tuple[Call, ...]:
    tools = {key_of(name): 0 for name in heaters if key_of(name).startswith("tool")}
    found = [Call(TOOL, {"command": "target", "targets": tools or {"tool0": 0}})]
    found += [_target(name, 0) for name in ("bed", "chamber") if name in heaters]
    return tuple(found)


def _one_line(line: str) -> str:
    clean = line.strip()
    if not clean or "\n" in clean or "\r" in clean or len(clean) > MAX_GCODE:
        raise Unusable(f"One line of G-code, 1 to {MAX_GCODE} characters.", code="unusable")
    return clean


# files


def file_url(path: str) -> str:
    return f"/api/files/local/{quoted(path)}"


def download_url(path: str) -> str:
    return f"/downloads/files/local/{quoted(path)}"


def start_call(remote_name: str) -> Call:
    """One request that selects and starts: nothing can come in between."""
    return Call(file_url(stored_path(remote_name)), {"command": "select", "print": True})
