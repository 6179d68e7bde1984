"""For benchmarks: the moment of sending inside Klippy's objects (simulator/stamp.py)."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from simulator.moonraker.metadata import metadata_of
from simulator.moonraker.printer import KlipperPrinter
from simulator.moonraker.status import Status, status_of
from simulator.stamp import CYCLE_MS, stamp_of


def viewer(printer: KlipperPrinter, moment_ns: int) -> Callable[[str], Status]:
    """What shows every object of one message: ``status_of``, with the moment if that is wanted."""
    if not printer.pace.stamp or printer.stats.state != "printing":
        return lambda name: status_of(printer, name)
    milliseconds, hundredths = stamp_of(moment_ns)

    def look(name: str) -> Status:
        status = status_of(printer, name)
        if name == "print_stats":
            info = {"total_layer": CYCLE_MS, "current_layer": milliseconds}
            return {**status, "info": info}
        if name == "virtual_sdcard" and printer.card.path is not None:
            begin, end = _moves(printer.storage.read(f"/{printer.card.path}"))
            position = begin + round((end - begin) * (hundredths + 0.5) / 100)
            return {**status, "file_position": position}
        return status

    return look


@lru_cache(maxsize=64)
def _moves(gcode: bytes) -> tuple[int, int]:
    """Where the first command begins and the last one ends."""
    found = metadata_of(gcode)
    return found.get("gcode_start_byte", 0), found.get("gcode_end_byte", len(gcode))
