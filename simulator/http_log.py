"""What a simulated print server remembers of a request, without its secrets."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

_MAX_BODY = 262_144
_TEXTS = ("application/json", "text/plain", "application/x-www-form-urlencoded")
_KEPT = ("Content-Type", "Print-After-Upload", "Overwrite", "Content-Length", "Upgrade")
_SECRET = frozenset({"password", "pass", "api_key", "apikey", "access_token", "token", "auth"})


async def remembered(request: web.Request, entry: dict[str, Any]) -> None:
    """Add headers and body to an entry of the log; uploads are left to their handlers."""
    entry["query"] = without_secrets(entry["query"])
    entry["headers"] = {k: request.headers[k] for k in _KEPT if k in request.headers}
    if not request.can_read_body:
        return
    file = request.method == "PUT" and request.content_type != "application/json"
    big = (request.content_length or 0) > _MAX_BODY
    if file or big or request.content_type not in _TEXTS:
        entry["body"] = {"bytes": request.content_length}
        return
    entry["body"] = body_of(await request.read())


def body_of(content: bytes | str) -> Any:
    """JSON as what it says, anything else as text."""
    try:
        return without_secrets(json.loads(content))
    except (ValueError, RecursionError):
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
        return text[:2000]


def without_secrets(value: Any) -> Any:
    """The same with passwords and keys replaced by ***."""
    if isinstance(value, dict):
        return {
            key: "***" if str(key).lower() in _SECRET else without_secrets(item)
            for key, item in value.items()
        }
    return [without_secrets(item) for item in value] if isinstance(value, list) else value
