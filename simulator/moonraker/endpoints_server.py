"""/server/*, /machine/*, /access/* and what pretends to be OctoPrint."""

from __future__ import annotations

import uuid
from typing import Any

from simulator.moonraker.accounts import TRUSTED_USER
from simulator.moonraker.calls import Call, Endpoint
from simulator.moonraker.errors import ServerError
from simulator.moonraker.server import Moonraker

_COMPONENTS = (
    "secrets", "template", "klippy_connection", "jsonrpc", "internal_transport", "application",
    "websockets", "database", "dbus_manager", "file_manager", "authorization", "klippy_apis",
    "shell_command", "machine", "data_store", "proc_stats", "job_state", "job_queue", "history",
    "http_client", "announcements", "webcam", "extensions", "octoprint_compat",
)  # fmt: skip
_CLIENT_TYPES = ("web", "mobile", "desktop", "display", "bot", "agent", "other")
_DATA = "/home/pi/printer_data"


def server_info(server: Moonraker, _call: Call) -> Any:
    """GET /server/info."""
    return {
        "klippy_connected": server.klippy_state != "disconnected",
        "klippy_state": server.klippy_state,
        "components": list(_COMPONENTS),
        "failed_components": [],
        "registered_directories": ["config", "logs", "gcodes"],
        "warnings": [],
        "websocket_count": len(server.connections),
        "moonraker_version": "0.11.0",
        "missing_klippy_requirements": [],
        "api_version": [1, 5, 0],
        "api_version_string": "1.5.0",
    }


def webcams(server: Moonraker, _call: Call) -> Any:
    """GET /server/webcams/list."""
    return {"webcams": [_webcam(server)]}


def webcam(server: Moonraker, call: Call) -> Any:
    """GET /server/webcams/item."""
    if call.args.get("name") not in (None, "farmcam"):
        raise ServerError(f"Webcam {call.args['name']} not found", 404)
    return {"webcam": _webcam(server)}


def _webcam(server: Moonraker) -> dict[str, Any]:
    base = ("" if server.relative_webcam else server.host_name) + "/webcam/?action="
    return {
        "name": "farmcam",
        "enabled": True,
        "icon": "mdiWebcam",
        "aspect_ratio": "16:9",
        "target_fps": 15,
        "target_fps_idle": 5,
        "location": "printer",
        "service": "mjpegstreamer",
        "stream_url": f"{base}stream",
        "snapshot_url": f"{base}snapshot",
        "flip_horizontal": False,
        "flip_vertical": False,
        "rotation": 0,
        "source": "config",
        "extra_data": {},
        "uid": str(uuid.uuid5(uuid.NAMESPACE_URL, server.printer.spec.id)),
    }


def history_list(server: Moonraker, call: Call) -> Any:
    """GET /server/history/list."""
    return server.history.listing(
        call.whole("limit", 50),
        call.whole("start", 0),
        call.text("order", "desc"),
        float(call.args.get("since", 0.0)),
        float(call.args.get("before", 1e12)),
    )


def history_totals(server: Moonraker, _call: Call) -> Any:
    """GET /server/history/totals."""
    return server.history.totals()


def history_job(server: Moonraker, call: Call) -> Any:
    """GET /server/history/job?uid=."""
    return server.history.job(call.text("uid"))


def job_queue(_server: Moonraker, _call: Call) -> Any:
    """GET /server/job_queue/status: the farm has a queue of its own."""
    return {"queued_jobs": [], "queue_state": "paused"}


def temperature_store(server: Moonraker, _call: Call) -> Any:
    """GET /server/temperature_store."""
    return server.temperatures.content()


def gcode_store(server: Moonraker, call: Call) -> Any:
    """GET /server/gcode_store?count=."""
    return server.gcode.content(call.whole("count", 0))


def announcements(_server: Moonraker, _call: Call) -> Any:
    """GET /server/announcements/list."""
    return {"entries": [], "feeds": ["moonraker", "klipper"]}


def proc_stats(server: Moonraker, _call: Call) -> Any:
    """GET /machine/proc_stats."""
    return server.load.content(len(server.connections))


def identify(server: Moonraker, call: Call) -> Any:
    """server.connection.identify, with api_key to sign in."""
    connection = call.connection
    if connection is None:
        raise ServerError("No connection detected")
    if "api_key" in call.args:
        if not server.accounts.key_is(call.text("api_key")):
            raise ServerError("Invalid API Key", 401)
        connection.user = "_API_KEY_USER_"
    if connection.user is None:
        raise ServerError("Unauthorized", 401)
    if connection.identity is not None:
        raise ServerError(f"Connection already identified: {connection.identity}")
    name, version = call.text("client_name"), call.text("version")
    kind, url = call.text("type").lower(), call.text("url")
    if kind not in _CLIENT_TYPES:
        raise ServerError(f"Invalid Client Type: {kind}")
    connection.identity = {"name": name, "version": version, "type": kind, "url": url}
    return {"connection_id": connection.id}


