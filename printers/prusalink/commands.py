"""Commands as PrusaLink's requests. Pure functions.

Measured on the Raspberry Pi server (0.8.1): job/ID/pause|resume by PUT, job/ID by DELETE, the
older calls below /api/printer, whose limits are 2,700 mm/min for the head and 100 mm/min for the
extruder. From the public specification: the printers' own firmware has the job calls only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.errors import Unusable
from printers import commands as c
from printers.prusalink.flavour import Server

_HEAD_MAX_MM_MIN = 2700
_HEAD_MM_MIN = 2700
_Z_MM_MIN = 600
_EXTRUDE_MM_MIN = 100
_HEAD = "/api/printer/printhead"
_TOOL = "/api/printer/tool"
_BED = "/api/printer/bed"
_HEATERS = ("nozzle", "bed")


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    json: dict[str, Any] | None = None


_JOB_ORDERS: dict[type[c.Command], tuple[str, str]] = {
    c.Pause: ("PUT", "/pause"),
    c.Resume: ("PUT", "/resume"),
    c.Stop: ("DELETE", ""),
}


def is_job_order(command: c.Command) -> bool:
    return type(command) in _JOB_ORDERS


def job_order(command: c.Command, job_id: int) -> Request:
    """Pause, Resume or Stop of exactly this job."""
    method, tail = _JOB_ORDERS[type(command)]
    return Request(method, f"/api/v1/job/{job_id}{tail}")


def build(command: c.Command, server: Server, name: str) -> tuple[Request, ...]:
    """Everything that is about no job. Raises Unusable for what this PrusaLink cannot do."""
    found = _moves(command) or _heats(command) if server.is_pi else ()
    if found:
        return found
    raise Unusable(
        f"{name} cannot do that over PrusaLink. Use the printer's own screen.",
        code="not_supported",
    )


def _moves(command: c.Command) -> tuple[Request, ...]:
    match command:
        case c.Home(axes=axes):
            chosen = [axis for axis in "xyz" if not axes or axis in axes or "z" in axes]
            return (_post(_HEAD, command="home", axes=chosen),)  # Z needs to know where X, Y are
        case c.Jog(x=x, y=y, z=z, speed_mm_min=wanted):
            speed = wanted or (_Z_MM_MIN if z else _HEAD_MM_MIN)
            distances = {axis: mm for axis, mm in (("x", x), ("y", y), ("z", z)) if mm}
            return (_post(_HEAD, command="jog", speed=min(speed, _HEAD_MAX_MM_MIN), **distances),)
        case c.Extrude(mm=mm):
            return (_post(_TOOL, command="extrude", amount=mm, speed=_EXTRUDE_MM_MIN),)
        case c.SetSpeed(percent=int(percent)):
            return (_post(_HEAD, command="speed", factor=percent),)
        case _:
            return ()


def _heats(command: c.Command) -> tuple[Request, ...]:
    match command:
        case c.SetTemperature(heater=heater, target=target) if heater in _HEATERS:
            return (_target(heater, target),)
        case c.CoolDown():
            return tuple(_target(heater, 0) for heater in _HEATERS)
        case _:
            return ()


def _target(heater: str, target: int) -> Request:
    if heater == "bed":
        return _post(_BED, command="target", target=target)
    return _post(_TOOL, command="target", targets={"tool0": target})


def _post(path: str, **body: Any) -> Request:
    return Request("POST", path, body)
