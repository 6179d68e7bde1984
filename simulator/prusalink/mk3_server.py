"""The paths of the server beside an MK3, with the answers measured on the real one (0.8.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from simulator.prusalink import mk3_commands
from simulator.prusalink import mk3_errors as e
from simulator.prusalink.mk3_uploads import Mk3FileHandlers

JSON = "application/json; charset=utf-8"
CAMERA = "simulated"


class Mk3Server(Mk3FileHandlers):
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
            "/api/connection": r.connection,
            "/api/settings": lambda: r.settings(self._host.api_key),
            "/api/files": r.legacy_files,
            "/api/v1/cameras": self._cameras,
            "/api/printer/sd": lambda: {"ready": True},
        }
        for path, make in plain.items():
            router.add_get(path, self._said(make))
        router.add_get("/api/v1/job", self._job)
        router.add_delete(r"/api/v1/job/{id:\d+}", self._stop)
        router.add_put(r"/api/v1/job/{id:\d+}/{command}", self._job_command)
        router.add_put("/api/v1/job/{id}/{command}", self._no_number)
        router.add_post("/api/job", self._legacy_command)
        self.file_routes(router)
        for what in ("printhead", "tool", "bed"):
            handler = getattr(mk3_commands, what)
            router.add_post(f"/api/printer/{what}", self._command(handler))
        router.add_get("/api/v1/cameras/snap", self._snap)
        router.add_get("/api/v1/cameras/{id}/snap", self._snap)

    def _said(self, make: Callable[[], Any]) -> Any:
        async def handler(_request: web.Request) -> web.StreamResponse:
            return self._host.reply(make())

        return handler

    # --- the job --------------------------------------------------------------------------------

    async def _job(self, _request: web.Request) -> web.StreamResponse:
        job = self._reply.job()
        return e.empty(204) if job is None else self._host.reply(job)

    def _check_job(self, request: web.Request) -> None:
        if int(request.match_info["id"]) != self._m.job_id or not self._m.job_id:
            raise e.Refusal(e.OTHER_JOB)

    async def _stop(self, request: web.Request) -> web.StreamResponse:
        self._check_job(request)
        self._do("stop", self._m.stop)
        return e.empty(204)

    async def _job_command(self, request: web.Request) -> web.StreamResponse:
        """pause and resume; other words are accepted and do nothing."""
        self._check_job(request)
        self._steer(request.match_info["command"])
        return e.empty(204)

    async def _no_number(self, request: web.Request) -> web.StreamResponse:
        return e.page(404, request)

    async def _legacy_command(self, request: web.Request) -> web.StreamResponse:
        """pause with an action, and cancel; "start" is accepted and does nothing."""
        body = await self._object(request)
        command = str(body.get("command", ""))
        if command == "cancel":
            self._do("stop", self._m.stop)
        elif command == "pause":
            self._steer(str(body.get("action", "pause")))
        return e.empty(204)

    def _steer(self, command: str) -> None:
        if command == "pause":
            if self._m.state != "PRINTING":
                raise e.Refusal(e.NOT_PRINTING)
            self._do("pause", self._m.pause)
        elif command == "resume":
            if self._m.state != "PAUSED":
                raise e.Refusal(e.NOT_PAUSED)
            self._do("resume", self._m.resume)

    # --- moving, heating, looking ---------------------------------------------------------------

    def _command(self, act: Callable[[Any, dict[str, Any]], None]) -> Any:
        async def handler(request: web.Request) -> web.StreamResponse:
            body = await self._object(request)
            self._do(str(body.get("command", "")), lambda: act(self._m, body))
            return e.empty(204, JSON)

        return handler

    async def _object(self, request: web.Request) -> dict[str, Any]:
        """The JSON object of the body. Raises HTTPBadRequest or Refusal."""
        try:
            body = await request.json()
        except ValueError as error:
            raise web.HTTPBadRequest from error
        if not isinstance(body, dict):
            raise e.Refusal(e.BROKEN)
        return body

    def _cameras(self) -> dict[str, Any]:
        if self._host.knobs.camera_off:
            return {"camera_list": []}
        camera = {
            "camera_id": CAMERA,
            "config": {
                "path": "/dev/video0",
                "name": "Simulated camera",
                "driver": "V4L2",
                "resolution": "1280x720",
            },
            "connected": True,
            "detected": False,
            "stored": True,
            "linked": False,
        }
        return {"camera_list": [camera]}

    async def _snap(self, request: web.Request) -> web.StreamResponse:
        wanted = request.match_info.get("id", CAMERA)
        if wanted != CAMERA:
            return self._host.reply({"message": f"Camera with id: {wanted} is not available"}, 404)
        if self._host.knobs.camera_off:
            return self._host.reply({"message": "Camera is not available"}, 404)
        return await self._host.camera.snapshot(request)
