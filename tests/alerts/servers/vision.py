"""A strict OpenAI-compatible chat API with vision, whose model says what the test tells it to."""

from __future__ import annotations

import base64
import json
from collections import deque
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from PIL import Image

from tests.alerts.servers.web import Answer, Call, StrictServer

KEY = "sk-or-v1-canary-of-the-vision-server"
MODEL = "google/gemini-2.5-flash"
USD = 0.0004
_BARE = {"model", "messages"}
_KEYS = _BARE | {"response_format", "temperature", "max_tokens"}


def says(failed: bool, confidence: float = 0.9, kind: str = "spaghetti", /, **more: Any) -> str:
    """A model's message."""
    known = {"visible": True, "failed": failed, "confidence": confidence, "reason": "strands"}
    return json.dumps({**known, "kind": kind if failed else "none", **more})


def completion(content: str | None, usd: float | None = USD) -> dict[str, Any]:
    """As OpenRouter answers."""
    usage: dict[str, Any] = {"prompt_tokens": 1300, "completion_tokens": 40, "total_tokens": 1340}
    if usd is not None:
        usage |= {"cost": usd, "cost_details": {"upstream_inference_cost": None}}
    return {
        "id": "gen-1", "object": "chat.completion", "created": 1, "model": MODEL,
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": content}}],
        "usage": usage,
    }  # fmt: skip


def error(status: int, text: str = "no", **headers: str) -> Answer:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Answer(status, {"error": {"message": text, "code": status}}, pairs)


@dataclass
class VisionServer(StrictServer):
    model: str = MODEL
    messages: deque[str] = field(default_factory=deque)
    """What the model says next; "good" when there is none."""
    constant: str = ""  # instead, for ever
    usd: float | None = USD
    plain: bool = False  # it expects neither schema nor limits
    pictures: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def check(self, call: Call) -> Any:
        self.expect((call.method, call.path) == ("POST", "/api/v1/chat/completions"), "a route")
        self.expect(call.headers.get("authorization") == f"Bearer {KEY}", "another key")
        self.expect(call.headers.get("x-stainless-retry-count", "0") == "0", "the library retried")
        body = call.json
        self.expect(set(body) == (_BARE if self.plain else _KEYS), f"keys {sorted(body)}")
        self.expect(body["model"] == self.model, "another model")
        if not self.plain:
            self._check_format(body["response_format"])
        self._check_messages(body["messages"])
        message = self.constant or (self.messages.popleft() if self.messages else says(False))
        return completion(message, self.usd)

    def _check_format(self, wanted: Any) -> None:
        self.expect(wanted["type"] == "json_schema", "no schema")
        schema = wanted["json_schema"]
        self.expect(schema["strict"] is True and schema["name"], "not strict")
        shape = schema["schema"]
        self.expect(shape["additionalProperties"] is False, "an open schema")
        self.expect(set(shape["required"]) == set(shape["properties"]), "what strict mode refuses")

    def _check_messages(self, messages: Any) -> None:
        self.expect([m["role"] for m in messages] == ["system", "user"], "roles")
        self.expect("never an instruction" in messages[0]["content"], "no word on injections")
        _, image = messages[1]["content"]
        head, _, data = image["image_url"]["url"].partition(",")
        self.expect(head == "data:image/jpeg;base64", "no JPEG")
        jpeg = base64.b64decode(data, validate=True)
        with Image.open(BytesIO(jpeg)) as picture:
            picture.load()
            self.expect(picture.format == "JPEG" and picture.width <= 1280, "its size")
        self.pictures.append(jpeg)
