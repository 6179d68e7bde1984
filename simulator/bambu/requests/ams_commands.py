"""print.ams_* requests: loading, editing slots, reading tags, drying (A7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.ams import EXTERNAL, EXTERNAL_LEFT, NONE, AmsUnit, Spool, spool
from simulator.bambu.requests.outcome import Body, Handler, Refused, number

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_READ_S = 8.0


def _may_change(machine: BambuMachine) -> None:
    if machine.job.gcode_state in ("PREPARE", "SLICING", "RUNNING"):
        raise Refused(f"not allowed in {machine.job.gcode_state}", -1)


def external_tray(machine: BambuMachine, ams_id: int) -> int:
    """The internal tray number of ams_id 254 (left on dual, else the holder) or 255."""
    if ams_id == 254 and machine.model.nozzles == 2:
        return EXTERNAL_LEFT
    return EXTERNAL


def ams_change_filament(machine: BambuMachine, body: Body) -> Body:
    """Load from a slot or the holder, or unload (target 255)."""
    _may_change(machine)
    target = int(number(body, "target"))
    ams_id = int(number(body, "ams_id", NONE))
    if target == EXTERNAL or (ams_id in (254, 255) and target != NONE):
        target = external_tray(machine, ams_id)
    elif target != NONE and machine.ams.find(target) is None:
        raise Refused("tray is empty", 1)
    temperature = number(body, "tar_temp", 0)
    if temperature > 0:
        machine.heat.nozzles[machine.ams.feeds(target) if target != NONE else 0].aim(temperature)
    machine.ams.begin_change(target)
    return {"errno": 0, "soft_temp": 0}


def unload_filament(machine: BambuMachine, _body: Body) -> None:
    """The older spelling."""
    _may_change(machine)
    machine.ams.begin_change(NONE)


def ams_control(machine: BambuMachine, body: Body) -> None:
    """Answer of an AMS dialog: resume, reset, pause, done, abort."""
    param = body.get("param")
    if param not in ("resume", "reset", "pause", "done", "abort"):
        raise Refused("bad param")
    if param == "resume" and machine.run is not None and machine.job.gcode_state == "PAUSE":
        machine.run.resume()
    elif param == "abort":
        machine.ams.change, machine.ams.tar = None, machine.ams.now


def _unit(machine: BambuMachine, body: Body) -> AmsUnit:
    unit = machine.ams.unit(int(number(body, "ams_id")))
    if unit is None:
        raise Refused("no such AMS", 1)
    return unit


def ams_get_rfid(machine: BambuMachine, body: Body) -> None:
    """Read a tag; takes a few seconds."""
    _may_change(machine)
    unit = _unit(machine, body)
    slot = int(number(body, "slot_id"))
    if not 0 <= slot < len(unit.slots):
        raise Refused("no such slot", 1)
    machine.ams.reading = (unit.id, slot, _READ_S)


def ams_filament_setting(machine: BambuMachine, body: Body) -> None:
    """Type and colour of a slot (tray_id = slot) or of the holder (ams_id 255, tray_id 254)."""
    ams_id, tray = int(number(body, "ams_id")), int(number(body, "tray_id"))
    fresh = spool(
        str(body.get("tray_type", "")), str(body.get("tray_color", "FFFFFFFF"))[:6], rfid=False
    )
    fresh.idx = str(body.get("tray_info_idx", ""))
    fresh.nozzle_min = int(number(body, "nozzle_temp_min", 190))
    fresh.nozzle_max = int(number(body, "nozzle_temp_max", 240))
    if ams_id in (254, 255):
        machine.ams.external[external_tray(machine, tray)] = fresh
        return
    unit = _unit(machine, body)
    if not 0 <= tray < len(unit.slots):
        raise Refused("no such slot", 1)
    old = unit.slots[tray]
    if old is not None and old.rfid:
        raise Refused("the spool has a tag", 1)
    unit.slots[tray] = _kept_rest(fresh, old)


def _kept_rest(fresh: Spool, old: Spool | None) -> Spool:
    if old is not None:
        fresh.grams = old.grams
    return fresh


def ams_user_setting(machine: BambuMachine, body: Body) -> None:
    """Reading at start and insertion, remaining-filament estimate."""
    for key in machine.ams.options:
        if key in body:
            machine.ams.options[key] = bool(body[key])


def ams_filament_drying(machine: BambuMachine, body: Body) -> None:
    """mode 1 starts, 0 stops; duration in hours; only AMS 2 Pro and HT."""
    unit = _unit(machine, body)
    if not unit.dryer:
        raise Refused("not supported", 1)
    if int(number(body, "mode")) == 0:
        unit.dry_left, unit.dry_temp, unit.dry_hours = 0.0, 0, 0
        return
    unit.dry_temp = int(number(body, "temp"))
    unit.dry_hours = int(number(body, "duration"))
    unit.dry_filament = str(body.get("filament", ""))
    unit.dry_left = 60.0 * unit.dry_hours


def auto_stop_ams_dry(machine: BambuMachine, _body: Body) -> None:
    """Emergency stop of all dryers."""
    for unit in machine.ams.units:
        unit.dry_left, unit.dry_temp, unit.dry_hours = 0.0, 0, 0


def ams_reset(machine: BambuMachine, _body: Body) -> None:
    """Forget a running change."""
    machine.ams.change, machine.ams.tar = None, machine.ams.now


HANDLERS: dict[tuple[str, str], Handler] = {
    ("print", function.__name__): function
    for function in (
        ams_change_filament,
        unload_filament,
        ams_control,
        ams_get_rfid,
        ams_filament_setting,
        ams_user_setting,
        ams_filament_drying,
        auto_stop_ams_dry,
        ams_reset,
    )
}
