"""Reads a print file whole, whatever kind it is: proves it printable and says what it needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import TooLarge, Unusable
from slicer import sniff, values
from slicer.bgcode import binary_file
from slicer.gcode import pictures
from slicer.gcode.plain_file import inspect_gcode
from slicer.kinds import ABOUT, Kind
from slicer.printfile import Plate, PrintFile
from slicer.threemf import members, projects, settings, slice_info
from slicer.threemf.archive import SafeArchive, damaged
from slicer.threemf.plate_builder import build_plate, sources_of
from slicer.threemf.plate_head import GcodeHead, scan
from slicer.threemf.projects import Recognised
from slicer.threemf.settings import ProjectSettings
from slicer.threemf.slice_info import SliceInfo

MAX_PLATES = 64
_STUDIO = "BambuStudio"
_PLATE = re.compile(r"Metadata/plate_(\d{1,3})\.gcode")
_ANY_PLATE = re.compile(r"Metadata/plate_[^/]*\.gcode", re.IGNORECASE)
_SLICE_INFO = "Metadata/slice_info.config"
_PROJECT = "Metadata/project_settings.config"
_MODEL_SETTINGS = "Metadata/model_settings.config"
_MD5 = re.compile(r"[0-9A-Fa-f]{32}")


def inspect_file(path: Path, name: str) -> PrintFile:
    """What the file at ``path`` holds. ``name`` is its display name, used in sentences.

    Its content decides its kind, never its name. Reads all G-code once (about 150 MB/s) and needs
    at most some ten MB of memory whatever the file's size. Raises Unusable or TooLarge, each
    reason with its own code and sentence.
    """
    shown = values.clean_text(name) or "This file"
    kind = sniff.kind_of(path)
    if kind == Kind.GCODE:
        return inspect_gcode(path, shown)
    if kind == Kind.BGCODE:
        return binary_file.inspect_bgcode(path, shown)
    if kind != Kind.ZIP:
        raise refusal(Recognised(kind=kind), shown)
    with SafeArchive(path, shown) as archive:
        return _read(archive)


def recognise(path: Path, name: str) -> Recognised:
    """What a file is, print file or not, without reading its G-code (kinds.ABOUT).

    Raises Unusable or TooLarge for a zip that breaks the rules, with the reason.
    """
    kind = sniff.kind_of(path)
    if kind != Kind.ZIP:
        return Recognised(kind=kind)
    with SafeArchive(path, values.clean_text(name) or "This file") as archive:
        if any(_ANY_PLATE.fullmatch(member) for member in archive.names):
            return Recognised(kind=Kind.SLICED_3MF)
        return projects.recognise(archive)


def refusal(found: Recognised, name: str) -> Unusable:
    """Why a file of a kind that does not print is refused; each with its own code."""
    about = ABOUT[found.kind]
    text = about.sentence.format(name=name, made_for=found.made_for)
    return Unusable(text, code=about.code, details={"kind": found.kind.value})


def thumbnail(path: Path, name: str, plate: int, *, small: bool = False) -> bytes | None:
    """A plate's preview as PNG, the other size when one is missing, None without any."""
    kind = sniff.kind_of(path)
    if kind == Kind.BGCODE:
        return binary_file.picture(path, name, small=small) if plate == 1 else None
    if kind != Kind.ZIP:
        return pictures.picture(path, small=small) if plate == 1 else None
    with SafeArchive(path, name) as archive:
        return _thumbnail(archive, plate, small)


def _read(archive: SafeArchive) -> PrintFile:
    indexes = _plate_indexes(archive)
    info = slice_info.EMPTY
    if _SLICE_INFO in archive:
        info = slice_info.parse(members.read_xml(archive, _SLICE_INFO))
    project = settings.EMPTY
    if _PROJECT in archive:
        project = settings.parse(members.read_json(archive, _PROJECT))
    heads = {index: _scan_plate(archive, index) for index in indexes}
    names: dict[int, str] = {}
    if _MODEL_SETTINGS in archive:
        names = settings.plate_names(members.read_xml(archive, _MODEL_SETTINGS))
    plates = tuple(
        replace(_plate(archive, index, info, project, heads[index]), name=names.get(index, ""))
        for index in indexes
    )
    first = heads[indexes[0]]
    count = _filament_count(project, plates, first)
    slicer, version, _ = _made_by(info, first)
    return PrintFile(
        kind="gcode.3mf",
        slicer=slicer,
        slicer_version=version or project.version,
        filament_count=count,
        plates=plates,
        warnings=_file_warnings(archive, info),
        sources=_sources(archive, info, project, heads, plates),
    )


