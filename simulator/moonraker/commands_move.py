"""G-code for motion, speed and the modes that SAVE_GCODE_STATE keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.moonraker.errors import GcodeError
from simulator.moonraker.gcode_line import Line

if TYPE_CHECKING:
    from simulator.moonraker.printer import KlipperPrinter


def move(printer: KlipperPrinter, line: Line) -> None:
    """G0 and G1."""
    values = line.letters("XYZEF")
    pushes = values.get("E", 0.0) != 0
    if pushes and printer.sensors["extruder"].actual < printer.config.min_extrude_c:
        raise GcodeError(
            "Extrude below minimum temp\nSee the 'min_extrude_temp' config option for details"
        )
    printer.toolhead.move(values)


def move_to(printer: KlipperPrinter, line: Line) -> None:
    """A move of the file, to an absolute place."""
    target = [line.number(axis) for axis in "XYZ"]
    printer.toolhead.go([*target, printer.toolhead.position[3]])


def dwell(printer: KlipperPrinter, line: Line) -> None:
    """G4 P<ms>, M400."""
    until = printer.clock + line.letters("P").get("P", 0.0) / 1000
    printer.console.hold(lambda: printer.clock >= until)


def home(printer: KlipperPrinter, line: Line) -> None:
    """G28, all axes or those named."""
    axes = "".join(a for a in "xyz" if a.upper() in line.params) or "xyz"
    printer.toolhead.home(axes)
    printer.console.hold(lambda: not printer.toolhead.is_homing)


def absolute(printer: KlipperPrinter, line: Line) -> None:
    """G90, G91."""
    printer.toolhead.modes.absolute = line.name == "G90"


def absolute_e(printer: KlipperPrinter, line: Line) -> None:
    """M82, M83."""
    printer.toolhead.modes.absolute_e = line.name == "M82"


def set_position(printer: KlipperPrinter, line: Line) -> None:
    """G92 E<mm>; axes are left where they are."""
    values = line.letters("E")
    if "E" in values:
        printer.toolhead.position[3] = values["E"]


def motors_off(printer: KlipperPrinter, _line: Line) -> None:
    """M18, M84."""
    printer.toolhead.motors_off()


def tell_position(printer: KlipperPrinter, _line: Line) -> None:
    """M114."""
    printer.respond("X:{:.3f} Y:{:.3f} Z:{:.3f} E:{:.3f}".format(*printer.toolhead.position))


def speed_factor(printer: KlipperPrinter, line: Line) -> None:
    """M220 S<percent>."""
    percent = line.number("S", 100.0)
    if percent <= 0:
        raise GcodeError(f"Error on '{line.raw}': S must be above 0.0")
    printer.toolhead.modes.speed_factor = percent / 100
    printer.feed_percent = percent


def extrude_factor(printer: KlipperPrinter, line: Line) -> None:
    """M221 S<percent>."""
    percent = line.number("S", 100.0)
    if percent <= 0:
        raise GcodeError(f"Error on '{line.raw}': S must be above 0.0")
    printer.toolhead.modes.extrude_factor = percent / 100
    printer.flow_percent = percent


def set_offset(printer: KlipperPrinter, line: Line) -> None:
    """SET_GCODE_OFFSET Z=<mm> or Z_ADJUST=<mm>."""
    head = printer.toolhead
    head.offset_z = line.number("Z", head.offset_z + line.number("Z_ADJUST", 0.0))


def save_state(printer: KlipperPrinter, line: Line) -> None:
    """SAVE_GCODE_STATE NAME=."""
    head = printer.toolhead
    head.saved[line.text("NAME", "default")] = (replace(head.modes), list(head.position))


def restore_state(printer: KlipperPrinter, line: Line) -> None:
    """RESTORE_GCODE_STATE NAME= MOVE=0|1."""
    head = printer.toolhead
    name = line.text("NAME", "default")
    if name not in head.saved:
        raise GcodeError(f"Unknown g-code state: {name}")
    modes, position = head.saved[name]
    head.modes = replace(modes)
    if line.number("MOVE", 0.0):
        head.go([*position[:3], head.position[3]])
