"""One simulated Klipper printer on the wire: Moonraker's HTTP and web socket on one port."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from inspect import isawaitable
from typing import Any, ClassVar

from aiohttp import web

from simulator.http_faults import JSON_TYPE
from simulator.http_host import HttpHost
from simulator.moonraker import (
    endpoints_access,
    endpoints_files,
    endpoints_printer,
    endpoints_server,
)
from simulator.moonraker.accounts import OPEN_PATHS
from simulator.moonraker.calls import Call, Endpoint
from simulator.moonraker.connections import Connection
from simulator.moonraker.errors import ServerError
from simulator.moonraker.people import AttendedPrinter
from simulator.moonraker.rpc import Dispatcher
from simulator.moonraker.server import Moonraker
from simulator.moonraker.uploads import FileRoutes
from simulator.moonraker.wire_actions import MoonrakerActions
from simulator.web_sockets import WsSession

logger = logging.getLogger(__name__)

WEBSOCKET = "/websocket"
_USER = web.RequestKey("user", str)
_CAMERA = "/webcam/"
_GONE_S, _AWAY_S = 0.6, 0.3  # real seconds of a restart: port closed, Klippy not yet found
_ANSWER_S = 0.05
_ORDERS = ('"printer.print.', '"printer.gcode.script"')
"""Methods that change something, for the knob answer_lost."""


class MoonrakerHost(HttpHost):
    """Routes, errors and web sockets; what they do is in server.py and endpoints_*.py."""

    machine_class: ClassVar[type[AttendedPrinter]] = AttendedPrinter

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        printer = self.machine
        if not isinstance(printer, AttendedPrinter):
            raise TypeError("a Moonraker needs an AttendedPrinter")
        self.server = Moonraker(printer, lambda: self.api_key)
        restart = Endpoint("POST", "/server/restart", "server.restart", self._restart_asked)
        self._endpoints = (
            *endpoints_printer.ENDPOINTS,
            *endpoints_server.ENDPOINTS,
            *endpoints_access.ENDPOINTS,
            *endpoints_files.ENDPOINTS,
            restart,
        )
        self._dispatcher = Dispatcher(self.server, self._endpoints)
        self._files = FileRoutes(self)
        self._tasks: set[asyncio.Task[Any]] = set()

    # --- HttpHost ---------------------------------------------------------------------------

    def routes(self, router: web.UrlDispatcher) -> None:
        for one in self._endpoints:
            for verb in one.verbs.split():
                router.add_route(verb, one.path, self._handler(one))
        router.add_get(WEBSOCKET, self._serve_socket)
        self._files.add(router)
        self.camera.add(router, _CAMERA)

    async def open(self) -> None:
        await super().open()
        self.server.host_name = self.url

    async def close(self) -> None:
        await super().close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def authorized(self, request: web.Request) -> bool:
        open_path = request.path in OPEN_PATHS and "X-Api-Key" not in request.headers
        if open_path or request.path in (WEBSOCKET, _CAMERA):
            return True
        user = self.server.accounts.who(request.headers, request.query)
        if user is None:
            return False
        request[_USER] = user
        return True

    def refusal(self, _request: web.Request) -> web.StreamResponse:
        return self.error(401)

    def error(self, status: int, text: str = "") -> web.StreamResponse:
        return self.refused(ServerError(text, status, plain=True))

    def send_due(self, now: float) -> float:
        return self.server.send_due(now)

    def begin(self, now: float, phase: float) -> None:
        super().begin(now, phase)
        self.server.begin(now, phase)

    def wire_actions(self) -> MoonrakerActions:
        return MoonrakerActions(self)

    # --- answers ----------------------------------------------------------------------------

    def user_of(self, request: web.Request) -> str | None:
        """Who sent it."""
        return request.get(_USER)

    def answer(
        self, data: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> web.Response:
        """JSON as Tornado labels it."""
        kind = {"Content-Type": f"{JSON_TYPE}; charset=UTF-8"}
        body = json.dumps(data, separators=(",", ":")).encode()
        return web.Response(body=body, status=status, headers={**kind, **(headers or {})})

    def refused(self, error: ServerError) -> web.Response:
        """An error as JSON."""
        return self.answer(error.body(), error.status)

    def _handler(self, endpoint: Endpoint) -> Any:
        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                call = Call(await _arguments(request), self.user_of(request))
                result = endpoint.handler(self.server, call)
                if isawaitable(result):
                    result = await result
            except ServerError as refused:
                return self.refused(refused)
            return self.answer(result if endpoint.bare else {"result": result})

        return handle

    # --- the web socket -----------------------------------------------------------------------

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        session = await self.web_socket(request)
        user = self.server.accounts.who(request.headers, request.query)
        connection = self.server.connections.add(session.put, user)

        async def heard(text: str) -> None:
            self._spawn(self._reply(session, connection, text))
            await asyncio.sleep(0)  # quick ones answer in the order they came

        try:
            return await session.run(heard)
        finally:
            self.server.connections.remove(connection)

    async def _reply(self, session: WsSession, connection: Connection, text: str) -> None:
        answer = await self._dispatcher.handle(connection, text)
        if self.knobs.answer_lost and any(order in text for order in _ORDERS):
            session.abort()
        elif answer is not None:
            connection.put(answer)

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- a restart of the server ----------------------------------------------------------------

    def _restart_asked(self, _server: Moonraker, _call: Call) -> str:
        asyncio.get_running_loop().call_later(_ANSWER_S, self.restart_soon)
        return "ok"

    def restart_soon(self) -> None:
        """restart_server, not waited for."""
        self._restarting = asyncio.get_running_loop().create_task(self.restart_server())

    async def restart_server(self) -> None:
        """Moonraker's process ends and starts: sockets drop, Klippy and its job go on."""
        self.server.exit()
        await asyncio.sleep(0)
        await self.close()
        await asyncio.sleep(_GONE_S)
        await self.open()
        self.server.start_again(asyncio.get_running_loop().time(), _AWAY_S)


async def _arguments(request: web.Request) -> dict[str, Any]:
    """The query's, and those of a JSON object in the body."""
    found: dict[str, Any] = dict(request.query)
    content = await request.read() if request.content_type == JSON_TYPE else b""
    if content:
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            raise ServerError("Unable to decode JSON") from None
        if isinstance(body, dict):
            found.update(body)
    return found
