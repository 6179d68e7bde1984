"""Hears all that a page says and is told, and finds in it what must not be there."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Page, Request, Response, WebSocket


class Eavesdropper:
    """Keeps texts of requests, answers and WebSocket frames; no pictures, no endless streams."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = list(secrets)
        self._heard: list[str] = []
        self._answers: list[Response] = []
        self._pages: list[Page] = []

    def listen(self, page: Page) -> None:
        """Before the page is opened."""
        self._pages.append(page)
        page.on("request", self._request)
        page.on("response", lambda response: self._heard.append(str(response.headers)))
        page.on("requestfinished", self._finished)  # one that the page broke off has no body
        page.on("websocket", self._web_socket)

    def _request(self, request: Request) -> None:
        sent = request.post_data_buffer or b""
        said = f"{request.url} {request.headers} {sent.decode('utf-8', 'replace')}"
        self._heard.append(said)

    def _finished(self, request: Request) -> None:
        response = request.response()
        if response is not None and response.headers.get("content-type", "").startswith(
            ("application/json", "text/")
        ):
            self._answers.append(response)

    def _web_socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._frame)
        socket.on("framesent", self._frame)

    def _frame(self, payload: bytes | str) -> None:
        text = payload if isinstance(payload, str) else payload.decode("utf-8", "replace")
        self._heard.append(text)

    def heard_nothing(self) -> None:
        """No secret in anything sent, received or shown. Call while the pages are still open."""
        shown = [page.content() for page in self._pages]
        kept = [*self._heard, *(answer.text() for answer in self._answers), *shown]
        assert len(self._heard) > 5 and self._answers and any("printers" in one for one in kept)
        for secret in self._secrets:
            found = [text for text in kept if secret in text]
            assert not found, f"{secret} was heard: {found[0][:400]}"
