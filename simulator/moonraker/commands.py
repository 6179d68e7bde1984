"""Every G-code command the simulated Klippy knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.moonraker import commands_heat as heat
from simulator.moonraker import commands_job as job
from simulator.moonraker import commands_move as move
from simulator.moonraker.gcode_line import Line

if TYPE_CHECKING:
    from simulator.moonraker.printer import KlipperPrinter

Command = Callable[["KlipperPrinter", Line], None]

IGNORED = frozenset(
    {
        "M110", "M204", "SET_VELOCITY_LIMIT", "SET_PRESSURE_ADVANCE", "G20", "G21", "M20", "M21",
        "SET_IDLE_TIMEOUT", "SET_STEPPER_ENABLE", "QUERY_ENDSTOPS", "GET_POSITION", "HELP",
        "EXCLUDE_OBJECT_RESET",
    }
)  # fmt: skip
"""Known, and nothing here depends on them."""

WHEN_HALTED = frozenset(
    {"M110", "M112", "M115", "M105", "RESTART", "FIRMWARE_RESTART", "ECHO", "STATUS", "HELP"}
)
"""What Klippy still takes in shutdown, error and startup."""

COMMANDS: dict[str, Command] = {
    "M104": heat.set_nozzle,
    "M109": heat.wait_nozzle,
    "M140": heat.set_bed,
    "M190": heat.wait_bed,
    "M105": heat.report,
    "SET_HEATER_TEMPERATURE": heat.set_heater,
    "TEMPERATURE_WAIT": heat.wait_sensor,
    "TURN_OFF_HEATERS": heat.all_off,
    "M106": heat.fan_on,
    "M107": heat.fan_off,
    "SET_FAN_SPEED": heat.set_fan,
    "SET_PIN": heat.set_pin,
    "G0": move.move,
    "G1": move.move,
    "_MOVE_TO": move.move_to,
    "G4": move.dwell,
    "M400": move.dwell,
    "G28": move.home,
    "G90": move.absolute,
    "G91": move.absolute,
    "M82": move.absolute_e,
    "M83": move.absolute_e,
    "G92": move.set_position,
    "M18": move.motors_off,
    "M84": move.motors_off,
    "M114": move.tell_position,
    "M220": move.speed_factor,
    "M221": move.extrude_factor,
    "SET_GCODE_OFFSET": move.set_offset,
    "SAVE_GCODE_STATE": move.save_state,
    "RESTORE_GCODE_STATE": move.restore_state,
    "SDCARD_PRINT_FILE": job.print_file,
    "SDCARD_RESET_FILE": job.reset_file,
    "PAUSE": job.pause,
    "M25": job.pause,
    "_FILAMENT_RUNOUT": job.run_out,
    "RESUME": job.resume,
    "CLEAR_PAUSE": job.clear_pause,
    "CANCEL_PRINT": job.cancel,
    "SET_PRINT_STATS_INFO": job.set_info,
    "M73": job.progress,
    "M117": job.display,
    "SET_DISPLAY_TEXT": job.display,
    "M118": job.echo,
    "ECHO": job.echo,
    "RESPOND": job.answer,
    "EXCLUDE_OBJECT": job.exclude,
    "EXCLUDE_OBJECT_DEFINE": job.define_object,
    "EXCLUDE_OBJECT_START": job.object_start,
    "EXCLUDE_OBJECT_END": job.object_end,
    "QUERY_FILAMENT_SENSOR": job.query_sensor,
    "SET_FILAMENT_SENSOR": job.switch_sensor,
    "M112": job.emergency,
    "M115": job.firmware,
    "STATUS": job.status,
    "RESTART": job.restart,
    "FIRMWARE_RESTART": job.firmware_restart,
}
