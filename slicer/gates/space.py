"""Does a plate's model stay on the bed and under the roof? Pure checks (print-files 5).

Strict only about the model: start, end and priming code leaves the bed on purpose.
"""

from __future__ import annotations

from slicer.bounds.result import Box, PlateBounds
from slicer.gates.limits import MachineLimits
from slicer.gates.verdicts import CONFIRM, OK, REFUSE, WARN, Verdict
from slicer.models import Volume

BED_TOLERANCE_MM = 0.5  # half a line width and rounding
HEIGHT_TOLERANCE_MM = 0.01
PRIMING_REACH_MM = 25.0  # real start code primes up to 4 mm beside the bed
TRAVEL_REACH_MM = 60.0  # real ones wipe 48 mm beside it
LIFT_REACH_MM = 10.0
DIVE_REACH_MM = -3.0  # real start code wipes at -1.5
SUNK_MM = -0.5


def check_bed(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """off_bed (refuse; confirm when it may be priming or another zero), on_bed, unknown_bed."""
    box, volume = plate.model, limits.volume_mm
    if box is None:
        return None
    if volume is None:
        return Verdict(
            WARN, "unknown_bed", f"The farm does not know how large the bed of {limits.name} is."
        )
    if _beyond(box, limits, volume, limits.centred is True) <= BED_TOLERANCE_MM:
        return Verdict(OK, "on_bed", f"The model lies on the bed, at {_span(box)}.")
    text = (
        f"The model reaches beyond the bed: it lies at {_span(box)}; "
        f"the bed of {limits.name} is {_bed(limits)}."
    )
    if limits.centred is None and _beyond(box, limits, volume, True) <= BED_TOLERANCE_MM:
        hint = "It fits only if X0 Y0 is the middle of the bed, as on deltas. Check that."
        return Verdict(CONFIRM, "off_bed", f"{text} {hint}")
    if not plate.marked:
        hint = "The file marks no layers, so lines beside the model count too. Check it."
        return Verdict(CONFIRM, "off_bed", f"{text} {hint}")
    return Verdict(REFUSE, "off_bed", f"{text} Slice it again for this printer.")


def check_corner(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """excluded_area (warn): only the box is known, and a ring may leave the corner free."""
    box, corner = plate.model, limits.excluded_mm
    if box is None or corner is None or box.x0 >= corner[0] or box.y0 >= corner[1]:
        return None
    return Verdict(
        WARN,
        "excluded_area",
        f"The model's box ({_span(box)}) touches the front left corner of {corner[0]:g} × "
        f"{corner[1]:g} mm that {limits.name} needs for itself.",
    )


def check_reach(plate: PlateBounds, limits: MachineLimits, nozzle: str) -> Verdict | None:
    """out_of_reach (refuse) for what the only nozzle that prints cannot get to.

    ``nozzle``: "left" or "right" where the whole plate comes from it, "" else.
    """
    box, reach = plate.model, limits.reach_mm.get(nozzle)
    if box is None or reach is None:
        return None
    left, right, height = reach
    beside = max(left - box.x0, box.x1 - right) > BED_TOLERANCE_MM
    if not beside and box.z1 <= height + HEIGHT_TOLERANCE_MM:
        return None
    return Verdict(
        REFUSE,
        "out_of_reach",
        f"The model lies at X {plain(box.x0)} to {plain(box.x1)} mm and is {plain(box.z1)} mm "
        f"tall; the {nozzle} nozzle of {limits.name} reaches X {plain(left)} to {plain(right)} mm "
        f"up to {plain(height)} mm. Move it or use the other nozzle, and slice it again.",
    )


def check_height(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """too_tall (refuse), below_bed (confirm), height (ok) or nothing."""
    box = plate.model
    if box is None or limits.volume_mm is None:
        return None
    height = limits.volume_mm[2]
    if box.z1 > height + HEIGHT_TOLERANCE_MM:
        return Verdict(
            REFUSE,
            "too_tall",
            f"The print is {plain(box.z1)} mm tall; {limits.name} prints up to {plain(height)} mm.",
        )
    if box.z0 < SUNK_MM:
        return Verdict(
            CONFIRM,
            "below_bed",
            f"The file prints at Z {plain(box.z0)} mm, below the bed. Check its Z offset.",
        )
    return Verdict(OK, "height", f"The print is {plain(box.z1)} mm tall.")


def check_priming(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """priming_off_bed (confirm) for start or end code that lays down filament far outside."""
    if plate.purge is None or limits.volume_mm is None:
        return None
    if _reach(plate.purge, limits, limits.volume_mm) <= PRIMING_REACH_MM:
        return None
    return Verdict(
        CONFIRM,
        "priming_off_bed",
        f"The file's start or end code lays down filament at {_span(plate.purge)}, far outside "
        f"the {_bed(limits)} of {limits.name}. Check that it was sliced for this printer.",
    )


def check_travel(plate: PlateBounds, limits: MachineLimits) -> Verdict | None:
    """far_travel (confirm) for moves that end far outside the machine: what firmware does not stop
    rams the frame or the bed."""
    box = plate.travel
    if box is None or limits.volume_mm is None:
        return None
    beside = _reach(box, limits, limits.volume_mm) > TRAVEL_REACH_MM
    above = box.z1 > limits.volume_mm[2] + LIFT_REACH_MM
    if not (beside or above or box.z0 < DIVE_REACH_MM):
        return None
    return Verdict(
        CONFIRM,
        "far_travel",
        f"The file moves the head to {_span(box)}, Z {plain(box.z0)} to {plain(box.z1)} mm; "
        f"{limits.name} has {_bed(limits)} and {plain(limits.volume_mm[2])} mm of height. "
        "Check that it was sliced for this printer.",
    )


def _beyond(box: Box, limits: MachineLimits, volume: Volume, centred: bool) -> float:
    """By how many mm the box leaves the bed at its worst edge; negative = it lies inside."""
    width, depth, _ = volume
    left, front = (-width / 2, -depth / 2) if centred else (0.0, 0.0)
    front -= limits.y_shift_mm
    return max(left - box.x0, front - box.y0, box.x1 - left - width, box.y1 - front - depth)


def _reach(box: Box, limits: MachineLimits, volume: Volume) -> float:
    """As _beyond, for a bed whose zero may be unknown: the kinder of the two."""
    ways = (False, True) if limits.centred is None else (limits.centred,)
    return min(_beyond(box, limits, volume, centred) for centred in ways)


def _span(box: Box) -> str:
    return f"X {plain(box.x0)} to {plain(box.x1)}, Y {plain(box.y0)} to {plain(box.y1)} mm"


def _bed(limits: MachineLimits) -> str:
    width, depth, _ = limits.volume_mm or (0, 0, 0)
    middle = " around X0 Y0" if limits.centred else ""
    return f"{plain(width)} × {plain(depth)} mm{middle}"


def plain(value: float) -> str:
    """At most one digit behind the point; a true minus sign."""
    return f"{round(value, 1) + 0.0:g}".replace("-", "−")
