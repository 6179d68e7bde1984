"""What a test asks of a print server directly, past the farm, and what it reads in its requests."""

from __future__ import annotations

import json
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

from tests.contract.print_files import Printed
from tests.contract.wire_log import WS, Request

Ask = Callable[..., tuple[int, Any]]
"""ask(method, path, body, headers=…): (status, JSON or text), with the key."""


class Dialect(ABC):
    """One make's words."""

    survives_restart = False
    """Whether a print goes on when the server's process dies."""

    @abstractmethod
    def start_foreign(self, ask: Ask, printed: Printed) -> None:
        """Upload and start."""

    @abstractmethod
    def shows(self, ask: Ask) -> str:
        """ "idle", "printing", "paused", or the server's word."""

    @abstractmethod
    def is_start(self, request: Request) -> bool:
        """Whether it would start a print."""

    def is_order(self, request: Request) -> bool:
        """Whether it changes anything."""
        return request.method not in ("GET", "HEAD", "OPTIONS", WS)

    def short(self, request: Request) -> str:
        """In a few words, for a failure's message."""
        return f"{request.method} {unquote(request.path)} {request.body[:120]!r}"


def multipart(fields: dict[str, str], name: str, content: bytes) -> tuple[bytes, dict[str, str]]:
    """(body, headers) of a form with one file."""
    boundary = secrets.token_hex(12)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    body = "".join(parts).encode() + head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def says_print(request: Request) -> bool:
    """A form whose field "print" is true."""
    form = request.body.replace(b" ", b"")
    return b'name="print"\r\n\r\ntrue' in form


class OctoPrintDialect(Dialect):
    """REST, and a socket on which nothing is ordered."""

    def start_foreign(self, ask: Ask, printed: Printed) -> None:
        body, headers = multipart({"print": "true"}, printed.name, printed.content)
        status, answer = ask("POST", "/api/files/local", body, headers=headers)
        assert status == 201 and answer["effectivePrint"], (status, answer)

    def shows(self, ask: Ask) -> str:
        _, answer = ask("GET", "/api/job")
        word = str(answer["state"])
        if word.startswith(("Printing", "Starting", "Finishing", "Resuming")):
            return "printing"
        return {"Operational": "idle", "Paused": "paused"}.get(word, word)

    def is_start(self, request: Request) -> bool:
        told = request.json
        if isinstance(told, dict):
            if request.path.startswith("/api/files/"):
                return told.get("command") == "select" and bool(told.get("print"))
            return request.path == "/api/job" and told.get("command") in ("start", "restart")
        return request.path.startswith("/api/files/") and says_print(request)

    def is_order(self, request: Request) -> bool:
        return super().is_order(request) and request.path != "/api/login"


class MoonrakerDialect(Dialect):
    """JSON-RPC on a socket; uploads by HTTP."""

    survives_restart = True
    reading = (
        "server.info", "server.config", "server.connection.identify", "server.files.metadata",
        "server.files.list", "server.files.get_directory", "server.files.roots",
        "server.files.thumbnails", "server.history.", "server.webcams.", "server.temperature_store",
        "server.gcode_store", "printer.info", "printer.objects.", "printer.gcode.help",
        "machine.", "access.", "server.job_queue.status", "server.database.",
    )  # fmt: skip

    def start_foreign(self, ask: Ask, printed: Printed) -> None:
        body, headers = multipart({"print": "true"}, printed.name, printed.content)
        status, answer = ask("POST", "/server/files/upload", body, headers=headers)
        assert status == 201, (status, answer)
        if not answer.get("print_started"):
            name = quote(printed.name)
            status, answer = ask("POST", f"/printer/print/start?filename={name}")
            assert status == 200, (status, answer)

    def shows(self, ask: Ask) -> str:
        status, answer = ask("GET", "/printer/objects/query?print_stats&webhooks")
        if status != 200:
            return "disconnected"
        found = answer["result"]["status"]
        if found["webhooks"]["state"] != "ready":
            return str(found["webhooks"]["state"])
        word = str(found["print_stats"]["state"])
        return word if word in ("printing", "paused") else "idle"

    def position(self, ask: Ask) -> tuple[float, float, float]:
        """As Klipper says."""
        _, answer = ask("GET", "/printer/objects/query?gcode_move")
        x, y, z, _ = answer["result"]["status"]["gcode_move"]["gcode_position"]
        return x, y, z

    def is_start(self, request: Request) -> bool:
        if request.method == WS:
            return bool(self._method(request) == "printer.print.start")
        if request.path.startswith("/printer/print/start"):
            return True
        return request.path.startswith("/server/files/upload") and says_print(request)

    @staticmethod
    def _method(request: Request) -> str:
        told = request.json
        return str(told.get("method", "")) if isinstance(told, dict) else ""

    def is_order(self, request: Request) -> bool:
        if request.method != WS:
            return super().is_order(request) and not request.path.startswith("/access/")
        method = self._method(request)
        return bool(method) and not method.startswith(self.reading)

    def short(self, request: Request) -> str:
        if request.method == WS:
            told = request.json
            return f"{told.get('method')} {json.dumps(told.get('params'))[:160]}"
        return super().short(request)


class PrusaLinkDialect(Dialect):
    """API v1. ``storage`` is "local" beside an MK3, "usb" inside the others."""

    def __init__(self, storage: str) -> None:
        self.storage = storage

    def start_foreign(self, ask: Ask, printed: Printed) -> None:
        path = f"/api/v1/files/{self.storage}/{quote(printed.name)}"
        headers = {
            "Print-After-Upload": "?1",
            "Overwrite": "?1",
            "Content-Type": "text/x.gcode",
            "Content-Length": str(len(printed.content)),
        }
        status, answer = ask("PUT", path, printed.content, headers=headers)
        assert status == 201, (status, answer)

    def shows(self, ask: Ask) -> str:
        status, answer = ask("GET", "/api/v1/status")
        if status != 200:
            return "starting"
        word = str(answer["printer"]["state"])
        if word in ("IDLE", "READY", "FINISHED", "STOPPED"):
            return "idle"
        return word.lower()

    def is_start(self, request: Request) -> bool:
        if not request.path.startswith("/api/v1/files/"):
            return request.path.startswith("/api/job") or says_print(request)
        after = request.headers.get("print-after-upload", "?0") == "?1"
        return request.method == "POST" or (request.method == "PUT" and after)
