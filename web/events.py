"""The last events of each printer, for its page: state changes, commands, refusals."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from core.clock import Clock

KEPT = 100
_MAX_TEXT = 300


class EventLog:
    """Printer id -> ring of its last events; fixed memory, safe from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rings: dict[str, deque[dict[str, Any]]] = {}

    def add(self, printer_id: str, kind: str, text: str, level: str = "info") -> dict[str, Any]:
        """Note one event (level info, warn or urgent) and return it as it is stored."""
        event = {
            "at": round(self._clock.time(), 3),
            "printer": printer_id,
            "kind": kind,
            "level": level,
            "text": text[:_MAX_TEXT],
        }
        with self._lock:
            self._rings.setdefault(printer_id, deque(maxlen=KEPT)).append(event)
        return event

    def of(self, printer_id: str) -> list[dict[str, Any]]:
        """Newest first."""
        with self._lock:
            return list(reversed(self._rings.get(printer_id, ())))


_URGENT = frozenset({"fault", "identity", "auth"})
_WARN = frozenset({"paused", "offline", "needs_human", "misconfigured", "unknown"})
_WORDS = {
    "fault": "reports a fault",
    "paused": "is paused",
    "needs_human": "needs you to decide about a job",
    "needs_clear": "is done. Clear the bed",
    "uploading": "is being sent a file",
    "preparing": "is preparing",
    "printing": "is printing",
    "stopping": "is stopping",
    "busy": "is busy",
    "ready": "is ready",
    "maintenance": "is in maintenance",
    "connecting": "is connecting",
    "auth": "does not let the farm in",
    "identity": "shows another certificate",
    "offline": "is offline",
    "misconfigured": "is misconfigured",
}


def describe_change(doc: dict[str, Any], old_state: str) -> tuple[str, str, str]:
    """(kind, text, level) of a printer that has come from ``old_state`` to the state in ``doc``."""
    state = str(doc["state"])
    detail = ""
    if state == "fault" and doc["fault"]:
        detail = doc["fault"]["text"]
    elif state == "paused" and doc["pause"]:
        detail = doc["pause"]["text"]
    elif state in ("auth", "identity", "misconfigured", "offline"):
        detail = doc["message"] or doc["conn"]["text"]
    elif doc["job"] and state in ("printing", "uploading"):
        detail = doc["job"]["name"]
    kind = state
    if state == "needs_clear" and old_state in ("printing", "stopping", "preparing", "paused"):
        kind = "job_stopped" if doc["sub"] else "job_finished"
        detail = doc["bed"]["name"]
    words = _WORDS.get(state, "reports an unknown state")
    if state == "needs_clear" and doc["kind"] == "feed":
        words = "is done"  # and another farm's people clear its bed
    if state == "offline" and doc["sub"] == "closed":
        words = "is not connected"
    text = f"{doc['name']} {words}"
    level = "urgent" if state in _URGENT else "warn" if state in _WARN else "info"
    return kind, f"{text}: {detail}" if detail else f"{text}.", level
