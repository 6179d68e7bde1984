"""system.*, camera.* and xcam.* requests: lights, accessories, recording, AI (A7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.bambu.requests.outcome import Body, Handler, Refused, number

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_LED_NUMBERS = ("led_on_time", "led_off_time", "loop_times", "interval_time")


def ledctrl(machine: BambuMachine, body: Body) -> None:
    """The four numbers must be there, as on real printers."""
    if not all(isinstance(body.get(key), int) for key in _LED_NUMBERS):
        raise Refused("missing led times")
    node, mode = body.get("led_node"), body.get("led_mode")
    if node not in (*machine.lights, "heatbed_light") or mode not in ("on", "off", "flashing"):
        raise Refused("bad led_node or led_mode")
    if node in machine.lights:
        machine.lights[str(node)] = str(mode)


def uiop(machine: BambuMachine, body: Body) -> None:
    """Closing the error dialog on the screen."""
    if body.get("name") == "print_error" and body.get("action") == "close":
        machine.health.print_error = 0


def get_access_code(machine: BambuMachine, _body: Body) -> Body:
    """Tells the code to who has it already."""
    return {"access_code": machine.access_code}


def set_accessories(machine: BambuMachine, body: Body) -> None:
    """Nozzle diameter and material."""
    if body.get("accessory_type") != "nozzle":
        raise Refused("bad accessory_type")
    machine.options.nozzle_diameter = number(body, "nozzle_diameter")
    machine.options.nozzle_type = str(body.get("nozzle_type", machine.options.nozzle_type))


def get_accessories(machine: BambuMachine, _body: Body) -> Body:
    """What is mounted."""
    return {
        "accessory_type": "nozzle",
        "nozzle_diameter": machine.options.nozzle_diameter,
        "nozzle_type": machine.options.nozzle_type,
    }


def accept(_machine: BambuMachine, _body: Body) -> None:
    """Acknowledged without anything to see."""


def reboot(machine: BambuMachine, _body: Body) -> None:
    """As pulling the plug."""
    machine.power_cycle()


def _switched(body: Body) -> bool:
    if body.get("control") not in ("enable", "disable"):
        raise Refused("bad control")
    return bool(body["control"] == "enable")


def _camera(machine: BambuMachine) -> Body | None:
    return {"result": 0} if machine.model.np else None


def ipcam_record_set(machine: BambuMachine, body: Body) -> Body | None:
    """Recording on or off."""
    machine.options.recording = _switched(body)
    return _camera(machine)


def ipcam_timelapse(machine: BambuMachine, body: Body) -> Body | None:
    """Timelapse on or off."""
    machine.options.timelapse = _switched(body)
    return _camera(machine)


def ipcam_resolution_set(machine: BambuMachine, body: Body) -> Body | None:
    """720p or 1080p."""
    if body.get("resolution") not in ("720p", "1080p"):
        raise Refused("bad resolution")
    machine.options.resolution = body["resolution"]
    return _camera(machine)


def ipcam_get_media_info(machine: BambuMachine, _body: Body) -> Body | None:
    """Nothing recorded so far."""
    return {"media_info": [], **(_camera(machine) or {})}


def xcam_control_set(machine: BambuMachine, body: Body) -> None:
    """One detector on or off."""
    module = body.get("module_name")
    xcam = machine.options.xcam
    if not isinstance(module, str) or not module:
        raise Refused("bad module_name")
    xcam[module] = bool(body.get("control", body.get("enable")))
    if "print_halt" in body:
        xcam["print_halt"] = bool(body["print_halt"])
    if "halt_print_sensitivity" in body:
        machine.options.print_halt_sensitivity = str(body["halt_print_sensitivity"])


HANDLERS: dict[tuple[str, str], Handler] = {
    ("system", "ledctrl"): ledctrl,
    ("system", "uiop"): uiop,
    ("system", "get_access_code"): get_access_code,
    ("system", "set_accessories"): set_accessories,
    ("system", "get_accessories"): get_accessories,
    ("system", "set_door_stat"): accept,
    ("system", "print_cache_set"): accept,
    ("system", "reboot"): reboot,
    ("camera", "ipcam_record_set"): ipcam_record_set,
    ("camera", "ipcam_timelapse"): ipcam_timelapse,
    ("camera", "ipcam_resolution_set"): ipcam_resolution_set,
    ("camera", "ipcam_get_media_info"): ipcam_get_media_info,
    ("xcam", "xcam_control_set"): xcam_control_set,
}
