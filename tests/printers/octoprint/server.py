"""A small strict stand-in for OctoPrint: as much as the adapter's conversation needs, and as
badly behaved as a test asks it to be. Answers have the shapes of tests/data/octoprint."""

from __future__ import annotations

import io
import json
import socket
import ssl
import threading
from contextlib import closing
from types import TracebackType
from typing import Any
from urllib.parse import unquote, urlsplit

from werkzeug.formparser import parse_form_data
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Ping, Request, TextMessage

from tests.printers.lan.servers import LoopbackServer, answer, read_head

KEY = "KEYKEYKEYKEYKEYKEYKEYKEYKEYKEY32"
ERROR_403 = (403, {"error": "You don't have the permission to access the requested resource."})
FLAGS = (
    "operational", "printing", "cancelling", "pausing", "resuming", "finishing", "closedOrError",
    "error", "paused", "ready", "sdReady",
)  # fmt: skip
Answer = tuple[int, Any]


class Feed:
    """The server's end of one websocket."""

    def __init__(self, sock: socket.socket, protocol: WSConnection) -> None:
        self._sock = sock
        self._protocol = protocol
        self._lock = threading.Lock()
        self.authenticated = False
        self.silent = False

    def transmit(self, event: Event) -> None:
        if not self.silent:
            with self._lock:
                self._sock.sendall(self._protocol.send(event))

    def send(self, message: object) -> None:
        self.transmit(
            TextMessage(data=message if isinstance(message, str) else json.dumps(message))
        )

    def cut(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)


