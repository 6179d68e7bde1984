"""Is a model sound enough to slice, and how large is it? Slicers take far worse without a word.

CuraEngine ends well with a truncated STL, an empty mesh and random bytes (print-files 1.3); so the
farm looks itself, in a child process that a hostile file can only cost its time.
"""

from __future__ import annotations

import logging
import re
import xml.parsers.expat
from collections.abc import Iterable
from pathlib import Path

from core import jsonio
from core.errors import TooLarge, Unusable
from slicer import children, models
from slicer.printfile import Shape
from slicer.threemf import projects
from slicer.threemf.archive import SafeArchive
from slicer.threemf.members import MAX_XML_DEPTH

logger = logging.getLogger(__name__)

MAX_TRIANGLES = 2_000_000
TIME_LIMIT_S = 60.0
MEMORY_MB = 3072
_GRACE_S = 10.0
_WORKER = "slicer.mesh.worker"
_SENTENCES = {
    "model_unreadable": "cannot be read as a 3D model; it may be cut short or damaged. "
    "Export it again.",
    "model_empty": "holds no surface. Export the model again.",
    "model_nonsense": "has points that are no numbers, or lie kilometres away; it is damaged. "
    "Export it again.",
    "model_crowded": "is made of more bodies than any plate holds, or of itself. Export it again.",
    "model_flat": "is flat: it has no volume that could be printed.",
    "model_tiny": "is smaller than 0.1 mm. Check the unit it was exported in.",
    "model_huge": "is larger than 10 m. Check the unit it was exported in.",
}
_TAIL_BYTES = 4096
_CHUNK_BYTES = 256 * 1024
_MARKUP = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def inspect_model(path: Path, kind: str, name: str) -> Shape:
    """The size of a model of one of printfile.MODEL_KINDS.

    Raises Unusable (one code per reason, see the table above) or TooLarge. STEP and AMF are only
    looked at for being whole: their size stays unknown until they are sliced.
    """
    if kind == "step":
        return _step(path, name)
    if kind == "amf":
        return _amf(path, name)
    if kind == "stl":
        _require_whole_text(path, name)
    project = _project(path, name) if kind == "3mf" else Shape()
    found = _measure(path, kind, name)
    return Shape(
        # plates of a project lie side by side: their common box is no model's size
        size_mm=found.size_mm if project.plates == 1 else None,
        triangles=found.triangles,
        made_for=project.made_for,
        plates=project.plates,
    )


def refuse(code: str, name: str) -> Unusable:
    """The refusal of that code, with its sentence."""
    return Unusable(f"{name} {_SENTENCES[code]}", code=code)


def _measure(path: Path, kind: str, name: str) -> Shape:
    answer = children.ask(
        _WORKER,
        ["inspect", str(path.resolve()), kind, f"{TIME_LIMIT_S:.0f}", str(MEMORY_MB)],
        seconds=TIME_LIMIT_S + _GRACE_S,
    )
    if answer.code is None:
        raise Unusable(f"Reading {name} took too long. Simplify the model.", code="model_slow")
    if answer.code != 0:
        if "MemoryError" in answer.last_line or answer.code < 0:
            raise TooLarge(f"{name} has too many triangles for this farm.", code="model_too_fine")
        logger.warning("mesh: reading a model ended with %s: %s", answer.code, answer.last_line)
        raise refuse("model_unreadable", name)
    return _shape(jsonio.loads(answer.output), name)


def _shape(found: dict[str, object], name: str) -> Shape:
    if code := str(found.get("refused", "")):
        raise refuse(code, name)
    triangles, size = found["triangles"], found["size_mm"]
    if not isinstance(triangles, int) or not isinstance(size, list):
        raise refuse("model_unreadable", name)
    if triangles > MAX_TRIANGLES:
        raise TooLarge(
            f"{name} has {triangles:,} triangles; the farm slices up to {MAX_TRIANGLES:,}. "
            "Simplify the model.",
            code="model_too_fine",
        )
    return Shape(size_mm=(float(size[0]), float(size[1]), float(size[2])), triangles=triangles)


def _require_whole_text(path: Path, name: str) -> None:
    """A text STL must end as it should; a binary one has the size its count says (sniff)."""
    with path.open("rb") as file:
        head = file.read(512)
        if b"\0" in head or not head.lstrip().lower().startswith(b"solid"):
            return
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        if b"endsolid" not in file.read().lower():
            raise refuse("model_unreadable", name)


def _step(path: Path, name: str) -> Shape:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        if b"END-ISO-10303-21" not in file.read():
            raise refuse("model_unreadable", name)
    return Shape()


def _amf(path: Path, name: str) -> Shape:
    """An AMF may come zipped, as one member."""
    with path.open("rb") as file:
        if file.read(2) != b"PK":
            file.seek(0)
            _require_sound_xml(iter(lambda: file.read(_CHUNK_BYTES), b""), name)
            return Shape()
    with SafeArchive(path, name) as archive:
        _require_sound_xml(archive.chunks(archive.names[0]), name)
    return Shape()


def _require_sound_xml(chunks: Iterable[bytes], name: str) -> None:
    """Well-formed, without a document type, which could name entities, and not too deep: the
    parser keeps every open element in memory."""
    depth = 0

    def deny(*_: object) -> None:
        raise refuse("model_unreadable", name)

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_XML_DEPTH:
            deny()

    def leave(_: object) -> None:
        nonlocal depth
        depth -= 1

    parser = xml.parsers.expat.ParserCreate()
    parser.StartElementHandler = enter
    parser.EndElementHandler = leave
    parser.StartDoctypeDeclHandler = deny
    parser.EntityDeclHandler = deny
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except xml.parsers.expat.ExpatError as error:
        raise refuse("model_unreadable", name) from error


def _project(path: Path, name: str) -> Shape:
    """The archive's own rules (no hostile names, no bombs) before any other parser sees it."""
    with SafeArchive(path, name) as archive:
        for member in archive.names:
            if member.endswith((".model", ".rels", ".xml")):
                _require_plain_xml(archive, member, name)
        found = projects.recognise(archive)
    if found.runs_scripts:
        raise Unusable(
            f"{name} names a program that a slicer would run (post-processing scripts). "
            "Remove it in the slicer's print settings and save the project again.",
            code="project_runs_scripts",
        )
    made_for = " and ".join(models.describe(code) for code in found.models)
    return Shape(made_for=made_for, plates=found.plates or 1)


def _require_plain_xml(archive: SafeArchive, member: str, name: str) -> None:
    """No document type, in no encoding: UTF-16 has zero bytes, which no other XML may have."""
    rest = b""
    for chunk in archive.chunks(member):
        if b"\0" in chunk or _MARKUP.search(rest + chunk):
            raise Unusable(
                f"{name} has XML inside that no slicer writes (a document type or another "
                "encoding). Export it again.",
                code="bad_xml",
            )
        rest = chunk[-16:]
