"""What /api/printer of a virtual OctoPrint shows: state, temperatures, the last error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulator.octoprint.replies import NO_CHAMBER, NOT_OPERATIONAL, Refusal, json_reply, said

if TYPE_CHECKING:
    from simulator.octoprint.host import OctoPrintHost


class ReadingRoutes:
    """Handlers; added to a router by ``add``."""

    def __init__(self, host: OctoPrintHost) -> None:
        self._host = host
        self._app = host.app

    def add(self, router: web.UrlDispatcher) -> None:
        """All paths of this file."""
        router.add_get("/api/printer", self.show)
        router.add_get("/api/printer/error", self.error)
        router.add_get("/api/printer/sd", self.card)
        router.add_get("/api/printer/command/custom", self.custom)
        router.add_get("/api/printer/{heater:tool|bed|chamber}", self.heater)

    def _operational(self) -> None:
        if not self._app.core.state.operational:
            raise Refusal(409, NOT_OPERATIONAL)

    async def show(self, request: web.Request) -> web.Response:
        """GET /api/printer: 409 unless operational."""
        self._operational()
        app = self._app
        hidden = request.query.get("exclude", "").split(",")
        reply: dict[str, Any] = {}
        if "temperature" not in hidden:
            reply["temperature"] = self._temperatures(request, app.core.temperatures.names)
        if "sd" not in hidden:
            reply["sd"] = {"ready": self._card_ready}
        if "state" not in hidden:
            reply["state"] = app.state_json()
        return json_reply(reply)

    async def heater(self, request: web.Request) -> web.Response:
        """GET /api/printer/tool, bed, chamber."""
        self._operational()
        wanted = request.match_info["heater"]
        if wanted == "chamber" and not self._app.core.temperatures.chamber:
            raise Refusal(409, NO_CHAMBER)
        names = [n for n in self._app.core.temperatures.names if n.startswith(wanted)]
        reply = self._temperatures(request, names)
        for row in reply.get("history", ()):
            del row["time"]  # only GET /api/printer tells the time (measured)
        return json_reply(reply)

    def _temperatures(self, request: web.Request, names: list[str]) -> dict[str, Any]:
        core = self._app.core
        now = core.temperatures.now(core.offsets)
        reply: dict[str, Any] = {name: now[name] for name in names}
        if said(request.query.get("history")):
            limit = request.query.get("limit", "")
            rows = core.temperatures.history(int(limit) if limit.isdigit() else 300)
            kept = {"time", *names}
            reply["history"] = [{k: v for k, v in row.items() if k in kept} for row in rows]
        return reply

    async def error(self, _request: web.Request) -> web.Response:
        """GET /api/printer/error."""
        return json_reply(self._app.core.error_details)

    async def custom(self, _request: web.Request) -> web.Response:
        """GET /api/printer/command/custom."""
        return json_reply({"controls": []})

    @property
    def _card_ready(self) -> bool:
        return self._app.core.state.operational and not self._host.knobs.sd_missing

    async def card(self, _request: web.Request) -> web.Response:
        """GET /api/printer/sd: 200 in every state."""
        return json_reply({"ready": self._card_ready})
