"""Routes of the owner's earlier dashboard, as thin aliases onto the same commands and gates.

Answers are {"ok": true|false, ...} as its scripts expect; refusals keep our status codes and carry
our error object beside "ok".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from core import jsonio
from core.errors import BadRequest, FarmError
from printers import commands as c
from web.errors import farm_error, json_response
from web.fields import Fields, json_body
from web.fleet_api import execute
from web.printers_api import note
from web.services import services
from web.status_api import diagnose, one_of_query, printer_doc

blueprint = Blueprint("older", __name__)
_FAR_MM = 10_000.0


def ok(**more: Any) -> Response:
    return json_response({"ok": True, **more})


def _send(*commands: c.Command) -> Response:
    """All of them in order; the first refusal is the answer."""
    printer_id = one_of_query()
    texts = []
    for command in commands:
        texts.append(services().fleet.execute(printer_id, command).text)
        note(printer_id, "command", f"{command.name} sent")
    return ok(printer_id=printer_id, text=" ".join(text for text in texts if text))


@blueprint.errorhandler(FarmError)
def refused(error: FarmError) -> Response:
    return farm_error(error, ok=False)


def _plain(path: str, make: Callable[[], c.Command]) -> None:
    def view() -> Response:
        json_body().done()
        return _send(make())

    name = path.strip("/").replace("/", "_")
    blueprint.add_url_rule(path, endpoint=name, view_func=view, methods=["POST"])


_plain("/api/pause", c.Pause)
_plain("/api/resume", c.Resume)
_plain("/api/stop", c.Stop)
_plain("/api/jog/home", c.Home)
for _prefix in ("/api/light", "/api/light/chamber"):
    _plain(f"{_prefix}/on", lambda: c.SetLight(on=True))
    _plain(f"{_prefix}/off", lambda: c.SetLight(on=False))


@blueprint.get("/api/ams")
def ams() -> Response:
    doc = printer_doc(one_of_query())
    names = ("ams", "external", "tray", "next_tray")
    return ok(printer_id=doc["id"], **{name: doc.get(name) for name in names})


@blueprint.get("/api/diag")
def diag() -> Response:
    """Of one printer; without a printer, of the farm."""
    if not request.args.get("printer_id") and len(services().config.printers) != 1:
        state = services().hub.state
        return ok(
            version=services().version,
            printers=[
                {"id": doc["id"], "state": doc["state"], "conn": doc["conn"]}
                for doc in state.docs.values()
            ],
            pages=services().hub.browsers,
            notes=list(services().config.notes),
        )
    return ok(**diagnose(one_of_query()))


@blueprint.post("/api/jog")
def jog() -> Response:
    f = json_body(optional=False)
    feed = f.maybe_whole("feed", 1, 30_000)
    x, y, z = (f.number(name, -_FAR_MM, _FAR_MM, 0.0) for name in ("dx", "dy", "dz"))
    f.done()
    if not (x or y or z):
        raise BadRequest("A jog needs a distance in dx, dy or dz.")
    return _send(c.Jog(x=x, y=y, z=z, speed_mm_min=feed))


@blueprint.post("/api/temps")
def temperatures() -> Response:
    f = json_body(optional=False)
    targets = {name: f.maybe_whole(name, 0, 500) for name in ("bed", "nozzle")}
    f.done()
    wanted = [
        c.SetTemperature(heater=name, target=target)
        for name, target in targets.items()
        if target is not None
    ]
    if not wanted:
        raise BadRequest("Give a target for 'bed' or 'nozzle'.")
    return _send(*wanted)


def _fan_commands(f: Fields) -> list[c.Command]:
    speeds = {name: f.maybe_whole(name, 0, 100) for name in ("part", "aux", "chamber")}
    if all(percent is None for percent in speeds.values()):
        raise BadRequest("Give a percentage for 'part', 'aux' or 'chamber'.")
    return [c.SetFan(fan=fan, percent=to) for fan, to in speeds.items() if to is not None]


@blueprint.post("/api/fans")
def fans() -> Response:
    f = json_body(optional=False)
    wanted = _fan_commands(f)
    f.done()
    return _send(*wanted)


@blueprint.post("/api/ams/select")
def select_tray() -> Response:
    """By the printer's own numbers; 254 and 255 are the external spools."""
    f = json_body(optional=False)
    unit, tray = f.whole("ams_id", 0, 255), f.whole("tray_id", 0, 255)
    f.done()
    status = services().fleet.snapshot(one_of_query()).status
    units = {u.id: u for u in status.ams}
    if unit in units and tray < len(units[unit].trays):
        return _send(c.SelectTray(slot=units[unit].trays[tray].slot))
    for spool in status.external:
        if spool.index in (unit, tray):
            return _send(c.SelectTray(slot=spool.slot))
    raise BadRequest(f"{status.name} has no tray {tray} in AMS {unit}.")


_BROADCASTS: dict[str, Callable[[Fields], list[c.Command]]] = {
    "pause": lambda _: [c.Pause()],
    "resume": lambda _: [c.Resume()],
    "stop": lambda _: [c.Stop()],
    "light/on": lambda _: [c.SetLight(on=True)],
    "light/off": lambda _: [c.SetLight(on=False)],
    "fans": _fan_commands,
}


def _broadcast(action: str) -> Response:
    f = json_body()
    wanted = _BROADCASTS[action](f)
    f.done()
    results = [r for command in wanted for r in execute(tuple(services().fleet.configs), command)]
    return json_response(
        {
            "ok": all(result.ok for result in results),
            "results": jsonio.loads(jsonio.dumps(results)),
        }
    )


for _action in _BROADCASTS:
    blueprint.add_url_rule(
        f"/api/broadcast/{_action}",
        endpoint=f"broadcast_{_action.replace('/', '_')}",
        view_func=_broadcast,
        methods=["POST"],
        defaults={"action": _action},
    )
