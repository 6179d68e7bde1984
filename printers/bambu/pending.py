"""Commands that wait for the printer's own answer (bambu-lan A3.1).

An answer carries the section, the command and the sequence_id of its request; nothing else
matches, so a foreign client's answer or a late one never settles the wrong command.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FIRST_SEQUENCE = 20_000
LAST_SEQUENCE = 29_999
"""Studio's own range. Above 2**31-1 the AMS hangs."""

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the printer said: plainly yes, or a refusal with its number and words."""

    ok: bool
    code: int = 0  # err_code or errno, 0 = none
    reason: str = ""
    lost: bool = False  # the session ended first: nothing is known


LOST = Answer(ok=False, lost=True)


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return 0


def read_answer(body: Mapping[str, Any]) -> Answer:
    """Judge an echoed command. Any error number is a refusal, whatever ``result`` says."""
    code = _number(body.get("err_code")) or _number(body.get("errno"))
    reason = str(body.get("reason") or "")
    if code:
        return Answer(ok=False, code=code, reason=reason)
    result = body.get("result")
    if result is None or result == 0 or str(result).lower() in ("success", "ok", "0"):
        return Answer(ok=True, reason=reason)
    return Answer(ok=False, reason=reason)


class Waiter:
    """One command in flight."""

    __slots__ = ("_done", "answer", "key")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.answer: Answer | None = None
        self._done = threading.Event()

    def settle(self, answer: Answer) -> None:
        self.answer = answer
        self._done.set()

    def wait(self, timeout: float) -> Answer | None:
        """The answer, or None after ``timeout`` seconds without one."""
        self._done.wait(timeout)
        return self.answer


class Pending:
    """All commands of one printer that wait for an answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: dict[Key, Waiter] = {}
        self._numbers = itertools.cycle(range(FIRST_SEQUENCE, LAST_SEQUENCE + 1))

    def number(self) -> str:
        """The next sequence_id."""
        with self._lock:
            return str(next(self._numbers))

    def open(self, section: str, command: str, sequence: str) -> Waiter:
        waiter = Waiter((section, command, sequence))
        with self._lock:
            self._waiters[waiter.key] = waiter
        return waiter

    def close(self, waiter: Waiter) -> None:
        with self._lock:
            self._waiters.pop(waiter.key, None)

    def resolve(self, section: str, body: Mapping[str, Any]) -> Answer | None:
        """Settle whoever asked; the answer, or None when nobody of ours did."""
        if not self._waiters:
            return None
        key = (section, str(body.get("command")), str(body.get("sequence_id")))
        with self._lock:
            waiter = self._waiters.pop(key, None)
        if waiter is None:
            return None
        answer = read_answer(body)
        waiter.settle(answer)
        return answer

    def refuse(self, section: str, answer: Answer) -> None:
        """The printer said no to whatever it was asked in this section, without an answer."""
        with self._lock:
            waiters = [w for key, w in self._waiters.items() if key[0] == section]
            for waiter in waiters:
                del self._waiters[waiter.key]
        for waiter in waiters:
            waiter.settle(answer)

    def drop_all(self) -> None:
        """The session ended: nobody will answer any more."""
        with self._lock:
            waiters, self._waiters = list(self._waiters.values()), {}
        for waiter in waiters:
            waiter.settle(LOST)

    def __len__(self) -> int:
        return len(self._waiters)
