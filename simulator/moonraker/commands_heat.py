"""G-code for heaters, fans and pins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.moonraker.errors import GcodeError
from simulator.moonraker.gcode_line import Line

if TYPE_CHECKING:
    from simulator.moonraker.printer import KlipperPrinter


def aim(printer: KlipperPrinter, name: str, target: float) -> None:
    """Set a target, °C. Raises GcodeError when it is out of the heater's range."""
    heater = printer.sensors[name]
    if not 0 <= target <= heater.maximum:
        raise GcodeError(
            f"Requested temperature ({float(target)}) out of range (0.0:{float(heater.maximum)})"
        )
    if not printer.knobs.ignore_m104:
        heater.aim(target)


def _aim_and_wait(printer: KlipperPrinter, name: str, target: float) -> None:
    aim(printer, name, target)
    if target > 0:
        _wait(printer, printer.sensors[name].reached)


def _wait(printer: KlipperPrinter, reached: Callable[[], bool]) -> None:
    """Hold the queue; Klippy reports the temperatures once a second meanwhile."""
    printer.console.hold(reached, heating=True)
    printer.tell_heat()


def _given(line: Line) -> float:
    return line.letters("S").get("S", 0.0)


def set_nozzle(printer: KlipperPrinter, line: Line) -> None:
    """M104 S<°C>."""
    aim(printer, "extruder", _given(line))


def wait_nozzle(printer: KlipperPrinter, line: Line) -> None:
    """M109 S<°C>."""
    _aim_and_wait(printer, "extruder", _given(line))


def set_bed(printer: KlipperPrinter, line: Line) -> None:
    """M140 S<°C>."""
    aim(printer, "heater_bed", _given(line))


def wait_bed(printer: KlipperPrinter, line: Line) -> None:
    """M190 S<°C>."""
    _aim_and_wait(printer, "heater_bed", _given(line))


def report(printer: KlipperPrinter, _line: Line) -> None:
    """M105."""
    printer.tell_heat()


def _named(printer: KlipperPrinter, line: Line, key: str, *, heaters: bool) -> str:
    short = line.text(key)
    names = printer.config.heaters if heaters else printer.config.sensors
    for name in names:
        if short in (name, name.rpartition(" ")[2]):
            return name
    raise GcodeError(f"The value '{short}' is not valid for {key}")


def set_heater(printer: KlipperPrinter, line: Line) -> None:
    """SET_HEATER_TEMPERATURE HEATER=<name> TARGET=<°C>."""
    name = _named(printer, line, "HEATER", heaters=True)
    aim(printer, name, line.number("TARGET", 0.0))


def wait_sensor(printer: KlipperPrinter, line: Line) -> None:
    """TEMPERATURE_WAIT SENSOR=<name> MINIMUM= MAXIMUM=."""
    sensor = printer.sensors[_named(printer, line, "SENSOR", heaters=False)]
    low = line.number("MINIMUM", float("-inf"))
    high = line.number("MAXIMUM", float("inf"))
    _wait(printer, lambda: low <= sensor.actual <= high)


def all_off(printer: KlipperPrinter, _line: Line) -> None:
    """TURN_OFF_HEATERS."""
    printer.heat.off()


def fan_on(printer: KlipperPrinter, line: Line) -> None:
    """M106 S<0-255>."""
    printer.speeds["fan"] = min(1.0, max(0.0, line.letters("S").get("S", 255.0) / 255.0))
    printer.set_fan(1, 100 * printer.speeds["fan"])


def fan_off(printer: KlipperPrinter, _line: Line) -> None:
    """M107."""
    printer.speeds["fan"] = 0.0
    printer.set_fan(1, 0)


def set_fan(printer: KlipperPrinter, line: Line) -> None:
    """SET_FAN_SPEED FAN=<name> SPEED=<0-1>."""
    name = f"fan_generic {line.text('FAN')}"
    if name not in printer.speeds:
        raise GcodeError(f"The value '{line.text('FAN')}' is not valid for FAN")
    printer.speeds[name] = min(1.0, max(0.0, line.number("SPEED", 0.0)))


def set_pin(printer: KlipperPrinter, line: Line) -> None:
    """SET_PIN PIN=<name> VALUE=<0-1>."""
    name = f"output_pin {line.text('PIN')}"
    if name not in printer.pins:
        raise GcodeError(f"The value '{line.text('PIN')}' is not valid for PIN")
    printer.pins[name] = line.number("VALUE", low=0.0, high=1.0)
    printer.lights["chamber_light"] = "on" if printer.pins[name] > 0 else "off"
