"""Finds the handler of a request and builds the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.bambu.requests import ams_commands, machine_commands, print_commands, start
from simulator.bambu.requests.outcome import Body, Handler, Refused, Silent, failure, success
from simulator.bambu.requests.versions import versions
from simulator.state import UNSIGNED

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_HANDLERS: dict[tuple[str, str], Handler] = {
    **print_commands.HANDLERS,
    **ams_commands.HANDLERS,
    **machine_commands.HANDLERS,
    ("print", "project_file"): start.project_file,
    ("print", "gcode_file"): start.gcode_file,
    ("info", "get_version"): versions,
}
_HMS_UNSIGNED = (83887360, 65543)  # HMS_0500_0500_0001_0007 (A10 c)


def known_commands() -> tuple[tuple[str, str], ...]:
    """(section, command) of everything that is answered, pushing.* not among them."""
    return tuple(_HANDLERS)


def answer(machine: BambuMachine, request: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages to publish for one request object; unknown ones give none."""
    if machine.knobs.mute_all or not isinstance(request, dict):
        return []
    messages: list[dict[str, Any]] = []
    for section, body in request.items():
        if isinstance(body, dict) and isinstance(body.get("command"), str):
            messages.extend(_answer_one(machine, section, body))
    return messages


def _answer_one(machine: BambuMachine, section: str, body: Body) -> list[dict[str, Any]]:
    command = body["command"]
    if section == "pushing":
        return machine.pushes.request(command)
    handler = _HANDLERS.get((section, command))
    if handler is None:
        return []
    if machine.knobs.dev_mode_off and section == "print":
        return _unsigned(machine, section, body)
    try:
        if command in machine.knobs.fail_commands.split(","):
            raise Refused("failed")
        extra = handler(machine, body)
    except Silent:
        return []
    except Refused as refused:
        return _out(machine, section, failure(body, refused))
    return _out(machine, section, success(machine.model.family, body, extra))


def _out(machine: BambuMachine, section: str, body: Body) -> list[dict[str, Any]]:
    return [] if machine.knobs.no_ack else [{section: body}]


def _unsigned(machine: BambuMachine, section: str, body: Body) -> list[dict[str, Any]]:
    """Developer Mode is off (A10): shape (a) on X1/H2/P2S, (c) an HMS entry on P1/A1."""
    if machine.model.np:
        return _out(machine, section, {**body, "err_code": UNSIGNED})
    machine.health.add_hms(*_HMS_UNSIGNED)
    return []
