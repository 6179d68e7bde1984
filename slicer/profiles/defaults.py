"""Which profiles a printer is usually sliced with; kept in the data folder."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import jsonio
from core.errors import StorageError
from core.files import write_durably

logger = logging.getLogger(__name__)

VERSION = 1
MAX_BYTES = 4_000_000
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """Names in a profile set; they may have gone since."""

    set: str
    machine: str
    process: str
    filament: str


class Defaults:
    """printer id -> Default. Thread-safe; what cannot be read is left out and logged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._entries = _load(path)

    def all(self) -> dict[str, Default]:
        with self._lock:
            return dict(self._entries)

    def put(self, printer_id: str, default: Default) -> None:
        """Durable. Raises StorageError."""
        with self._lock:
            self._write({**self._entries, printer_id: default})

    def remove(self, printer_id: str) -> None:
        with self._lock:
            if printer_id in self._entries:
                self._write({k: v for k, v in self._entries.items() if k != printer_id})

    def forget_set(self, set_id: str) -> None:
        """The set is gone, and with it the defaults that name it."""
        with self._lock:
            left = {k: v for k, v in self._entries.items() if v.set != set_id}
            if len(left) != len(self._entries):
                self._write(left)

    def _write(self, entries: dict[str, Default]) -> None:
        document = {"version": VERSION, "printers": entries}
        write_durably(self._path, jsonio.dumps_pretty(document), keep_backup=True)
        self._entries = entries


def _load(path: Path) -> dict[str, Default]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("it is larger than any the farm writes")
        data = jsonio.loads(path.read_bytes())
        if data["version"] != VERSION:
            raise ValueError("it is of another version")
        return _valid(data["printers"])
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise StorageError(f"{path.name} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        path.replace(path.with_name(path.name + ".damaged"))
        logger.warning("profiles: set %s aside, it cannot be read: %s", path.name, error)
        return {}


def _valid(entries: Any) -> dict[str, Default]:
    kept: dict[str, Default] = {}
    for printer_id, entry in entries.items():
        default = _default(entry)
        if default is None:
            logger.warning("profiles: the default of printer %s is no default", printer_id[:60])
        else:
            kept[printer_id] = default
    return kept


def _default(entry: Any) -> Default | None:
    names = ("set", "machine", "process", "filament")
    if not isinstance(entry, dict) or set(entry) != set(names):
        return None
    if not all(isinstance(entry[n], str) and 0 < len(entry[n]) <= _LONGEST for n in names):
        return None
    return Default(**entry)
