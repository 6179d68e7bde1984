"""JSON-RPC 2.0 on the web socket, with Moonraker's codes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from inspect import isawaitable
from typing import Any

from simulator.moonraker.accounts import OPEN_METHODS
from simulator.moonraker.calls import Call, Endpoint
from simulator.moonraker.connections import Connection, compact
from simulator.moonraker.errors import ServerError
from simulator.moonraker.server import Moonraker

logger = logging.getLogger(__name__)

_IDENTIFY = "server.connection.identify"


def _error(code: int, message: str, number: Any = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": number}


class Dispatcher:
    """Finds and runs the method of a request."""

    def __init__(self, server: Moonraker, endpoints: Iterable[Endpoint]) -> None:
        self._server = server
        self._methods = {one.method: one for one in endpoints if one.method}

    async def handle(self, connection: Connection, text: str) -> str | None:
        """The answer to a text of a client; None for notifications."""
        try:
            request = json.loads(text)
        except (ValueError, RecursionError):
            return compact(_error(-32700, "Parse error"))
        if isinstance(request, list):
            if not request:
                return compact(_error(-32600, "Invalid Request"))
            answers = [await self._one(connection, one) for one in request]
            return compact([one for one in answers if one is not None])
        answer = await self._one(connection, request)
        return None if answer is None else compact(answer)

    async def _one(self, connection: Connection, request: Any) -> dict[str, Any] | None:
        if not isinstance(request, dict):
            return _error(-32600, "Invalid Request")
        number = request.get("id")
        if request.get("jsonrpc") != "2.0" or not isinstance(request.get("method"), str):
            return _error(-32600, "Invalid Request", number)
        params = request.get("params", {})
        if not isinstance(params, dict):
            return _error(-32602, "Invalid params:", number)
        try:
            result = await self._run(connection, request["method"], params)
        except ServerError as refused:
            return _error(refused.rpc_code, refused.message, number)
        except Exception:  # the barrier: a broken handler must not end the connection
            logger.exception("%s: simulated method failed", request["method"])
            return _error(500, "Internal Server Error", number)
        return {"jsonrpc": "2.0", "result": result, "id": number} if "id" in request else None

    async def _run(self, connection: Connection, method: str, params: dict[str, Any]) -> Any:
        endpoint = self._methods.get(method)
        if endpoint is None:
            raise ServerError("Method not found", 404)
        if connection.user is None and method not in OPEN_METHODS and method != _IDENTIFY:
            raise ServerError("Unauthorized", 401)
        result = endpoint.handler(self._server, Call(params, connection.user, connection))
        return await result if isawaitable(result) else result
