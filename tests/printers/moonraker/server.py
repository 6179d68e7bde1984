"""A small strict stand-in for Moonraker: as much as the adapter's conversation needs, and as badly
behaved as a test asks it to be. Answers have the shapes of tests/data/moonraker."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import socket
import ssl
import threading
from contextlib import closing
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from werkzeug.formparser import parse_form_data
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, Ping, Request, TextMessage

from tests.printers.lan.servers import LoopbackServer, answer, read_head
from tests.printers.moonraker.recording import load

KEY = "772ff695a4f942c39f7c8f4bd49c2f6d"
UNAUTHORIZED = (-32602, "Unauthorized")


class Rejected(Exception):
    """(code, message) of an error answer."""


class Peer:
    """The server's end of one WebSocket."""

    def __init__(self, sock: socket.socket, protocol: WSConnection, trusted: bool) -> None:
        self._sock = sock
        self._protocol = protocol
        self._lock = threading.Lock()
        self.authorized = trusted
        self.subscribed = False
        self.silent = False

    def transmit(self, event: Event) -> None:
        if not self.silent:
            with self._lock:
                self._sock.sendall(self._protocol.send(event))

    def send(self, message: object) -> None:
        text = message if isinstance(message, str) else json.dumps(message)
        self.transmit(TextMessage(data=text))

    def cut(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)


