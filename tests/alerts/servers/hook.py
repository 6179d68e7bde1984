"""A receiver of the farm's webhook that believes nothing: signature, time, shape, picture."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from PIL import Image

from tests.alerts.servers.web import Call, StrictServer

SECRET = "a-webhook-secret-of-32-characters"
_KEYS = {"id", "at", "level", "title", "text", "silent", "events"}
_PHOTO = {"photo", "photo_type"}
_EVENT = {
    "kind", "at", "level", "text", "printer_id", "printer", "group", "run", "key", "repeat", "ends",
    "facts",
}  # fmt: skip
_HEADERS = {
    "host", "user-agent", "accept", "accept-encoding", "connection", "content-length",
    "content-type", "x-farm-delivery", "x-farm-timestamp", "x-farm-signature",
}  # fmt: skip
MOST_PHOTO_BYTES = 200_000
SKEW_S = 300


@dataclass
class HookServer(StrictServer):
    secret: str = SECRET
    path: str = "/hooks/farm"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{self.path}"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """Of what was taken."""
        return [call.json for call in self.taken]

    def check(self, call: Call) -> Any:
        self.expect((call.method, call.path) == ("POST", self.path), "another route")
        self.expect(set(call.headers) <= _HEADERS, f"headers {set(call.headers) - _HEADERS}")
        self.expect(call.headers["content-type"] == "application/json", "no JSON")
        self._check_signature(call)
        body = call.json
        self.expect(body["id"] == call.headers["x-farm-delivery"], "the delivery is another")
        self.expect(set(body) - _PHOTO == _KEYS, f"keys {sorted(body)}")
        self.expect(body["level"] in ("now", "soon", "info"), "no level")
        self.expect("\n" not in body["title"], "a title of several lines")
        for event in body["events"]:
            self.expect(set(event) == _EVENT, f"an event's keys {sorted(event)}")
        if "photo" in body:
            self._check_photo(body)
        return {"ok": True}

    def _check_signature(self, call: Call) -> None:
        stamp = call.headers["x-farm-timestamp"]
        self.expect(abs(time.time() - int(stamp)) < SKEW_S, "a time of another day")
        signed = hmac.new(self.secret.encode(), stamp.encode() + b"." + call.body, hashlib.sha256)
        wanted = "sha256=" + signed.hexdigest()
        self.expect(call.headers.get("x-farm-signature") == wanted, "not signed by the farm")

    def _check_photo(self, body: dict[str, Any]) -> None:
        jpeg = base64.b64decode(body["photo"], validate=True)
        self.expect(len(jpeg) <= MOST_PHOTO_BYTES, "the picture is too large")
        self.expect(body["photo_type"] == "image/jpeg", "no type")
        with Image.open(BytesIO(jpeg)) as image:
            self.expect(image.format == "JPEG", "no JPEG")
            image.load()
