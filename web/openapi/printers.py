"""Operations on printers. Each action has a path of its own here: their bodies differ."""

from __future__ import annotations

from collections.abc import Mapping

from web.openapi.shapes import WORDS
from web.openapi.words import (
    ANYTHING,
    FILE,
    JPEG,
    NOTHING,
    PNG,
    Area,
    Operations,
    Schema,
    flag,
    gives,
    listed,
    number,
    ok,
    one_of,
    ref,
    takes,
    text,
    whole,
    word,
)
from web.schemas import AXES, CALIBRATIONS, OPTIONS

_A = Area("printers")
_F = Area("fleet")
_MM = number(-10_000, 10_000)
_SLOT = text(8)
_ACCEPTED = ok(ref("Accepted"), "Taken; the next snapshots prove it.")

ACTION_BODIES: Mapping[str, Schema] = {
    "pause": NOTHING,
    "resume": NOTHING,
    "stop": NOTHING,
    "home": takes({"axes": listed(word(*AXES), most=500)}),
    "jog": {
        **takes({axis: _MM for axis in AXES} | {"speed_mm_min": whole(1, 30_000)}),
        "anyOf": [{"required": [axis]} for axis in AXES],
    },
    "temperature": takes(heater=text(64), target=whole(0, 500)),
    "cooldown": NOTHING,
    "fan": takes(fan=text(64), percent=whole(0, 100)),
    "light": takes(on=flag()),
    "speed": one_of(takes(level=whole(1, 4)), takes(percent=whole(10, 300))),
    "extrude": takes(mm=_MM),
    "load": takes(slot=_SLOT),
    "unload": takes({"slot": _SLOT}),
    "tray": takes(slot=_SLOT),
    "gcode": takes(line=text()),
    "clear-fault": NOTHING,
    "skip-objects": takes(ids=listed(whole(0, 2**31 - 1), 1, 500)),
    "calibrate": takes(kinds=listed(word(*CALIBRATIONS), 1, 500)),
    "emergency-stop": NOTHING,
    "connect": takes({"on": flag()}),
    "firmware-restart": NOTHING,
    "host-restart": NOTHING,
    "reconnect": NOTHING,
    "trust": takes(sha256={"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}),
    "mark-clear": takes({"undo": flag()}),
    "maintenance": takes({"note": text()}, on=flag()),
    "cancel-upload": NOTHING,
}
START_FIELDS: Mapping[str, Schema] = {
    "plate": whole(1, 64),
    "ams_mapping": listed(whole(-1, 65_535), most=500),
    "options": takes({name: flag() for name in OPTIONS}),
    "confirm": listed({"type": "string", "minLength": 1, "maxLength": 200}, most=500),
}
_MANDATORY = {name for name, body in ACTION_BODIES.items() if "required" in body or "oneOf" in body}
_WATCH_AND_TIMELAPSE = takes(on=flag())


def _fleet_body(body: Schema) -> Schema:
    """The same fields, and which printers: absent or empty = all."""
    ids = {"printer_ids": listed({"type": "string", "minLength": 1, "maxLength": 200}, most=500)}
    if "oneOf" in body:
        return {"oneOf": [_fleet_body(case) for case in body["oneOf"]]}
    return {**body, "properties": {**body["properties"], **ids}}


def _actions() -> Operations:
    return [
        _A.post(
            f"/api/printers/{{printer_id}}/{name}", f"{name} on one printer, through the gate",
            _ACCEPTED, body, status=202, must=name in _MANDATORY or name == "jog",
            rule="/api/printers/<printer_id>/<action>",
        )
        for name, body in ACTION_BODIES.items()
    ]  # fmt: skip


def _fleet_actions() -> Operations:
    return [
        _F.post(
            f"/api/fleet/{name}", f"{name} on several printers, each through its own gate",
            ok(ref("Results"), "One result per printer; a refusal is a result."),
            _fleet_body(body), must=name in _MANDATORY or name == "jog",
            rule="/api/fleet/<action>",
        )
        for name, body in ACTION_BODIES.items()
    ]  # fmt: skip


OPERATIONS: Operations = (
    _A.get("/api/printer/{printer_id}", "The latest status", ok(ref("Printer"))),
    _A.get(
        "/api/printer/{printer_id}/image", "The latest picture of its main camera",
        ok(media=JPEG), w=whole(16, 1920), max_age=number(0.5, 3600),
    ),
    _A.get(
        "/api/printers/{printer_id}/temps", "Temperatures of the last minutes, or hours",
        ok(gives(printer_id=WORDS)), range=word("fine", "long"),
    ),
    _A.get(
        "/api/printers/{printer_id}/events", "What happened there, newest first",
        ok(gives(printer_id=WORDS, events=listed(
            gives(at=number(), printer=WORDS, kind=WORDS, level=WORDS, text=WORDS)
        ))),
    ),
    _A.get(
        "/api/printers/{printer_id}/files", "What lies on the printer's storage",
        ok(gives(printer_id=WORDS, folder=WORDS, files=listed(ANYTHING))),
        folder={"type": "string", "pattern": "^/", "maxLength": 200},
    ),
    _A.get(
        "/api/printers/{printer_id}/diag", "Its connection in detail, and its last job",
        ok(gives(printer_id=WORDS, diagnostics={"type": "object"}, last_job=ANYTHING)),
    ),
    _A.get(
        "/api/printers/{printer_id}/job/thumbnail", "The picture of a job of others",
        ok(media=PNG), file=text(None),
    ),
    *_actions(),
    _A.post(
        "/api/printers/{printer_id}/start", "Upload a library file and start it",
        ok(ref("Started"), "The transfer has begun."),
        takes(START_FIELDS, file_id=text(64)), status=202, must=True,
    ),
    _A.post(
        "/api/upload-and-start", "A file and its start in one call",
        ok(ref("Started")), None, status=202, must=True,
        form=takes({"plate": whole(1, 64), "ams_mapping": START_FIELDS["ams_mapping"],
                    "options": START_FIELDS["options"], "confirm": flag()},
                   file=FILE, printer_id=text()),
    ),
    *_fleet_actions(),
    _F.post(
        "/api/fault/clear", "As clear-fault, by body or query", _ACCEPTED,
        takes({"printer_id": text()}), status=202, query={"printer_id": text(None)},
    ),
    _A.post(
        "/api/printers/{printer_id}/timelapse", "Record the print that runs now, or stop",
        _ACCEPTED, _WATCH_AND_TIMELAPSE, status=202, must=True,
    ),
    _A.post(
        "/api/printers/{printer_id}/defect-watch", "Watch the print that runs now, or not",
        _ACCEPTED, _WATCH_AND_TIMELAPSE, status=202, must=True,
    ),
    _A.get(
        "/api/printers/{printer_id}/timelapses", "Videos that lie on the printer",
        ok(gives(timelapses=listed(gives(name=WORDS, timelapse_id=WORDS)), fetch=ANYTHING)),
    ),
    _A.post(
        "/api/printers/{printer_id}/timelapses/fetch", "Bring one to the farm",
        _ACCEPTED, takes({"remove": flag()}, name=text(100)), status=202, must=True,
    ),
)  # fmt: skip
