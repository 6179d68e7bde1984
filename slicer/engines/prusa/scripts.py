"""What a model brings besides its shape: programs to start, G-code for single layers.

Reproduced with PrusaSlicer 2.5 in 3MF and AMF files.

The line ``post_process`` of a project's settings runs when no ini and no argument says otherwise
(CVE-2023-47268). Both say otherwise here; a file that tries is refused all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from core.errors import Unusable
from slicer.profiles.prusa import groups as prusa_groups
from slicer.threemf.archive import SafeArchive

_LINE = re.compile(
    rb"(?:^|[\n\r>;])[ \t;]*" + prusa_groups.SCRIPTS.encode() + rb"[ \t]*=[ \t\"]*([^\s\"<])",
)
_OVERLAP = 512  # longer than any beginning of such a line
_CHUNK_BYTES = 256 * 1024
_LAYER_CODES = "metadata/prusa_slicer_custom_gcode_per_print_z.xml"
_CODE = b"<code"
_ZIP = b"PK\x03\x04"


def refuse_scripts(model: Path, kind: str) -> None:
    """Raises Unusable for a project that would run something, or that cannot be looked into."""
    if kind not in ("3mf", "amf"):
        return
    with model.open("rb") as file:
        is_zip = file.read(4) == _ZIP
    found = any(map(_names_scripts, _members(model))) if is_zip else _names_scripts(_chunks(model))
    if found:
        raise Unusable(
            "The model's file names programs to run after slicing (post_process), which the farm "
            "never does. Open it in PrusaSlicer, clear Print Settings > Output options > "
            "Post-processing scripts and save it again, or export the model as STL.",
            code="model_runs_scripts",
        )


def layer_codes(model: Path, kind: str) -> tuple[str, ...]:
    """A warning when a project has G-code of its own for some layers, which is kept (measured)."""
    if kind != "3mf":
        return ()
    with SafeArchive(model, "The model") as archive:
        own = next((name for name in archive.names if name.casefold() == _LAYER_CODES), None)
        if own is None or not any(_CODE in chunk for chunk in archive.chunks(own)):
            return ()
    return (
        "The project has G-code of its own for single layers (pauses, colour changes or "
        "commands), and it is in the print file.",
    )


def _members(model: Path) -> Iterator[Iterable[bytes]]:
    with SafeArchive(model, "The model") as archive:
        for member in archive.names:
            name = member.casefold()
            if name.endswith((".config", ".amf", ".xml")) and "metadata/_rels/" not in name:
                yield archive.chunks(member)


def _names_scripts(chunks: Iterable[bytes]) -> bool:
    before = b"\n"
    for chunk in chunks:
        text = before + chunk
        if _LINE.search(text):
            return True
        before = text[-_OVERLAP:]
    return False


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
