"""Commands as the bytes' content a Bambu printer understands (bambu-lan A7). Pure functions.

A request is (section, body); the session adds the sequence_id. Values are in range by then:
printers/limits.py has judged them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from core.errors import Unusable
from printers import commands as c
from printers.status import Fault, Tray

MAX_GCODE = 1000
"""Own limit for one gcode_line, in characters."""

FAN_PORTS = {"part": 1, "aux": 2, "chamber": 3}
CALIBRATIONS = {"lidar": 0, "bed_level": 1, "vibration": 2, "motor_noise": 3, "nozzle_offset": 4}
XY_SPEED = 3000  # mm/min
Z_SPEED = 900
LEFT = "nozzle2"


@dataclass(frozen=True, slots=True)
class Request:
    """One message for the printer, without its sequence_id."""

    section: str
    body: Mapping[str, Any]
    answered: bool = True  # False: no answer is known for it, so none is awaited

    @property
    def command(self) -> str:
        return str(self.body["command"])


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a builder must know of the printer it writes to."""

    name: str
    dual_nozzle: bool = False
    chamber: str = ""  # "" no heater, "m141" (X1E), "ctt", "ctt_airduct" (H2, X2D)
    bed_command: bool = False  # fun bit 39: set_bed_temp instead of M140
    second_light: bool = False  # chamber_light2
    trays: tuple[Tray, ...] = ()
    active_tray: str = ""
    left_units: frozenset[int] = frozenset()  # AMS units that feed the left nozzle
    faults: tuple[Fault, ...] = ()
    print_error: int = 0
    subtask_id: str = "0"
    filament_temperature: Callable[[Tray], int] = lambda _tray: 220  # °C to load it at


Requests = tuple[Request, ...]


def plain(section: str, command: str, **values: Any) -> Request:
    return Request(section, {"command": command, **values})


def gcode(*lines: str) -> Request:
    """The lines, each ended by a newline. Raises Unusable when they are too long together."""
    text = "".join(line + "\n" for line in lines)
    if len(text) > MAX_GCODE:
        raise Unusable(f"G-code of more than {MAX_GCODE} characters is not sent at once.")
    return plain("print", "gcode_line", param=text)


PUSHALL = Request("pushing", {"command": "pushall", "version": 1, "push_target": 1}, False)
PUSH_START = Request("pushing", {"command": "start"}, False)
GET_VERSION = Request("info", {"command": "get_version"})


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")


def jog(command: c.Jog) -> Request:
    """A relative move, the coordinate mode kept by the firmware's own push and pop.

    No M211 around it: other farms' printers ran into their beds when the software end stops were
    touched, and the firmware's defaults are on. No sign is turned for the A1 models: in G-code a
    positive Z is away from the bed on every kinematics (Studio only turns its arrows).
    """
    moves = []
    if command.x or command.y:
        words = [
            f"{axis}{_number(way)}" for axis, way in (("X", command.x), ("Y", command.y)) if way
        ]
        moves.append(f"G1 {' '.join(words)} F{command.speed_mm_min or XY_SPEED}")
    if command.z:
        moves.append(f"G1 Z{_number(command.z)} F{min(command.speed_mm_min or Z_SPEED, Z_SPEED)}")
    return gcode("M1002 push_ref_mode", "G91", *moves, "M1002 pop_ref_mode")


def _chamber(view: View, target: int) -> Requests:
    if view.chamber == "m141":
        return (gcode(f"M141 S{target}"),)
    heat = plain("print", "set_ctt", ctt_val=target)
    if view.chamber == "ctt_airduct":
        mode = plain("print", "set_airduct", modeId=1 if target else 0, submode=-1)
        return (replace(mode, answered=False), heat)
    if view.chamber == "ctt":
        return (heat,)
    raise Unusable(f"{view.name} has no chamber heater.")


def temperature(heater: str, target: int, view: View) -> Requests:
    if heater == "bed":
        if view.bed_command:
            return (plain("print", "set_bed_temp", temp=target),)
        return (gcode(f"M140 S{target}"),)
    if heater == "chamber":
        return _chamber(view, target)
    if not view.dual_nozzle:
        return (gcode(f"M104 S{target}"),)
    return (gcode(f"M104 S{target} T{1 if heater == LEFT else 0}"),)


def cool_down(view: View) -> Requests:
    heaters = ["nozzle", "bed"] + ([LEFT] if view.dual_nozzle else [])
    heaters += ["chamber"] if view.chamber else []
    return tuple(request for heater in heaters for request in temperature(heater, 0, view))


def light(on: bool, view: View) -> Requests:
    nodes = ("chamber_light", "chamber_light2") if view.second_light else ("chamber_light",)
    return tuple(
        plain(
            "system",
            "ledctrl",
            led_node=node,
            led_mode="on" if on else "off",
            led_on_time=500,
            led_off_time=500,
            loop_times=0,
            interval_time=0,
        )
        for node in nodes
    )


def tray_named(slot: str, view: View) -> Tray:
    """Raises Unusable naming the slots there are."""
    for tray in view.trays:
        if tray.slot == slot:
            return tray
    have = ", ".join(tray.slot for tray in view.trays) or "none"
    raise Unusable(f"{view.name} has no slot {slot!r}; it has: {have}.", code="no_such_slot")


