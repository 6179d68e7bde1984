"""A bare HTTP client for the simulated print servers, and the comparison with recorded replies."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simulator.farm import Endpoint
from tests.waiting import wait_for

RECORDED = Path(__file__).parents[1] / "data" / "prusalink"


@dataclass(frozen=True)
class Answer:
    status: int
    type: str
    content: bytes
    headers: dict[str, str]

    @property
    def text(self) -> str:
        return self.content.decode()

    def json(self) -> Any:
        return json.loads(self.content)


class Client:
    """One request per connection; the key is sent unless told otherwise."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.host = urlsplit(endpoint.url).netloc

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        key: str | None = "",
        timeout: float = 5.0,
        **headers: str,
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["X-Api-Key"] = key or self.endpoint.api_key
        connection = http.client.HTTPConnection(self.host, timeout=timeout)
        try:
            connection.request(method, path, body, sent)
            with connection.getresponse() as got:
                content = got.read()
                return Answer(
                    got.status, got.headers.get("Content-Type", ""), content, dict(got.headers)
                )
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """A JSON reply; it must be 200."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer
        return answer.json()

    def post(self, path: str, body: Any = None) -> Answer:
        content = b"" if body is None else json.dumps(body).encode()
        return self.ask("POST", path, content, Content_Type="application/json")

    def put_file(self, path: str, content: bytes, **headers: str) -> Answer:
        return self.ask("PUT", path, content, Content_Type="text/x.gcode", **headers)

    @property
    def state(self) -> str:
        return str(self.get("/api/v1/status")["printer"]["state"])

    def wait_state(self, *states: str) -> None:
        wait_for(lambda: self.state in states, lambda: f"never {states}; now {self.state}")


def recorded(name: str) -> list[dict[str, Any]]:
    """Requests and replies of the real server (PrusaLink 0.8.1, MK3S)."""
    found = json.loads((RECORDED / f"recorded_{name}.json").read_text("utf-8"))
    assert isinstance(found, list) and found
    return found


def reply_to(name: str, request: str) -> Any:
    """The body that the real server gave."""
    return next(one["body"] for one in recorded(name) if one["request"] == request)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def differences(real: Any, ours: Any, at: str = "") -> list[str]:
    """Keys that are missing or too many, and types that differ; None equals None only."""
    if isinstance(real, dict) and isinstance(ours, dict):
        found = [f"{at}.{key}: missing" for key in sorted(set(real) - set(ours))]
        found += [f"{at}.{key}: not in the real reply" for key in sorted(set(ours) - set(real))]
        for key in sorted(set(real) & set(ours)):
            found += differences(real[key], ours[key], f"{at}.{key}")
        return found
    if isinstance(real, list) and isinstance(ours, list):
        return differences(real[0], ours[0], f"{at}[0]") if real and ours else []
    if _kind(real) != _kind(ours):
        return [f"{at}: {_kind(real)} became {_kind(ours)}"]
    return []
