"""/printer/*: what Klippy answers, and what Moonraker turns into G-code for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from simulator.moonraker.calls import Call, Endpoint
from simulator.moonraker.connections import Wanted
from simulator.moonraker.errors import GcodeError, ServerError
from simulator.moonraker.server import Moonraker

_HELP = {
    "RESTART": "Reload config file and restart host software",
    "FIRMWARE_RESTART": "Restart firmware, host, and reload config",
    "STATUS": "Report the printer status",
    "TURN_OFF_HEATERS": "Turn off all heaters",
    "CANCEL_PRINT": "G-Code macro",
}


def info(server: Moonraker, _call: Call) -> Any:
    """GET /printer/info."""
    server.need_klippy()
    klippy = server.printer.klippy
    return {
        "app": "Kalico",
        "state": klippy.state,
        "state_message": klippy.message,
        "hostname": server.printer.spec.id,
        "klipper_path": "/home/pi/klipper",
        "python_path": "/home/pi/klippy-env/bin/python",
        "process_id": 1000 + klippy.generation,
        "user_id": 1000,
        "group_id": 1000,
        "log_file": "/home/pi/printer_data/logs/klippy.log",
        "config_file": "/home/pi/printer_data/config/printer.cfg",
        "software_version": server.printer.model.firmware,
        "cpu_info": "4 core ARMv7 Processor rev 3 (v7l)",
    }


def objects(server: Moonraker, _call: Call) -> Any:
    """GET /printer/objects/list."""
    server.need_klippy()
    return {"objects": list(server.printer.config.objects)}


def _wanted(call: Call) -> Wanted:
    if call.connection is None and "objects" not in call.args:
        return {
            name: [f.strip() for f in str(fields).split(",")] if fields else None
            for name, fields in call.args.items()
            if name not in ("token", "connection_id")
        }
    if "objects" not in call.args:
        raise ServerError("Missing Argument [objects]")
    wanted = call.args["objects"]
    if not isinstance(wanted, dict):
        raise ServerError("dictionary update sequence element #0 has length 1; 2 is required", 500)
    if not all(fields is None or _names(fields) for fields in wanted.values()):
        raise ServerError("Invalid argument")
    return dict(wanted)


def _names(fields: Any) -> bool:
    return isinstance(fields, list) and all(isinstance(field, str) for field in fields)


def query(server: Moonraker, call: Call) -> Any:
    """GET or POST /printer/objects/query."""
    server.need_klippy()
    return server.subscriptions.query(_wanted(call))


def subscribe(server: Moonraker, call: Call) -> Any:
    """POST /printer/objects/subscribe; only a web socket can be told anything."""
    server.need_klippy()
    wanted = _wanted(call)
    if call.connection is None:
        raise ServerError("No connection associated with subscription request")
    return server.subscriptions.subscribe(call.connection, wanted)


async def run_gcode(server: Moonraker, script: str, after_s: float = 0.0) -> str:
    """Wait until Klippy has carried out a script; its error as the server tells it."""
    outcome: asyncio.Future[GcodeError | None] = asyncio.get_running_loop().create_future()

    def done(error: GcodeError | None) -> None:
        if not outcome.done():
            outcome.set_result(error)

    def submit() -> None:
        if server.printer.klippy.connected:
            server.printer.console.submit(script, done)
        else:
            done(GcodeError(""))

    server.gcode.add(script, "command")
    if after_s > 0:
        server.printer.after(after_s, submit)
    else:
        submit()
    error = await outcome
    if error is None:
        return "ok"
    if not server.printer.klippy.connected:
        raise ServerError("Klippy Disconnected", 503)
    raise ServerError(str(error))


async def gcode_script(server: Moonraker, call: Call) -> Any:
    """POST /printer/gcode/script: answers when the queue has carried it out."""
    server.need_klippy()
    if "script" not in call.args:
        raise ServerError("Missing Argument [script]")
    script = call.text("script")
    _refuse(server, "gcode")
    return "ok" if server.printer.knobs.ignores("gcode") else await run_gcode(server, script)


def gcode_help(server: Moonraker, _call: Call) -> Any:
    """GET /printer/gcode/help."""
    server.need_klippy()
    return dict(_HELP)


def endstops(server: Moonraker, _call: Call) -> Any:
    """GET /printer/query_endstops/status."""
    server.need_klippy()
    if server.printer.klippy.state != "ready":
        raise ServerError("Unable to obtain 'endstop_state' response")
    return {"x": "open", "y": "open", "z": "open"}


def _refuse(server: Moonraker, command: str) -> None:
    if server.printer.knobs.fails(command):
        raise ServerError(f"Error on '{command.upper()}': simulated refusal")


async def start(server: Moonraker, call: Call) -> Any:
    """POST /printer/print/start?filename=."""
    filename = call.text("filename").lstrip("/")
    server.need_klippy(own_endpoint=True)
    return await start_print(server, filename, call.user)


async def start_print(server: Moonraker, filename: str, user: str | None) -> str:
    """Start a file of gcodes. Raises ServerError with Klippy's words."""
    knobs = server.printer.knobs
    _refuse(server, "start")
    if knobs.ignores("start"):
        return "ok"
    server.history.user = user
    script = f'SDCARD_PRINT_FILE FILENAME="{filename}"'
    if knobs.start_delay_s > 0:
        server.printer.after(knobs.start_delay_s, lambda: server.printer.console.send(script))
        return "ok"
    answer = await run_gcode(server, script)
    if knobs.bad_file:
        server.printer.after(0.5, lambda: server.printer.end_job("failed"))
    return answer


