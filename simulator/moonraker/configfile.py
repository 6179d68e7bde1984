"""The configfile object: sections of printer.cfg as texts, and with their values read."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from simulator.moonraker.klipper_config import KlipperConfig


def _heater(low: float, high: float, pin: str) -> dict[str, Any]:
    return {
        "sensor_type": "Generic 3950",
        "sensor_pin": pin,
        "min_temp": low,
        "max_temp": high,
        "min_extrude_temp": 170.0,
        "max_power": 1.0,
        "smooth_time": 1.0,
        "control": "pid",
        "heater_pin": f"{pin}0",
        "pwm_cycle_time": 0.1,
    }


@lru_cache(maxsize=16)
def _settings(config: KlipperConfig) -> dict[str, Any]:
    sections: dict[str, Any] = {
        "mcu": {"serial": "/dev/serial/by-id/usb-Klipper-if00", "max_stepper_error": 2.5e-05},
        "printer": {"max_velocity": 300.0, "max_accel": 3000.0, "kinematics": "corexy"},
        "heater_bed": _heater(0.0, config.bed_max, "PF3"),
        "extruder": {
            **_heater(0.0, config.nozzle_max, "PF4"),
            "min_extrude_temp": config.min_extrude_c,
            "max_extrude_only_distance": config.max_extrude_mm,
            "nozzle_diameter": 0.4,
            "filament_diameter": 1.75,
        },
        "fan": {"pin": "PA8", "max_power": 1.0, "shutdown_speed": 0.0},
        "virtual_sdcard": {"path": "/home/pi/printer_data/gcodes"},
        "idle_timeout": {"timeout": 600.0},
        "pause_resume": {"recover_velocity": 50.0},
        "exclude_object": {"enable_exclude_object": True},
        "gcode_macro cancel_print": {
            "gcode": "\nTURN_OFF_HEATERS\nBASE_CANCEL_PRINT",
            "rename_existing": "BASE_CANCEL_PRINT",
            "description": "G-Code macro",
        },
    }
    for axis, length in zip("xyz", config.volume, strict=True):
        sections[f"stepper_{axis}"] = {
            "position_endstop": 0.0,
            "position_min": 0.0,
            "position_max": length,
        }
    for name in config.sensors:
        if name.startswith("heater_generic"):
            sections[name] = _heater(0.0, config.chamber_max, "PF5")
        elif name.startswith("temperature_sensor"):
            sections[name] = {"sensor_type": "Generic 3950", "min_temp": 0.0, "max_temp": 100.0}
    if config.exhaust:
        sections["fan_generic exhaust"] = {"pin": "PD13", "max_power": 1.0}
    if config.light:
        sections["output_pin caselight"] = {"pin": "PB4", "pwm": True, "scale": 1.0, "value": 0.0}
    if config.runout_sensor:
        sections["filament_switch_sensor runout"] = {
            "switch_pin": "PG12",
            "pause_on_runout": True,
            "runout_gcode": "",
        }
    return sections


def configfile(config: KlipperConfig) -> dict[str, Any]:
    """``settings`` are values, ``config`` the texts of the file."""
    settings = _settings(config)
    texts = {
        section: {key: str(value) for key, value in values.items()}
        for section, values in settings.items()
    }
    return {
        "config": texts,
        "settings": settings,
        "warnings": [],
        "save_config_pending": False,
        "save_config_pending_items": {},
    }
