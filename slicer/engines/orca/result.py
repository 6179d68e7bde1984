"""Whether OrcaSlicer or Bambu Studio has really sliced: what it reports, and what it wrote.

Exit code 0 proves nothing: without usable presets it slices with defaults for a bed of 200 mm and
weightless filament, and says nothing of it (print-files 0.10).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import jsonio
from core.errors import FarmError
from slicer import values
from slicer.engines.base import Ended, SliceOrder, Verdict
from slicer.engines.orca import codes as orca_codes
from slicer.engines.orca.codes import ENGINE, MODEL, SETTINGS
from slicer.threemf import members, projects, slice_info
from slicer.threemf.archive import SafeArchive

FOLDER = "out"
OUTPUT = "result.3mf"
REPORT = "result.json"
_MAX_REPORT_BYTES = 4_000_000
_MAX_START_BYTES = 4_000_000
_PLATE = re.compile(r"Metadata/plate_([1-9]\d{0,2})\.gcode")
_HOMING = re.compile(rb"^\s*G28\b", re.MULTILINE)
_FIRST_LAYER = re.compile(rb"^; ?(?:CHANGE_LAYER|LAYER_CHANGE)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Report:
    """result.json, as far as it could be read."""

    code: int | None = None
    text: str = ""
    warnings: tuple[str, ...] = ()


def output_of(order: SliceOrder) -> Path:
    return order.folder / FOLDER / OUTPUT


def read_report(folder: Path) -> Report:
    """It lies in the output folder, or in the working folder when options were not understood."""
    for path in (folder / FOLDER / REPORT, folder / REPORT):
        try:
            if path.stat().st_size > _MAX_REPORT_BYTES:
                continue
            data: Any = jsonio.loads(path.read_bytes())
        except (OSError, ValueError):
            continue
        if isinstance(data, Mapping):
            return _report(data)
    return Report()


def _report(data: Mapping[str, Any]) -> Report:
    code = data.get("return_code")
    plates = data.get("sliced_plates")
    told = [
        values.clean_text(plate.get("warning_message"))
        for plate in (plates if isinstance(plates, list) else [])
        if isinstance(plate, Mapping)
    ]
    return Report(
        code=code if isinstance(code, int) and not isinstance(code, bool) else None,
        text=values.clean_text(data.get("error_string"), 300),
        warnings=tuple(dict.fromkeys(text for text in told if text)),
    )


def judge(order: SliceOrder, ended: Ended, slicer: str) -> Verdict:
    """``slicer`` is its name in sentences."""
    if ended.limit:
        return _limited(ended.limit, slicer)
    if orca_codes.crashed(ended.code):
        if "std::bad_alloc" in ended.tail:
            return _failed(-14, Report(), slicer)
        return Verdict(
            ok=False,
            code="engine_crashed",
            blame=ENGINE,
            text=f"{slicer} crashed while slicing. Another version of it may not.",
        )
    if ended.code in (126, 127):
        return _engine("engine_not_started", f"{slicer} cannot be started. {_last(ended.tail)}")
    report = read_report(order.folder)
    code = orca_codes.negative(ended.code) or report.code or 0
    if code:
        return _failed(code, report, slicer)
    try:
        return _output(order, report, slicer)
    except FarmError as error:
        return _engine("output_damaged", f"What {slicer} wrote cannot be read: {error.message}")
    except OSError:
        return _engine("no_output", f"{slicer} reports success, but wrote no file.")


def _limited(limit: str, slicer: str) -> Verdict:
    code, blame, text = {
        "time": ("slicing_timeout", MODEL, f"{slicer} did not finish in time. Simplify the model, "
                 "or allow slicing more time."),
        "output": ("slicing_output", MODEL, f"{slicer} wrote more than a print file may hold."),
        "cancelled": ("cancelled", "", "Slicing was cancelled."),
    }[limit]  # fmt: skip
    return Verdict(ok=False, code=code, text=text, blame=blame)


def _failed(code: int, report: Report, slicer: str) -> Verdict:
    failure = orca_codes.failure(code, slicer)
    told = report.text if report.code in (None, code) else ""
    text = f"{failure.text} It says: {told}" if told else failure.text
    return Verdict(
        ok=False, code=failure.code, text=text, blame=failure.blame, warnings=report.warnings
    )


def _engine(code: str, text: str) -> Verdict:
    return Verdict(ok=False, code=code, text=text.strip(), blame=ENGINE)


def _last(tail: str) -> str:
    return values.clean_text(tail.strip().rpartition("\n")[2], 200)


def _output(order: SliceOrder, report: Report, slicer: str) -> Verdict:
    with SafeArchive(output_of(order), "the file") as archive:
        plates = [name for name in archive.names if _PLATE.fullmatch(name)]
        if not plates:
            return _engine(
                "output_not_sliced",
                f"{slicer} wrote a project instead of a sliced file. Update it.",
            )
        if len(plates) > 1:
            return _engine("output_plates", f"{slicer} sliced more plates than the one asked for.")
        project = _project(archive)
        wrong = _defaults(archive, plates[0], project, order)
    if wrong:
        return Verdict(
            ok=False,
            code="defaults_sliced",
            blame=SETTINGS,
            text=f"{slicer} did not use the chosen presets but its own defaults: {wrong}. "
            "Import the presets again with all they build on.",
        )
    return Verdict(ok=True, warnings=(*report.warnings, *_stretched(project, order)))


def _project(archive: SafeArchive) -> Mapping[str, Any]:
    if projects.SETTINGS not in archive:
        return {}
    return members.read_json(archive, projects.SETTINGS)


def _stretched(project: Mapping[str, Any], order: SliceOrder) -> tuple[str, ...]:
    """A warning when one chosen filament stands for several of the project's."""
    count = len(values.texts(project.get("filament_settings_id")))
    if len(order.choice.filaments) > 1 or count < 2:
        return ()
    return (
        f"All {count} filaments of the project were sliced as {order.choice.filaments[0].name}.",
    )


