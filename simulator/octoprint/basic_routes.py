"""The rest of a virtual OctoPrint's paths: version, login, settings, profiles, sockets."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulator.octoprint import documents
from simulator.octoprint.replies import Refusal, json_of, json_reply, nothing

if TYPE_CHECKING:
    from simulator.octoprint.host import OctoPrintHost

_PASSIVE = "Neither user and pass attributes nor passive flag present"


class BasicRoutes:
    """Handlers; added to a router by ``add``."""

    def __init__(self, host: OctoPrintHost) -> None:
        self._host = host

    def add(self, router: web.UrlDispatcher) -> None:
        """All paths of this file."""
        version = documents.VERSION
        fixed: dict[str, Any] = {
            "/api/version": {"api": "0.1", "server": version, "text": f"OctoPrint {version}"},
            "/api/server": {"safemode": None, "version": version},
            "/api/currentuser": documents.current_user(),
            "/api/timelapse": {"config": {"type": "off"}, "enabled": False, "files": []},
            "/api/system/commands": {"core": [], "custom": [], "plugin": []},
            "/api/slicing": {},
        }
        for path, reply in fixed.items():
            router.add_get(path, _constant(reply))
        router.add_post("/api/login", self.login)
        router.add_post("/api/logout", self.logout)
        router.add_get("/api/settings", self.settings)
        router.add_get("/api/printerprofiles", self.profiles)
        router.add_get("/api/printerprofiles/{id}", self.profile)
        router.add_get("/plugin/appkeys/probe", self.probe)
        router.add_get("/sockjs/info", self.info)
        router.add_get("/sockjs/websocket", self.raw)
        router.add_get("/sockjs/{server}/{session}/websocket", self.framed)
        self._host.camera.add(router)

    async def login(self, request: web.Request) -> web.Response:
        """POST /api/login: only the passive form, which makes a session of an API key."""
        data = await json_of(request)
        if not isinstance(data, dict) or "passive" not in data:
            raise Refusal(400, _PASSIVE)
        session = self._host.app.new_session()
        return json_reply(documents.login(self._host.api_key, session))

    async def logout(self, _request: web.Request) -> web.Response:
        """POST /api/logout."""
        return json_reply({"needs": {"group": ["guests"]}})

    async def settings(self, _request: web.Request) -> web.Response:
        """GET /api/settings, with the server's global key in clear, as the real one."""
        host = self._host
        where = "" if host.knobs.no_webcam else f"{host.url}/webcam/"
        if host.knobs.relative_webcam:
            where = "/webcam/"
        key = documents.global_key(host.api_key)
        return json_reply(documents.settings(host.spec.name, key, where))

    async def profiles(self, _request: web.Request) -> web.Response:
        """GET /api/printerprofiles."""
        return json_reply({"profiles": {"_default": self._profile()}})

    async def profile(self, request: web.Request) -> web.Response:
        """GET /api/printerprofiles/ID."""
        if request.match_info["id"] != "_default":
            raise Refusal(404)
        return json_reply(self._profile())

    def _profile(self) -> dict[str, Any]:
        return documents.profile(self._host.machine.model, self._host.base_url)

    async def probe(self, _request: web.Request) -> web.Response:
        """GET /plugin/appkeys/probe: the application key plugin is there."""
        return nothing()

    async def info(self, _request: web.Request) -> web.Response:
        """GET /sockjs/info."""
        entropy = random.getrandbits(62)
        origins = ["*:*"]
        return json_reply(
            {"websocket": True, "cookie_needed": False, "origins": origins, "entropy": entropy}
        )

    async def raw(self, request: web.Request) -> web.StreamResponse:
        """The web socket whose texts are the messages themselves."""
        return await self._socket(request, framed=False)

    async def framed(self, request: web.Request) -> web.StreamResponse:
        """The web socket whose texts are SockJS frames."""
        if not request.match_info["server"].isdigit():
            raise Refusal(404)
        return await self._socket(request, framed=True)

    async def _socket(self, request: web.Request, *, framed: bool) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(status=400, text='Can "Upgrade" only to "WebSocket".')
        origin = request.headers.get("Origin", "")
        if origin and origin != self._host.url:
            return web.Response(status=403, text="Cross origin websockets not allowed")
        socket = await self._host.web_socket(request)
        subscriber = self._host.push.add(socket, framed=framed)

        async def heard(text: str) -> None:
            self._host.push.heard(subscriber, text)

        try:
            return await socket.run(heard)
        finally:
            self._host.push.drop(subscriber)


def _constant(reply: Any) -> Any:
    async def handler(_request: web.Request) -> web.Response:
        return json_reply(reply)

    return handler
