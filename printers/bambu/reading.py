"""What one printer has reported so far: the merged report, and what it means once it settled."""

from __future__ import annotations

from typing import Any

from printers.bambu.merge import Report
from printers.bambu.models import UNKNOWN, Model
from printers.bambu.parse import Parser
from printers.bambu.parsed import STORAGE_SETTLE_S, Parsed, Versions, settled_state
from printers.status import Lock, PrinterState

_FULL_KEYS = 25
"""A frame without ``msg`` is a whole one if it has a state and about as many keys as real ones."""


def is_full(body: dict[str, Any]) -> bool:
    """Whether a push_status is a whole snapshot (A4): msg 0, or no msg and everything in it."""
    if "gcode_state" not in body:
        return False
    msg = body.get("msg")
    return msg == 0 if msg is not None else len(body) >= _FULL_KEYS


class Reading:
    """Used by the printer's thread; ``parsed``, ``state`` and ``storage`` may be read by others."""

    def __init__(self, model: Model | None) -> None:
        self.model = model or UNKNOWN
        self.report = Report()
        self.parsed = Parsed()
        self.versions = Versions()
        self.state = PrinterState.UNKNOWN
        self.storage = ""
        self.lock: Lock | None = None
        """Learned from a refusal: P1 and A1 have no field that says so (A10)."""
        self.full_frames = 0
        self._parser = Parser(self.model)
        self._failed_since: float | None = None
        self._storage_since: float | None = None

    @property
    def has_full(self) -> bool:
        return self.report.has_full

    def reset(self) -> None:
        """A new session: what was known proves nothing until the next whole frame."""
        self.report.reset()
        self.lock = None
        self.state = PrinterState.UNKNOWN
        self.storage = ""  # a whole report is believed at once, only differences flicker
        self._failed_since = self._storage_since = None

    def learn(self, versions: Versions, model: Model | None) -> bool:
        """The get_version reply: its model and changers change how reports read. Any news?"""
        if versions == self.versions:
            return False
        new_parser = versions.ams_kinds != self.versions.ams_kinds or model is not self.model
        self.versions = versions
        if new_parser:
            self.model = model or self.model
            self._parser = Parser(self.model, versions.ams_kinds)
            if self.has_full:
                self.parsed = self._parser.parse(self.report.data)
        return True

    def take(self, body: dict[str, Any], now: float) -> bool:
        """Merge one push_status; whether anything an operator could see has changed."""
        full = is_full(body)
        first = not self.report.has_full
        changed = self.report.apply(body, full=full)
        if full:
            self.full_frames += 1
        if not self.report.has_full or not changed:
            return False
        before = self.parsed
        # After a reset everything is read anew: what the printer no longer says must go.
        self.parsed = self._parser.parse(self.report.data, None if first else changed)
        settled = self.settle(now)
        return settled or self.parsed is not before

    def settle(self, now: float) -> bool:
        """Apply the waiting rules to what was reported; whether that changed something."""
        parsed, state, storage = self.parsed, self.state, self.storage
        if not parsed.failed:
            self._failed_since = None
            self.state = parsed.state
        else:
            if self._failed_since is None:
                self._failed_since = now
            self.state, _ = settled_state(parsed, now - self._failed_since, state)
        self._settle_storage(now)
        return self.state is not state or self.storage != storage

    def _settle_storage(self, now: float) -> None:
        reported = self.parsed.storage
        if reported != "missing" or self.storage in ("", "missing"):
            self._storage_since = None
            self.storage = reported
            return
        if self._storage_since is None:
            self._storage_since = now
        if now - self._storage_since >= STORAGE_SETTLE_S:
            self.storage = reported