def _defaults(
    archive: SafeArchive, plate: str, project: Mapping[str, Any], order: SliceOrder
) -> str:
    """What shows that the presets were not used, as a clause; "" when they were."""
    chosen = order.choice.machine.settings
    model = values.clean_text(project.get("printer_model"))
    if not model:
        return "the file names no printer"
    if model != values.clean_text(chosen.get("printer_model")):
        return f"the file is for {model}"
    if _extent(project.get("printable_area")) != _extent(chosen.get("printable_area")):
        return "the bed has another size"
    if not _text(project.get("machine_start_gcode")).strip():
        return "the start code is empty"
    densities = values.texts(project.get("filament_density"))
    if not any(values.number(text) for text in densities):
        return "the filament weighs nothing"
    if not _grams(archive, plate):
        return "the print weighs nothing"
    start = _text(chosen.get("machine_start_gcode")).encode()
    if _HOMING.search(start) and not _homes(archive.chunks(plate)):
        return "the printer is not homed before the print"
    return ""


def _text(value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    return "\n".join(item for item in items if isinstance(item, str))


def _extent(value: Any) -> tuple[float, ...]:
    """(x0, y0, x1, y1) of a bed's corners "0x0"; () for anything else."""
    corners = [text.split("x") for text in values.texts(value)]
    found = [
        [values.number(part, -10_000, 10_000) for part in corner]
        for corner in corners
        if len(corner) == 2
    ]
    xs = [corner[0] for corner in found if corner[0] is not None]
    ys = [corner[1] for corner in found if corner[1] is not None]
    return (min(xs), min(ys), max(xs), max(ys)) if xs and ys else ()


def _grams(archive: SafeArchive, plate: str) -> float:
    member = "Metadata/slice_info.config"
    match = _PLATE.fullmatch(plate)
    if match is None or member not in archive:
        return 0.0
    info = slice_info.parse(members.read_xml(archive, member)).plates.get(int(match[1]))
    return (info.grams or 0.0) if info else 0.0


def _homes(chunks: Iterable[bytes]) -> bool:
    """Whether a line of the start code homes the printer, before the first layer."""
    head = b""
    for chunk in chunks:
        head += chunk
        first = _FIRST_LAYER.search(head)
        if first or len(head) > _MAX_START_BYTES:
            return _HOMING.search(head, 0, first.start() if first else len(head)) is not None
    return _HOMING.search(head) is not None
