"""One virtual printer behind an HTTP server of its own: what OctoPrint, Moonraker and PrusaLink
share.

A make subclasses HttpHost: it adds its routes, says who is authorized and how its errors look. The
faults of http_knobs.py, the request log and the camera are done here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
from abc import abstractmethod
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any, ClassVar, cast

from aiohttp import web

from simulator.certificates import CertificateAuthority, server_context
from simulator.host import Endpoint, SimulatedHost
from simulator.http_camera import HttpCamera
from simulator.http_faults import JSON_TYPE, Faults, reset
from simulator.http_knobs import HttpKnobs
from simulator.http_log import remembered
from simulator.plain_machine import PlainPrinter
from simulator.quiet_port import listen
from simulator.specs import PrinterSpec
from simulator.web_sockets import WsSession

logger = logging.getLogger(__name__)

_MAX_REQUEST = 2_000_000_000  # bytes; uploads are streamed, the rest is small
_SHUTDOWN_S = 0.5


class HttpHost(SimulatedHost):
    """Binds a PlainPrinter to a port. Everything runs in the event loop's thread."""

    machine_class: ClassVar[type[PlainPrinter]] = PlainPrinter
    knobs_class: ClassVar[type[HttpKnobs]] = HttpKnobs
    json_type = f"{JSON_TYPE}; charset=utf-8"

    def __init__(
        self,
        spec: PrinterSpec,
        authority: CertificateAuthority,
        pool: Executor,
        *,
        address: str,
        time_scale: float,
    ) -> None:
        super().__init__(spec, address)
        self._machine = self.machine_class(spec, time_scale=time_scale, knobs=self.knobs_class())
        self._authority = authority
        self._identity = authority.identity(spec.serial, address) if spec.tls else None
        self._context = server_context(self._identity, tls13=True) if self._identity else None
        self.camera = HttpCamera(self._machine, pool)
        self.faults = Faults(self)
        self.sockets: set[WsSession] = set()
        self.port = 0
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._frozen: set[asyncio.BaseTransport] = set()

    # --- what a make decides ------------------------------------------------------------------

    @abstractmethod
    def routes(self, router: web.UrlDispatcher) -> None:
        """Add the paths of this server. Called at every opening."""

    @abstractmethod
    def authorized(self, request: web.Request) -> bool:
        """Whether the request may be answered; knob refuse_login is checked before."""

    @abstractmethod
    def refusal(self, request: web.Request) -> web.StreamResponse:
        """The answer to a request that is not authorized."""

    @abstractmethod
    def error(self, status: int, text: str = "") -> web.StreamResponse:
        """An error in this server's form: 404 and 405 of the router, 500 of a broken handler."""

    def send_due(self, _now: float) -> float:
        """Nothing is sent unasked. Makes with web sockets override this."""
        return math.inf

    # --- SimulatedHost ------------------------------------------------------------------------

    @property
    def machine(self) -> PlainPrinter:
        return self._machine

    @property
    def knobs(self) -> HttpKnobs:
        return self._machine.knobs

    @property
    def api_key(self) -> str:
        """The key the server demands now (knob api_key, else the spec's)."""
        return self.knobs.api_key or self.spec.api_key

    @property
    def url(self) -> str:
        """Without a trailing slash."""
        return f"{'https' if self.spec.tls else 'http'}://{self.address}:{self.port}"

    @property
    def online(self) -> bool:
        return self._server is not None

    @property
    def certificate_sha256(self) -> str:
        return self._identity.sha256 if self._identity else ""

    def endpoint(self) -> Endpoint:
        return Endpoint(
            kind=self.spec.kind,
            host=self.address,
            serial=self.serial,
            url=self.url,
            api_key=self.api_key,
            user=self.spec.user,
            password=self.spec.password,
            certificate_sha256=self.certificate_sha256,
            ca_file=str(self._authority.ca_file),
        )

    def clients(self) -> list[str]:
        return [socket.name for socket in self.sockets]

    async def open(self) -> None:
        if self._server is not None:
            return
        application = web.Application(middlewares=[self._gate], client_max_size=_MAX_REQUEST)
        self.routes(application.router)
        self._runner = web.AppRunner(
            application,
            handle_signals=False,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_S,
        )
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._server = await listen(
                self.address,
                self.port,
                lambda port: loop.create_server(
                    self._protocol, self.address, port, ssl=self._context
                ),
            )
        except OSError:
            await self._runner.cleanup()
            self._runner = None
            raise
        self.port = self._server.sockets[0].getsockname()[1]

    def _protocol(self) -> asyncio.Protocol:
        if self.knobs.refuse_connections or self._runner is None or self._runner.server is None:
            return _Refused()
        return cast(asyncio.Protocol, self._runner.server())

    async def close(self) -> None:
        if self._server is None or self._runner is None:
            return
        self._server.close()
        self._server = None
        self.drop_tcp()
        await asyncio.sleep(0)  # connection_lost cancels the handlers
        runner, self._runner = self._runner, None
        await runner.cleanup()

    def _transports(self) -> list[asyncio.Transport]:
        if self._runner is None or self._runner.server is None:
            return []
        found = (connection.transport for connection in self._runner.server.connections)
        return [transport for transport in found if transport is not None]

    def drop_tcp(self) -> None:
        for transport in self._transports():
            reset(transport)
        self._frozen.clear()

    def half_open(self) -> None:
        for transport in self._transports():
            if not transport.is_closing():
                transport.pause_reading()
                self._frozen.add(transport)

    def frozen(self, request: web.Request) -> bool:
        """Whether the connection of a request is half open: nothing may be written to it."""
        return request.transport in self._frozen

    def rotate_certificate(self) -> None:
        if self._context is None:
            return
        self._identity = self._authority.rotate(self.spec.serial, self.address)
        self._context.load_cert_chain(self._identity.certificate, self._identity.key)
        self.drop_tcp()

    def set_knobs(self, values: dict[str, Any]) -> None:
        super().set_knobs(values)
        if self.knobs.ws_off:
            for socket in list(self.sockets):
                socket.abort()

    # --- requests -----------------------------------------------------------------------------

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        entry = {"method": request.method, "path": request.path, "query": dict(request.query)}
        self.requests.append(entry)
        early = await self.faults.before(request)
        if early is None:
            early = await self._answered(request, handler, entry)
        return await self.faults.after(request, early)

    async def _answered(
        self, request: web.Request, handler: Any, entry: dict[str, Any]
    ) -> web.StreamResponse:
        try:
            if self.knobs.refuse_login or not self.authorized(request):
                entry["refused"] = True
                return self.refusal(request)
            await remembered(request, entry)
            return cast(web.StreamResponse, await handler(request))
        except web.HTTPException as refused:
            return self.error(refused.status, refused.text or "")
        except ConnectionError as lost:
            logger.debug("%s: connection ends: %r", self.spec.id, lost)
            raise
        except Exception:  # the barrier: a request must not end the printer
            logger.exception("%s: simulated server failed on a request", self.spec.id)
            return self.error(500)

    def reply(
        self, data: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> web.Response:
        """A JSON answer."""
        return web.Response(
            body=json.dumps(data).encode(),
            status=status,
            headers={"Content-Type": self.json_type, **(headers or {})},
        )

    async def web_socket(self, request: web.Request) -> WsSession:
        """Accept an upgrade. Raises HTTPNotFound with knob ws_off; then call its ``run``."""
        if self.knobs.ws_off:
            raise web.HTTPNotFound
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        session = WsSession(self, request, socket)
        self.sockets.add(session)
        return session


class _Refused(asyncio.Protocol):
    """Closes what it is given."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        reset(cast(asyncio.Transport, transport))
