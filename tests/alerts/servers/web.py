"""What the strict HTTP servers of the alerts' tests share: scripted answers, calls, violations."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

HANG_S = 30.0


@dataclass(frozen=True)
class Answer:
    """``how``: "" = plainly, "hang" = none until the server closes, "drop" = hang up instead,
    "late" = take it and hang up."""

    status: int = 200
    body: Any = None  # JSON; None = the server's own
    headers: tuple[tuple[str, str], ...] = ()
    how: str = ""


@dataclass(frozen=True)
class Call:
    """One request that came, whatever was answered."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    body: bytes
    at: float  # monotonic s
    answer: Answer

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def taken(self) -> bool:
        """Whether a real service would have shown it to people."""
        return 200 <= self.answer.status < 300 and self.answer.how in ("", "late")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        owner = self.server.owner
        answer = owner.next_answer()
        call = Call(
            self.command, address.path, dict(parse_qsl(address.query)),
            {name.lower(): value for name, value in self.headers.items()},
            body, time.monotonic(), answer,
        )  # fmt: skip
        own = owner.take(call)
        if answer.how == "hang":
            owner.over.wait(HANG_S)
        if answer.how:
            self.close_connection = True
            return
        said = json.dumps(own if answer.body is None else answer.body).encode()
        self.send_response(answer.status)
        for name, value in (("Content-Type", "application/json"), *answer.headers):
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _any


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    owner: StrictServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is no news."""


@dataclass
class StrictServer(ABC):
    """Every request is checked; what does not fit is in ``violations``. Thread-safe."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    script: deque[Answer] = field(default_factory=deque)
    always: Answer | None = None
    """In place of the script, for every request, while set."""
    over: threading.Event = field(default_factory=threading.Event)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._listener = _Listener(("127.0.0.1", self.port), _Handler)
        self._listener.owner = self
        self.port = self._listener.server_address[1]
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.05,))
        self._thread.start()

    @abstractmethod
    def check(self, call: Call) -> Any:
        """The body of the plain answer; appends to ``violations`` what is wrong."""

    def answer_with(self, *answers: Answer | int) -> None:
        """What the next requests get; 200 after that."""
        for answer in answers:
            self.script.append(Answer(answer) if isinstance(answer, int) else answer)

    @property
    def taken(self) -> list[Call]:
        """What people would have seen."""
        return [call for call in self.calls if call.taken]

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Call]:
        """Until so many were taken; all that were. AssertionError when they do not come."""
        return self.wait_until(lambda: len(self.taken) >= count, timeout)

    def wait_until(self, done: Callable[[], bool], timeout: float = 10.0) -> list[Call]:
        with self._news:
            assert self._news.wait_for(done, timeout), f"only {len(self.calls)} calls came"
        return self.taken

    def next_answer(self) -> Answer:
        with self._news:
            if self.always is not None:
                return self.always
            return self.script.popleft() if self.script else Answer()

    def take(self, call: Call) -> Any:
        own = None
        try:
            own = self.check(call)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it is a violation
            self.violations.append(f"{call.method} {call.path}: {error!r}")
        with self._news:
            self.calls.append(call)
            self._news.notify_all()
        return own

    def expect(self, holds: object, wrong: str) -> None:
        if not holds:
            self.violations.append(wrong)

    def close(self) -> None:
        self.over.set()
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join(5)

    def __enter__(self) -> StrictServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