class FakeMoonraker:
    """Use as a context manager. ``key``: "" trusts everybody."""

    def __init__(self, key: str = "", context: ssl.SSLContext | None = None) -> None:
        self._server = LoopbackServer(self._serve, context)
        self._scheme = "https" if context else "http"
        self.key = key
        self.lock = threading.RLock()
        self.klippy = "ready"
        self.info = load("server_info")
        self.listed: list[str] = load("objects_list")["objects"]
        self.objects: dict[str, Any] = load("idle")["status"]
        self.settings: dict[str, Any] = load("settings")
        self.metadata: dict[str, Any] = {}
        self.history: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.peers: list[Peer] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.requests: list[tuple[str, str]] = []
        self.tokens: set[str] = set()
        self.errors: dict[str, tuple[int, str]] = {}  # method -> error answer
        self.unanswered: set[str] = set()
        self.upload_status = 201
        self.stored_size: int | None = None
        self.console: list[str] = []  # printed before the answer to a script

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.port}"

    @property
    def connections(self) -> int:
        return self._server.connections

    def __enter__(self) -> FakeMoonraker:
        self._server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.__exit__(kind, error, trace)

    # -- what a test does to it ------------------------------------------------------------------

    def change(self, section: str, **fields: Any) -> None:
        """As Klipper would: whoever has subscribed hears of the changed fields only."""
        with self.lock:
            self.objects.setdefault(section, {}).update(fields)
        self.notify("notify_status_update", {section: fields}, 1.0, subscribed=True)

    def notify(self, method: str, *params: Any, subscribed: bool = False) -> None:
        body: dict[str, Any] = {"jsonrpc": "2.0", "method": method}
        if params:
            body["params"] = list(params)
        for peer in list(self.peers):
            if peer.authorized and (peer.subscribed or not subscribed):
                peer.send(body)

    def become(self, state: str, message: str = "") -> None:
        """Klipper's own state, with the notifications a real one sends (none for errors)."""
        self.klippy = state
        if state in ("ready", "shutdown", "error"):
            self.objects["webhooks"] = {"state": state, "state_message": message}
        if state in ("disconnected", "startup"):
            for peer in self.peers:
                peer.subscribed = False
        if state in ("ready", "shutdown", "disconnected"):
            self.notify(f"notify_klippy_{state}")

    def print_file(self, filename: str, job_id: str = "00000A") -> None:
        self.change("print_stats", filename=filename, state="printing", print_duration=3.0)
        self.record(job_id, filename, "in_progress", "added")

    def end_print(self, state: str, status: str, job_id: str = "00000A") -> None:
        """In the order of the recording: the state first, the record a moment later."""
        self.change("print_stats", state=state)
        self.record(job_id, self.objects["print_stats"]["filename"], status, "finished")

    def record(self, job_id: str, filename: str, status: str, action: str) -> None:
        job = {"job_id": job_id, "filename": filename, "status": status}
        self.history = [job]
        self.notify("notify_history_changed", {"action": action, "job": job})

    def show_certificate(self, context: ssl.SSLContext) -> None:
        """To whoever connects from now on."""
        self._server._context = context

    def asked(self, method: str) -> list[dict[str, Any]]:
        with self.lock:
            return [params for name, params in self.calls if name == method]

    # -- JSON-RPC --------------------------------------------------------------------------------

    def _answer(self, peer: Peer, text: str) -> None:
        body = json.loads(text)
        assert body["jsonrpc"] == "2.0"
        assert isinstance(body["id"], int)
        method, params = body["method"], body.get("params", {})
        with self.lock:
            self.calls.append((method, params))
        if method in self.unanswered:
            return
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": body["id"]}
        try:
            reply["result"] = self._call(peer, method, params)
        except Rejected as error:
            reply["error"] = {"code": error.args[0], "message": error.args[1]}
        peer.send(reply)

    def _call(self, peer: Peer, method: str, params: dict[str, Any]) -> Any:
        if method == "server.connection.identify":
            return self._identify(peer, params)
        if not peer.authorized:
            raise Rejected(*UNAUTHORIZED)
        if method in self.errors:
            raise Rejected(*self.errors[method])
        if method.startswith("printer.") and self.klippy == "disconnected":
            raise Rejected(503, "Klippy Host not connected")
        handle = {
            "server.info": self._server_info,
            "printer.info": lambda _: load("printer_info") | {"state": self.klippy},
            "printer.objects.list": lambda _: {"objects": self.listed},
            "printer.objects.query": self._query,
            "printer.objects.subscribe": lambda wanted: self._subscribe(peer, wanted),
            "server.files.metadata": self._metadata,
            "server.history.list": lambda _: {"count": 1, "jobs": self.history},
            "server.webcams.list": lambda _: load("webcams"),
            "printer.gcode.script": self._script,
        }.get(method)
        if handle is not None:
            return handle(params)
        if method.startswith("printer."):
            return "ok"
        raise Rejected(-32601, "Method not found")

    def _identify(self, peer: Peer, params: dict[str, Any]) -> Any:
        assert {"client_name", "version", "type", "url"} <= set(params)
        if "api_key" in params:
            if params["api_key"] != self.key:
                raise Rejected(-32602, "Invalid API Key")
            peer.authorized = True
        return {"connection_id": 1}

    def _server_info(self, _: dict[str, Any]) -> Any:
        connected = self.klippy != "disconnected"
        return self.info | {"klippy_state": self.klippy, "klippy_connected": connected}

    def _query(self, params: dict[str, Any]) -> Any:
        found: dict[str, Any] = {}
        with self.lock:
            for name, fields in params["objects"].items():
                known = self.objects.get(name, {})
                if name == "configfile":
                    known = {"settings": self.settings}
                wanted = known if fields is None else {f: known[f] for f in fields if f in known}
                found[name] = copy.deepcopy(wanted)
        return {"eventtime": 1.0, "status": found}

    def _subscribe(self, peer: Peer, params: dict[str, Any]) -> Any:
        peer.subscribed = True
        return self._query(params)

    def _metadata(self, params: dict[str, Any]) -> Any:
        found = self.metadata.get(params["filename"])
        if found is None:
            raise Rejected(-32601, f"Metadata not available for <{params['filename']}>")
        return found

    def _script(self, _: dict[str, Any]) -> Any:
        for line in self.console:
            self.notify("notify_gcode_response", line)
        return "ok"

    # -- HTTP and the upgrade --------------------------------------------------------------------

    def _serve(self, sock: socket.socket) -> None:
        head = read_head(sock)
        first, _, rest = head.partition(b"\r\n")
        if not first:
            return
        method, target, _ = first.decode().split(" ")
        lines = rest.partition(b"\r\n\r\n")[0].decode().split("\r\n")
        headers = {
            key.lower(): value.strip() for key, _, value in (ln.partition(":") for ln in lines)
        }
        parts = urlsplit(target)
        with self.lock:
            self.requests.append((method, target))
        token = parse_qs(parts.query).get("token", [""])[0]
        trusted = not self.key or headers.get("x-api-key") == self.key or token in self.tokens
        self.tokens.discard(token)
        if parts.path == "/websocket":
            self._converse(sock, head, trusted or not token)
            return
        if not trusted:
            self._say(sock, 401, {"error": {"code": 401, "message": "Unauthorized"}})
            return
        body = head.partition(b"\r\n\r\n")[2]
        while len(body) < int(headers.get("content-length", "0")):
            piece = sock.recv(65_536)
            if not piece:
                return
            body += piece
        self._http(sock, method, parts.path, parse_qs(parts.query), headers, body)

    def _say(self, sock: socket.socket, status: int, body: Any) -> None:
        sock.sendall(
            answer(json.dumps(body).encode(), f"{status} X", "Content-Type: application/json")
        )

    def _http(
        self, sock: socket.socket, method: str, path: str, query: Any, headers: Any, body: bytes
    ) -> None:
        name = unquote(path.removeprefix("/server/files/gcodes/"))
        if path == "/access/oneshot_token":
            token = f"TOKEN{len(self.requests)}"
            self.tokens.add(token)
            self._say(sock, 200, {"result": token})
        elif path == "/server/files/upload":
            self._upload(sock, headers, body)
        elif path == "/server/files/directory":
            self._directory(sock, query["path"][0])
        elif path == "/server/files/metadata" and query["filename"][0] in self.metadata:
            self._say(sock, 200, {"result": self.metadata[query["filename"][0]]})
        elif path in ("/printer/emergency_stop", "/printer/firmware_restart"):
            self._say(sock, 200, {"result": "ok"})
        elif name in self.files and method == "GET":
            sock.sendall(answer(self.files[name]))
        elif name in self.files and method == "DELETE":
            del self.files[name]
            self._say(sock, 200, {"result": {"action": "delete_file"}})
        else:
            status = 400 if method == "DELETE" else 404
            self._say(sock, status, {"error": {"code": status, "message": "Not Found"}})

    def _upload(self, sock: socket.socket, headers: Any, body: bytes) -> None:
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": headers["content-type"],
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        _, form, files = parse_form_data(environ)
        with closing(files["file"]) as upload:
            content, file_name = upload.read(), upload.filename
        assert "print" not in form
        assert (form["root"], form["checksum"]) == ("gcodes", hashlib.sha256(content).hexdigest())
        path = "/".join(filter(None, (form["path"], file_name)))
        if self.upload_status != 201:
            error = {"code": self.upload_status, "message": "Forbidden"}
            self._say(sock, self.upload_status, {"error": error})
            return
        self.files[path] = content
        item = {"path": path, "root": "gcodes", "size": len(content)}
        self._say(sock, 201, {"item": item, "print_started": False, "print_queued": False})

    def _directory(self, sock: socket.socket, path: str) -> None:
        folder = path.removeprefix("gcodes").strip("/")
        prefix = f"{folder}/" if folder else ""
        inside = [name.removeprefix(prefix) for name in self.files if name.startswith(prefix)]
        if folder and not inside:
            self._say(sock, 400, {"error": {"code": 400, "message": "Directory does not exist"}})
            return
        files = [
            {"filename": name, "size": self._size(prefix + name), "modified": 1795276055.05}
            for name in inside
            if "/" not in name
        ]
        dirs = sorted({name.partition("/")[0] for name in inside if "/" in name})
        listing = {"dirs": [{"dirname": d, "modified": 1.0} for d in dirs], "files": files}
        self._say(sock, 200, {"result": listing})

    def _size(self, name: str) -> int:
        return len(self.files[name]) if self.stored_size is None else self.stored_size

    def _converse(self, sock: socket.socket, head: bytes, admitted: bool) -> None:
        protocol = WSConnection(ConnectionType.SERVER)
        peer = Peer(sock, protocol, trusted=not self.key)
        with closing(sock):
            if not admitted:
                self._say(sock, 401, {"error": {"code": 401, "message": "Unauthorized"}})
                return
            self._read(peer, protocol, head)
            while data := sock.recv(65_536):
                self._read(peer, protocol, data)

    def _read(self, peer: Peer, protocol: WSConnection, data: bytes) -> None:
        protocol.receive_data(data)
        for event in protocol.events():
            if isinstance(event, Request):
                peer.authorized = peer.authorized or "token=" in event.target
                self.peers.append(peer)
                peer.transmit(AcceptConnection())
            elif isinstance(event, TextMessage):
                self._answer(peer, event.data)
            elif isinstance(event, (Ping, CloseConnection)):
                peer.transmit(event.response())