def _job_command(command: str, script: str) -> Callable[[Moonraker, Call], Any]:
    async def handler(server: Moonraker, _call: Call) -> Any:
        server.need_klippy(own_endpoint=True)
        _refuse(server, command)
        if server.printer.knobs.ignores(command):
            return "ok"
        moving = server.printer.card.is_active
        return await run_gcode(server, script, server.printer.knobs.settle_s if moving else 0.0)

    return handler


def emergency_stop(server: Moonraker, _call: Call) -> Any:
    """POST /printer/emergency_stop: does not wait for the queue."""
    server.need_klippy()
    server.emergency_stop()
    return "ok"


def _restart(script: str) -> Callable[[Moonraker, Call], Any]:
    async def handler(server: Moonraker, _call: Call) -> Any:
        server.need_klippy(own_endpoint=True)
        return await run_gcode(server, script)

    return handler


_QUERY = "GET POST"
ENDPOINTS = (
    Endpoint(_QUERY, "/printer/info", "printer.info", info),
    Endpoint(_QUERY, "/printer/objects/list", "printer.objects.list", objects),
    Endpoint(_QUERY, "/printer/objects/query", "printer.objects.query", query),
    Endpoint(_QUERY, "/printer/objects/subscribe", "printer.objects.subscribe", subscribe),
    Endpoint(_QUERY, "/printer/gcode/script", "printer.gcode.script", gcode_script),
    Endpoint(_QUERY, "/printer/gcode/help", "printer.gcode.help", gcode_help),
    Endpoint(_QUERY, "/printer/emergency_stop", "printer.emergency_stop", emergency_stop),
    Endpoint("GET", "/printer/query_endstops/status", "printer.query_endstops.status", endstops),
    Endpoint("POST", "/printer/print/start", "printer.print.start", start),
    Endpoint("POST", "/printer/print/pause", "printer.print.pause", _job_command("pause", "PAUSE")),
    Endpoint(
        "POST", "/printer/print/resume", "printer.print.resume", _job_command("resume", "RESUME")
    ),
    Endpoint(
        "POST",
        "/printer/print/cancel",
        "printer.print.cancel",
        _job_command("cancel", "CANCEL_PRINT"),
    ),
    Endpoint("POST", "/printer/restart", "printer.restart", _restart("RESTART")),
    Endpoint(
        "POST",
        "/printer/firmware_restart",
        "printer.firmware_restart",
        _restart("FIRMWARE_RESTART"),
    ),
)
