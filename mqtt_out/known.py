"""What lies at the broker because of us, kept on the disk so that it can be taken away again.

A printer that left the configuration while the farm was off would stay in Home Assistant for ever;
so would a button that is not offered any more.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.errors import StorageError
from core.files import write_durably
from core.jsonio import JSONDecodeError, dumps_pretty, loads

logger = logging.getLogger(__name__)
NAME = "known.json"


class Known:
    """Used by the publisher's thread. A disk that refuses costs the memory of a restart, and
    nothing else: it is said once and tried again with the next change."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        raw = self._read()
        self.client_id: str = _text(raw.get("client_id")) or f"farm-{secrets.token_hex(6)}"
        self.topics: set[str] = set(_texts(raw.get("topics")))
        """Retained topics that may have a message of ours."""
        self.components: dict[str, dict[str, str]] = {
            topic: {str(key): str(platform) for key, platform in parts.items()}
            for topic, parts in _dict(raw.get("components")).items()
            if isinstance(parts, dict)
        }
        """Discovery topic -> component -> platform: all a device has ever had."""
        self.keys: dict[str, set[str]] = {
            printer: set(_texts(keys)) for printer, keys in _dict(raw.get("keys")).items()
        }
        """Printer -> keys its state has ever had."""
        self._changed = not raw
        self._refused = False

    def _read(self) -> dict[str, Any]:
        try:
            raw = loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, JSONDecodeError) as error:
            logger.warning("mqtt: %s cannot be read (%s); begun anew", self._path, error)
            return {}
        return _dict(raw)

    def add_topics(self, topics: Iterable[str]) -> None:
        new = set(topics) - self.topics
        self._changed = self._changed or bool(new)
        self.topics |= new

    def forget_topic(self, topic: str) -> None:
        self._changed = self._changed or topic in self.topics
        self.topics.discard(topic)
        self.components.pop(topic, None)

    def add_components(self, topic: str, parts: dict[str, str]) -> None:
        both = {**self.components.get(topic, {}), **parts}
        self._changed = self._changed or both != self.components.get(topic)
        self.components[topic] = both

    def add_keys(self, printer_id: str, keys: Iterable[str]) -> bool:
        """Whether any of them is new."""
        had = self.keys.setdefault(printer_id, set())
        new = set(keys) - had
        self._changed = self._changed or bool(new)
        had |= new
        return bool(new)

    def forget_printers_but(self, printer_ids: Iterable[str]) -> None:
        for gone in self.keys.keys() - set(printer_ids):
            del self.keys[gone]
            self._changed = True

    def save(self) -> None:
        """Only when something has changed."""
        if not self._changed:
            return
        content = {
            "client_id": self.client_id,
            "topics": sorted(self.topics),
            "components": self.components,
            "keys": self.keys,
        }
        try:
            write_durably(self._path, dumps_pretty(content))
        except StorageError as error:
            if not self._refused:
                logger.warning("mqtt: %s", error.message)
            self._refused = True
            return
        self._changed = self._refused = False


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
