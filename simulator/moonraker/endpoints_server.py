"""/server/*, /machine/* and what pretends to be OctoPrint."""

from __future__ import annotations

import uuid
from typing import Any

from simulator.moonraker.calls import Call, Endpoint
from simulator.moonraker.errors import ServerError
from simulator.moonraker.server import Moonraker

_COMPONENTS = (
    "secrets", "template", "klippy_connection", "jsonrpc", "internal_transport", "application",
    "websockets", "database", "dbus_manager", "file_manager", "authorization", "klippy_apis",
    "shell_command", "machine", "data_store", "proc_stats", "job_state", "job_queue", "history",
    "http_client", "announcements", "webcam", "extensions", "octoprint_compat",
)  # fmt: skip
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
    Endpoint("GET", "/server/files/roots", "server.files.roots", roots),
    Endpoint("GET", "/api/version", "", octo_version, bare=True),
    Endpoint("GET", "/api/job", "", octo_job, bare=True),
)
