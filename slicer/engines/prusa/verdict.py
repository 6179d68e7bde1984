"""What PrusaSlicer's exit codes and messages mean (table of print-files 1.2, measured with 2.5).

Exit code 0 only means that it wrote something: it slices what is too tall and what hangs off the
bed without a word. The farm's look at every move of the result finds those.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from slicer import values
from slicer.engines.base import Ended, SliceOrder, Verdict
from slicer.engines.prusa.scripts import layer_codes

_NOISE = re.compile(
    r"\[\d{4}-\d\d-\d\d [\d:.]+\]|\d{1,3} => |terminate called|Aborted|Slicing result"
)
_PREFIX = re.compile(r"^(?:what\(\): +|[Ee]rror: (?:The composite configation is not valid: )?)")
_TAIL_BYTES = 64 * 1024
_COMPLETE = b"; prusaslicer_config = end"

_MESSAGES: tuple[tuple[str, str, str, str], ...] = (
    # what it says, code, whose fault, what to tell
    (
        r"could not fit on the bed", "model_too_large", "model",
        "The model does not fit on the printer's bed. Scale it down, turn it or choose a larger "
        "printer.",
    ),
    (
        r"no extrusions in the first layer", "first_layer_empty", "model",
        "The model touches the bed nowhere, so its first layer would be empty. Turn it onto a "
        "flat side, or choose a process with supports.",
    ),
    (
        r"print is empty|not printable with current", "print_empty", "model",
        "The model is too small or too thin to print with this nozzle. Check its unit, scale it "
        "up or choose a finer nozzle.",
    ),
    (
        r"No layers were detected", "model_open", "model",
        "The model's surface has holes, so that no layer could be made of it. Repair it and "
        "upload it again.",
    ),
    (
        r"outside of the print volume|no object is fully inside", "model_outside", "model",
        "The model lies outside of the printer's bed. Put it onto the bed in its project.",
    ),
    (
        r"too tall and cannot be printed without extruder collisions|too close", "objects_collide",
        "model",
        "The objects are too tall or too close to be printed one after the other. Spread them or "
        "choose a process that prints them together.",
    ),
    (
        r"Loading of a model file failed|couldn't be read because it's empty|Unknown file format"
        r"|Invalid 3MF format|while parsing '|ERR StepFile|/model\.\w{2,4}: ", "model_unreadable",
        "model",
        "PrusaSlicer cannot read the model: it is damaged, or a project of another slicer. Export "
        "it again as STL.",
    ),
    (
        r"Invalid value provided for parameter (?P<what>[\w: .%,;-]{1,120})", "setting_unknown",
        "settings",
        "This PrusaSlicer does not know the value of a setting in the chosen profiles ({what}). "
        "Choose other profiles, or install the PrusaSlicer they were made with.",
    ),
    (
        r"Error while reading config file|Invalid value supplied for|composite configation",
        "settings_unusable", "settings",
        "PrusaSlicer cannot use the chosen profiles{said}. Choose others or export them again.",
    ),
    (
        r"Invalid extrusion width|[Ll]ayer height can't be|is out of range"
        r"|Invalid (?:first )?layer|too low to be printable"
        r"|Relative extruder addressing",
        "settings_unusable", "settings",
        "The chosen profiles contradict each other{said}. Choose others that are meant for this "
        "nozzle, or correct these.",
    ),
    (
        r"Failed to process the custom G-code template|macro processing errors",
        "custom_gcode_unusable", "settings",
        "The custom G-code of the chosen profiles cannot be worked out (a variable in {{}} or [] "
        "that this PrusaSlicer does not know). Correct it and import the profiles again.",
    ),
    (
        r"bad_alloc|not enough memory|[Oo]ut of memory", "slicing_memory", "model",
        "Slicing the model needs more memory than the farm gives. Simplify the model, or raise "
        "slicer.memory_mb in config.json.",
    ),
    (
        r"Cannot open the file for writing|No space left on device", "slicing_disk", "engine",
        "PrusaSlicer could not write its result{said}. Check the farm's disk.",
    ),
)  # fmt: skip


def judge(order: SliceOrder, ended: Ended, output: Path) -> Verdict:
    """Whose fault a failure is decides whether another slicer is tried: only an engine's."""
    if ended.limit:
        return Verdict(
            ok=False,
            code=f"slicing_{ended.limit}",
            text=f"PrusaSlicer was ended by the farm's limit ({ended.limit}).",
            blame="model",
        )
    said = last_words(ended.tail, order.folder)
    if ended.code != 0:
        return _failure(ended, said)
    missing = _what_is_missing(output)
    if missing:
        told = _known(ended.tail, said)
        return told or Verdict(
            ok=False, code="no_result", text=f"PrusaSlicer {missing}{said}.", blame="engine"
        )
    return Verdict(ok=True, warnings=layer_codes(order.model, order.kind))


def last_words(tail: str, folder: Path) -> str:
    """ ": what it said" for the end of a sentence, without noise and without our paths."""
    lines = (line.strip() for line in tail.replace("\r", "\n").splitlines())
    told = [line for line in lines if line and not _NOISE.match(line)]
    if not told:
        return ""
    plain = _PREFIX.sub("", told[-1].replace(str(folder), ""))
    shown = re.sub(r"[^\s\"']*/([^\s/\"']+)", r"\1", plain)
    return f": {values.clean_text(shown).rstrip('.')}"


def _failure(ended: Ended, said: str) -> Verdict:
    known = _known(ended.tail, said)
    if known is not None:
        return known
    if ended.code < 0 or ended.code > 128:
        crashed = f"PrusaSlicer crashed (signal {abs(ended.code) % 128}){said}."
        return Verdict(ok=False, code="engine_crashed", text=crashed, blame="engine")
    return Verdict(
        ok=False,
        code="slicing_failed",
        text=f"PrusaSlicer could not slice the model (exit {ended.code}){said}.",
        blame="model",
    )


def _known(tail: str, said: str) -> Verdict | None:
    for pattern, code, blame, text in _MESSAGES:
        found = re.search(pattern, tail)
        if found is not None:
            what = values.clean_text(found.groupdict().get("what") or "", 120)
            sentence = text.format(what=what, said=said)
            return Verdict(ok=False, code=code, text=sentence, blame=blame)
    return None


def _what_is_missing(output: Path) -> str:
    """A clause when the print file is not there or not whole."""
    try:
        with output.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            tail = file.read(_TAIL_BYTES)
    except FileNotFoundError:
        return "wrote no print file"
    if _COMPLETE not in tail:
        return "wrote a print file without an end"
    return ""
