"""Any OpenAI-compatible chat API with vision: OpenRouter, OpenAI, or a server of one's own.

The package's own time-outs (600 s) and retries (2) are wrong for us: the next picture is the
retry (alerts 3.1).
"""

from __future__ import annotations

import base64
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from alerts.defects.providers.answers import PROMPT, QUESTION, SCHEMA, read_answer
from alerts.defects.verdict import Trouble, Verdict
from core import jsonio
from core.alert_config import DefectConfig

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI

_MOST_TOKENS = 2000
"""Of an answer: models that think aloud need more than the 60 tokens of the JSON."""
_MOST_BYTES = 1_000_000
_STOPPING = {
    401: ("key", "The provider refuses the key (401)"),
    402: ("credit", "The provider has no credit left (402)"),
    403: ("key", "The provider refuses the key (403)"),
    404: ("model", "The provider does not know this model or address (404)"),
}


class OpenAiVision:
    """Thread-safe. The package is loaded with the first question (0.8 s, 50 MB)."""

    at_once = 4
    paid = True

    def __init__(self, config: DefectConfig) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._client: OpenAI | None = None
        self._closed = self._bare = False
        self.name = config.model

    def ask(self, jpeg: bytes) -> Verdict:
        """A server that refuses the question gets it once more without schema and limits: some
        know none, some models have other names for them."""
        try:
            return self._ask(jpeg)
        except Trouble as trouble:
            if self._bare or trouble.code != "refused":
                raise
        self._bare = True
        try:
            return self._ask(jpeg)
        except Trouble as trouble:
            self._bare = trouble.code != "refused"  # that was not it
            raise

    def _ask(self, jpeg: bytes) -> Verdict:
        import httpx2
        import openai

        try:
            return _verdict(self._answer(jpeg))
        except openai.APIStatusError as error:
            raise _status_trouble(error) from None
        except (openai.APITimeoutError, httpx2.TimeoutException, TimeoutError):
            waited = f"{self._config.timeout_s:g}"
            raise Trouble("timeout", f"The provider did not answer within {waited} s") from None
        except (openai.APIConnectionError, httpx2.HTTPError):
            raise Trouble("unreachable", "The provider cannot be reached") from None
        except openai.OpenAIError:
            raise Trouble("refused", "The provider's answer cannot be used") from None

    def _answer(self, jpeg: bytes) -> Any:
        """The JSON of a 200, read by ourselves: the package waits for ever for one that trickles
        in, and of any size. Raises its errors, TimeoutError, Trouble."""
        end = time.monotonic() + self._config.timeout_s
        body = bytearray()
        asked = self._opened().chat.completions.with_streaming_response
        with asked.create(**self._question(jpeg)) as answer:
            for part in answer.iter_bytes():  # as it comes: a size would be waited for
                body += part
                if len(body) > _MOST_BYTES:
                    raise _nonsense()
                if time.monotonic() > end:
                    raise TimeoutError
        try:
            return jsonio.loads(body)
        except jsonio.JSONDecodeError:
            raise _nonsense() from None

    def _question(self, jpeg: bytes) -> dict[str, Any]:
        data = base64.b64encode(jpeg).decode()
        picture = {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{data}"}}
        bare = {
            "model": self._config.model,
            "messages": [
                {"role": "system", "content": PROMPT},
                {"role": "user", "content": [{"type": "text", "text": QUESTION}, picture]},
            ],
        }
        if self._bare:
            return bare
        schema = {"name": "verdict", "strict": True, "schema": SCHEMA}
        form = {"type": "json_schema", "json_schema": schema}
        return {**bare, "response_format": form, "temperature": 0, "max_tokens": _MOST_TOKENS}

    def _opened(self) -> OpenAI:
        import openai

        with self._lock:
            if self._closed:
                raise Trouble("unreachable", "The farm is being stopped")
            if self._client is None:
                for name in ("httpx2", "httpcore2", "httpx", "httpcore", "openai"):
                    logging.getLogger(name).setLevel(logging.WARNING)  # a line per question
                self._client = openai.OpenAI(
                    api_key=self._config.api_key.reveal() or "none",
                    base_url=self._config.base_url,
                    timeout=self._config.timeout_s,
                    max_retries=0,
                    default_headers={"X-Title": "Print farm"},
                )
            return self._client

    def abandon(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def close(self) -> None:
        self._closed = True
        self.abandon()


def _verdict(answer: Any) -> Verdict:
    """Of a 200. Some gateways say 200 with an error inside, and then there are no choices."""
    if not isinstance(answer, dict):
        raise _nonsense()
    usage = answer.get("usage")
    usd = _cost(usage.get("cost")) if isinstance(usage, dict) else None
    match answer.get("choices"):
        case [{"message": {"content": content}}, *_]:
            return read_answer(content, usd)
        case [_, *_]:
            return read_answer(None, usd)
    if answer.get("error") is not None:
        raise _inner_trouble(answer["error"], usd)
    raise _nonsense(usd)


def _inner_trouble(inner: object, usd: float | None) -> Trouble:
    code = inner.get("code") if isinstance(inner, dict) else None
    stopping = _STOPPING.get(code) if isinstance(code, int) else None
    if stopping:
        return Trouble(*stopping, stops=True, usd=usd)
    return Trouble("server_error", "The provider answers with an error of its own", usd=usd)


def _nonsense(usd: float | None = None) -> Trouble:
    return Trouble("server_error", "What answers there is no chat API", usd=usd)


def _status_trouble(error: APIStatusError) -> Trouble:
    status = error.status_code
    if status in _STOPPING:
        return Trouble(*_STOPPING[status], stops=True)
    if status == 429:
        after = _retry_after(error.response.headers.get("retry-after", ""))
        return Trouble("busy", "The provider asks for patience (429)", retry_after_s=after)
    if status >= 500:
        return Trouble("server_error", f"The provider fails ({status})")
    return Trouble("refused", f"The provider refuses the question ({status})")


def _retry_after(text: str) -> float | None:
    return min(float(text), 86_400.0) if text.isascii() and text.isdigit() else None


def _cost(cost: object) -> float | None:
    """OpenRouter's usage.cost, US dollars (alerts 3.1)."""
    if isinstance(cost, bool) or not isinstance(cost, (int, float)):
        return None
    return float(cost) if 0 <= cost < 1000 else None
