"""last_seen.json: when each printer was last seen. Not part of the queue: it may be lost."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import jsonio
from core.fs import PATIENCE, TEMPORARY, FileSystem, Patience, replace_durably
from job_queue.records import Seen

logger = logging.getLogger(__name__)

NAME = "last_seen.json"
VERSION = 1
_MOST_BYTES = 4_000_000


def read(fs: FileSystem, folder: Path) -> dict[str, Seen]:
    """What was kept; nothing when there is none or it is damaged, which is only logged."""
    try:
        for name in fs.names(folder):
            if name.startswith(f".{NAME}") and name.endswith(TEMPORARY):
                fs.unlink(folder / name)
        if NAME not in fs.names(folder):
            return {}
        return _decode(fs.read(folder / NAME))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        logger.warning("%s cannot be read (%s): every bed is to be looked at", NAME, error)
        return {}


def write(
    fs: FileSystem, folder: Path, seen: Mapping[str, Seen], patience: Patience = PATIENCE
) -> bool:
    """Durably, in place of the former one. False when the disk refused, which is only logged."""
    printers = {name: _plain(one) for name, one in seen.items()}
    body = {"version": VERSION, "printers": printers}
    content = jsonio.dumps_pretty({**body, "sha256": _digest(body)})
    try:
        replace_durably(fs, folder / NAME, content, backup=False, patience=patience)
    except OSError as error:
        logger.warning("%s could not be written: %s", NAME, error.strerror or error)
        return False
    return True


def _plain(seen: Seen) -> dict[str, Any]:
    return {
        "at": seen.at, "mono": seen.mono, "boot": seen.boot, "token": seen.token,
        "machine": seen.machine, "serial": seen.serial,
    }  # fmt: skip


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(jsonio.dumps_pretty(body)).hexdigest()


def _decode(raw: bytes) -> dict[str, Seen]:
    if len(raw) > _MOST_BYTES:
        raise ValueError("too large")
    data = jsonio.loads(raw)
    found = data.pop("sha256")
    if data["version"] != VERSION or found != _digest(data):
        raise ValueError("not what the farm wrote")
    return {
        name: Seen(
            at=float(one["at"]), mono=float(one["mono"]), boot=str(one["boot"]),
            token=int(one["token"]), machine=str(one.get("machine", "")),
            serial=str(one.get("serial", "")),
        )
        for name, one in data["printers"].items()
    }  # fmt: skip
