"""Reads PrusaSlicer's ini files: ``key = value`` lines, in sections or without any.

Everything a file may not be is refused here with a reason of its own, before anybody looks at
what it says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import TooLarge, Unusable

MAX_BYTES = 8_000_000
MAX_SECTIONS = 5_000
MAX_KEYS = 2_000  # of one section; PrusaSlicer 2.9 knows some 400
_NAME_LENGTH = 200
_HEADER = re.compile(r"\[([a-z_]+)(?::\s*(.*?)\s*)?\]")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.\- ]{0,99}")
_TEXTS = re.compile(r'"((?:[^"\\]|\\.)*)"|([^;"]+)')
_LIST_LENGTH = 10_000
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Section:
    """``kind`` and ``name`` are empty for lines before the first header."""

    kind: str  # "printer", "print", "filament", "printer_model", "vendor" …
    name: str
    values: dict[str, str] = field(default_factory=dict)


def read(path: Path, name: str) -> list[Section]:
    """The file's sections in their order. ``name`` is for sentences.

    Raises TooLarge or Unusable.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise TooLarge(
            f"{name} has {size / 1_000_000:.0f} MB; a slicer's settings have at most "
            f"{MAX_BYTES // 1_000_000} MB. Export fewer presets at once.",
            code="profiles_too_large",
        )
    return list(_sections(_text(path.read_bytes(), name), name))


def _text(raw: bytes, name: str) -> str:
    if raw.startswith(_ZIP):
        raise Unusable(
            f"{name} is an archive, not a settings file. In PrusaSlicer choose "
            "File > Export > Export Config Bundle and add that .ini file.",
            code="profiles_archive",
        )
    if b"\0" in raw:
        raise Unusable(
            f"{name} is no text and so no settings file of PrusaSlicer.", code="profiles_binary"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unusable(
            f"{name} is not written in UTF-8 as PrusaSlicer writes it. Export it again.",
            code="profiles_encoding",
        ) from error


def _sections(text: str, name: str) -> Iterator[Section]:
    section = Section("", "")
    count = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            if section.values or section.kind:
                yield section
            count += 1
            section = _header(line, number, name, count)
        else:
            _keep(section, line, number, name)
    if section.values or section.kind:
        yield section


def _header(line: str, number: int, name: str, count: int) -> Section:
    if count > MAX_SECTIONS:
        raise Unusable(
            f"{name} has more than {MAX_SECTIONS} sections. Export fewer presets at once.",
            code="profiles_too_many",
        )
    match = _HEADER.fullmatch(line)
    if match is None or len(match[2] or "") > _NAME_LENGTH:
        raise _damaged(name, number, "is no section of PrusaSlicer's")
    return Section(match[1], match[2] or "")


def _keep(section: Section, line: str, number: int, name: str) -> None:
    key, equals, value = line.partition("=")
    key = key.strip()
    if not equals or not _KEY.fullmatch(key):
        raise _damaged(name, number, "is no setting (key = value)")
    if len(section.values) >= MAX_KEYS:
        raise _damaged(name, number, f"is one of more than {MAX_KEYS} in one section")
    section.values[key] = value.strip()


def _damaged(name: str, number: int, what: str) -> Unusable:
    return Unusable(
        f"{name} cannot be read: line {number} {what}. Export it from PrusaSlicer again.",
        code="profiles_damaged",
        details={"line": number},
    )


def texts(value: str) -> list[str]:
    """A list of texts as PrusaSlicer writes it: ``"a;b";c`` → ["a;b", "c"]; of a very long one
    only the beginning."""
    found: list[str] = []
    for quoted, plain in _TEXTS.findall(value[:_LIST_LENGTH]):
        found.append(unescaped(quoted) if quoted else plain.strip())
    return [text for text in found if text]


def unescaped(value: str) -> str:
    r"""``\n``, ``\"`` and ``\\`` as what they stand for."""
    return re.sub(r"\\(.)", lambda match: {"n": "\n", "r": "\r"}.get(match[1], match[1]), value)


def unquoted(value: str) -> str:
    """A text that may be written in quotes: a config bundle quotes what holds some."""
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return unescaped(value[1:-1])
    return value
