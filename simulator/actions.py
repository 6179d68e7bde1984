"""Everything that can be done to a simulated printer by name: the catalogue of one-time faults.

Actions of the wire are in wire_actions.py; actions of the machine are its public methods. Lasting
faults are knobs, see simulator/knobs.py and http_knobs.py.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from simulator.host import SimulatedHost

_NOT_ACTIONS = frozenset(
    {
        "tick", "next_report", "report_interval", "handle", "due_messages", "camera_frame",
        "after", "begin", "run_ended", "start_file", "tell", "end_job", "forget_job",
    }
)  # fmt: skip
"""Methods of the machine that belong to its works, not to the outside world; a make names its own
in a class attribute ``works``."""


class UnknownAction(LookupError):
    """No such action; the text names what exists."""


class BadArguments(ValueError):
    """The action exists and wants other arguments; the text names them."""


def catalogue(host: SimulatedHost) -> dict[str, Callable[..., Any]]:
    """All actions of this printer by name; those of the wire win."""
    found: dict[str, Callable[..., Any]] = {}
    for source in (host.machine, host.wire_actions()):
        for name in dir(type(source)):
            if name.startswith("_") or name in _NOT_ACTIONS | getattr(
                source, "works", _NOT_ACTIONS
            ):
                continue
            if inspect.isfunction(inspect.getattr_static(type(source), name)):
                found[name] = getattr(source, name)
    return found


def describe(host: SimulatedHost) -> dict[str, dict[str, str]]:
    """Name -> {"arguments", "help"} of every action."""
    return {
        name: {
            "arguments": ", ".join(str(p) for p in inspect.signature(action).parameters.values()),
            "help": (inspect.getdoc(action) or "").split("\n")[0],
        }
        for name, action in sorted(catalogue(host).items())
    }


async def perform(host: SimulatedHost, name: str, arguments: Mapping[str, Any]) -> Any:
    """Do it. Raises UnknownAction or BadArguments; errors of the action itself pass through."""
    actions = catalogue(host)
    action = actions.get(name)
    if action is None:
        raise UnknownAction(f"There is no action {name!r}. Actions: {', '.join(sorted(actions))}.")
    try:
        inspect.signature(action).bind(**arguments)
    except TypeError as error:
        wanted = describe(host)[name]["arguments"] or "no arguments"
        raise BadArguments(f"{name}: {error}. It takes: {wanted}.") from error
    result = action(**arguments)
    if inspect.isawaitable(result):
        result = await result
    return asdict(result) if is_dataclass(result) and not isinstance(result, type) else result
