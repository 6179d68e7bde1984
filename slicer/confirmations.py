"""What a person has confirmed once and for good: this content may run on this machine.

Only questions about the file and the machine are kept, never about what changes by itself
(loaded filament, bed, nozzle). A yes is forgotten when the printer is another machine.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import jsonio
from core.clock import Clock
from core.errors import StorageError
from core.files import write_durably

logger = logging.getLogger(__name__)

ABOUT_THE_MACHINE = frozenset({"unknown_model", "other_model", "unknown_kind", "other_flavour"})
"""Codes of verdicts that a yes settles for good."""
VERSION = 1
MAX_KEPT = 5_000
"""Then the oldest are forgotten, and asked again."""
_MAX_BYTES = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One plate of one content on one printer. ``machine``: what the printer is, "" = unknown."""

    sha256: str
    plate: int
    printer_id: str
    machine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A person's yes."""

    sha256: str
    plate: int
    printer_id: str
    machine: str  # the model it was given for
    code: str
    by: str  # the person, "" = a farm without passwords
    at: float  # epoch s


class Confirmations:
    """Thread-safe. One JSON file; a damaged one is set aside, and people are asked again."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._kept = _load(path)

    def of(self, question: Question) -> Mapping[str, Confirmation]:
        """Code -> the yes it has. A printer that is another machine now loses its own."""
        with self._lock:
            own = [item for item in self._kept if item.printer_id == question.printer_id]
            if question.machine and any(item.machine != question.machine for item in own):
                self._forget_others(question)
            return {item.code: item for item in self._kept if _answers(item, question)}

    def add(self, question: Question, codes: Collection[str], by: str) -> None:
        """Keep a yes to each code, durably. Raises StorageError, ValueError for other codes."""
        if not ABOUT_THE_MACHINE.issuperset(codes):
            raise ValueError(f"{sorted(codes)} cannot be confirmed for good")
        now = self._clock.time()
        new = [
            Confirmation(
                sha256=question.sha256,
                plate=question.plate,
                printer_id=question.printer_id,
                machine=question.machine,
                code=code,
                by=by,
                at=now,
            )
            for code in sorted(codes)
        ]
        with self._lock:
            others = [
                item for item in self._kept if not (_answers(item, question) and item.code in codes)
            ]
            kept = [*others, *new][-MAX_KEPT:]
            self._write(kept)
            self._kept = kept

    def _forget_others(self, question: Question) -> None:
        self._kept = [
            item
            for item in self._kept
            if item.printer_id != question.printer_id or item.machine == question.machine
        ]
        try:
            self._write(self._kept)
        except StorageError as error:  # they stay forgotten until a restart
            logger.error("confirmations: %s", error.message)

    def _write(self, kept: list[Confirmation]) -> None:
        write_durably(self._path, jsonio.dumps_pretty({"version": VERSION, "confirmed": kept}))


def _answers(item: Confirmation, question: Question) -> bool:
    return (item.sha256, item.plate, item.printer_id, item.machine) == (
        question.sha256,
        question.plate,
        question.printer_id,
        question.machine,
    )


def _load(path: Path) -> list[Confirmation]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("too large")
        return _parse(jsonio.loads(path.read_bytes()))
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        logger.warning("confirmations: %s cannot be read (%s), set aside", path.name, error)
    try:
        path.replace(path.with_name(path.name + ".damaged"))
    except OSError as error:
        raise StorageError(f"{path.name} can neither be read nor set aside: {error}") from error
    return []


def _parse(data: Any) -> list[Confirmation]:
    if data["version"] != VERSION:
        raise ValueError(f"version {data['version']} is not {VERSION}")
    found = [Confirmation(**item) for item in data["confirmed"]]
    for item in found:
        if not (isinstance(item.at, (int, float)) and isinstance(item.code, str)):
            raise TypeError("a confirmation has a code and a time")
    return [item for item in found if item.code in ABOUT_THE_MACHINE]
