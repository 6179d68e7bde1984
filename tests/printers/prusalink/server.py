"""A small, strict PrusaLink on a real socket: it refuses what the real ones refuse.

Only for the adapter's own tests; the simulator is another, larger one.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from contextlib import suppress
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from tests.printers.prusalink.samples import (
    FIRMWARE_INFO,
    FIRMWARE_JOB,
    FIRMWARE_STORAGE,
    FIRMWARE_VERSION,
    firmware_status,
    recorded,
)

KEY = "fakeKey0123456789"
USER, PASSWORD = "maker", "Passw0rd99"
_NONCE = "00c0ffee00c0ffee"
_BLOCK = 65_365


class FakePrusaLink:
    """``pi``: the Raspberry Pi flavour. All fields may be changed while it runs."""

    def __init__(self, *, pi: bool = True) -> None:
        self.pi = pi
        self.state = "IDLE"
        self.job: dict[str, Any] | None = None
        self.next_job = 41
        self.files: dict[str, bytes] = {}
        self.parts: set[str] = set()  # hidden leftovers of broken-off uploads
        self.unindexed: dict[str, int] = {}  # path -> how many more looks find nothing
        self.transfer: dict[str, Any] = {}
        self.cameras: list[dict[str, Any]] = []
        self.info: dict[str, Any] = {}  # said instead of what was recorded
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.answers: dict[str, list[int]] = {}  # "METHOD prefix" -> statuses to give first
        self.drop: set[str] = set()  # "METHOD prefix" of requests that get no answer at all
        self.silent = threading.Event()
        self.open_polls = 0
        self.most_polls = 0
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.port = 0

    def __enter__(self) -> FakePrusaLink:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        fake = self

        class Bound(_Handler):
            link = fake

        self._server = _Server(("127.0.0.1", self.port), Bound)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        self.silent.clear()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join(5)
            self._server.cut()
            self._server.server_close()
            self._server = None

    def count(self, method: str, part: str) -> int:
        return sum(1 for m, p, _ in self.requests if m == method and part in p)

    def begin(self, path: str) -> None:
        """The printer takes this file."""
        self.next_job += 1
        name = path.rsplit("/", 1)[-1]
        file = FIRMWARE_JOB["file"] | {"display_name": name, "name": "SHORT~1.GCO"}
        self.job = {"id": self.next_job, "progress": 0.0, "time_printing": 0, "file": file}
        self.state = "PRINTING"

    def status(self) -> dict[str, Any]:
        reply = recorded("mk3_idle")["status"] if self.pi else firmware_status("IDLE")
        reply["printer"]["state"] = self.state
        if self.job is not None:
            keys = ("id", "progress", "time_printing")
            reply["job"] = {key: self.job[key] for key in keys}
        if self.transfer:
            reply["transfer"] = {"id": 9, "time_transferring": 1}
        return reply


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.sockets: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self.sockets.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.sockets.discard(request)
        super().shutdown_request(request)

    def cut(self) -> None:
        """End the connections that are being kept alive."""
        for sock in list(self.sockets):
            with suppress(OSError):
                sock.shutdown(2)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    link: FakePrusaLink
    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _do(self) -> None:
        link, path = self.link, unquote(self.path)
        link.requests.append((self.command, path, dict(self.headers.items())))
        key = next((k for k in self._marked() if k in link.drop), "")
        if key:
            self.close_connection = True
            self.connection.shutdown(2)
            return
        polls = path == "/api/v1/status"
        if polls:
            with link._lock:
                link.open_polls += 1
                link.most_polls = max(link.most_polls, link.open_polls)
        try:
            while link.silent.is_set():
                threading.Event().wait(0.02)
            self._answer(path)
        finally:
            if polls:
                with link._lock:
                    link.open_polls -= 1

    do_GET = do_PUT = do_POST = do_DELETE = _do

    def _marked(self) -> list[str]:
        known = [*self.link.drop, *self.link.answers]
        return [k for k in known if f"{self.command} {unquote(self.path)}".startswith(k)]

    def _answer(self, path: str) -> None:
        link = self.link
        refusal = self._unauthorized()
        if refusal:
            self.close_connection = self.command == "PUT"
            self._send(refusal, b"Bad X-Api-Key.", "text/plain")
            return
        for key in self._marked():
            if link.answers.get(key):
                self._drain()
                self._text(link.answers[key].pop(0), "As the test wants it")
                return
        if path.startswith("/api/v1/files/"):
            self._file(path)
        elif path.startswith("/api/v1/job/"):
            self._order(path)
        elif path.startswith(("/api/printer/", "/api/files/local")):
            self._older(path)
        else:
            self._get(path)

    def _get(self, path: str) -> None:
        link = self.link
        if path.startswith("/raw/") and path.removeprefix("/raw/") in link.files:
            self._send(200, link.files[path.removeprefix("/raw/")], "text/x.gcode")
            return
        idle = recorded("mk3_idle")
        replies: dict[str, Any] = {
            "/api/version": idle["version"] if link.pi else FIRMWARE_VERSION,
            "/api/v1/info": (idle["info"] if link.pi else FIRMWARE_INFO) | link.info,
            "/api/v1/storage": idle["storage"] if link.pi else FIRMWARE_STORAGE,
            "/api/v1/status": link.status(),
            "/api/v1/job": link.job and link.job | {"state": link.state},
            "/api/v1/transfer": link.transfer,
        }
        if link.pi:
            replies["/api/v1/cameras"] = {"camera_list": link.cameras}
        if self.command != "GET" or path not in replies:
            self._text(404, "Not Found")
        elif replies[path]:
            self._json(200, replies[path])
        else:
            self._send(204, b"", "text/html")

    def _file(self, path: str) -> None:
        link = self.link
        pieces = path.removeprefix("/api/v1/files/")
        storage, _, name = pieces.partition("/")
        if storage != ("local" if link.pi else "usb"):
            self._text(404, "Location Not Found")
        elif self.command == "PUT":
            self._put(name)
        elif self.command == "GET":
            self._describe(name)
        elif self.command == "DELETE":
            self._delete(name)
        else:
            self._start(name)

    def _put(self, name: str) -> None:
        link = self.link
        length = self.headers.get("Content-Length")
        if not length or self.headers.get("Transfer-Encoding"):
            self._text(411, "Length Required")
            return
        if link.transfer:
            self.close_connection = True
            self._text(409, "Another transfer in progress")
            return
        if link.pi and self.headers.get("Content-Type") != "text/x.gcode":
            self._text(415, "Unsupported Media")
            return
        data = self.rfile.read(int(length))
        if len(data) < int(length):
            self.close_connection = True
            link.parts.add(name)
            self._text(400, "File Upload Failed")
        elif self.headers.get("Overwrite") != "?1" and name in link.files:
            self._text(409, "File Already Exists")
        elif link.pi and len(data) % _BLOCK == 1:
            self._text(400, "File Upload Failed")  # as the real one: its last block is lost
        else:
            link.files[name] = data
            link.parts.discard(name)
            self._send(201, b"", "text/html")
            if self.headers.get("Print-After-Upload") == "?1":
                link.begin(name)

    def _describe(self, name: str) -> None:
        link = self.link
        if link.unindexed.get(name, 0) > 0:
            link.unindexed[name] -= 1
            self._text(404, "File Not Found")
        elif name in link.files:
            short = name.rsplit("/", 1)[-1]
            refs = {"download": f"/raw/{name}"}
            size = len(link.files[name])
            self._json(200, {"type": "PRINT_FILE", "name": short, "size": size, "refs": refs})
        elif name == "" or any(f.startswith(f"{name}/") for f in link.files):
            inside = f"{name}/" if name else ""
            tails = [f.removeprefix(inside) for f in link.files if f.startswith(inside)]
            found = sorted({(t.split("/")[0], "/" in t) for t in tails})
            kinds = {True: "FOLDER", False: "PRINT_FILE"}
            children = [{"name": n, "type": kinds[is_folder]} for n, is_folder in found]
            self._json(200, {"type": "FOLDER", "name": name, "children": children})
        else:
            self._text(404, "File Not Found")

    def _delete(self, name: str) -> None:
        if self.link.files.pop(name, None) is None:
            self._text(404, "File Not Found")
        else:
            self._send(204, b"", "text/html")

    def _start(self, name: str) -> None:
        link = self.link
        refusing = {"IDLE", "READY"} if link.pi else {"IDLE", "READY", "FINISHED", "STOPPED"}
        if name not in link.files:
            self._text(404, "File Not Found")
        elif link.state not in refusing:
            self._text(409, "Not in state to print")
        else:
            link.begin(name)
            self._send(204, b"", "text/html")

    def _order(self, path: str) -> None:
        link = self.link
        found = re.fullmatch(r"/api/v1/job/(\d+)(/pause|/resume)?", path)
        wanted = {"/pause": ("PUT", "PRINTING"), "/resume": ("PUT", "PAUSED")}
        if not found or link.job is None or int(found[1]) != link.job["id"]:
            self._text(404, "Not Current Job")
        elif found[2] is None and self.command == "DELETE":
            link.state, link.job = "STOPPED", None
            self._send(204, b"", "text/html")
        elif found[2] is not None and wanted[found[2]] == (self.command, link.state):
            link.state = "PAUSED" if found[2] == "/pause" else "PRINTING"
            self._send(204, b"", "text/html")
        else:
            self._text(409, "Printer Is Not Printing")

    def _older(self, path: str) -> None:
        if not self.link.pi or self.command != "POST":
            self._text(404, "Not Found")
        elif path.startswith("/api/printer/"):
            json.loads(self._drain())
            self._send(204, b"", "application/json")
        else:
            kind = self.headers.get("Content-Type", "").encode()
            form = message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + self._drain())
            parts: dict[str, Any] = {}
            for part in form.get_payload():  # type: ignore[union-attr]
                field = part.get_param("name", header="Content-Disposition")  # type: ignore[union-attr]
                parts[str(field)] = part
            folder = parts["path"].get_payload().strip("/")
            assert parts["print"].get_payload() == "false"
            name = f"{folder}/{parts['file'].get_filename()}"
            self.link.files[name] = parts["file"].get_payload(decode=True)
            self._send(201, b"", "text/html")

    def _drain(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _unauthorized(self) -> int:
        """0 = may pass. A bad key is 403 on the Pi, 401 on the firmware."""
        key = self.headers.get("X-Api-Key")
        if key is not None:
            return 0 if key == KEY else 403 if self.link.pi else 401
        given = self.headers.get("Authorization", "")
        fields = dict(re.findall(r'(\w+)="?([^",]*)"?', given))
        if not fields:
            return 401
        ha1 = hashlib.md5(f"{USER}:Printer API:{PASSWORD}".encode()).hexdigest()
        ha2 = hashlib.md5(f"{self.command}:{self.path}".encode()).hexdigest()
        right = hashlib.md5(f"{ha1}:{_NONCE}:{ha2}".encode()).hexdigest()
        return 0 if fields.get("response") == right else 401

    def _json(self, status: int, value: Any) -> None:
        self._send(status, json.dumps(value).encode(), "application/json")

    def _text(self, status: int, text: str) -> None:
        self._send(status, f"{status}: {text}".encode(), "text/plain")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            challenge = f'Digest realm="Printer API", nonce="{_NONCE}", stale="false"'
            self.send_header("WWW-Authenticate", challenge)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if status != 204:
            self.wfile.write(body)
