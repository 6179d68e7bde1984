"""G-code for jobs, objects, messages and Klippy itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from simulator.moonraker.errors import GcodeError
from simulator.moonraker.gcode_line import Line

if TYPE_CHECKING:
    from simulator.moonraker.printer import KlipperPrinter


_RUNOUT_DELAY_S = 0.5  # real


def print_file(printer: KlipperPrinter, line: Line) -> None:
    """SDCARD_PRINT_FILE FILENAME=."""
    name = line.text("FILENAME").lstrip("/")
    if printer.card.is_active:
        raise GcodeError("SD busy")
    printer.card.reset()
    printer.card.load(name)
    printer.card.start()


def reset_file(printer: KlipperPrinter, _line: Line) -> None:
    """SDCARD_RESET_FILE: also in a print, which it ends."""
    printer.card.reset()


def pause(printer: KlipperPrinter, _line: Line) -> None:
    """PAUSE, M25; idle it is taken too."""
    if printer.is_paused:
        printer.respond("// Print already paused")
        return
    if printer.card.is_active:
        printer.card.pause()
        printer.sd_paused = True
    elif not printer.sd_paused:
        printer.respond("// action:paused")
    printer.is_paused = True
    head = printer.toolhead
    head.saved["PAUSE_STATE"] = (head.modes, list(head.position))


def run_out(printer: KlipperPrinter, _line: Line) -> None:
    """The switch sensor: reading stops at once, PAUSE follows half a second later.

    Until then RESUME is refused with "Print is not paused".
    """
    if printer.card.is_active:
        printer.card.pause()
        printer.sd_paused = True
        printer.after(_RUNOUT_DELAY_S, lambda: printer.console.send("PAUSE"))


def resume(printer: KlipperPrinter, _line: Line) -> None:
    """RESUME; "SD busy" when another file has been started meanwhile."""
    if not printer.is_paused:
        printer.respond("// Print is not paused, resume aborted")
        return
    if printer.card.is_active and printer.sd_paused:  # another file was started
        raise GcodeError("SD busy")
    _, position = printer.toolhead.saved["PAUSE_STATE"]
    printer.toolhead.go([*position[:3], printer.toolhead.position[3]])
    printer.is_paused = False
    if printer.sd_paused:
        printer.sd_paused = False
        printer.card.resume()
    else:
        printer.respond("// action:resumed")


def clear_pause(printer: KlipperPrinter, _line: Line) -> None:
    """CLEAR_PAUSE."""
    printer.is_paused = printer.sd_paused = False


def cancel(printer: KlipperPrinter, _line: Line) -> None:
    """CANCEL_PRINT, the macro: heaters off, then Klippy's own."""
    printer.heat.off()
    if printer.card.is_active or printer.sd_paused:
        printer.card.cancel()
    else:
        printer.respond("// action:cancel")
    printer.is_paused = printer.sd_paused = False


def set_info(printer: KlipperPrinter, line: Line) -> None:
    """SET_PRINT_STATS_INFO TOTAL_LAYER= CURRENT_LAYER=."""
    stats = printer.stats
    if "TOTAL_LAYER" in line.params:
        stats.total_layer = int(line.number("TOTAL_LAYER", low=0)) or None
        if stats.total_layer and stats.current_layer is None:
            stats.current_layer = 0
    if "CURRENT_LAYER" in line.params and stats.total_layer is not None:
        stats.current_layer = min(int(line.number("CURRENT_LAYER", low=0)), stats.total_layer)
        printer.layer_is(stats.current_layer, stats.total_layer)


def progress(printer: KlipperPrinter, line: Line) -> None:
    """M73 P<percent>."""
    percent = line.letters("P").get("P")
    if percent is not None:
        printer.shown_progress = min(1.0, max(0.0, percent / 100))
        printer.shown_at = printer.uptime


def display(printer: KlipperPrinter, line: Line) -> None:
    """M117 text, SET_DISPLAY_TEXT MSG=; without a text the display is empty."""
    text = line.rest if line.name == "M117" else line.params.get("MSG", "")
    printer.message = text


