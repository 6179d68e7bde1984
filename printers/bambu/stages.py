"""What the printer says it is doing within a job: ``stg_cur`` (bambu-lan A6)."""

from __future__ import annotations

from dataclasses import dataclass

STAGES: dict[int, str] = {
    1: "Levelling the bed",
    2: "Heating the bed",
    3: "Measuring vibrations",
    4: "Changing filament",
    5: "Waiting",
    6: "Filament ran out",
    7: "Heating the nozzle",
    8: "Calibrating extrusion",
    9: "Scanning the bed",
    10: "Inspecting the first layer",
    11: "Identifying the build plate",
    12: "Calibrating the lidar",
    13: "Homing",
    14: "Cleaning the nozzle",
    15: "Checking the nozzle temperature",
    16: "Paused",
    17: "Front cover is off",
    18: "Calibrating the lidar",
    19: "Calibrating the flow",
    20: "Nozzle temperature problem",
    21: "Bed temperature problem",
    22: "Unloading filament",
    23: "Lost steps",
    24: "Loading filament",
    25: "Calibrating motor noise",
    26: "Lost the AMS",
    27: "Hotend fan too slow",
    28: "Chamber temperature problem",
    29: "Cooling the chamber",
    30: "Paused by the file",
    31: "Playing motor sounds",
    32: "Nozzle covered with plastic",
    33: "Filament cutter problem",
    34: "First layer problem",
    35: "Nozzle clogged",
    36: "Checking motion accuracy",
    37: "Calibrating motion accuracy",
    38: "Checking motion accuracy again",
    39: "Calibrating the nozzle offset",
    40: "Levelling the hot bed",
    41: "Checking the quick-release lever",
    42: "Checking door and covers",
    43: "Calibrating the laser",
    44: "Checking the platform",
    45: "Checking the top camera",
    46: "Calibrating the top camera",
    47: "Levelling the bed, first pass",
    48: "Levelling the bed, second pass",
    49: "Heating the chamber",
    50: "Cooling the bed",
    51: "Printing calibration lines",
    52: "Checking the material",
    53: "Calibrating the live camera",
    54: "Waiting for the bed temperature",
    55: "Checking the material position",
    56: "Calibrating the cutter",
    57: "Measuring the surface",
    58: "Evening out the heat",
    59: "Homing the blade holder",
    60: "Calibrating the camera offset",
    61: "Calibrating the blade holder",
    62: "Testing hotend pick-up",
    63: "Evening out the chamber heat",
    64: "Preparing the hotend",
    65: "Calibrating clump detection",
    66: "Cleaning the chamber air",
    67: "Setting up the rotary attachment",
    68: "Moving over the waste chute",
    69: "Cooling the nozzle",
    70: "Moving to the centre",
    71: "Fitting arcs",
    72: "Identifying the hotend",
    73: "Aligning the plate",
    74: "Looking for objects on the plate",
    75: "Looking for objects under the plate",
    76: "Priming the nozzle",
    77: "Preparing the AMS",
}

WITHIN_PRINT = frozenset({4, 5, 10, 22, 24, 68, 69, 77})
"""Stages that also come up in the middle of a print, where they do not mean "preparing"."""

AT_REST = frozenset({4, 13, 22, 24})
"""Stages worth believing without a job (homing, moving filament); others may be left over."""


@dataclass(frozen=True, slots=True)
class PauseStage:
    """A stage that means the print waits for a person."""

    kind: str  # as PrinterStatus.pause_kind
    text: str


PAUSES: dict[int, PauseStage] = {
    5: PauseStage("user", "Paused by a command in the file"),
    6: PauseStage("filament", "Filament ran out"),
    16: PauseStage("user", "Paused by a person"),
    17: PauseStage("printer", "The front cover of the toolhead is off"),
    20: PauseStage("printer", "The nozzle temperature is not right"),
    21: PauseStage("printer", "The bed temperature is not right"),
    23: PauseStage("printer", "The printer lost steps; the layers may be shifted"),
    26: PauseStage("printer", "The AMS is no longer connected"),
    27: PauseStage("printer", "The hotend fan is too slow"),
    28: PauseStage("printer", "The chamber temperature is not right"),
    30: PauseStage("user", "Paused by a command in the file"),
    32: PauseStage("printer", "The nozzle is covered with plastic"),
    33: PauseStage("printer", "The filament cutter does not work"),
    34: PauseStage("ai", "The first layer does not look right"),
    35: PauseStage("printer", "The nozzle is clogged"),
}


def stage_text(stage: int | None) -> str:
    """Words for a stage; "" when plainly printing, idle or not in the table."""
    return STAGES.get(stage, "") if stage is not None else ""
