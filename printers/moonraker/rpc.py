"""JSON-RPC 2.0 as Moonraker speaks it: requests, their answers, and who waits for which."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.jsonio import JSONDecodeError, dumps, loads
from printers.moonraker.values import mapping, name, whole

UNAUTHORIZED = ("unauthorized", "invalid api key", "forbidden")
NOT_FOUND = -32601
_INVALID_PARAMS = -32602


@dataclass(frozen=True, slots=True)
class Answer:
    """A result, or an error with Moonraker's own words. ``lost``: the session ended first."""

    result: Any = None
    code: int = 0
    text: str = ""
    failed: bool = False
    lost: bool = False

    @property
    def ok(self) -> bool:
        return not self.failed and not self.lost

    @property
    def is_unauthorized(self) -> bool:
        """Our key is wrong or missing (octoprint-moonraker 2, Auth)."""
        lowered = self.text.casefold()
        known = self.code in (401, 403, _INVALID_PARAMS)
        return self.failed and known and any(word in lowered for word in UNAUTHORIZED)

    @property
    def is_absent(self) -> bool:
        """Moonraker has no Klipper it could have handed this to (4.Moonraker.2)."""
        if self.code == NOT_FOUND:
            return self.text.casefold() == "method not found"
        return self.failed and "not connected" in self.text.casefold()

    @property
    def is_gone(self) -> bool:
        """Klipper had it, and left without an answer."""
        return self.failed and self.text.casefold() == "klippy disconnected"


Then = Callable[[Answer], None]
LOST = Answer(lost=True)


@dataclass(frozen=True, slots=True)
class Notification:
    """Something Moonraker tells without being asked."""

    method: str
    params: tuple[Any, ...]


class Call:
    """One request in flight. Either somebody waits for it, or ``then`` is called with its answer,
    in the session's thread."""

    __slots__ = ("_answer", "_done", "_lock", "_then", "id", "method", "sent_at")

    def __init__(self, number: int, method: str, then: Then | None) -> None:
        self.id = number
        self.method = method
        self.sent_at = time.monotonic()
        self._then = then
        self._answer: Answer | None = None
        self._done = threading.Event()
        self._lock = threading.Lock()

    def settle(self, answer: Answer) -> None:
        with self._lock:
            if self._answer is not None:
                return
            self._answer = answer
            then = self._then
        self._done.set()
        if then is not None:
            then(answer)

    def wait(self, timeout: float, late: Then | None = None) -> Answer | None:
        """The answer; None after ``timeout`` s, and then ``late`` gets it whenever it comes."""
        self._done.wait(timeout)
        with self._lock:
            if self._answer is None:
                self._then = late
            return self._answer


class Calls:
    """All requests of one session that wait for an answer. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, Call] = {}
        self._numbers = itertools.count(1)
        self._ended = False

    def open(self, method: str, then: Then | None = None) -> Call:
        """Before sending: the answer may be here before ``send`` returns."""
        call = Call(next(self._numbers), method, then)
        with self._lock:
            ended = self._ended
            if not ended:
                self._open[call.id] = call
        if ended:
            call.settle(LOST)
        return call

    def settle(self, number: int, answer: Answer) -> bool:
        """Whether anybody asked."""
        with self._lock:
            call = self._open.pop(number, None)
        if call is None:
            return False
        call.settle(answer)
        return True

    def forget(self, call: Call) -> None:
        """It was never sent."""
        with self._lock:
            self._open.pop(call.id, None)

    def end(self) -> None:
        """The session is over: nobody will answer any more."""
        with self._lock:
            self._ended = True
            calls, self._open = list(self._open.values()), {}
        for call in calls:
            call.settle(LOST)

    def is_open(self, *methods: str) -> str:
        """The latest of these methods that is still unanswered, "" = none."""
        with self._lock:
            found = [call for call in self._open.values() if call.method in methods]
        return max(found, key=lambda call: call.id).method if found else ""

    def oldest(self, *methods: str) -> float | None:
        """When the oldest unanswered request of these kinds was sent, monotonic."""
        with self._lock:
            calls = self._open.values()
            return min((c.sent_at for c in calls if c.method in methods), default=None)


def encode(number: int, method: str, params: Mapping[str, Any] | None = None) -> str:
    body: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "id": number}
    if params:
        body["params"] = dict(params)
    return dumps(body).decode()


def decode(message: str) -> tuple[int, Answer] | Notification | None:
    """An answer with its number, a notification, or None for anything else. Never raises."""
    try:
        body = mapping(loads(message))
    except (JSONDecodeError, RecursionError):
        return None
    method = name(body.get("method"))
    if method:
        params = body.get("params")
        return Notification(method, tuple(params) if isinstance(params, list) else ())
    number = body.get("id")
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    if "error" in body:
        error = mapping(body["error"])
        raw = error.get("message")
        words = raw[:4000] if isinstance(raw, str) else ""
        return number, Answer(code=whole(error.get("code")) or 0, text=words, failed=True)
    return (number, Answer(result=body["result"])) if "result" in body else None
