"""State, stage and the reason of a pause (bambu-lan A4.1, A5.1, A6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from printers.bambu.faults import PAUSED_BY_USER, hms_entries, hms_slot
from printers.bambu.parse_faults import Standing
from printers.bambu.parse_machine import is_updating
from printers.bambu.parsed import Activity
from printers.bambu.stages import (
    AT_REST,
    PAUSES,
    STAGES,
    WITHIN_PRINT,
    stage_text,
)
from printers.bambu.trays import index_label
from printers.bambu.values import as_int, as_text, bit, dig
from printers.status import PrinterState

ACTIVITY_KEYS = (
    "gcode_state", "stg_cur", "print_type", "layer_num", "ams_status", "device.extruder",
    "gcode_file", "subtask_name", "ams.tray_pre", "hms", "upgrade_state",
)  # fmt: skip

_STATES = {
    "IDLE": PrinterState.IDLE,
    "PREPARE": PrinterState.PREPARING,
    "SLICING": PrinterState.PREPARING,
    "RUNNING": PrinterState.PRINTING,
    "PAUSE": PrinterState.PAUSED,
    "FINISH": PrinterState.FINISHED,
    "FAILED": PrinterState.FAILED,
}
_OPENING = {"PREPARE": "Reading the file", "SLICING": "Slicing"}
_RUNOUTS = frozenset({0x0300_8004})
_RUNOUT_LOW = 0x8011
_AI_ERRORS = frozenset({0x0300_8002, 0x0300_8003, 0x0300_800A, 0x0300_800D})
_SLOT_EMPTY = frozenset({0x0002_0001, 0x0002_0002, 0x0002_0005})
_CAMERA_MODULE = 0x0C
_CHANGING_FILAMENT = 1  # main part of ams_status
_EXTRUDER_BUSY_BIT = 19


def parse_activity(data: Mapping[str, Any], standing: Standing, active_tray: str) -> Activity:
    """What the printer is doing. A word that is not in the table is UNKNOWN."""
    raw = as_text(data.get("gcode_state"))
    word = raw.strip().upper()
    state = _STATES.get(word, PrinterState.UNKNOWN)
    stage = as_int(data.get("stg_cur"))
    if state is PrinterState.PAUSED:
        kind, reason = _pause(data, standing, stage, active_tray)
        return Activity(state=state, raw_state=raw, pause_kind=kind, pause_reason=reason)
    if state.has_job:
        return _running(data, raw, word, state, stage)
    if state is PrinterState.UNKNOWN:
        return Activity(raw_state=raw)
    return _resting(data, raw, state, stage, standing)


def _running(
    data: Mapping[str, Any], raw: str, word: str, state: PrinterState, stage: int | None
) -> Activity:
    text = "" if stage in PAUSES else stage_text(stage)
    if _is_internal(data):
        text = text or "Calibrating"
        return Activity(state=PrinterState.BUSY, raw_state=raw, stage=text, internal=True)
    if state is PrinterState.PREPARING:
        return Activity(state=state, raw_state=raw, stage=text or _OPENING[word])
    if text and _is_preparing(data, stage):
        state = PrinterState.PREPARING
    return Activity(state=state, raw_state=raw, stage=text)


def _is_internal(data: Mapping[str, Any]) -> bool:
    """The printer runs a file of its own (calibration, self-test), not a sliced one."""
    if data.get("print_type") != "system":
        return False
    names = as_text(data.get("gcode_file")), as_text(data.get("subtask_name"))
    return not any(".3mf" in name or "plate_" in name for name in names)


def _is_preparing(data: Mapping[str, Any], stage: int | None) -> bool:
    """Whether a stage belongs before the print; some also come up between two layers."""
    return stage not in WITHIN_PRINT or (as_int(data.get("layer_num")) or 0) < 1


def _resting(
    data: Mapping[str, Any],
    raw: str,
    state: PrinterState,
    stage: int | None,
    standing: Standing,
) -> Activity:
    failed = state is PrinterState.FAILED
    if (failed and standing.ends_in_fault) or (state is PrinterState.IDLE and standing.blocks):
        state = PrinterState.FAULT
    text = _busy_text(data, stage)
    if text and state is not PrinterState.FAULT:
        return Activity(state=PrinterState.BUSY, raw_state=raw, stage=text)
    return Activity(state=state, raw_state=raw, failed=failed, cancelled=standing.cancelled)


def _busy_text(data: Mapping[str, Any], stage: int | None) -> str:
    """What the printer does without a job; "" when it rests."""
    if is_updating(data):
        return "Installing firmware"
    if stage in AT_REST:
        return STAGES[stage]
    status = as_int(data.get("ams_status")) or 0
    extruder = as_int(dig(data, "device", "extruder", "state"))
    if status >> 8 & 0xFF == _CHANGING_FILAMENT or bit(extruder, _EXTRUDER_BUSY_BIT):
        return STAGES[4]
    return ""


# -- pauses ------------------------------------------------------------------------------------


def _pause(
    data: Mapping[str, Any], standing: Standing, stage: int | None, active_tray: str
) -> tuple[str, str]:
    """(kind, sentence). An error explains a pause better than the stage does."""
    slot = _empty_slot(data)
    error = standing.print_error
    if slot or error & 0xFFFF == _RUNOUT_LOW or error in _RUNOUTS or stage == 6:
        return "filament", _runout(data, slot or active_tray, error)
    if error in PAUSED_BY_USER:
        return "user", PAUSES[30 if error & 0xFF == 0x13 else 16].text
    if error and standing.faults:
        fault = next((f for f in standing.faults if f.code.count("-")), standing.faults[0])
        is_ai = error in _AI_ERRORS or error >> 24 == _CAMERA_MODULE
        return "ai" if is_ai else "printer", fault.text
    if stage is not None and (known := PAUSES.get(stage)) is not None:
        return known.kind, known.text
    blocking = next((f for f in standing.faults if f.severity.blocks), None)
    return ("printer", blocking.text) if blocking else ("", "")


def _empty_slot(data: Mapping[str, Any]) -> str:
    """The slot a serious HMS entry says ran out."""
    for attr, code in hms_entries(data.get("hms")):
        if code in _SLOT_EMPTY and (slot := hms_slot(attr)):
            return slot
    return ""


def _runout(data: Mapping[str, Any], slot: str, error: int) -> str:
    """The slot in use tells more than the code: some firmware sends the external one for all."""
    is_external = error >> 16 in (0x07FF, 0x12FF, 0x18FF)
    if slot.startswith("Ext") or (is_external and not slot):
        return "The external filament ran out"
    if not slot:
        before = as_int(dig(data, "ams", "tray_pre"))
        slot = index_label(before) if before is not None else ""
    return f"Filament ran out in {slot}" if slot else "Filament ran out"
