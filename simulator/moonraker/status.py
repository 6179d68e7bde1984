"""Klippy's objects as JSON (octoprint-moonraker 4.Moonraker): every key of the real ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulator.moonraker.configfile import configfile

if TYPE_CHECKING:
    from simulator.moonraker.printer import KlipperPrinter

Status = dict[str, Any]


def _webhooks(printer: KlipperPrinter) -> Status:
    return {"state": printer.klippy.state, "state_message": printer.klippy.message}


def _heater(printer: KlipperPrinter, name: str) -> Status:
    heater = printer.sensors[name]
    power = 0.0
    if printer.board.powered and heater.target > 0:
        missing = heater.target - heater.actual
        power = 1.0 if missing > 1 else round(min(1.0, heater.target / 500), 2)
    return {
        "temperature": printer.temperature(name),
        "target": heater.target,
        "power": power,
        "pid_profile": "default",
    }


def _extruder(printer: KlipperPrinter) -> Status:
    warm = printer.sensors["extruder"].actual >= printer.config.min_extrude_c
    return {
        **_heater(printer, "extruder"),
        "can_extrude": warm,
        "pressure_advance": 0.0,
        "smooth_time": 0.04,
        "motion_queue": None,
    }


def _sensor(printer: KlipperPrinter, name: str) -> Status:
    low, high = printer.extremes(name)
    return {
        "temperature": printer.temperature(name),
        "measured_min_temp": low,
        "measured_max_temp": high,
    }


def _fan(printer: KlipperPrinter, name: str) -> Status:
    speed = printer.speeds[name]
    return {"power": speed, "value": speed, "speed": speed, "rpm": None}


def _toolhead(printer: KlipperPrinter) -> Status:
    head = printer.toolhead
    return {
        "homed_axes": head.homed,
        "axis_minimum": [0.0, 0.0, 0.0, 0.0],
        "axis_maximum": [*printer.config.volume, 0.0],
        "print_time": printer.clock,
        "stalls": 0,
        "estimated_print_time": printer.clock,
        "extruder": "extruder",
        "position": list(head.position),
        "max_velocity": head.max_velocity,
        "max_accel": head.max_accel,
        "minimum_cruise_ratio": 0.5,
        "square_corner_velocity": 5.0,
    }


def _gcode_move(printer: KlipperPrinter) -> Status:
    head = printer.toolhead
    x, y, z, e = head.position
    return {
        "speed_factor": head.modes.speed_factor,
        "speed": head.modes.speed,
        "extrude_factor": head.modes.extrude_factor,
        "absolute_coordinates": head.modes.absolute,
        "absolute_extrude": head.modes.absolute_e,
        "homing_origin": [0.0, 0.0, head.offset_z, 0.0],
        "position": [x, y, z, e],
        "gcode_position": [x, y, z - head.offset_z, e],
    }


def _motion(printer: KlipperPrinter) -> Status:
    return {
        "live_position": list(printer.toolhead.position),
        "live_velocity": 0.0,
        "live_extruder_velocity": 0.0,
        "steppers": ["extruder", "stepper_x", "stepper_y", "stepper_z"],
        "trapq": ["extruder", "toolhead"],
    }


def _switch(printer: KlipperPrinter) -> Status:
    return {
        "filament_detected": printer.filament_sensor,
        "enabled": printer.sensor_enabled,
        "smart": False,
        "always_fire_events": False,
        "runout_distance": 0.0,
        "runout_elapsed": 0.0,
        "check_on_print_start": False,
    }


def _heaters(printer: KlipperPrinter) -> Status:
    return {
        "available_heaters": list(printer.config.heaters),
        "available_sensors": list(printer.config.sensors),
        "available_monitors": [],
    }


def _steppers(printer: KlipperPrinter) -> Status:
    head = printer.toolhead
    axes = {f"stepper_{axis}": head.motors for axis in "xyz"}
    return {"steppers": {**axes, "extruder": head.motors and printer.stats.state == "printing"}}


def _board(_printer: KlipperPrinter) -> Status:
    names = (
        "bytes_write", "bytes_read", "bytes_retransmit", "bytes_invalid", "send_seq",
        "receive_seq", "retransmit_seq",
    )  # fmt: skip
    return {
        "app": "SimBoard",
        "mcu_version": "v0-sim",
        "mcu_build_versions": "python",
        "mcu_constants": {
            "CLOCK_FREQ": 16000000,
            "STATS_SUMSQ_BASE": 256,
            "ADC_MAX": 4095,
            "PWM_MAX": 255,
            "MCU": "simboard",
            "RECEIVE_WINDOW": 2048,
        },
        "mcu_kconfig": None,
        "last_stats": {
            "mcu_awake": 0.031,
            "mcu_task_avg": 6e-06,
            "mcu_task_stddev": 1e-06,
            **dict.fromkeys(names, 0),
            "srtt": 0.0,
            "rttvar": 0.0,
            "rto": 0.025,
            "ready_bytes": 0,
            "upcoming_bytes": 0,
            "freq": 16000000,
        },
    }


def _commands(_printer: KlipperPrinter) -> Status:
    from simulator.moonraker.commands import COMMANDS, IGNORED

    names = sorted({*COMMANDS, *IGNORED})
    return {"commands": {name: {} for name in names if not name.startswith("_")}}


_BUILDERS: dict[str, Callable[[KlipperPrinter], Status]] = {
    "webhooks": _webhooks,
    "print_stats": lambda p: p.stats.status(),
    "virtual_sdcard": lambda p: p.card.status(),
    "display_status": lambda p: {"progress": p.display_progress, "message": p.message or None},
    "pause_resume": lambda p: {"is_paused": p.is_paused},
    "idle_timeout": lambda p: {"state": p.idle_state, "printing_time": p.busy_s},
    "exclude_object": lambda p: p.objects.status(),
    "toolhead": _toolhead,
    "gcode_move": _gcode_move,
    "motion_report": _motion,
    "extruder": _extruder,
    "heater_bed": lambda p: _heater(p, "heater_bed"),
    "heater_generic chamber": lambda p: _heater(p, "heater_generic chamber"),
    "temperature_sensor chamber": lambda p: _sensor(p, "temperature_sensor chamber"),
    "temperature_sensor toolhead": lambda p: _sensor(p, "temperature_sensor toolhead"),
    "fan": lambda p: _fan(p, "fan"),
    "fan_generic exhaust": lambda p: _fan(p, "fan_generic exhaust"),
    "output_pin caselight": lambda p: {"value": p.pins["output_pin caselight"]},
    "filament_switch_sensor runout": _switch,
    "heaters": _heaters,
    "stepper_enable": _steppers,
    "mcu": _board,
    "gcode": _commands,
    "configfile": lambda p: configfile(p.config),
    "telemetry": lambda _p: {"enabled": False},
    "gcode_macro CANCEL_PRINT": lambda _p: {},
    "query_endstops": lambda _p: {"last_query": {"x": 0, "y": 0, "z": 0}},
    "system_stats": lambda _p: {"sysload": 0.1, "cputime": 1.0, "memavail": 2000000},
    "manual_probe": lambda _p: {
        "is_active": False,
        "z_position": None,
        "z_position_lower": None,
        "z_position_upper": None,
    },
}


def status_of(printer: KlipperPrinter, name: str) -> Status:
    """One object; {} for one that is not in the configuration."""
    return _BUILDERS[name](printer) if name in printer.config.objects else {}


def selected(status: Status, fields: list[str] | None) -> Status:
    """The wanted fields; those that do not exist are null, of an unknown object nothing."""
    if fields is None or not status:
        return dict(status)
    return {field: status.get(field) for field in fields}
