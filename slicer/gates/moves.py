"""Do a plate's moves and temperatures stay within a printer? Pure checks (print-files 5 and 6)."""

from __future__ import annotations

from collections.abc import Callable

from slicer.bounds.result import Danger, PlateBounds
from slicer.gates.limits import MachineLimits
from slicer.gates.space import (
    check_bed,
    check_corner,
    check_height,
    check_priming,
    check_travel,
    plain,
)
from slicer.gates.verdicts import CONFIRM, OK, REFUSE, WARN, Verdict

HEAT_TOLERANCE_C = 0.5

_REASONS = {
    "line_too_long": "one of its lines is longer than any slicer writes",
    "too_many_lines": "it has more lines than the farm reads",
    "unsupported_move": "it contains moves the farm cannot follow (G5, G10 L, G18, G19, G53…)",
    "damaged": "its G-code cannot be unpacked",
    "time": "reading it took too long",
    "memory": "reading it took too much memory",
    "crashed": "reading it failed",
}
_EFFECTS = (
    (("M500", "M502", "M504", "SAVE_CONFIG", "Z_OFFSET_APPLY"), "changes its saved settings"),
    (("M997",), "replaces its firmware"),
    (("M112", "M999", "FIRMWARE_RESTART", "RESTART"), "stops or restarts it"),
    (("RUN_SHELL_COMMAND",), "runs a program on its computer"),
    (("FORCE_MOVE", "SET_KINEMATIC_POSITION"), "moves it past its own limits"),
    (("M206", "M428", "M92"), "changes where its moves go"),
    (("M23", "M28", "M29", "M30", "M32", "SDCARD"), "writes, deletes or starts files on it"),
)
_BEYOND_THE_PRINT = frozenset(
    {"RUN_SHELL_COMMAND", "M997", "SDCARD_PRINT_FILE", "M23", "M28", "M30", "M32"}
)


def check_bounds(plate: PlateBounds, limits: MachineLimits) -> tuple[Verdict, ...]:
    """All verdicts from a scan; the good ones too, so that a person sees what was looked at."""
    checks: tuple[Callable[[PlateBounds, MachineLimits], Verdict | None], ...] = (
        check_complete,
        check_bed,
        check_corner,
        check_height,
        check_priming,
        check_travel,
        check_nozzle_heat,
        check_bed_heat,
        check_chamber_heat,
        check_dangers,
        check_inches,
        check_end,
    )
    found = (check(plate, limits) for check in checks)
    return tuple(verdict for verdict in found if verdict is not None)


def check_complete(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """nonsense_number (refuse), scan_incomplete or no_model (confirm), or nothing."""
    if plate.reason == "number":
        text = f"The file moves to places that no printer has; {limits.name} must not run it."
        return Verdict(REFUSE, "nonsense_number", f"{text} Slice it again.")
    if not plate.complete:
        why = _REASONS.get(plate.reason, "reading it failed")
        return Verdict(
            CONFIRM,
            "scan_incomplete",
            f"The farm could not follow the file's moves to their end: {why}. "
            f"Check yourself that it stays within {limits.name}.",
        )
    if plate.model is None:
        return Verdict(
            CONFIRM,
            "no_model",
            "The farm found no move that lays down a model. Check what the file does.",
        )
    return None


# -- heat --------------------------------------------------------------------------------------


def check_nozzle_heat(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """nozzle_too_hot (refuse), nozzle_heat (ok) or nothing."""
    asked = max((target for _, target in plate.nozzle_c), default=None)
    return _heat("nozzle", asked, limits.nozzle_max_c, limits.name)


def check_bed_heat(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """bed_too_hot (refuse), bed_heat (ok) or nothing."""
    return _heat("bed", plate.bed_c, limits.bed_max_c, limits.name)


def check_chamber_heat(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """chamber_too_hot (refuse), no_chamber_heater (warn), chamber_heat (ok) or nothing."""
    if plate.chamber_c is not None and limits.chamber_max_c == 0:
        return Verdict(
            WARN,
            "no_chamber_heater",
            f"The file heats the chamber to {plain(plate.chamber_c)} °C; {limits.name} has no "
            "chamber heater.",
        )
    return _heat("chamber", plate.chamber_c, limits.chamber_max_c, limits.name)


def _heat(part: str, asked: float | None, allowed: float | None, name: str) -> Verdict | None:
    if asked is None or allowed is None:
        return None
    if asked <= allowed + HEAT_TOLERANCE_C:
        return Verdict(OK, f"{part}_heat", f"Heats the {part} to {plain(asked)} °C.")
    return Verdict(
        REFUSE,
        f"{part}_too_hot",
        f"The file heats the {part} to {plain(asked)} °C; {name} allows {plain(allowed)} °C. "
        "Slice it again for this printer.",
    )


# -- what else it does -------------------------------------------------------------------------


def check_dangers(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """dangerous_gcode (confirm; warn in the slicer's own start, end and custom code)."""
    if not plate.dangers:
        return None
    asking = [danger for danger in plate.dangers if _asks(danger)]
    first = (asking or plate.dangers)[0]
    effect = next(
        (what for names, what in _EFFECTS if first.command.startswith(names)),
        "changes how it is set up",
    )
    more = plate.danger_count - 1
    others = f" There {'is' if more == 1 else 'are'} {more} more such." if more else ""
    return Verdict(
        CONFIRM if asking else WARN,
        "dangerous_gcode",
        f"Line {first.line} of the G-code tells {limits.name} {first.command}, which {effect}."
        f"{others} Start it only if you put that there.",
    )


def _asks(danger: Danger) -> bool:
    """What acts beyond the print asks wherever it stands: anybody can write "Custom" above it."""
    return not danger.in_block or danger.command in _BEYOND_THE_PRINT


def check_inches(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """inches (warn): many firmwares do not know G20 and would take them for millimetres."""
    if not plate.inches:
        return None
    text = f"The file has moves in inches (G20). Check that {limits.name} understands them."
    return Verdict(WARN, "inches", text)


def check_end(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """no_end (warn) when nothing is switched off behind the model."""
    if plate.ended or not plate.complete or plate.model is None:
        return None
    return Verdict(
        WARN,
        "no_end",
        "Nothing is switched off behind the last line of the model; the file may be cut short. "
        f"{limits.name} may stay hot.",
    )
