"""What the farm keeps of a rig over a restart: its events (once each) and its delays."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core import jsonio
from core.errors import StorageError
from core.files import write_durably

logger = logging.getLogger(__name__)

Json = dict[str, Any]
MAX_EVENTS = 100
MAX_IDS = 4096
"""More than a rig keeps while the farm is away; so an item that comes twice is noticed."""
MAX_EVENT_IDS = 1000
"""On the disk: more than a rig sends before it must have had a confirmation."""
MAX_READINGS = 2880
_MAX_TEXT = 500
_MAX_FIELDS = 16


class RigMemory:
    """Of one rig. The desk's lock guards it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        kept = _read(path)
        delays, ids = kept.get("delays"), kept.get("ids")
        self.events: deque[Json] = deque(_objects(kept.get("events")), MAX_EVENTS)
        self.delays: dict[str, float] = {
            str(name): float(value)
            for name, value in (delays.items() if isinstance(delays, dict) else ())
            if isinstance(value, (int, float))
        }
        self.readings: deque[tuple[float, float, float]] = deque(maxlen=MAX_READINGS)
        """(epoch s, °C, percent); not on the disk: they come every few seconds."""
        self._ids: deque[str] = deque(
            (str(i) for i in (ids if isinstance(ids, list) else ())), MAX_IDS
        )
        self._known = set(self._ids)
        self._event_ids: deque[str] = deque(self._ids, MAX_EVENT_IDS)

    def is_new(self, item_id: str) -> bool:
        """Remembers it."""
        if item_id in self._known:
            return False
        if len(self._ids) == MAX_IDS:
            self._known.discard(self._ids[0])
        self._ids.append(item_id)
        self._known.add(item_id)
        return True

    def add_event(self, event: Json) -> None:
        """Durably, or not at all. Raises StorageError."""
        self.events.append(event)
        self._event_ids.append(event["id"])
        try:
            self.save()
        except StorageError:
            self.events.pop()
            self._event_ids.pop()
            self._ids.remove(event["id"])
            self._known.discard(event["id"])
            raise

    def save(self) -> None:
        """Raises StorageError."""
        content = {
            "events": list(self.events), "ids": list(self._event_ids), "delays": self.delays,
        }  # fmt: skip
        write_durably(self._path, jsonio.dumps_pretty(content))


def clean(facts: Json) -> Json:
    """What a rig says of an event: short texts and numbers only, since people will see it."""
    kept: Json = {}
    for name, value in list(facts.items())[:_MAX_FIELDS]:
        if isinstance(value, str):
            kept[name[:40]] = "".join(c for c in value[:_MAX_TEXT] if c.isprintable())
        elif isinstance(value, (bool, int, float)) and math.isfinite(value):
            kept[name[:40]] = value
    return kept


def _objects(value: Any) -> Iterable[Json]:
    return (
        [v for v in value if isinstance(v, dict) and "id" in v] if isinstance(value, list) else []
    )


def _read(path: Path) -> Json:
    try:
        value = jsonio.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, jsonio.JSONDecodeError) as error:
        logger.warning("%s cannot be read (%s); the rig's past events are gone", path.name, error)
        return {}
    return value if isinstance(value, dict) else {}
