"""What /api/printer of a virtual OctoPrint is told to do: heat, move, extrude, raw G-code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulator.octoprint.replies import (
    NO_CHAMBER,
    NOT_OPERATIONAL,
    Refusal,
    command_of,
    json_of,
    nothing,
    number,
)

if TYPE_CHECKING:
    from simulator.octoprint.host import OctoPrintHost

_TOOL = {
    "select": ("tool",),
    "target": ("targets",),
    "offset": ("offsets",),
    "extrude": ("amount",),
    "flowrate": ("factor",),
}
_HEATER = {"target": ("target",), "offset": ("offset",)}
_HEAD = {"jog": (), "home": ("axes",), "feedrate": ("factor",)}
_CARD = {"init": (), "refresh": (), "release": ()}
_TOOL_NAME = re.compile(r"tool(\d+)")
_AXES = ("x", "y", "z")
_LARGEST_OFFSET = 50
_NOT_FREE = "Printer is not operational or currently printing"
_NOT_FREE_CARD = "Printer is not operational or currently busy"


class PrinterRoutes:
    """Handlers; added to a router by ``add``."""

    def __init__(self, host: OctoPrintHost) -> None:
        self._host = host
        self._app = host.app

    def add(self, router: web.UrlDispatcher) -> None:
        """All paths of this file."""
        router.add_post("/api/printer/sd", self.card_command)
        router.add_post("/api/printer/command", self.gcode)
        router.add_post("/api/printer/printhead", self.head)
        router.add_post("/api/printer/tool", self.tool)
        router.add_post("/api/printer/{heater:bed|chamber}", self.heat)

    def _operational(self) -> None:
        if not self._app.core.state.operational:
            raise Refusal(409, NOT_OPERATIONAL)

    async def card_command(self, request: web.Request) -> web.Response:
        """POST /api/printer/sd: the card is looked at, nothing more."""
        if not self._app.core.state.operational or self._app.core.state.active:
            raise Refusal(409, _NOT_FREE_CARD)
        await command_of(request, _CARD)
        return nothing()

    async def gcode(self, request: web.Request) -> web.Response:
        """POST /api/printer/command: raw G-code, while printing as well."""
        self._operational()
        data = await json_of(request)
        if not isinstance(data, dict) or not {"command", "commands", "script"} & set(data):
            raise Refusal(400, "Need one of 'command', 'commands' or 'script'")
        if "script" in data:
            raise Refusal(404, "Unknown script")
        lines = [data["command"]] if "command" in data else data["commands"]
        if not isinstance(lines, list):
            raise Refusal(400, "commands is invalid")
        if self._host.carries_out("command"):
            for line in lines:
                self._app.gcode(str(line))
        return nothing()

    async def head(self, request: web.Request) -> web.Response:
        """POST /api/printer/printhead."""
        state = self._app.core.state
        command, data = await command_of(request, _HEAD)
        if not state.operational or (state.printing and command != "feedrate"):
            raise Refusal(409, _NOT_FREE)
        lines = getattr(self, f"_{command}")(data)
        return self._send(command, lines)

    def _jog(self, data: dict[str, Any]) -> list[str]:
        moves = {
            axis: number(data[axis], "axis value is invalid") for axis in _AXES if axis in data
        }
        if not moves:
            raise Refusal(500)  # measured: the server breaks on it
        words = " ".join(f"{axis.upper()}{value}" for axis, value in moves.items())
        speed = f" F{data['speed']}" if isinstance(data.get("speed"), (int, float)) else ""
        if data.get("absolute"):
            return ["G90", f"G1 {words}{speed}"]
        return ["G91", f"G1 {words}{speed}", "G90"]

    def _home(self, data: dict[str, Any]) -> list[str]:
        axes = data["axes"]
        if not axes or any(axis not in _AXES for axis in axes):
            raise Refusal(400, "axis is invalid")
        return ["G91", "G28 " + " ".join(f"{axis.upper()}0" for axis in axes), "G90"]

    def _feedrate(self, data: dict[str, Any]) -> list[str]:
        return [f"M220 S{_percent(data['factor'])}"]

    async def tool(self, request: web.Request) -> web.Response:
        """POST /api/printer/tool."""
        self._operational()
        command, data = await command_of(request, _TOOL)
        lines = getattr(self, f"_tool_{command}")(data)
        return self._send(command, lines)

    def _tool_target(self, data: dict[str, Any]) -> list[str]:
        lines = []
        for index, value in _per_tool(data["targets"], "targets"):
            if value < 0:
                raise Refusal(500)  # measured
            lines.append(f"M104 T{index} S{value}")
        return [line for line in lines if self._tool_exists(line)]

    def _tool_exists(self, line: str) -> bool:
        """The firmware ignores a tool that is not there; the server asked no questions."""
        return int(line.split()[1][1:]) < len(self._app.machine.heat.nozzles)

    def _tool_offset(self, data: dict[str, Any]) -> list[str]:
        for index, value in _per_tool(data["offsets"], "offsets"):
            self._set_offset(f"tool{index}", value, "offsets contains invalid value")
        return []

    def _set_offset(self, name: str, value: float, text: str) -> None:
        if abs(value) > _LARGEST_OFFSET:
            raise Refusal(400, text)
        self._app.core.offsets = {**self._app.core.offsets, name: value}
        self._app.core.touch()

    def _tool_select(self, data: dict[str, Any]) -> list[str]:
        found = _TOOL_NAME.fullmatch(str(data["tool"]))
        if found is None:
            raise Refusal(400, "tool is invalid")
        index, machine = int(found[1]), self._app.machine
        old = machine.ams.extruder
        if index < len(machine.heat.nozzles):
            machine.ams.extruder = index
        self._app.core.emit("ToolChange", {"old": old, "new": index})
        return []

    def _tool_extrude(self, data: dict[str, Any]) -> list[str]:
        if self._app.core.state.printing:
            raise Refusal(409, "Printer is currently printing")
        amount = number(data["amount"], "amount is invalid")
        speed = f" F{data['speed']}" if isinstance(data.get("speed"), (int, float)) else ""
        return ["G91", f"G1 E{amount}{speed}", "G90"]

    def _tool_flowrate(self, data: dict[str, Any]) -> list[str]:
        return [f"M221 S{_percent(data['factor'])}"]

    async def heat(self, request: web.Request) -> web.Response:
        """POST /api/printer/bed, chamber."""
        self._operational()
        name = request.match_info["heater"]
        if name == "chamber" and not self._app.core.temperatures.chamber:
            raise Refusal(409, NO_CHAMBER)
        command, data = await command_of(request, _HEATER)
        value = number(data[command], f"{command} is invalid")
        if command == "offset":
            self._set_offset(name, value, "offset is invalid")
            return nothing()
        if value < 0:
            raise Refusal(500)  # measured
        return self._send("target", [f"{'M140' if name == 'bed' else 'M141'} S{value}"])

    def _send(self, command: str, lines: list[str]) -> web.Response:
        if self._host.carries_out(command):
            for line in lines:
                self._app.gcode(line)
        return nothing()


def _percent(factor: Any) -> int:
    """100 and 1.0 both are 100 % (measured: whole numbers are per cent, others shares)."""
    value = number(factor, "factor is invalid")
    return round(value * 100) if isinstance(value, float) else value


def _per_tool(values: Any, what: str) -> list[tuple[int, float]]:
    if not isinstance(values, dict):
        raise Refusal(400, f"{what} is invalid")
    found = []
    for name, value in values.items():
        tool = _TOOL_NAME.fullmatch(str(name))
        if tool is None:
            raise Refusal(400, f"{what} contains invalid tool")
        found.append((int(tool[1]), number(value, f"{what} contains invalid value")))
    return found
