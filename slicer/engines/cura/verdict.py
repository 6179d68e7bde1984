"""What CuraEngine's exit codes and messages mean (table of print-files 1.3, measured with 4.13).

Exit code 0 is given for truncated, empty and random models alike, and for what is larger than the
bed. Here an output without a print in it is found; the farm's look at the model before and at
every move of the result afterwards finds the rest.
"""

from __future__ import annotations

import re
from pathlib import Path

from slicer import values
from slicer.engines.base import Ended, Verdict
from slicer.engines.cura import gcode as cura_gcode

_MESSAGES: tuple[tuple[str, str, str, str], ...] = (
    # what it says, code, whose fault, what to tell
    (
        "Failed to load model", "model_unreadable", "model",
        "CuraEngine cannot read the model: it is damaged. Export it again as STL.",
    ),
    (
        "Couldn't open JSON file", "cura_definition", "engine",
        "CuraEngine does not find the farm's settings for it. Slice again.",
    ),
    (
        "Trying to retrieve setting with no value given", "settings_unusable", "settings",
        "CuraEngine misses a setting: its definitions are of another version. Name the folder of "
        "those that belong to it in slicer.cura_definitions.",
    ),
    (
        "bad_alloc", "slicing_memory", "model",
        "Slicing the model needs more memory than the farm gives. Simplify the model, or raise "
        "slicer.memory_mb in config.json.",
    ),
)  # fmt: skip
NO_SUMMARY = (
    "CuraEngine ended without saying how long the print takes, so its file cannot be trusted. "
    "Use CuraEngine 4.13 or newer."
)


def judge(output: Path, ended: Ended) -> Verdict:
    """Whose fault a failure is decides whether another slicer is tried: only an engine's."""
    if ended.limit:
        text = f"CuraEngine was ended by the farm's limit ({ended.limit})."
        return Verdict(ok=False, code=f"slicing_{ended.limit}", text=text, blame="model")
    return _failure(ended) if ended.code != 0 else _look_at(output, ended)


def _failure(ended: Ended) -> Verdict:
    for sign, code, blame, text in _MESSAGES:
        if sign in ended.tail:
            return Verdict(ok=False, code=code, text=text, blame=blame)
    if ended.code < 0 or ended.code > 128:
        crashed = f"CuraEngine crashed (signal {abs(ended.code) % 128})."
        return Verdict(ok=False, code="engine_crashed", text=crashed, blame="engine")
    said = re.findall(r"\[ERROR\] (.{1,300})", ended.tail)
    told = f": {values.clean_text(said[-1]).rstrip('.')}" if said else ""
    text = f"CuraEngine could not slice the model (exit {ended.code}){told}."
    return Verdict(ok=False, code="slicing_failed", text=text, blame="model")


def _look_at(output: Path, ended: Ended) -> Verdict:
    try:
        empty, whole = cura_gcode.is_empty(output), cura_gcode.is_whole(output)
    except FileNotFoundError:
        text = "CuraEngine wrote no print file. Install it again."
        return Verdict(ok=False, code="no_result", text=text, blame="engine")
    header = cura_gcode.logged_header(ended.tail)
    if not header:
        return Verdict(ok=False, code="no_summary", text=NO_SUMMARY, blame="engine")
    if not whole:
        text = "CuraEngine wrote a print file without an end. Check that the farm's disk has room."
        return Verdict(ok=False, code="no_result", text=text, blame="engine")
    if empty or not cura_gcode.seconds_in(header):
        text = (
            "CuraEngine found nothing to print in the model: it is empty, damaged, open or "
            "thinner than one line. Repair it and upload it again."
        )
        return Verdict(ok=False, code="print_empty", text=text, blame="model")
    return Verdict(ok=True)
