"""The paths of PrusaLink in the printers' own firmware (public specification and sources)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from simulator.prusalink.firmware_files import FirmwareFileHandlers, status_text


class FirmwareServer(FirmwareFileHandlers):
    """Handlers by path."""

    def routes(self, router: web.UrlDispatcher) -> None:
        """Add all paths."""
        r = self._reply
        plain: dict[str, Callable[[], Any]] = {
            "/api/version": r.version,
            "/api/v1/info": r.info,
            "/api/v1/status": lambda: r.status(self._transfers.present),
            "/api/v1/storage": r.storage,
            "/api/printer": r.legacy_printer,
            "/api/job": r.legacy_job,
        }
        for path, make in plain.items():
            router.add_get(path, self._said(make))
        router.add_get("/api/v1/job", self._job)
        router.add_post("/api/job", self._legacy_command)
        router.add_delete("/api/v1/job/{id}", self._stop)
        router.add_put("/api/v1/job/{id}/{command}", self._job_command)
        self.file_routes(router)

    def _said(self, make: Callable[[], Any]) -> Any:
        async def handler(_request: web.Request) -> web.StreamResponse:
            return self._host.reply(make())

        return handler

    # --- the job --------------------------------------------------------------------------------

    async def _job(self, _request: web.Request) -> web.StreamResponse:
        job = self._reply.job()
        return status_text(204) if job is None else self._host.reply(job)

    def _other_job(self, request: web.Request) -> web.Response | None:
        number = request.match_info["id"]
        if not number.isdigit():
            return status_text(400)
        return None if int(number) == self._m.job_id else status_text(404)

    async def _stop(self, request: web.Request) -> web.StreamResponse:
        return self._other_job(request) or self._do("stop", self._m.run is not None, self._m.stop)

    async def _job_command(self, request: web.Request) -> web.StreamResponse:
        """The firmware has no "continue"."""
        command = request.match_info["command"]
        wrong = self._other_job(request)
        if wrong is not None:
            return wrong
        if command == "pause":
            return self._do("pause", self._m.state == "PRINTING", self._m.pause)
        if command == "resume":
            return self._do("resume", self._m.state == "PAUSED", self._m.resume)
        return status_text(400)

    async def _legacy_command(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.json()
        except ValueError:
            return status_text(400, "Couldn't parse JSON")
        wanted = (body.get("command"), body.get("action")) if isinstance(body, dict) else None
        match wanted:
            case ("cancel", _):
                return self._do("stop", self._m.run is not None, self._m.stop)
            case ("pause", "pause"):
                return self._do("pause", self._m.state == "PRINTING", self._m.pause)
            case ("pause", "resume"):
                return self._do("resume", self._m.state == "PAUSED", self._m.resume)
        return status_text(400)
