"""The only place where user input becomes commands (api.md, "Bodies")."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from core import jsonio
from core.errors import BadRequest, Unusable
from printers import commands as c
from web.fields import Fields, parse_object

AXES = ("x", "y", "z")
CALIBRATIONS = ("lidar", "bed_level", "vibration", "motor_noise", "nozzle_offset")
OPTIONS = ("bed_leveling", "flow_cali", "vibration_cali", "timelapse", "use_ams")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FAR_MM = 10_000.0  # only finite sense here; the ranges of the printer are in printers/limits.py


def _jog(f: Fields) -> c.Command:
    speed = f.maybe_whole("speed_mm_min", 1, 30_000)
    x, y, z = (f.number(axis, -_FAR_MM, _FAR_MM, 0.0) for axis in AXES)
    if not (x or y or z):
        raise BadRequest("A jog needs a distance for x, y or z in mm.")
    return c.Jog(x=x, y=y, z=z, speed_mm_min=speed)


def _speed(f: Fields) -> c.Command:
    level, percent = f.maybe_whole("level", 1, 4), f.maybe_whole("percent", 10, 300)
    if (level is None) == (percent is None):
        raise BadRequest("Give either 'level' (1 to 4) or 'percent'.")
    return c.SetSpeed(level=level, percent=percent)


def _extrude(f: Fields) -> c.Command:
    millimetres = f.number("mm", -_FAR_MM, _FAR_MM)
    if not millimetres:
        raise BadRequest("The field 'mm' must not be 0.")
    return c.Extrude(mm=millimetres)


def _skip(f: Fields) -> c.Command:
    ids = f.whole_numbers("ids", 0, 2**31 - 1)
    if not ids:
        raise BadRequest("Name at least one object in 'ids'.")
    return c.SkipObjects(ids=tuple(dict.fromkeys(ids)))


def _calibrate(f: Fields) -> c.Command:
    kinds = f.choices("kinds", CALIBRATIONS)
    if not kinds:
        raise BadRequest("Name at least one calibration in 'kinds'.")
    return c.Calibrate(kinds=kinds)


def _trust(f: Fields) -> c.Command:
    sha256 = f.text("sha256").replace(":", "").lower()
    if not _SHA256.fullmatch(sha256):
        raise Unusable("The field 'sha256' must be the 64 hex digits you were shown.")
    return c.TrustCertificate(sha256=sha256)


def _slot(f: Fields) -> str:
    return f.text("slot", longest=8)


ACTIONS: Mapping[str, Callable[[Fields], c.Command]] = {
    "pause": lambda _: c.Pause(),
    "resume": lambda _: c.Resume(),
    "stop": lambda _: c.Stop(),
    "home": lambda f: c.Home(axes=f.choices("axes", AXES, [])),
    "jog": _jog,
    "temperature": lambda f: c.SetTemperature(
        heater=f.text("heater", longest=64), target=f.whole("target", 0, 500)
    ),
    "cooldown": lambda _: c.CoolDown(),
    "fan": lambda f: c.SetFan(fan=f.text("fan", longest=64), percent=f.whole("percent", 0, 100)),
    "light": lambda f: c.SetLight(on=f.flag("on")),
    "speed": _speed,
    "extrude": _extrude,
    "load": lambda f: c.LoadFilament(slot=_slot(f)),
    "unload": lambda f: c.UnloadFilament(slot=f.text("slot", "", longest=8)),
    "tray": lambda f: c.SelectTray(slot=_slot(f)),
    "gcode": lambda f: c.SendGcode(line=f.text("line").strip()),
    "clear-fault": lambda _: c.ClearFault(),
    "skip-objects": _skip,
    "calibrate": _calibrate,
    "emergency-stop": lambda _: c.EmergencyStop(),
    "connect": lambda f: c.ConnectPrinter(on=f.flag("on", True)),
    "firmware-restart": lambda _: c.FirmwareRestart(),
    "host-restart": lambda _: c.HostRestart(),
    "reconnect": lambda _: c.Reconnect(),
    "trust": _trust,
}
"""Route name -> reader of its body. ``done()`` is called by read_command."""


def read_command(action: str, fields: Fields) -> c.Command | None:
    """The command of this action, None when no printer command has that name."""
    reader = ACTIONS.get(action)
    if reader is None:
        return None
    command = reader(fields)
    fields.done()
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    on: bool
    note: str


def read_maintenance(fields: Fields) -> Maintenance:
    wanted = Maintenance(on=fields.flag("on"), note=fields.text("note", ""))
    fields.done()
    return wanted


def read_undo(fields: Fields) -> bool:
    undo = fields.flag("undo", False)
    fields.done()
    return undo


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRequest:
    """What Upload & Start wants. ``ams_mapping`` None = the farm proposes one."""

    file_id: str
    plate: int = 1
    ams_mapping: tuple[int, ...] | None = None
    options: Mapping[str, bool] = field(default_factory=dict)
    confirm: Collection[str] = ()


def read_start(fields: Fields, file_id: str | None = None) -> StartRequest:
    """From JSON, or (with ``file_id``) from a form whose values were turned into JSON."""
    chosen = file_id if file_id is not None else fields.text("file_id", longest=64)
    plate = fields.whole("plate", 1, 64, 1)
    mapping = fields.whole_numbers("ams_mapping", -1, 65_535, ())
    given = Fields(fields.mapping("options"))
    wanted = {name: given.flag(name, False) for name in OPTIONS}
    given.done()
    options = {name: on for name, on in wanted.items() if name in fields.mapping("options")}
    confirm = fields.texts("confirm", ())
    fields.done()
    return StartRequest(
        file_id=chosen,
        plate=plate,
        ams_mapping=tuple(mapping) or None,
        options=options,
        confirm=frozenset(confirm),
    )


_JSON_FIELDS = frozenset({"plate", "ams_mapping", "options"})
_FLAGS = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}


def form_fields(form: Mapping[str, str]) -> Fields:
    """Form values as JSON would have them; ``confirm=true`` confirms all that can be."""
    body: dict[str, object] = dict(form)
    for name in _JSON_FIELDS & set(form):
        if form[name] == "":
            del body[name]
            continue
        try:
            body[name] = jsonio.loads(form[name])
        except jsonio.JSONDecodeError as error:
            raise BadRequest(f"The field {name!r} is not valid JSON.") from error
    for name in set(OPTIONS) & set(form):
        if form[name].lower() not in _FLAGS:
            raise BadRequest(f"The field {name!r} must be true or false.")
        options = body.setdefault("options", {})
        if isinstance(options, dict):
            options[name] = _FLAGS[form[name].lower()]
        del body[name]
    if "confirm" in form:
        body["confirm"] = _confirmed(form["confirm"])
    return Fields(body)


def _confirmed(value: str) -> list[str]:
    text = value.strip()
    if text.lower() in _FLAGS or not text:
        return ["all"] if _FLAGS.get(text.lower()) else []
    if text.startswith("["):
        wanted = parse_object(f'{{"confirm":{text}}}', "field 'confirm'")["confirm"]
        return [str(entry) for entry in wanted]
    return [entry.strip() for entry in text.split(",") if entry.strip()]
