"""A strict Obico ml_api (alerts 3.2): it fetches the picture itself, and in a hurry."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from PIL import Image

from tests.alerts.servers.web import Call, StrictServer

TOKEN = "ml-api-token-canary"
CONNECT_S, READ_S = 0.1, 5.0


def boxes(*confidences: float) -> list[Any]:
    return [["failure", one, [320.5, 240.1, 60.0, 40.0]] for one in confidences]


@dataclass
class ObicoServer(StrictServer):
    token: str = TOKEN
    scores: deque[tuple[float, ...]] = field(default_factory=deque)
    """Confidences of the boxes of the next pictures; none when empty."""
    constant: tuple[float, ...] = ()
    pictures: list[bytes] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)  # the addresses
    at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def check(self, call: Call) -> Any:
        self.expect((call.method, call.path) == ("GET", "/p/"), f"{call.method} {call.path}")
        self.expect(set(call.query) == {"img"}, f"query {sorted(call.query)}")
        self.expect(call.headers.get("authorization") == f"Bearer {self.token}", "its token")
        self.expect("cookie" not in call.headers, "a cookie")
        self.at_once += 1
        self.expect(self.at_once == 1, "two pictures at a time")
        try:
            if call.answer.status == 200 and not call.answer.how:
                self._fetch(call.query["img"])
        finally:
            self.at_once -= 1
        found = self.scores.popleft() if self.scores else self.constant
        return {"detections": boxes(*found)}

    def _fetch(self, address: str) -> None:
        self.expect(urlsplit(address).path.startswith("/api/defect-picture/"), "its path")
        self.expect(address not in self.fetched, "an address is used twice")
        self.fetched.append(address)
        answer = requests.get(address, timeout=(CONNECT_S, READ_S), allow_redirects=False)
        answer.raise_for_status()
        self.expect(answer.headers["Content-Type"] == "image/jpeg", "its type")
        with Image.open(BytesIO(answer.content)) as picture:
            picture.load()
            self.expect(picture.width <= 1296, "too wide")
        self.pictures.append(answer.content)
