"""The packed numbers: home_flag, fun, stat, cfg and aux (bambu-lan A4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_SENSITIVITY = {"never_halt": 0, "low": 1, "medium": 2, "high": 3}


def sd_state(machine: BambuMachine) -> int:
    """0 none, 1 ok, 3 read-only."""
    if machine.knobs.sd_missing:
        return 0
    return 3 if machine.knobs.sd_readonly else 1


def _bits(*pairs: tuple[int, bool]) -> int:
    return sum(1 << bit for bit, on in pairs if on)


def home_flag(machine: BambuMachine, *, hide_sd: bool = False) -> int:
    """Signed 32-bit, as printers send it."""
    options = machine.options
    value = machine.axes.homed | _bits(
        (3, True),
        (4, options.auto_recovery),
        (5, options.recording),
        (7, machine.ams.options["calibrate_remain_flag"]),
        (10, options.auto_switch_filament),
        (15, True),
        (16, machine.model.family != "p1"),
        (17, options.sound_enable),
        (18, machine.model.family == "a1"),
        (19, True),
        (20, options.filament_tangle_detect),
        (21, machine.model.family == "a1"),
        (23, machine.cover_open and machine.model.np),
        (24, options.nozzle_blob_detect),
        (25, machine.model.np),
        (27, machine.model.name == "P1P"),
        (28, options.air_print_detect),
        (29, machine.model.np),
    )
    if not hide_sd:
        value |= sd_state(machine) << 8
    return value - (1 << 32) if value & 0x8000_0000 else value


def fun(machine: BambuMachine) -> str:
    """Hex; bit 29 set = signed commands demanded (Developer Mode off)."""
    newer = machine.model.family == "np"
    value = _bits(
        (29, machine.knobs.dev_mode_off),
        (31, newer),
        (32, newer),
        (38, newer),
        (39, newer),
        (49, True),
    )
    return f"{value:X}"


def stat(machine: BambuMachine) -> str:
    """Hex; bit 7 recording, 23 door open."""
    return f"{_bits((7, machine.options.recording), (23, machine.cover_open)):X}"


def cfg(machine: BambuMachine) -> str:
    """Hex; what is switched on."""
    options = machine.options
    value = _bits(
        (3, options.recording),
        (4, options.resolution == "1080p"),
        (5, options.timelapse),
        (7, machine.lights["chamber_light"] == "on"),
        (12, options.xcam["first_layer_inspector"]),
        (15, options.xcam["spaghetti_detector"]),
        (16, options.auto_recovery),
        (17, machine.ams.options["calibrate_remain_flag"]),
        (18, options.auto_switch_filament),
        (22, options.sound_enable),
        (23, options.filament_tangle_detect),
        (24, options.nozzle_blob_detect),
    )
    value |= machine.job.speed_level << 8
    value |= _SENSITIVITY.get(options.print_halt_sensitivity, 2) << 13
    return f"{value:X}"


def aux(machine: BambuMachine) -> str:
    """Hex; bits 12–13 storage."""
    return f"{sd_state(machine) << 12:X}"
