"""The job the printer says it has (bambu-lan A4.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from printers.bambu.values import as_int, as_list, as_text, within
from printers.status import JobProgress

JOB_KEYS = (
    "gcode_state", "print_type", "subtask_name", "gcode_file", "task_id", "subtask_id",
    "mc_percent", "percent", "mc_remaining_time", "remain_time", "layer_num", "total_layer_num",
    "gcode_file_prepare_percent", "s_obj", "plate_idx", "plate_id",
)  # fmt: skip

_PLATE = re.compile(r"plate_(\d{1,3})\.gcode")
_RUNNING = frozenset({"RUNNING", "PAUSE"})
_WITH_JOB = frozenset({"PREPARE", "SLICING", "RUNNING", "PAUSE", "FINISH", "FAILED"})
_MAX_MINUTES = 60 * 24 * 60
_MAX_LAYERS = 1_000_000
_MAX_SKIPPED = 1000


def parse_job(data: Mapping[str, Any], *, internal: bool) -> JobProgress | None:
    """The job, open or ended; None when there is none or it is the printer's own calibration."""
    word = as_text(data.get("gcode_state")).strip().upper()
    name, file = as_text(data.get("subtask_name")), as_text(data.get("gcode_file"))
    if internal or word not in _WITH_JOB or not (name or file):
        return None
    layers = within(as_int(data.get("total_layer_num")), 1, _MAX_LAYERS)
    return JobProgress(
        name=name or _plain_name(file),
        file=file,
        task_id=as_text(data.get("task_id")),
        subtask_id=as_text(data.get("subtask_id")),
        plate=_plate(data, file),
        percent=within(as_int(data.get("mc_percent", data.get("percent"))), 0, 100),
        remaining_min=_remaining(data) if word in _RUNNING else None,
        layer=within(as_int(data.get("layer_num")), 0, _MAX_LAYERS) if layers else None,
        layers=layers,
        prepare_percent=_prepare_percent(data) if word in ("PREPARE", "SLICING") else None,
        skipped=_skipped(data.get("s_obj")),
    )


def _plain_name(file: str) -> str:
    base = file.rsplit("/", 1)[-1]
    return base.removesuffix(".3mf").removesuffix(".gcode") or file


def _plate(data: Mapping[str, Any], file: str) -> int | None:
    if match := _PLATE.search(file):
        return int(match[1]) or None
    for key in ("plate_idx", "plate_id"):
        if (number := within(as_int(data.get(key)), 1, 999)) is not None:
            return number
    return None


def _remaining(data: Mapping[str, Any]) -> int | None:
    minutes = data.get("mc_remaining_time", data.get("remain_time"))
    return within(as_int(minutes), 0, _MAX_MINUTES)


def _prepare_percent(data: Mapping[str, Any]) -> int | None:
    return within(as_int(data.get("gcode_file_prepare_percent")), 0, 100)


def _skipped(value: object) -> tuple[int, ...]:
    numbers = (as_int(item) for item in as_list(value)[:_MAX_SKIPPED])
    return tuple(number for number in numbers if number is not None)
