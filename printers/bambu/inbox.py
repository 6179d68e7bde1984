"""From the bytes of one MQTT message to a dictionary, whatever the bytes are (bambu-lan A3)."""

from __future__ import annotations

from typing import Any

from core.jsonio import JSONDecodeError, loads

MAX_FRAME = 256 * 1024
"""Bytes. The largest real report is about 32 kB."""


class Inbox:
    """Decodes and counts; nothing it meets raises."""

    __slots__ = ("dropped", "last_drop", "received", "repaired")

    def __init__(self) -> None:
        self.received = 0
        self.repaired = 0
        self.dropped = 0
        self.last_drop = ""

    def decode(self, payload: bytes) -> dict[str, Any] | None:
        """The message, or None (counted, with the reason kept)."""
        if len(payload) > MAX_FRAME:
            self.drop(f"{len(payload)} bytes are more than a report can have")
            return None
        try:
            message = loads(payload)
        except JSONDecodeError:
            message = self._repair(payload)
        else:
            if message is None:
                self.drop("null")
        if type(message) is dict:
            self.received += 1
            return message
        if message is not None:
            self.drop("not an object")
        return None

    def drop(self, reason: str) -> None:
        """Count a message that was of no use."""
        self.dropped += 1
        self.last_drop = reason

    def _repair(self, payload: bytes) -> Any:
        """Firmware with other encodings, and padding: seen on the A1 mini and on old slicers."""
        text = payload.rstrip(b"\0")
        for encoding in ("utf-8", "latin-1"):
            try:
                message = loads(text.decode(encoding))
            except ValueError:
                continue
            self.repaired += 1
            return message
        self.drop("not JSON")
        return None