class FakeOctoPrint:
    """Use as a context manager."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._server = LoopbackServer(self._serve, context)
        self._scheme = "https" if context else "http"
        self.lock = threading.RLock()
        self.requests: list[tuple[str, str, Any]] = []
        self.messages: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.answers: dict[tuple[str, str], Answer] = {}
        self.hang: set[tuple[str, str]] = set()
        self.feeds: list[Feed] = []
        self.websocket_status = 101
        self.mute_websocket = False
        self.stop_hanging = threading.Event()
        self.sessions = 0
        self.selected = ""
        self.completion: float | None = None
        self.left: float | None = None
        self.error = ""
        self.temperature: dict[str, Any] = {
            "tool0": {"actual": 21.3, "target": 0.0, "offset": 0},
            "bed": {"actual": 21.0, "target": 0.0, "offset": 0},
        }
        self.profile: dict[str, Any] = {"extruder": {"count": 1, "nozzleDiameter": 0.4}}
        self.webcam: dict[str, Any] = {}
        self.prints: dict[str, Any] = {}
        self.word, self.flags = "", dict.fromkeys(FLAGS, False)
        self.become("Operational", "operational", "ready")

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.port}"

    def __enter__(self) -> FakeOctoPrint:
        self._server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop_hanging.set()
        self._server.__exit__(kind, error, trace)

    # -- what a test does to it ------------------------------------------------------------------

    def become(self, word: str, *flags: str) -> None:
        """The state from now on; flags that are not named are false."""
        with self.lock:
            self.word = word
            self.flags = {name: name in flags for name in FLAGS}

    def print_on(self, completion: float, left: float | None = None) -> None:
        self.completion, self.left = completion, left
        self.become("Printing", "operational", "printing")
        self.push()

    def finish(self) -> None:
        """As a real one: the event first, the state a moment later."""
        self.event("PrintDone", name=self.selected, path=self.selected)
        self.completion, self.left = 100.0, 0
        self.become("Operational", "operational", "ready")
        self.push()

    def fail(self, text: str) -> None:
        """A firmware error, in the order of the recording."""
        path, self.error = self.selected, text
        self.become("Offline after error", "closedOrError", "error")
        self.selected, self.completion, self.left = "", None, None
        self.event("Disconnected")
        self.event("PrintFailed", name=path, path=path, reason="error", error=text)
        self.push()

    def push(self, kind: str = "current", **more: Any) -> None:
        """To every websocket that has shown its session."""
        for feed in list(self.feeds):
            if feed.authenticated:
                feed.send({kind: self.frame() | more})

    def event(self, kind: str, **payload: Any) -> None:
        for feed in list(self.feeds):
            if feed.authenticated:
                feed.send({"event": {"type": kind, "payload": payload or None}})

    def cut(self) -> None:
        for feed in list(self.feeds):
            feed.cut()

    def asked(self, method: str, path: str) -> list[Any]:
        with self.lock:
            return [body for m, p, body in self.requests if (m, p) == (method, path)]

    # -- what it shows ---------------------------------------------------------------------------

    def frame(self) -> dict[str, Any]:
        temps = [{"time": 1, **self.temperature}] if self.flags["operational"] else []
        return {"state": self._state(), **self._job(), "temps": temps, "logs": [], "messages": []}

    def _state(self) -> dict[str, Any]:
        return {"text": self.word, "flags": dict(self.flags), "error": self.error}

    def _job(self) -> dict[str, Any]:
        name = self.selected.rsplit("/", 1)[-1] or None
        size = len(self.files.get(self.selected, b"")) if name else None
        file = {"name": name, "display": name, "path": self.selected or None, "size": size}
        progress = {"completion": self.completion, "printTimeLeft": self.left}
        return {"job": {"file": file, "user": None}, "progress": progress}

    # -- HTTP ------------------------------------------------------------------------------------

    def _serve(self, sock: socket.socket) -> None:
        raw = read_head(sock)
        if not raw:
            return  # a look at the certificate, no more
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ", 2)
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        path = urlsplit(target).path
        if headers.get("upgrade", "").lower() == "websocket":
            self._upgrade(sock, raw)
            return
        while len(body) < int(headers.get("content-length", "0")):
            piece = sock.recv(65_536)
            if not piece:
                return  # given up half-way: a real one throws it away too
            body += piece
        value = self._body(headers, body)
        with self.lock:
            self.requests.append((method, path, value))
        if (method, path) in self.hang:
            self.stop_hanging.wait(10)
            return
        sock.sendall(self._written(self._answer(method, path, headers, value)))

    def _body(self, headers: dict[str, str], body: bytes) -> Any:
        kind = headers.get("content-type", "")
        if kind.startswith("multipart/form-data"):
            environ = {
                "wsgi.input": io.BytesIO(body),
                "CONTENT_TYPE": kind,
                "CONTENT_LENGTH": str(len(body)),
                "REQUEST_METHOD": "POST",
            }
            _, form, files = parse_form_data(environ)
            with closing(files["file"]) as sent:
                return {**form.to_dict(), "file": (sent.filename, sent.read())}
        return json.loads(body) if kind == "application/json" else None

    def _written(self, result: Answer) -> bytes:
        status, value = result
        if isinstance(value, bytes):
            return answer(value, f"{status} X", "Content-Type: text/html")
        body = b"" if value is None else json.dumps(value).encode()
        return answer(body, f"{status} X", "Content-Type: application/json")

    def _answer(self, method: str, path: str, headers: dict[str, str], body: Any) -> Answer:
        if headers.get("x-api-key") != KEY:
            return ERROR_403
        if (method, path) in self.answers:
            return self.answers[method, path]
        with self.lock:
            if path.startswith("/api/files/local"):
                return self._files(method, unquote(path[16:]).strip("/"), body)
            if method == "GET":
                return self._get(path)
            return self._post(path, body)

    def _get(self, path: str) -> Answer:
        match path:
            case "/api/version":
                return 200, {"api": "0.1", "server": "1.11.8", "text": "OctoPrint 1.11.8"}
            case "/api/connection":
                return 200, {"current": {"printerProfile": "_default", "state": self.word}}
            case "/api/printerprofiles":
                return 200, {"profiles": {"_default": {"current": True, **self.profile}}}
            case "/api/settings":
                return 200, {"api": {"key": "global-key"}, "webcam": self.webcam}
            case "/api/job":
                extra = {"error": self.error} if self.error else {}
                return 200, {**self._job(), "state": self.word, **extra}
            case "/api/printer" if self.flags["operational"]:
                return 200, {"state": self._state(), "temperature": self.temperature}
            case "/api/printer":
                return 409, {"error": "Printer is not operational"}
            case "/api/printer/error":
                return 200, {"error": self.error, "faq": "firmware-thermal-runaway"}
            case _ if path.startswith("/downloads/files/local/"):
                found = self.files.get(unquote(path[23:]))
                return (404, {"error": "not found"}) if found is None else (200, found)
            case _:
                return 404, {"error": "not found"}

    def _post(self, path: str, body: Any) -> Answer:
        if path == "/api/login" and body == {"passive": True}:
            self.sessions += 1
            return 200, {"name": "maker", "session": f"session{self.sessions}", "apikey": KEY}
        if path == "/api/connection" and body["command"] in ("connect", "disconnect"):
            return 204, None
        if not self.flags["operational"]:
            return 409, {"error": "Printer is not operational"}
        if path == "/api/job":
            return self._control(body)
        if path.startswith("/api/printer/"):
            return 204, None
        return 404, {"error": "not found"}

    def _control(self, body: dict[str, str]) -> Answer:
        if not (self.flags["printing"] or self.flags["paused"]):
            return 409, {"error": "Printer is neither printing nor paused"}
        if body == {"command": "cancel"}:
            self.become("Operational", "operational", "ready")
            self.completion = None
        elif body == {"command": "pause", "action": "pause"}:
            self.become("Paused", "operational", "paused")
        elif body == {"command": "pause", "action": "resume"}:
            self.become("Printing", "operational", "printing")
        else:
            return 400, {"error": "command is invalid"}
        return 204, None

    def _files(self, method: str, path: str, body: Any) -> Answer:
        if method == "POST" and not path:
            name, content = body["file"]
            where = "/".join(filter(None, (body.get("path", ""), name.replace("&", ""))))
            self.files[where] = content
            return 201, {"done": True, "files": {"local": {"name": name, "path": where}}}
        if method == "GET" and not path:
            return 200, {"files": [self._entry(name) for name in self.files if "/" not in name]}
        inside = [name for name in self.files if name.rpartition("/")[0] == path]
        if method == "GET" and inside:
            return 200, {"type": "folder", "children": [self._entry(name) for name in inside]}
        if path not in self.files:
            return 404, {"error": "The requested URL was not found on the server."}
        if method == "GET":
            return 200, self._entry(path)
        if method == "DELETE":
            del self.files[path]
            return 204, None
        return self._select(path, body)

    def _entry(self, path: str) -> dict[str, Any]:
        name = path.rsplit("/", 1)[-1]
        size = len(self.files[path])
        entry = {"name": name, "display": name, "path": path, "size": size, "date": 1795276123}
        return {**entry, "type": "machinecode", "prints": self.prints}

    def _select(self, path: str, body: Any) -> Answer:
        if body != {"command": "select", "print": True}:
            return 400, {"error": "command is invalid"}
        if self.flags["printing"] or self.flags["paused"]:
            return 409, {"error": "Printer is already printing, cannot select a new file"}
        self.selected, self.completion = path, 0.0
        self.become("Printing", "operational", "printing")
        self.event("PrintStarted", name=path.rsplit("/", 1)[-1], path=path)
        self.push()
        return 204, None

    # -- the websocket -----------------------------------------------------------------------------

    def _upgrade(self, sock: socket.socket, raw: bytes) -> None:
        if self.websocket_status != 101:
            sock.sendall(answer(b"", f"{self.websocket_status} Refused"))
            return
        protocol = WSConnection(ConnectionType.SERVER)
        protocol.receive_data(raw)
        feed = Feed(sock, protocol)
        for event in protocol.events():
            if isinstance(event, Request) and event.target == "/sockjs/websocket":
                feed.transmit(AcceptConnection())
        feed.silent = self.mute_websocket
        feed.send({"connected": {"version": "1.11.8"}})
        self.feeds.append(feed)
        try:
            self._attend(sock, protocol, feed)
        finally:
            self.feeds.remove(feed)

    def _attend(self, sock: socket.socket, protocol: WSConnection, feed: Feed) -> None:
        while data := sock.recv(65_536):
            protocol.receive_data(data)
            for event in protocol.events():
                if isinstance(event, Ping):
                    feed.transmit(event.response())
                elif isinstance(event, CloseConnection):
                    return
                elif isinstance(event, TextMessage):
                    self._hear(feed, json.loads(event.data))

    def _hear(self, feed: Feed, message: dict[str, Any]) -> None:
        self.messages.append(message)
        if message.get("auth") == f"maker:session{self.sessions}":
            feed.authenticated = True
            feed.send({"history": self.frame()})
