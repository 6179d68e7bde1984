"""How a virtual OctoPrint refuses: texts and forms are the real server's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

FORBIDDEN = (
    "You don't have the permission to access the requested resource. "
    "It is either read-protected or not readable by the server."
)
NOT_FOUND = (
    "The requested URL was not found on the server. "
    "If you entered the URL manually please check your spelling and try again."
)
NOT_ALLOWED = "The method is not allowed for the requested URL."
BROKEN = (
    "The server encountered an internal error and was unable to complete your request. "
    "Either the server is overloaded or there is an error in the application."
)
BAD_JSON = "The browser (or proxy) sent a request that this server could not understand."
NO_JSON = (
    "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."
)
CSRF = "CSRF validation failed"
NOT_OPERATIONAL = "Printer is not operational"
NO_CHAMBER = "Printer does not have a heated chamber"
_TRUE = ("true", "yes", "y", "1", "on")
TEXTS = {403: FORBIDDEN, 404: NOT_FOUND, 405: NOT_ALLOWED, 500: BROKEN, 400: BAD_JSON}


class Refusal(Exception):
    """An answer other than success; ``html`` as plain text in an HTML body."""

    def __init__(self, status: int, text: str = "", *, html: bool = False) -> None:
        super().__init__(text)
        self.status = status
        self.text = text or TEXTS.get(status, "")
        self.html = html

    def response(self) -> web.Response:
        """The answer."""
        if self.html:
            return web.Response(status=self.status, text=self.text, content_type="text/html")
        return json_reply({"error": self.text}, self.status)


def json_reply(
    data: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer."""
    body = json.dumps(data, sort_keys=True).encode() + b"\n"
    return web.Response(
        body=body, status=status, headers={"Content-Type": "application/json", **(headers or {})}
    )


def nothing() -> web.Response:
    """204."""
    return web.Response(status=204, headers={"Content-Type": "text/plain"})


async def command_of(
    request: web.Request, known: Mapping[str, tuple[str, ...]]
) -> tuple[str, dict[str, Any]]:
    """The command and its fields. ``known`` names the mandatory fields of every command.

    Raises Refusal 415, or 400.
    """
    data = await json_of(request)
    command = data.get("command") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(command, str) or command not in known:
        raise Refusal(400, "command is invalid")
    if any(field not in data for field in known[command]):
        raise Refusal(400, "Mandatory parameters missing")
    return command, data


async def json_of(request: web.Request) -> Any:
    """The body. Raises Refusal 415, or 400."""
    if "application/json" not in request.content_type:
        raise Refusal(415, NO_JSON)
    try:
        return json.loads(await request.read())
    except (ValueError, RecursionError) as error:
        raise Refusal(400, BAD_JSON) from error


def number(value: Any, text: str) -> float:
    """A number of a request. Raises Refusal 400."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Refusal(400, text)
    return value


def said(value: Any) -> bool:
    """Whether a field of a form, a query or JSON means yes."""
    return str(value).lower() in _TRUE
