"""PrusaLink's HTTP host: which of the two servers it plays, and who gets in."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, cast

from aiohttp import web

from simulator.http_host import HttpHost
from simulator.http_knobs import HttpKnobs
from simulator.plain_machine import PlainPrinter
from simulator.prusalink import mk3_errors as e
from simulator.prusalink.auth import Digest
from simulator.prusalink.firmware_files import status_text
from simulator.prusalink.firmware_server import FirmwareServer
from simulator.prusalink.knobs import PrusaLinkKnobs
from simulator.prusalink.mk3_server import Mk3Server
from simulator.prusalink.printer import PrusaMachine


class _Server(Protocol):
    def routes(self, router: web.UrlDispatcher) -> None: ...


class PrusaLinkHost(HttpHost):
    """``spec.flavour`` "mk3" or "firmware"."""

    machine_class: ClassVar[type[PlainPrinter]] = PrusaMachine
    knobs_class: ClassVar[type[HttpKnobs]] = PrusaLinkKnobs

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._opened_at = -1e9
        mk3 = self.machine.is_mk3
        if not mk3:
            self.json_type = "application/json"
        self._digest = Digest(
            user=self.spec.user,
            password=self.spec.password,
            realm="Administrator" if mk3 else "Printer API",
            session=mk3,
        )
        self._server_of_flavour: _Server = Mk3Server(self) if mk3 else FirmwareServer(self)

    @property
    def machine(self) -> PrusaMachine:
        return cast(PrusaMachine, self._machine)

    @property
    def knobs(self) -> PrusaLinkKnobs:
        return self.machine.knobs

    async def open(self) -> None:
        self._opened_at = self.machine.uptime
        await super().open()

    def routes(self, router: web.UrlDispatcher) -> None:
        self._server_of_flavour.routes(router)

    def authorized(self, request: web.Request) -> bool:
        key = request.headers.get("X-Api-Key")
        if key is not None:
            return key == self.api_key
        return self._digest.accepts(request, self.knobs.nonce_uses)

    def refusal(self, request: web.Request) -> web.StreamResponse:
        if not self.machine.is_mk3:
            answer = status_text(401)
        elif "X-Api-Key" in request.headers:
            return web.Response(
                status=403, body=b"Bad X-Api-Key.", headers={"Content-Type": e.HTML}
            )
        else:
            answer = e.page(401, request)
        answer.headers["WWW-Authenticate"] = self._digest.challenge(
            stale="Authorization" in request.headers
        )
        return answer

    async def _answered(
        self, request: web.Request, handler: Any, entry: dict[str, Any]
    ) -> web.StreamResponse:
        starting = self.machine.uptime - self._opened_at < self.knobs.starting_s
        if starting and self.machine.is_mk3:
            return e.STARTING.response(request)

        async def refusing(asked: web.Request) -> web.StreamResponse:
            try:
                return cast(web.StreamResponse, await handler(asked))
            except e.Refusal as refusal:
                return refusal.answer.response(asked)
            except web.HTTPNotFound:
                if self.machine.is_mk3:
                    return e.NOT_FOUND.response(asked)
                raise

        answer = await super()._answered(request, refusing, entry)
        if self.machine.is_mk3 and not answer.prepared:
            answer.force_close()  # the real one speaks HTTP/1.0
        return answer

    def error(self, status: int, _text: str = "") -> web.StreamResponse:
        return e.page(status) if self.machine.is_mk3 else status_text(status)
