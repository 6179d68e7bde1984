"""What a 3MF without G-code is: a slicer's project and what it is set up for, or bare models."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from slicer import models, values
from slicer.gcode import comments
from slicer.kinds import Kind
from slicer.threemf import members, settings
from slicer.threemf.archive import SafeArchive

MODEL = "3D/3dmodel.model"
SETTINGS = "Metadata/project_settings.config"
PLATES = "Metadata/model_settings.config"
PRUSA_SETTINGS = "Metadata/Slic3r_PE.config"
SUPER_SETTINGS = "Metadata/SuperSlicer.config"
MAX_PLATES = 999
_APPLICATION = re.compile(
    rb"<metadata\s+name=\"Application\"\s*>\s*"
    rb"([A-Za-z][\w ]{1,40}?)[- v]{0,3}(\d[\w.+\-]{0,40})?\s*<"
)
_AMF = re.compile(rb"\A\s*(?:<\?xml[^>]{0,200}>\s*)?<amf\b", re.IGNORECASE)
_HEAD_BYTES = 64 * 1024
_SCRIPTS = re.compile(r"^; post_process = *+(?!(?:\"\")?\s*$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """What a file is, and what an unsliced project says of itself."""

    kind: Kind
    slicer: str = ""
    slicer_version: str = ""
    models: tuple[str, ...] = ()  # printers it is set up for, as in printfile.Plate
    nozzle_mm: tuple[float, ...] = ()
    plates: int | None = None
    runs_scripts: bool = False
    """A project names programs that a slicer would start (print-files 0.9)."""
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def made_for(self) -> str:
        """A clause for sentences: "; it is set up for Bambu Lab P1S", "" when unknown."""
        names = " and ".join(models.describe(code) for code in self.models)
        return f"; it is set up for {names}" if names else ""


def recognise(archive: SafeArchive) -> Recognised:
    """For a zip without a plate's G-code. Raises Unusable or TooLarge for hostile members."""
    names = {member.casefold() for member in archive.names}
    if "3d/model.gcode" in names:
        return Recognised(kind=Kind.UFP)
    if SETTINGS in archive:
        return _bambu(archive)
    for member in (PRUSA_SETTINGS, SUPER_SETTINGS):
        if member in archive:
            return _prusa(archive, member)
    if any(
        name.startswith("metadata/") and name.endswith((".config", ".gcode.md5")) for name in names
    ):
        return _made_by(archive, Recognised(kind=Kind.PROJECT_3MF))
    if any(name.startswith("3d/") and name.endswith(".model") for name in names):
        return _made_by(archive, Recognised(kind=Kind.MODEL_3MF))
    return Recognised(kind=Kind.AMF if _is_amf(archive) else Kind.ZIP)


def _bambu(archive: SafeArchive) -> Recognised:
    data = members.read_json(archive, SETTINGS)
    project = settings.parse(data)
    code = models.code_of_name(project.printer_model)
    sources = {"models": "project_settings"} if code else {}
    if project.nozzle_mm:
        sources["nozzle_mm"] = "project_settings"
    plates = _plate_count(archive)
    if plates:
        sources["plates"] = "model_settings"
    return _made_by(
        archive,
        Recognised(
            kind=Kind.PROJECT_3MF,
            models=(code,) if code else (),
            nozzle_mm=tuple(dict.fromkeys(project.nozzle_mm)),
            plates=plates,
            runs_scripts=any(text for text in values.texts(data.get("post_process"))),
            sources=sources,
        ),
        project.version,
    )


def _plate_count(archive: SafeArchive) -> int | None:
    if PLATES not in archive:
        return None
    count = len(members.read_xml(archive, PLATES).findall("plate"))
    return count if 1 <= count <= MAX_PLATES else None


def _prusa(archive: SafeArchive, member: str) -> Recognised:
    raw = archive.read(member, members.MAX_XML_BYTES)
    text = "\n" + raw.decode("utf-8", "replace").replace("\r\n", "\n")
    found = comments.read(text)
    place = member.removeprefix("Metadata/")
    named = [values.clean_text(name, 60) for name in found.get("printer_model", ())[:1]]
    nozzles = values.numbers(found.get("nozzle_diameter", ("",))[0], 0.05, 5.0)
    sources = {"models": place} if any(named) else {}
    if nozzles:
        sources["nozzle_mm"] = place
    return _made_by(
        archive,
        Recognised(
            kind=Kind.PROJECT_3MF,
            models=tuple(models.code_of_name(name) for name in named if name),
            nozzle_mm=tuple(dict.fromkeys(nozzles)),
            plates=1,
            runs_scripts=_SCRIPTS.search(text) is not None,
            sources=sources,
        ),
    )


def _made_by(archive: SafeArchive, found: Recognised, version: str = "") -> Recognised:
    """The slicer as the model's "Application" names it: "PrusaSlicer-2.9.4"."""
    match = _APPLICATION.search(_head(archive, MODEL)) if MODEL in archive else None
    if match is None:
        return replace(found, slicer_version=version)
    told = (match[2] or b"").decode("ascii", "replace") or version
    return replace(
        found,
        slicer=match[1].decode("ascii", "replace").strip(),
        slicer_version=told,
        sources={**found.sources, "slicer": MODEL},
    )


def _is_amf(archive: SafeArchive) -> bool:
    """An AMF may come zipped: one member with the mark of one."""
    return len(archive.names) == 1 and _AMF.search(_head(archive, archive.names[0])) is not None


def _head(archive: SafeArchive, member: str) -> bytes:
    return next(archive.chunks(member), b"")[:_HEAD_BYTES]
