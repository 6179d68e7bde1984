"""What a file is by its content; its name proves nothing (print-files 0.5)."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from core.errors import Unusable

_HEAD_BYTES = 64 * 1024
_COMMAND = re.compile(rb"^[ \t]*(?:N\d+ ?)?[GMT]\d{1,4}(?:[. \t\r\n;*]|[XYZEFSP]-?\d|$)", re.M)
_COMMENT = re.compile(
    rb"^; ?(?:HEADER_BLOCK_START|THUMBNAIL_BLOCK_START|thumbnail|FLAVOR:|TIME:"
    rb"|(?:G-Code )?generated (?:by|with) )",
    re.M | re.I,
)
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|\?xml|img|script|div|p)\b", re.I)

_EXPORT = (
    "Slice it for your printer: a Bambu printer takes the plate's sliced file (.gcode.3mf), "
    "others take plain G-code (.gcode)."
)
_SENTENCES = {
    "empty_file": "{name} is empty. Export it from the slicer again.",
    "model_stl": "{name} is a 3D model (STL), not a print file. " + _EXPORT,
    "model_step": "{name} is a CAD model (STEP), not a print file. " + _EXPORT,
    "model_obj": "{name} is a 3D model (OBJ), not a print file. " + _EXPORT,
    "web_page": (
        "{name} is a web page, not a print file. The download went wrong; fetch the file again."
    ),
    "not_a_print_file": "{name} is not a print file. " + _EXPORT,
}

ARCHIVE, GCODE, BGCODE = "zip", "gcode", "bgcode"


def kind_of(path: Path) -> str:
    """ARCHIVE, GCODE, or the code of the reason why the file cannot be one of them."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return ARCHIVE if head.startswith(b"PK") else _kind(head, path.stat().st_size)


def is_zip(path: Path) -> bool:
    """Whether the file begins as a zip does."""
    return kind_of(path) == ARCHIVE


def wrong_kind(code: str, name: str) -> Unusable:
    """The error, with its own sentence, for a file that is neither."""
    return Unusable(_SENTENCES[code].format(name=name), code=code)


def _kind(head: bytes, size: int) -> str:
    if not head:
        return "empty_file"
    if head.startswith(b"GCDE"):
        return BGCODE
    if _is_stl(head, size):
        return "model_stl"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"ISO-10303-21"):
        return "model_step"
    if _MARKUP.match(start):
        return "web_page"
    if b"\0" in head:
        return "not_a_print_file"
    if _COMMAND.search(head) or _COMMENT.search(head) or _is_all_comments(start):
        return GCODE
    if re.search(rb"^v +-?[\d.]+ +-?[\d.]+ +-?[\d.]", head, re.M):
        return "model_obj"
    return "not_a_print_file"


def _is_all_comments(start: bytes) -> bool:
    lines = [line.strip() for line in start.splitlines()[:200]]
    return bool(start) and all(line.startswith(b";") for line in lines if line)


def _is_stl(head: bytes, size: int) -> bool:
    """Binary: 84 bytes and 50 per facet. Text: solid … facet normal."""
    if len(head) >= 84:
        facets: int = struct.unpack_from("<I", head, 80)[0]
        if facets and size == 84 + 50 * facets:
            return True
    return head.lstrip()[:5].lower() == b"solid" and b"facet" in head
