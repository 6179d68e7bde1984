"""print.* requests about the running job, raw G-code, heat, fans and motion (A7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.bambu.requests.outcome import Body, Handler, Refused, number
from simulator.gcode import Mark, Timeline
from simulator.print_run import PrintRun, Start
from simulator.state import LEVELLING_HMS, SPEEDS

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_STAGE_OF_BIT = {0: 12, 1: 1, 2: 3, 3: 25, 4: 39, 5: 40, 6: 65}
_STAGE_S = 60.0
_OPTIONS = (
    "auto_recovery",
    "auto_switch_filament",
    "filament_tangle_detect",
    "sound_enable",
    "nozzle_blob_detect",
    "air_print_detect",
)


def _run_in(machine: BambuMachine, *states: str) -> PrintRun:
    run = machine.run
    if run is None or run.stopping or machine.job.gcode_state not in states:
        raise Refused(f"not allowed in {machine.job.gcode_state}")
    return run


def _not_busy(machine: BambuMachine) -> None:
    if machine.job.busy:
        raise Refused(f"not allowed in {machine.job.gcode_state}")


def pause(machine: BambuMachine, _body: Body) -> None:
    """Only in RUNNING."""
    _run_in(machine, "RUNNING").pause()


def resume(machine: BambuMachine, _body: Body) -> None:
    """Only in PAUSE."""
    _run_in(machine, "PAUSE").resume()


def stop(machine: BambuMachine, _body: Body) -> None:
    """Only in PREPARE, RUNNING and PAUSE."""
    _run_in(machine, "PREPARE", "RUNNING", "PAUSE").stop()


def gcode_line(machine: BambuMachine, body: Body) -> Body:
    """Accepted means queued, not executed."""
    param = body.get("param")
    if not isinstance(param, str) or not param:
        raise Refused("missing param", 1)
    machine.console.send(param)
    return {"err_code": 0, "is_from_mqtt": True}


def print_speed(machine: BambuMachine, body: Body) -> None:
    """Level "1" … "4", only while printing."""
    _run_in(machine, "RUNNING", "PAUSE", "PREPARE")
    level = int(number(body, "param"))
    if level not in SPEEDS:
        raise Refused("bad param")
    job = machine.job
    job.minutes = round(job.minutes * SPEEDS[job.speed_level] / SPEEDS[level])
    job.speed_level = level


def skip_objects(machine: BambuMachine, body: Body) -> None:
    """Ids of objects on the plate; never all of them, never back again."""
    _run_in(machine, "RUNNING", "PAUSE")
    wanted = body.get("obj_list")
    job = machine.job
    if not isinstance(wanted, list) or not all(isinstance(i, int) for i in wanted):
        raise Refused("bad obj_list")
    if not set(wanted) <= set(job.objects):
        raise Refused("unknown object")
    skipped = [*job.skipped, *(i for i in wanted if i not in job.skipped)]
    if len(skipped) >= len(job.objects):
        raise Refused("cannot skip every object")
    job.skipped = skipped


def clean_print_error(machine: BambuMachine, _body: Body) -> None:
    """The error is acknowledged by a person."""
    machine.health.print_error = 0
    machine.health.fail_reason = 0
    machine.health.forgive(LEVELLING_HMS)


def ignore(machine: BambuMachine, _body: Body) -> None:
    """Go on in spite of the error."""
    machine.health.print_error = 0
    if machine.run is not None and machine.job.gcode_state == "PAUSE":
        machine.run.resume()


def set_bed_temp(machine: BambuMachine, body: Body) -> None:
    """Newer models."""
    machine.heat.bed.aim(number(body, "temp"))


def set_nozzle_temp(machine: BambuMachine, body: Body) -> None:
    """extruder_index 0 right, 1 left."""
    index = int(number(body, "extruder_index", 0))
    if not 0 <= index < len(machine.heat.nozzles):
        raise Refused("bad extruder_index")
    machine.heat.nozzles[index].aim(number(body, "target_temp"))


def set_ctt(machine: BambuMachine, body: Body) -> None:
    """Chamber target; refused without a chamber heater."""
    if not machine.model.chamber_max:
        raise Refused("not supported", -2)
    machine.heat.chamber.aim(number(body, "ctt_val"))


def set_fan(machine: BambuMachine, body: Body) -> None:
    """fan_index 1 part, 2 aux, 3 chamber (A4.3); speed 0–100."""
    index = int(number(body, "fan_index"))
    if index not in machine.fans:
        raise Refused("bad fan_index")
    machine.set_fan(index, number(body, "speed"))


def set_airduct(machine: BambuMachine, body: Body) -> None:
    """modeId 0 cooling, 1 heating."""
    if not machine.model.np:
        raise Refused("not supported")
    machine.options.airduct_mode = int(number(body, "modeId"))


def back_to_center(machine: BambuMachine, _body: Body) -> None:
    """Home."""
    _not_busy(machine)
    machine.console.send("G28")


def xyz_ctrl(machine: BambuMachine, body: Body) -> None:
    """One step along an axis: mode 0 = 1 mm, mode 1 = 10 mm."""
    _not_busy(machine)
    axis = body.get("axis")
    if axis not in ("X", "Y", "Z"):
        raise Refused("bad axis")
    step = 10.0 if number(body, "mode", 0) else 1.0
    sign = 1 if number(body, "dir") > 0 else -1
    machine.console.send(f"G91\nG1 {axis}{sign * step} F3000\nG90")


def set_extrusion_length(machine: BambuMachine, body: Body) -> None:
    """Push or pull filament; refused below 170 °C."""
    _not_busy(machine)
    index = int(number(body, "extruder_index", 0))
    if not 0 <= index < len(machine.heat.nozzles):
        raise Refused("bad extruder_index")
    if not machine.console.extrude(number(body, "length"), index):
        raise Refused("nozzle too cold", -1)


def select_extruder(machine: BambuMachine, body: Body) -> None:
    """0 right, 1 left; only on dual nozzles."""
    index = int(number(body, "extruder_index"))
    if not 0 <= index < len(machine.heat.nozzles) or machine.model.nozzles < 2:
        raise Refused("not supported")
    machine.ams.extruder = index


def calibration(machine: BambuMachine, body: Body) -> None:
    """Each bit of ``option`` is a minute of its stage; the printer is busy meanwhile."""
    _not_busy(machine)
    option = int(number(body, "option"))
    stages = [stage for bit, stage in _STAGE_OF_BIT.items() if option >> bit & 1]
    if not stages:
        raise Refused("bad option")
    marks = [Mark(i * _STAGE_S, "stage", 0.0, stage) for i, stage in enumerate(stages)]
    job = machine.job
    job.subtask_name, job.file, job.print_type = "auto_calibration", "", "system"
    machine.begin(
        Start(timeline=Timeline(_STAGE_S * len(stages), 0, tuple(marks), ()), system=True)
    )


def print_option(machine: BambuMachine, body: Body) -> None:
    """One switch per message."""
    known = [key for key in _OPTIONS if key in body]
    if not known:
        raise Refused("unknown option")
    for key in known:
        setattr(machine.options, key, bool(body[key]))


def accept(_machine: BambuMachine, _body: Body) -> None:
    """Acknowledged without anything to see (buzzer, cached dialogs)."""


HANDLERS: dict[tuple[str, str], Handler] = {
    ("print", function.__name__): function
    for function in (
        pause,
        resume,
        stop,
        gcode_line,
        print_speed,
        skip_objects,
        clean_print_error,
        ignore,
        set_bed_temp,
        set_nozzle_temp,
        set_ctt,
        set_fan,
        set_airduct,
        back_to_center,
        xyz_ctrl,
        set_extrusion_length,
        select_extruder,
        calibration,
        print_option,
    )
}
HANDLERS[("print", "buzzer_ctrl")] = accept
HANDLERS[("print", "idle_ignore")] = clean_print_error
HANDLERS[("print", "refresh_nozzle")] = accept
