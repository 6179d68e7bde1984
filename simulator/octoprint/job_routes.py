"""/api/job and /api/connection of a virtual OctoPrint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from simulator.octoprint.link import BAUDRATE, BAUDRATES, PORT
from simulator.octoprint.replies import (
    NOT_OPERATIONAL,
    Refusal,
    command_of,
    json_reply,
    nothing,
)
from simulator.octoprint.states import State

if TYPE_CHECKING:
    from simulator.octoprint.host import OctoPrintHost

_JOB = {"start": (), "restart": (), "pause": (), "cancel": ()}
_CONNECTION = {"connect": (), "disconnect": (), "fake_ack": ()}
_ACTIVE = "Printer already has an active print job, did you mean 'restart'?"
_NOT_PAUSED = "Printer does not have an active print job or is not paused"
_IDLE = "Printer is neither printing nor paused, '{}' command cannot be performed"


class JobRoutes:
    """Handlers; added to a router by ``add``."""

    def __init__(self, host: OctoPrintHost) -> None:
        self._host = host
        self._app = host.app

    def add(self, router: web.UrlDispatcher) -> None:
        """All paths of this file."""
        router.add_get("/api/job", self.show)
        router.add_post("/api/job", self.command)
        router.add_get("/api/connection", self.connection)
        router.add_post("/api/connection", self.change_connection)

    async def show(self, _request: web.Request) -> web.Response:
        """GET /api/job: 200 in every state."""
        app = self._app
        reply = {
            "job": app.job_json(),
            "progress": app.printing.progress(),
            "state": app.core.state_text,
        }
        if app.core.error:
            reply["error"] = app.core.error
        return json_reply(reply)

    async def command(self, request: web.Request) -> web.Response:
        """POST /api/job: 204, or 409."""
        command, data = await command_of(request, _JOB)
        if not self._app.core.state.operational:
            raise Refusal(409, NOT_OPERATIONAL)
        getattr(self, f"_{command}")(data)
        return nothing()

    def _start(self, _data: dict[str, Any]) -> None:
        if self._app.core.state.active:
            raise Refusal(409, _ACTIVE)
        if self._host.carries_out("start"):
            self._app.printing.start()

    def _restart(self, _data: dict[str, Any]) -> None:
        if self._app.core.state is not State.PAUSED:
            raise Refusal(409, _NOT_PAUSED)
        if self._host.carries_out("restart"):
            self._app.printing.restart()

    def _pause(self, data: dict[str, Any]) -> None:
        if not self._app.core.state.active:
            raise Refusal(409, _IDLE.format("pause"))
        action = data.get("action", "toggle")
        if action not in ("pause", "resume", "toggle"):
            raise Refusal(400, "Unknown action")
        paused = self._app.core.state is State.PAUSED
        if action == "toggle":
            action = "resume" if paused else "pause"
        if action == "resume" and paused and self._host.carries_out("resume"):
            self._app.printing.resume()
        elif action == "pause" and not paused and self._host.carries_out("pause"):
            self._app.printing.pause()

    def _cancel(self, _data: dict[str, Any]) -> None:
        if not self._app.core.state.active:
            raise Refusal(409, _IDLE.format("cancel"))
        if self._host.carries_out("cancel"):
            self._app.printing.cancel()

    # --- connection ---------------------------------------------------------------------------

    async def connection(self, _request: web.Request) -> web.Response:
        """GET /api/connection."""
        link, core = self._app.link, self._app.core
        state = "Closed" if core.state.closed else core.state.text
        current = {
            "baudrate": link.baudrate,
            "port": link.port,
            "printerProfile": "_default",
            "state": state,
        }
        options = {
            "baudratePreference": BAUDRATE,
            "baudrates": BAUDRATES,
            "portPreference": PORT,
            "ports": link.ports,
            "printerProfilePreference": "_default",
            "printerProfiles": [{"id": "_default", "name": "Default"}],
        }
        return json_reply({"current": current, "options": options})

    async def change_connection(self, request: web.Request) -> web.Response:
        """POST /api/connection: 204 before anything has happened."""
        command, data = await command_of(request, _CONNECTION)
        if command == "connect":
            self._connect(data)
        elif command == "disconnect" and self._host.carries_out("disconnect"):
            self._app.link.disconnect()
        return nothing()

    def _connect(self, data: dict[str, Any]) -> None:
        link = self._app.link
        port, baudrate = data.get("port", PORT), data.get("baudrate", BAUDRATE)
        if "port" in data and port not in (*link.ports, "AUTO"):
            raise Refusal(400, "port is invalid")
        if "baudrate" in data and baudrate not in (*BAUDRATES, 0):
            raise Refusal(400, "baudrate is invalid")
        if data.get("printerProfile", "_default") != "_default":
            raise Refusal(400, "printerProfile is invalid")
        if self._host.carries_out("connect"):
            link.connect(PORT if port == "AUTO" else port, baudrate or BAUDRATE)