def websocket_id(_server: Moonraker, call: Call) -> Any:
    """server.websocket.id."""
    if call.connection is None:
        raise ServerError("No connection detected")
    return {"websocket_id": call.connection.id}


def access_info(server: Moonraker, _call: Call) -> Any:
    """GET /access/info, without signing in."""
    return {
        "default_source": "moonraker",
        "available_sources": ["moonraker"],
        "login_required": False,
        "trusted": server.accounts.trusting,
    }


def api_key(server: Moonraker, _call: Call) -> Any:
    """GET /access/api_key."""
    return server.printer.knobs.api_key or server.printer.spec.api_key or "0" * 32


def one_shot(server: Moonraker, _call: Call) -> Any:
    """GET /access/oneshot_token."""
    return server.accounts.one_shot()


def login(server: Moonraker, call: Call) -> Any:
    """POST /access/login."""
    return server.accounts.login(call.text("username"), call.text("password"))


def create_user(server: Moonraker, call: Call) -> Any:
    """POST /access/user."""
    return server.accounts.create(call.text("username"), call.text("password"))


def this_user(server: Moonraker, call: Call) -> Any:
    """GET /access/user."""
    created = server.accounts.created_on
    return {
        "username": call.user or TRUSTED_USER,
        "source": "moonraker",
        "created_on": created,
    }


def roots(_server: Moonraker, _call: Call) -> Any:
    """GET /server/files/roots."""
    rights = {"config": "rw", "logs": "r", "gcodes": "rw"}
    return [
        {"name": name, "path": f"{_DATA}/{name}", "permissions": right}
        for name, right in rights.items()
    ]


def octo_version(_server: Moonraker, _call: Call) -> Any:
    """GET /api/version: says it were OctoPrint, and who it is."""
    return {"server": "1.5.0", "api": "0.1", "text": "OctoPrint (Moonraker 0.11.0)"}


def octo_job(server: Moonraker, _call: Call) -> Any:
    """GET /api/job: tells nothing of a job but a state."""
    return {
        "job": {
            "file": {"name": None},
            "estimatedPrintTime": None,
            "filament": {"length": None},
            "user": None,
        },
        "progress": {
            "completion": None,
            "filepos": None,
            "printTime": None,
            "printTimeLeft": None,
            "printTimeOrigin": None,
        },
        "state": _octo_state(server),
    }


def _octo_state(server: Moonraker) -> str:
    if server.klippy_state == "disconnected":
        return "Offline"
    if server.klippy_state != "ready":
        return "Error"
    states = {"printing": "Printing", "paused": "Paused"}
    return states.get(server.printer.stats.state, "Operational")


ENDPOINTS = (
    Endpoint("GET", "/server/info", "server.info", server_info),
    Endpoint("GET", "/server/webcams/list", "server.webcams.list", webcams),
    Endpoint("GET", "/server/webcams/item", "server.webcams.get_item", webcam),
    Endpoint("GET", "/server/history/list", "server.history.list", history_list),
    Endpoint("GET", "/server/history/totals", "server.history.totals", history_totals),
    Endpoint("GET", "/server/history/job", "server.history.get_job", history_job),
    Endpoint("GET", "/server/job_queue/status", "server.job_queue.status", job_queue),
    Endpoint("GET", "/server/temperature_store", "server.temperature_store", temperature_store),
    Endpoint("GET", "/server/gcode_store", "server.gcode_store", gcode_store),
    Endpoint("GET", "/server/announcements/list", "server.announcements.list", announcements),
    Endpoint("GET", "/machine/proc_stats", "machine.proc_stats", proc_stats),
    Endpoint("", "", "server.connection.identify", identify),
    Endpoint("GET", "/server/websocket/id", "server.websocket.id", websocket_id),
    Endpoint("GET", "/access/info", "access.info", access_info),
    Endpoint("GET", "/access/api_key", "access.get_api_key", api_key),
    Endpoint("GET", "/access/oneshot_token", "access.oneshot_token", one_shot),
    Endpoint("POST", "/access/login", "access.login", login),
    Endpoint("POST", "/access/user", "access.post_user", create_user),
    Endpoint("GET", "/access/user", "access.get_user", this_user),
    Endpoint("GET", "/server/files/roots", "server.files.roots", roots),
    Endpoint("GET", "/api/version", "", octo_version, bare=True),
    Endpoint("GET", "/api/job", "", octo_job, bare=True),
)
