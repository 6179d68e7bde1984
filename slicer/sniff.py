"""What a file is by its content; its name proves nothing (print-files 0.5)."""

from __future__ import annotations

import re
import struct
from pathlib import Path

from slicer.kinds import Kind

_HEAD_BYTES = 64 * 1024
_COMMAND = re.compile(rb"^[ \t]*(?:N\d+ ?)?[GMT]\d{1,4}(?:[. \t\r\n;*]|[XYZEFSP]-?\d|$)", re.M)
_COMMENT = re.compile(
    rb"^; ?(?:HEADER_BLOCK_START|THUMBNAIL_BLOCK_START|thumbnail|FLAVOR:|TIME:"
    rb"|(?:G-Code )?generated (?:by|with) )",
    re.M | re.I,
)
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|img|script|div|p)\b", re.I)
_XML = re.compile(
    rb"(?>\s+|<\?xml[^>]{0,200}>|<!--.*?-->|<![a-z][^>]{0,500}>)*+<(\w+)", re.DOTALL | re.IGNORECASE
)
_XML_KINDS = {b"amf": Kind.AMF, b"svg": Kind.PICTURE, b"html": Kind.WEB_PAGE}
_TEXT_STL = re.compile(rb"solid\b[^\n]*\n\s*(?:facet|endsolid)\b", re.I)
_VERTEX = re.compile(rb"^v +-?[\d.]+(?:e[+-]?\d+)? +-?[\d.]+(?:e[+-]?\d+)? +-?[\d.]", re.M | re.I)
_MAGIC = (
    (b"PK", Kind.ZIP),
    (b"GCDE", Kind.BGCODE),
    (b"xgcode 1.0", Kind.GX),
    (b"%PDF-", Kind.PDF),
    (b"\x89PNG\r\n\x1a\n", Kind.PICTURE),
    (b"\xff\xd8\xff", Kind.PICTURE),
    (b"GIF8", Kind.PICTURE),
    (b"qoif", Kind.PICTURE),
    (b"II*\0", Kind.PICTURE),
    (b"MM\0*", Kind.PICTURE),
    (b"7z\xbc\xaf'\x1c", Kind.ARCHIVE),
    (b"Rar!\x1a\x07", Kind.ARCHIVE),
    (b"\x1f\x8b\x08", Kind.ARCHIVE),
    (b"BZh", Kind.ARCHIVE),
    (b"\xfd7zXZ\0", Kind.ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Kind.ARCHIVE),
)
_PICTURE_BRANDS = (b"heic", b"heix", b"mif1", b"avif")


def kind_of(path: Path) -> Kind:
    """The file's kind; Kind.ZIP for every zip, which only its members tell apart."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return _kind(head, path.stat().st_size)


def _kind(head: bytes, size: int) -> Kind:
    if not head:
        return Kind.EMPTY
    if _is_binary_stl(head, size):
        return Kind.STL_BINARY
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if _is_boxed_picture(head):
        return Kind.PICTURE
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return _text_kind(head, start) or _gcode_or_obj(head, start)


def _is_binary_stl(head: bytes, size: int) -> bool:
    """84 bytes and 50 per facet; the 80 before the count may hold anything, "solid" too."""
    if len(head) < 84:
        return False
    facets: int = struct.unpack_from("<I", head, 80)[0]
    return facets > 0 and size == 84 + 50 * facets


def _is_boxed_picture(head: bytes) -> bool:
    """Pictures whose mark does not stand first: WebP, HEIC and AVIF, BMP."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return True
    if head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS:
        return True
    return head[:2] == b"BM" and head[6:10] == bytes(4)


def _text_kind(head: bytes, start: bytes) -> Kind | None:
    if start.startswith(b"ISO-10303-21"):
        return Kind.STEP
    if start[:1] == b"<":
        return _markup_kind(start)
    if b"\0" in head:
        return Kind.UNKNOWN
    return Kind.STL_TEXT if _TEXT_STL.match(start) else None


def _markup_kind(start: bytes) -> Kind | None:
    root = _XML.match(start)
    kind = _XML_KINDS.get(root[1].lower()) if root else None
    if kind is None and _MARKUP.match(start):
        return Kind.WEB_PAGE
    return kind or (Kind.UNKNOWN if start.startswith(b"<?xml") else None)


def _gcode_or_obj(head: bytes, start: bytes) -> Kind:
    if _COMMAND.search(head) or _COMMENT.search(head) or _is_all_comments(start):
        return Kind.GCODE
    return Kind.OBJ if _VERTEX.search(head) else Kind.UNKNOWN


def _is_all_comments(start: bytes) -> bool:
    lines = [line.strip() for line in start.splitlines()[:200]]
    return bool(start) and all(line.startswith(b";") for line in lines if line)
