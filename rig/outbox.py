"""What the farm must hear even if it is away now: bounded, the newest are kept.

Every item has an id that never comes again, and stays until the farm has confirmed it: the farm
tells repeated ones by that id. Events (not readings, for the sake of the card) also survive a
restart of the rig.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
from pathlib import Path
from typing import Any

from rig import files

logger = logging.getLogger(__name__)

Item = dict[str, Any]
BATCH = 50
_KEPT_ON_DISK = 200


class Outbox:
    """Thread-safe."""

    def __init__(self, path: Path, most: int) -> None:
        self._path, self._most = path, most
        self._lock = threading.Lock()
        kept = files.read_json(path).get("events", [])
        known = [i for i in kept if isinstance(i, dict) and isinstance(i.get("id"), str)]
        self._items: dict[str, Item] = {item["id"]: item for item in known}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._items)

    def add(self, kind: str, at: float, *, key: str = "", **facts: Any) -> None:
        """``kind``: "event" or "reading". The same ``key`` gives the same id."""
        item_id = hashlib.sha256(key.encode()).hexdigest()[:16] if key else secrets.token_hex(8)
        item: Item = {"t": kind, "id": item_id, "at": round(at, 3), **facts}
        with self._lock:
            self._items[item["id"]] = item
            if len(self._items) > self._most:
                self._drop_one()
            if kind == "event":
                self._save()

    def batch(self, sent: set[str]) -> list[Item]:
        """The oldest ones that are not in ``sent``."""
        with self._lock:
            fresh = [item for item in self._items.values() if item["id"] not in sent]
        return fresh[:BATCH]

    def confirmed(self, ids: list[str]) -> None:
        with self._lock:
            gone = [self._items.pop(i, None) for i in ids]
            if any(item and item["t"] == "event" for item in gone):
                self._save()

    def _drop_one(self) -> None:
        """A reading rather than an event: there will be another."""
        items = self._items.values()
        oldest = next((i for i in items if i["t"] == "reading"), None) or next(iter(items))
        del self._items[oldest["id"]]
        self.dropped += 1

    def _save(self) -> None:
        events = [item for item in self._items.values() if item["t"] == "event"]
        try:
            files.write_json(self._path, {"events": events[-_KEPT_ON_DISK:]})
        except OSError as error:
            logger.error("Events cannot be kept over a restart: %s", error)
