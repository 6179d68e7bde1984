"""Idempotency-Key: a command sent twice (a lost answer, a double click) acts once."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

from flask import Flask, Response, g, request

from core.clock import Clock
from core.errors import BadRequest, Blocked, Unusable

HEADER = "Idempotency-Key"
KEPT, KEPT_S = 500, 600.0
_LONGEST_KEY = 100
_LONGEST_ANSWER = 64 * 1024
_RETRY = frozenset({401, 403, 413, 421, 429})


@dataclass(frozen=True, slots=True)
class _Answer:
    at: float  # monotonic
    digest: bytes
    status: int = 0  # 0 = still being worked on
    body: bytes = b""
    mimetype: str = ""


class Idempotency:
    """Remembers the answers of the last POSTs that carried a key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, _Answer] = OrderedDict()

    def install(self, app: Flask) -> None:
        app.before_request(self.recall)
        app.after_request(self.remember)
        app.teardown_request(self.give_up)

    def recall(self) -> Response | None:
        """The former answer of this key, if there is one. Raises Blocked while it is worked on."""
        g.idempotency_key = None
        key = request.headers.get(HEADER)
        if request.method != "POST" or key is None:
            return None
        if not 0 < len(key) <= _LONGEST_KEY:
            raise BadRequest(f"The {HEADER} must have 1 to {_LONGEST_KEY} characters.")
        full, digest, now = f"{request.path} {key}", self._digest(), self._clock.monotonic()
        with self._lock:
            self._forget(now)
            known = self._answers.get(full)
            if known is None:
                self._answers[full] = _Answer(now, digest)
                g.idempotency_key = full
                return None
        if known.digest != digest:
            raise Unusable("This Idempotency-Key was used for another command.")
        if not known.status:
            raise Blocked("This command is being carried out already.", code="in_progress")
        response = Response(known.body, known.status, mimetype=known.mimetype)
        response.headers["Idempotency-Replayed"] = "true"
        return response

    def _digest(self) -> bytes:
        small = request.mimetype == "application/json" and (request.content_length or 0) < 65_536
        content = request.get_data(cache=True) if small else b""
        return hashlib.sha256(request.query_string + b"\0" + content).digest()

    def _forget(self, now: float) -> None:
        while self._answers:
            key, oldest = next(iter(self._answers.items()))
            if len(self._answers) < KEPT and now - oldest.at < KEPT_S:
                return
            del self._answers[key]

    def remember(self, response: Response) -> Response:
        key = g.get("idempotency_key")
        if key is None:
            return response
        with self._lock:
            begun = self._answers.get(key)
            if begun is None or response.is_streamed or response.status_code in _RETRY:
                self._answers.pop(key, None)
            elif len(body := response.get_data()) <= _LONGEST_ANSWER:
                self._answers[key] = _Answer(
                    begun.at, begun.digest, response.status_code, body, response.mimetype or ""
                )
        g.idempotency_key = None
        return response

    def give_up(self, _error: BaseException | None) -> None:
        """A request that never came to an answer leaves nothing behind."""
        key = g.get("idempotency_key")
        if key is not None:
            with self._lock:
                self._answers.pop(key, None)
