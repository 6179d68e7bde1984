"""A strict ntfy server: publishing as JSON, and pictures as the body (docs.ntfy.sh/publish)."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image

from tests.alerts.servers.web import Answer, Call, StrictServer

TOPIC = "farm-Qm7xT2"
USER, PASSWORD = "farmer", "ntfy-Pa55word-of-the-farm"
MOST_TEXT_BYTES = 4096
_PRIORITIES = {"", "1", "2", "3", "4", "5", "min", "low", "default", "high", "max", "urgent"}
_JSON_KEYS = {"topic", "title", "message", "priority", "tags"}
_QUERY_KEYS = {"filename", "title", "message"}


def refusal(status: int, code: int, error: str) -> Answer:
    """As ntfy words it."""
    body = {"code": code, "http": status, "error": error, "link": "https://ntfy.sh/docs"}
    return Answer(status, body)


NO_ATTACHMENTS = refusal(400, 40014, "invalid request: attachments not allowed")
TOO_MANY = refusal(429, 42901, "limit reached: too many requests")
FORBIDDEN = refusal(403, 40301, "forbidden")


@dataclass
class NtfyServer(StrictServer):
    topic: str = TOPIC

    @property
    def url(self) -> str:
        """As the farm is configured with."""
        return f"ntfy://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{self.topic}"

    def check(self, call: Call) -> Any:
        self._check_sign_in(call)
        self.expect(call.headers.get("x-priority", "") in _PRIORITIES, "no priority of ntfy's")
        if call.path == "/":
            self._check_json(call)
        else:
            self._check_picture(call)
        return {"id": "Ab12", "time": int(time.time()), "event": "message", "topic": self.topic}

    def text_of(self, call: Call) -> tuple[str, str]:
        """(title, message) as people see them."""
        found = call.json if call.path == "/" else call.query
        return found.get("title", ""), found.get("message", "")

    def _check_sign_in(self, call: Call) -> None:
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.expect(call.headers.get("authorization") == f"Basic {wanted}", "not signed in")

    def _check_json(self, call: Call) -> None:
        self.expect(call.method == "POST", "not posted")
        body = call.json
        self.expect(set(body) <= _JSON_KEYS, f"keys {sorted(body)}")
        self.expect(body["topic"] == self.topic, "another topic")
        self.expect(0 < len(body["message"].encode()) <= MOST_TEXT_BYTES, "the text's length")

    def _check_picture(self, call: Call) -> None:
        self.expect(call.path == f"/{self.topic}", "another topic")
        self.expect(call.method in ("POST", "PUT"), "not put")
        self.expect(set(call.query) <= _QUERY_KEYS, f"query {sorted(call.query)}")
        self.expect(call.query["filename"].endswith(".jpg"), "the file's name")
        with Image.open(BytesIO(call.body)) as image:
            self.expect(image.format == "JPEG", "no JPEG")
            image.load()
