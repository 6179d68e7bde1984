"""What the events of a job carry on a virtual OctoPrint; keys as measured."""

from __future__ import annotations

from typing import Any, NamedTuple

from simulator.plain_job import PlainRun
from simulator.storage import Storage

NOWHERE = dict.fromkeys("xyzetf")
"""The position of a cancelled job: none is asked for (serial.logPositionOnCancel is off)."""


class Lost(NamedTuple):
    """A job that ends with the connection: event payload, seconds, and 0 … 1 of the file."""

    payload: dict[str, Any]
    seconds: float
    share: float


def job_payload(storage: Storage, path: str, owner: str, user: str) -> dict[str, Any]:
    """What all of them carry. ``user`` "" is the firmware: then there is no such key."""
    payload = {
        "name": path.rpartition("/")[2],
        "path": path,
        "origin": "local",
        "size": storage.size(path) if storage.exists(path) else None,
        "owner": owner,
    }
    return {**payload, "user": user} if user else payload


def how_far(run: PlainRun | None) -> dict[str, int]:
    """Where in the file a job was interrupted, in bytes and per cent."""
    if run is None:
        return {"fileposition": 0, "progress": 0}
    share = run.file_position / max(1, run.size)
    return {"fileposition": run.file_position, "progress": int(100 * share)}


def suppressed(command: str) -> dict[str, str]:
    """CommandSuppressed: a pause in the file is carried out by the server, not by the printer."""
    return {
        "command": command,
        "message": f"Not sending {command} to printer as it's configured as a blocked command",
        "severity": "warn",
    }
