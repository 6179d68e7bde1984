"""The HTTP of the pretended Telegram: addresses with a token, JSON and forms with a file."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from werkzeug.formparser import FormDataParser

from tests.alerts.servers.telegram_rules import Wrong, bad


@dataclass(frozen=True)
class Reply:
    code: int  # 0: cut the connection
    document: Any
    raw: bytes = b""


Handle = Callable[[str, dict[str, Any], bytes, bool], Reply]
"""method, fields, file, whether it came as a form."""


class Http(ThreadingHTTPServer):
    """Listens on loopback."""

    daemon_threads = True

    def __init__(self, token: str, handle: Handle, refuse: Callable[[str], None]) -> None:
        self.token = token
        self.handle = handle
        self.refuse = refuse
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Programs that are killed hang up."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Http

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        head, _, method = self.path.removeprefix("/").partition("/")
        if head != f"bot{self.server.token}":
            self._reply(refusal(Wrong("Unauthorized", code=401)))
            return
        try:
            fields, photo, form = self._fields(body)
        except ValueError as error:
            self.server.refuse(f"{method}: {error}")
            self._reply(refusal(bad(str(error))))
            return
        self._reply(self.server.handle(method, fields, photo, form))

    def do_GET(self) -> None:
        self.server.refuse(f"GET {self.path}")
        self._reply(refusal(Wrong("Method Not Allowed", code=405)))

    def _fields(self, body: bytes) -> tuple[dict[str, Any], bytes, bool]:
        kind = self.headers.get_content_type()
        if kind == "application/json":
            document = json.loads(body)
            if not isinstance(document, dict):
                raise ValueError("the body is no object")
            return document, b"", False
        if kind != "multipart/form-data":
            raise ValueError(f"a body of the type {kind}")
        return *self._form(body, kind), True

    def _form(self, body: bytes, kind: str) -> tuple[dict[str, Any], bytes]:
        options = {"boundary": str(self.headers.get_param("boundary") or "")}
        parser = FormDataParser(silent=False, max_form_memory_size=1_000_000)
        _, form, files = parser.parse(io.BytesIO(body), kind, len(body), options)
        wanted = "f0" if "media" in form else "photo"
        if list(files) != [wanted] or files[wanted].mimetype != "image/jpeg":
            raise ValueError(f"file parts {list(files)}, wanted {wanted} (image/jpeg)")
        content = files[wanted].read()
        files[wanted].close()
        return dict(form.items()), content

    def _reply(self, reply: Reply) -> None:
        if reply.code == 0:
            self.close_connection = True
            self.connection.close()
            return
        body = reply.raw or json.dumps(reply.document).encode()
        self.send_response(reply.code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests read the server's ``calls``."""


def refusal(wrong: Wrong) -> Reply:
    document: dict[str, Any] = {
        "ok": False, "error_code": wrong.code, "description": wrong.description,
    }  # fmt: skip
    if wrong.parameters:
        document["parameters"] = wrong.parameters
    return Reply(wrong.code, document)