def place_of(index: int, view: View) -> tuple[int, int]:
    """(ams_id, slot_id) of a tray number. External: (255, 0), left one of two (254, 0)."""
    if index in (254, 255):
        return (254 if index == 254 and view.dual_nozzle else 255), 0
    return (index, 0) if index >= 128 else (index // 4, index % 4)


def _change_filament(
    view: View, tray: Tray, temperatures: tuple[int, int], **places: int
) -> Request:
    body: dict[str, Any] = {
        **places,
        "curr_temp": temperatures[0],
        "tar_temp": temperatures[1],
    }
    if view.dual_nozzle:
        unit = place_of(tray.index, view)[0]
        body["extruder_id"] = 1 if unit == 254 or unit in view.left_units else 0
    return plain("print", "ams_change_filament", **body)


def load(command: c.LoadFilament, view: View) -> Request:
    tray = tray_named(command.slot, view)
    if tray.empty:
        raise Unusable(f"Slot {tray.slot} of {view.name} is empty.", code="slot_empty")
    wanted = view.filament_temperature(tray)
    current = next((t for t in view.trays if t.slot == view.active_tray), None)
    warm = view.filament_temperature(current) if current else wanted
    ams_id, slot_id = place_of(tray.index, view)
    target = 254 if tray.index in (254, 255) else tray.index
    return _change_filament(
        view, tray, (warm, wanted), ams_id=ams_id, slot_id=slot_id, target=target
    )


def unload(command: c.UnloadFilament, view: View) -> Request:
    slot = command.slot or view.active_tray
    if not slot:
        raise Unusable(f"{view.name} has no filament loaded.", code="nothing_loaded")
    tray = tray_named(slot, view)
    warm = view.filament_temperature(tray)
    ams_id, _ = place_of(tray.index, view)
    return _change_filament(view, tray, (warm, warm), ams_id=ams_id, slot_id=255, target=255)


def clear_fault(view: View) -> Requests:
    error = view.print_error & 0xFFFFFFFF
    dialog = plain(
        "system",
        "uiop",
        name="print_error",
        action="close",
        source=1,
        type="dialog",
        err=f"{error:08X}",
    )
    return (
        plain("print", "clean_print_error", subtask_id=view.subtask_id or "0", print_error=error),
        replace(dialog, answered=False),
    )


def calibrate(command: c.Calibrate, view: View) -> Request:
    unknown = [kind for kind in command.kinds if kind not in CALIBRATIONS]
    if unknown or not command.kinds:
        raise Unusable(
            f"{view.name} calibrates: {', '.join(CALIBRATIONS)}; not {', '.join(unknown) or '-'}."
        )
    option = sum({1 << CALIBRATIONS[kind] for kind in command.kinds})
    return plain("print", "calibration", option=option)


def speed(command: c.SetSpeed, view: View) -> Request:
    if command.level is None:
        raise Unusable(f"{view.name} has speed levels 1 to 4, no percentage.")
    return plain("print", "print_speed", param=str(command.level))


def fan(command: c.SetFan, view: View) -> Request:
    port = FAN_PORTS.get(command.fan)
    if port is None:
        raise Unusable(f"{view.name} has no fan {command.fan!r} that can be set.")
    return gcode(f"M106 P{port} S{round(command.percent * 255 / 100)}")


def extrude(command: c.Extrude, view: View) -> Request:
    if view.dual_nozzle:
        return plain("print", "set_extrusion_length", extruder_index=0, length=command.mm)
    return gcode("M83", f"G0 E{_number(command.mm)} F900")


def _simple(word: str) -> Callable[[c.Command, View], Requests]:
    return lambda _command, _view: (plain("print", word, param=""),)


_BUILDERS: dict[type[c.Command], Callable[[Any, View], Requests]] = {
    c.Pause: _simple("pause"),
    c.Resume: _simple("resume"),
    c.Stop: _simple("stop"),
    c.Home: lambda _command, _view: (gcode("G28"),),  # never an axis alone
    c.Jog: lambda command, _view: (jog(command),),
    c.SetTemperature: lambda command, view: temperature(command.heater, command.target, view),
    c.CoolDown: lambda _command, view: cool_down(view),
    c.SetFan: lambda command, view: (fan(command, view),),
    c.SetLight: lambda command, view: light(command.on, view),
    c.SetSpeed: lambda command, view: (speed(command, view),),
    c.Extrude: lambda command, view: (extrude(command, view),),
    c.LoadFilament: lambda command, view: (load(command, view),),
    c.UnloadFilament: lambda command, view: (unload(command, view),),
    c.ClearFault: lambda _command, view: clear_fault(view),
    c.SkipObjects: lambda command, _view: (
        plain("print", "skip_objects", obj_list=list(command.ids)),
    ),
    c.Calibrate: lambda command, view: (calibrate(command, view),),
    c.SendGcode: lambda command, _view: (gcode(command.line.strip()),),
}


def build(command: c.Command, view: View) -> Requests:
    """The messages for ``command``, in the order to send them. Raises Unusable."""
    builder = _BUILDERS.get(type(command))
    if builder is None:
        raise Unusable(f"{view.name} cannot do that.", code="not_supported")
    return builder(cast(Any, command), view)
