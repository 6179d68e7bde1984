"""Everything that can be done to a simulated printer by name: the catalogue of one-time faults.

Actions of the wire are here; actions of the machine are its public methods. Lasting faults are
knobs, see simulator/knobs.py.
"""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from simulator.bambu.host import BambuHost

_NOT_ACTIONS = frozenset(
    {
        "tick", "next_report", "report_interval", "handle", "due_messages", "camera_frame",
        "after", "begin", "run_ended",
    }
)  # fmt: skip
"""Methods of the machine that belong to its works, not to the outside world."""


class UnknownAction(LookupError):
    """No such action; the text names what exists."""


class BadArguments(ValueError):
    """The action exists and wants other arguments; the text names them."""


class WireActions:
    """What happens to connections and certificates rather than to the machine."""

    def __init__(self, host: BambuHost) -> None:
        self._host = host

    def drop_tcp(self) -> None:
        """Reset every connection now."""
        self._host.drop_tcp()

    def half_open(self) -> None:
        """Freeze the present MQTT connections: no FIN, no data, as after a power cut."""
        self._host.mqtt.freeze_all()

    def rotate_certificate(self) -> str:
        """A new certificate with a new key; returns its SHA-256."""
        self._host.rotate_certificate()
        return self._host.identity.sha256

    async def go_offline(self) -> None:
        """Switch off: connections are cut and the ports refuse."""
        await self._host.close()

    async def go_online(self) -> None:
        """Switch on again, on the same ports."""
        await self._host.open()

    def push_now(self) -> None:
        """Send a report now, without waiting for the rhythm."""
        self._host.push()

    def publish_raw(self, text: str = "", base64_bytes: str = "") -> None:
        """Send this text, or these base64 bytes, as a report, whatever they are."""
        self._host.publish_raw(base64.b64decode(base64_bytes) if base64_bytes else text.encode())

    def power_cycle(self) -> None:
        """Off and on again: the machine forgets its job, every connection is cut."""
        self._host.machine.power_cycle()
        self._host.drop_tcp()


def catalogue(host: BambuHost) -> dict[str, Callable[..., Any]]:
    """All actions of this printer by name; those of the wire win."""
    found: dict[str, Callable[..., Any]] = {}
    for source in (host.machine, WireActions(host)):
        for name in dir(type(source)):
            if name.startswith("_") or name in _NOT_ACTIONS:
                continue
            if inspect.isfunction(inspect.getattr_static(type(source), name)):
                found[name] = getattr(source, name)
    return found


def describe(host: BambuHost) -> dict[str, dict[str, str]]:
    """Name -> {"arguments", "help"} of every action."""
    return {
        name: {
            "arguments": ", ".join(str(p) for p in inspect.signature(action).parameters.values()),
            "help": (inspect.getdoc(action) or "").split("\n")[0],
        }
        for name, action in sorted(catalogue(host).items())
    }


async def perform(host: BambuHost, name: str, arguments: Mapping[str, Any]) -> Any:
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