def echo(printer: KlipperPrinter, line: Line) -> None:
    """M118 text, ECHO text."""
    printer.respond(f"echo: {line.rest}")


def answer(printer: KlipperPrinter, line: Line) -> None:
    """RESPOND TYPE=echo|command|error MSG=."""
    prefix = {"command": "// ", "error": "!! ", "echo": "echo: "}
    kind = line.text("TYPE", "echo").lower()
    if kind not in prefix:
        raise GcodeError(f"RESPOND TYPE '{kind}' is invalid")
    printer.respond(prefix[kind] + line.text("MSG", ""))


def exclude(printer: KlipperPrinter, line: Line) -> None:
    """EXCLUDE_OBJECT NAME= | CURRENT=1 | RESET=1; unknown names are taken too."""
    objects = printer.objects
    if "RESET" in line.params:
        objects.excluded = []
    elif "NAME" in line.params or "CURRENT" in line.params:
        name = line.params.get("NAME", objects.current or "").upper()
        if not name:
            raise GcodeError("There is no current object to cancel")
        if name not in objects.excluded:
            objects.excluded = sorted([*objects.excluded, name])
            printer.respond(f"// Excluding object {name}")
    else:
        printer.respond("// Excluded objects: " + " ".join(objects.excluded))


def define_object(printer: KlipperPrinter, line: Line) -> None:
    """EXCLUDE_OBJECT_DEFINE NAME= CENTER=x,y POLYGON=[[x,y],…] | RESET=1."""
    if "RESET" in line.params:
        printer.objects.clear()
        return
    entry: dict[str, Any] = {"name": line.text("NAME").upper()}
    try:
        if "CENTER" in line.params:
            entry["center"] = json.loads(f"[{line.params['CENTER']}]")
        if "POLYGON" in line.params:
            entry["polygon"] = json.loads(line.params["POLYGON"])
    except ValueError:
        raise GcodeError(f"Malformed command '{line.raw}'") from None
    printer.objects.define(entry)


def object_start(printer: KlipperPrinter, line: Line) -> None:
    """EXCLUDE_OBJECT_START NAME=."""
    name = line.text("NAME").upper()
    printer.objects.define({"name": name})
    printer.objects.current = name


def object_end(printer: KlipperPrinter, _line: Line) -> None:
    """EXCLUDE_OBJECT_END."""
    printer.objects.current = None


def query_sensor(printer: KlipperPrinter, line: Line) -> None:
    """QUERY_FILAMENT_SENSOR SENSOR=."""
    name = line.text("SENSOR")
    there = "detected" if printer.filament_sensor else "not detected"
    printer.respond(f"// Filament Sensor {name}: filament {there}")


def switch_sensor(printer: KlipperPrinter, line: Line) -> None:
    """SET_FILAMENT_SENSOR SENSOR= ENABLE=0|1."""
    printer.sensor_enabled = bool(line.number("ENABLE", 1.0))


def emergency(printer: KlipperPrinter, _line: Line) -> None:
    """M112."""
    printer.klippy.shut_down("Shutdown due to M112 command")


def firmware(printer: KlipperPrinter, _line: Line) -> None:
    """M115."""
    printer.respond("// FIRMWARE_NAME:Kalico FIRMWARE_VERSION:?")


def status(printer: KlipperPrinter, _line: Line) -> None:
    """STATUS."""
    if printer.klippy.state == "ready":
        printer.respond("// Klipper state: Ready")
        return
    printer.respond_info(printer.klippy.message.rstrip("\n"))
    raise GcodeError(printer.klippy.message)


def restart(printer: KlipperPrinter, _line: Line) -> None:
    """RESTART: the host only."""
    printer.klippy.restart(firmware=False)


def firmware_restart(printer: KlipperPrinter, _line: Line) -> None:
    """FIRMWARE_RESTART: the board too."""
    printer.klippy.restart(firmware=True)
