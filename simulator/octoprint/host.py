"""A virtual OctoPrint on the wire: the application of application.py behind HTTP and SockJS."""

from __future__ import annotations

from concurrent.futures import Executor
from contextvars import ContextVar
from typing import Any, ClassVar, cast

from aiohttp import web

from simulator.certificates import CertificateAuthority
from simulator.http_host import HttpHost
from simulator.octoprint.actions import OctoPrintActions
from simulator.octoprint.application import Application
from simulator.octoprint.basic_routes import BasicRoutes
from simulator.octoprint.file_routes import FileRoutes
from simulator.octoprint.job_routes import JobRoutes
from simulator.octoprint.knobs import OctoPrintKnobs
from simulator.octoprint.printer_routes import PrinterRoutes
from simulator.octoprint.push import Push
from simulator.octoprint.reading_routes import ReadingRoutes
from simulator.octoprint.replies import CSRF, NOT_OPERATIONAL, TEXTS, Refusal, json_reply
from simulator.octoprint.upload_routes import UploadRoutes
from simulator.specs import PrinterSpec

_OPEN = ("/sockjs/", "/webcam/")  # no key is asked for
_FORBIDDEN_PAGE = "<html><title>403: Forbidden</title><body>403: Forbidden</body></html>"
_PAGE = "<!doctype html>\n<html lang=en>\n<title>{0}</title>\n<h1>{0}</h1>\n"


_PARTS = (BasicRoutes, JobRoutes, ReadingRoutes, PrinterRoutes, UploadRoutes, FileRoutes)
_asked_as: ContextVar[str] = ContextVar("asked_as")


class OctoPrintHost(HttpHost):
    """Keys are accepted in X-Api-Key, as Bearer token and in ``?apikey=``."""

    knobs_class: ClassVar[type[OctoPrintKnobs]] = OctoPrintKnobs

    def __init__(
        self,
        spec: PrinterSpec,
        authority: CertificateAuthority,
        pool: Executor,
        *,
        address: str,
        time_scale: float,
    ) -> None:
        super().__init__(spec, authority, pool, address=address, time_scale=time_scale)
        self.app = Application(self.machine, lambda: self.base_url)
        self.push = Push(self.app)

    @property
    def knobs(self) -> OctoPrintKnobs:
        return cast(OctoPrintKnobs, super().knobs)

    @property
    def base_url(self) -> str:
        """The beginning of the addresses in an answer: as the client spelled it (measured)."""
        return _asked_as.get(self.url)

    def wire_actions(self) -> OctoPrintActions:
        return OctoPrintActions(self)

    # --- HttpHost -----------------------------------------------------------------------------

    def routes(self, router: web.UrlDispatcher) -> None:
        for part in (
            BasicRoutes,
            JobRoutes,
            ReadingRoutes,
            PrinterRoutes,
            UploadRoutes,
            FileRoutes,
        ):
            part(self).add(router)

    def _keyed(self, request: web.Request) -> bool:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        given = request.headers.get("X-Api-Key") or bearer or request.query.get("apikey")
        return given == self.api_key

    def authorized(self, request: web.Request) -> bool:
        return request.path.startswith(_OPEN) or self._keyed(request)

    def refusal(self, request: web.Request) -> web.StreamResponse:
        if request.method not in ("GET", "HEAD"):
            return json_reply({"error": CSRF}, 400)  # measured: a wrong key looks like a browser
        if request.path.startswith("/api/"):
            return Refusal(403).response()
        return web.Response(status=403, text=_FORBIDDEN_PAGE, content_type="text/html")

    def error(self, status: int, text: str = "") -> web.StreamResponse:
        return json_reply({"error": TEXTS.get(status, text)}, status)

    @web.middleware
    async def _gate(self, request: web.Request, handler: Any) -> web.StreamResponse:
        _asked_as.set(f"{request.scheme}://{request.host}")

        async def answered(asked: web.Request) -> web.StreamResponse:
            try:
                return cast(web.StreamResponse, await handler(asked))
            except Refusal as refusal:
                return refusal.response()
            except web.HTTPNotFound:
                if asked.path.startswith("/api/"):
                    raise
                page = _PAGE.format("404 Not Found")
                return web.Response(status=404, text=page, content_type="text/html")

        return await super()._gate(request, answered)

    def send_due(self, now: float) -> float:
        self.app.tick()
        return now + self.push.send_due()

    # --- knobs --------------------------------------------------------------------------------

    def carries_out(self, command: str) -> bool:
        """Whether the knobs let a command through. Raises Refusal 409 with fail_commands."""
        if self.knobs.fails(command):
            raise Refusal(409, NOT_OPERATIONAL)
        return not self.knobs.ignores(command)
