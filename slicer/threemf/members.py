"""Bounded readers for what lies in a 3MF: XML without entities, flat JSON, PNG by its header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from core import jsonio
from core.errors import TooLarge, Unusable
from slicer import png
from slicer.threemf.archive import SafeArchive, damaged

MAX_XML_BYTES = 4_000_000
MAX_JSON_BYTES = 8_000_000
MAX_XML_DEPTH = 32
MAX_XML_ELEMENTS = 100_000
MAX_JSON_VALUES = 400_000

_FORBIDDEN_XML = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_FEED_CHARS = 64 * 1024


def read_xml(archive: SafeArchive, member: str) -> ElementTree.Element:
    """The root element. Raises Unusable (DOCTYPE, damage, depth) or TooLarge."""
    raw = archive.read(member, MAX_XML_BYTES)
    try:
        # Decoded here, so that no declared encoding can hide a DOCTYPE from the search.
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise damaged(archive.name, f"is damaged: {member} is not UTF-8", "xml_encoding") from error
    if _FORBIDDEN_XML.search(text):
        raise Unusable(
            f"{archive.name} defines XML entities in {member}, which no slicer does. "
            "The farm does not open such files.",
            code="xml_entities",
        )
    try:
        return _parse_xml(text, archive.name, member)
    except ElementTree.ParseError as error:
        raise damaged(archive.name, f"is damaged: {member} is not valid XML", "bad_xml") from error


def _parse_xml(text: str, name: str, member: str) -> ElementTree.Element:
    parser: ElementTree.XMLPullParser[ElementTree.Element] = ElementTree.XMLPullParser(
        ("start", "end")
    )
    depth = elements = 0
    root: ElementTree.Element | None = None
    for at in range(0, len(text) + 1, _FEED_CHARS):
        parser.feed(text[at : at + _FEED_CHARS])
        for step in parser.read_events():
            event, element = step[0], step[-1]
            depth += 1 if event == "start" else -1
            elements += event == "start"
            if root is None and isinstance(element, ElementTree.Element):
                root = element
            if depth > MAX_XML_DEPTH or elements > MAX_XML_ELEMENTS:
                raise TooLarge(
                    f"{name} nests {member} deeper or wider than any slicer does. "
                    "The farm does not open such files.",
                    code="xml_too_complex",
                )
    parser.close()
    if root is None:
        raise damaged(name, f"is damaged: {member} is empty", "bad_xml")
    return root


def read_json(archive: SafeArchive, member: str) -> Mapping[str, Any]:
    """The JSON object of a member. Raises Unusable (damage, depth) or TooLarge."""
    raw = archive.read(member, MAX_JSON_BYTES)
    # Counted before parsing: 8 MB of "[]," would cost 300 MB as objects.
    if raw.count(b",") + raw.count(b"[") + raw.count(b"{") > MAX_JSON_VALUES:
        raise TooLarge(
            f"{archive.name} holds more values in {member} than any slicer writes. "
            "The farm does not open such files.",
            code="json_too_complex",
        )
    try:
        value = jsonio.loads(raw)
    except (ValueError, RecursionError) as error:
        raise damaged(
            archive.name, f"is damaged: {member} is not valid JSON", "bad_json"
        ) from error
    if not isinstance(value, dict):
        raise damaged(archive.name, f"is damaged: {member} is not a JSON object", "bad_json")
    return value


def read_png(archive: SafeArchive, member: str) -> bytes | None:
    """A PNG to hand to browsers as it is, None when it is none. Raises TooLarge.

    Only the header is read; nothing here decodes a picture.
    """
    raw = archive.read(member, png.MAX_BYTES, "thumbnail_too_large")
    size = png.size_of(raw)
    if size is None:
        return None
    if max(size) > png.MAX_SIDE:
        raise TooLarge(
            f"{archive.name} holds a preview of {size[0]}×{size[1]} pixels; "
            f"the farm shows at most {png.MAX_SIDE}×{png.MAX_SIDE}.",
            code="thumbnail_pixels",
        )
    return raw