def _sources(
    archive: SafeArchive,
    info: SliceInfo,
    project: ProjectSettings,
    heads: Mapping[int, GcodeHead],
    plates: tuple[Plate, ...],
) -> dict[str, str]:
    """Field -> part of the file; of a further plate only what differs, as "plate 2: seconds"."""
    sources = {
        "plates": "gcode",
        "slicer": _made_by(info, heads[plates[0].index])[2],
        "filament_count": "project_settings" if project.filament_count else "gcode",
        "name": "model_settings" if any(plate.name for plate in plates) else "",
    }
    for plate in plates:
        index = plate.index
        found = sources_of(
            info.plates.get(index), project, heads[index], _plate_json(archive, index), plate
        )
        for name, place in found.items():
            if sources.setdefault(name, place) != place:
                sources[f"plate {index}: {name}"] = place
    return {name: place for name, place in sources.items() if place}


def _made_by(info: SliceInfo, head: GcodeHead) -> tuple[str, str, str]:
    """(slicer, version, place). A fork tells Studio's version in slice_info, and its own name
    and version in the G-code only."""
    if info.slicer:
        return info.slicer, info.version, "slice_info"
    if head.slicer not in ("", _STUDIO):
        return head.slicer, head.slicer_version, "gcode"
    if info.version:
        return _STUDIO, info.version, "slice_info"
    return head.slicer, head.slicer_version, "gcode" if head.slicer else ""


def _plate_indexes(archive: SafeArchive) -> tuple[int, ...]:
    found = [member for member in archive.names if _ANY_PLATE.fullmatch(member)]
    if not found:
        raise refusal(projects.recognise(archive), archive.name)
    indexes: set[int] = set()
    for member in found:
        match = _PLATE.fullmatch(member)
        index = int(match[1]) if match else 0
        if not 1 <= index <= MAX_PLATES or member != f"Metadata/plate_{index}.gcode":
            raise Unusable(
                f"{archive.name} numbers a plate outside 1 to {MAX_PLATES}. "
                "Export it from the slicer again.",
                code="plate_number",
            )
        indexes.add(index)
    return tuple(sorted(indexes))


def _scan_plate(archive: SafeArchive, index: int) -> GcodeHead:
    """One pass over the plate's G-code; refuses what a printer would refuse or print as air."""
    member = f"Metadata/plate_{index}.gcode"
    head = scan(archive.chunks(member))
    declared = _declared_md5(archive, f"{member}.md5")
    if declared and declared != head.md5:
        raise Unusable(
            f"{archive.name} is damaged: the checksum of plate {index} does not match its G-code, "
            "and the printer would reject it. Export it from the slicer again.",
            code="md5_mismatch",
        )
    if not head.prints:
        raise Unusable(
            f"Plate {index} of {archive.name} is empty: its G-code prints nothing. "
            "Put a model on the plate, slice it and export it again.",
            code="empty_plate",
        )
    return head


def _declared_md5(archive: SafeArchive, member: str) -> str:
    """The checksum a slicer wrote beside the G-code, upper case; "" when it wrote none."""
    if member not in archive:
        return ""
    text = archive.read(member, 4_096).decode("ascii", "replace").strip()
    if not _MD5.fullmatch(text):
        raise damaged(archive.name, f"is damaged: {member} is not a checksum", "bad_md5")
    return text.upper()


def _plate(
    archive: SafeArchive, index: int, info: SliceInfo, project: ProjectSettings, head: GcodeHead
) -> Plate:
    warnings: list[str] = []
    if f"Metadata/plate_{index}.gcode.md5" not in archive:
        warnings.append("The file carries no checksum, so damage inside it would go unseen.")
    preview = _thumbnail(archive, index, small=False)
    if preview is None:
        warnings.append("The file has no preview picture.")
    return build_plate(
        index,
        info.plates.get(index),
        project,
        head,
        _plate_json(archive, index),
        has_thumbnail=preview is not None,
        warnings=warnings,
    )


def _plate_json(archive: SafeArchive, index: int) -> Mapping[str, Any]:
    member = f"Metadata/plate_{index}.json"
    return members.read_json(archive, member) if member in archive else {}


def _thumbnail(archive: SafeArchive, plate: int, small: bool) -> bytes | None:
    sizes = [f"Metadata/plate_{plate}.png", f"Metadata/plate_{plate}_small.png"]
    for member in reversed(sizes) if small else sizes:
        if member in archive and (picture := members.read_png(archive, member)) is not None:
            return picture
    return None


def _filament_count(project: ProjectSettings, plates: tuple[Plate, ...], head: GcodeHead) -> int:
    used = max((filament.index for plate in plates for filament in plate.filaments), default=0)
    count = project.filament_count or len(head.filament_colors) or len(head.filament_types)
    if count > slice_info.MAX_FILAMENTS:
        raise TooLarge(
            f"This file has {count} filaments; the farm handles {slice_info.MAX_FILAMENTS}.",
            code="too_many_filaments",
        )
    return max(count, used)


def _file_warnings(archive: SafeArchive, info: SliceInfo) -> tuple[str, ...]:
    if _SLICE_INFO not in archive or not info.plates:
        return ("The file lacks its slicing summary; what it needs was read from the G-code.",)
    return ()
