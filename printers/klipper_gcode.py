"""What Klipper's named console commands would do, for the same gate as G-code.

Klipper takes commands and macros by name ("SET_FAN_SPEED FAN=exhaust SPEED=1"). What is not in
these tables may move the machine: allowed at rest, refused while a job is open.
Source: octoprint-moonraker 2 and 4, and the names of Klipper's own commands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_NAME = re.compile(r"(?![GMNT]\d)[A-Z_][A-Z0-9_]{2,60}", re.ASCII)
"""Not "M104S300" or "N10": Klipper takes those for M104 and for a line number."""
_PARAMETER = re.compile(r"([A-Z_][A-Z0-9_]*)=(\"[^\"]*\"|\S+)", re.ASCII | re.IGNORECASE)

_BUTTONS = "prints are started and stopped with the farm's own buttons, never by G-code"
_RESTARTS = "use the restart buttons"
_PROTECTION = "it would switch off one of the printer's own protections"
_SETTINGS = "it rewrites the settings stored in the printer"
_FORBIDDEN = {
    **dict.fromkeys(
        (
            "PAUSE", "RESUME", "CANCEL_PRINT", "BASE_CANCEL_PRINT", "SDCARD_PRINT_FILE",
            "SDCARD_RESET_FILE", "CLEAR_PAUSE", "START_PRINT", "PRINT_START", "END_PRINT",
            "PRINT_END", "EXCLUDE_OBJECT", "EXCLUDE_OBJECT_DEFINE", "EXCLUDE_OBJECT_START",
            "EXCLUDE_OBJECT_END", "SET_PRINT_STATS_INFO",
        ),
        _BUTTONS,
    ),
    **dict.fromkeys(("RESTART", "FIRMWARE_RESTART"), _RESTARTS),
    **dict.fromkeys(
        (
            "FORCE_MOVE", "SET_KINEMATIC_POSITION", "SET_IDLE_TIMEOUT", "SET_STEPPER_ENABLE",
            "SET_VELOCITY_LIMIT", "SET_TMC_FIELD", "SET_TMC_CURRENT", "INIT_TMC", "SET_SERVO",
        ),
        _PROTECTION,
    ),
    **dict.fromkeys(("SAVE_CONFIG", "SAVE_VARIABLE"), _SETTINGS),
    "RUN_SHELL_COMMAND": "it runs a program on the printer's computer",
}  # fmt: skip
_HARMLESS = frozenset(
    {
        "STATUS", "HELP", "GET_POSITION", "QUERY_ENDSTOPS", "QUERY_ADC", "QUERY_PROBE",
        "QUERY_FILAMENT_SENSOR", "SET_FAN_SPEED", "SET_LED", "RESPOND", "SET_DISPLAY_TEXT",
    }
)  # fmt: skip
_HEATERS = {"EXTRUDER": "nozzle", "HEATER_BED": "bed"}


@dataclass(frozen=True, slots=True)
class Named:
    """``effect`` is the value of a printers.gcode.Effect."""

    effect: str
    words: dict[str, float | None] = field(default_factory=dict)
    heater: str = ""
    why: str = ""


def classify(first: str, rest: str) -> Named | None:
    """What ``first`` with its parameters would do; None when it is no command's name."""
    name = first.upper()
    if not _NAME.fullmatch(name):
        return None
    if name in _FORBIDDEN:
        return Named("forbidden", why=_FORBIDDEN[name])
    if name == "RESPOND" and "action" in rest.casefold():
        return Named("forbidden", why="the print server would take it as an order")
    if name in ("TURN_OFF_HEATERS", "SET_HEATER_TEMPERATURE"):
        return _heats(name, rest)
    return Named("harmless" if name in _HARMLESS else "moves")


def _parameters(rest: str) -> dict[str, str]:
    return {key.upper(): value.strip('"') for key, value in _PARAMETER.findall(rest)}


def _heats(name: str, rest: str) -> Named:
    """A target goes through the same limits as the temperature buttons."""
    if name == "TURN_OFF_HEATERS":
        return Named("moves")  # harmless at rest, ruins a print
    parameters = _parameters(rest)
    if _PARAMETER.sub("", rest).strip():  # Klipper might read what is left another way
        return Named("forbidden", why="its parameters are not plain NAME=VALUE pairs")
    heater = parameters.get("HEATER", "").upper()
    known = _HEATERS.get(heater)
    if known is None and re.fullmatch(r"EXTRUDER[1-9]", heater):
        known = f"nozzle{int(heater[-1]) + 1}"
    target = parameters.get("TARGET", "0")
    number = re.fullmatch(r"\d{1,4}(\.\d+)?", target)
    if number is None:
        return Named("forbidden", why="its TARGET is not a temperature in °C")
    return Named("heats", {"S": float(target)}, known or heater.casefold())
