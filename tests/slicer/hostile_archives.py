"""Archives that are broken or built to do harm: name -> how it is made, the refusal's code."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from typing import Any

from core.errors import FarmError, TooLarge, Unusable


def _zip_of(entries: list[tuple[zipfile.ZipInfo | str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry, content in entries:
            archive.writestr(entry, content)
    return buffer.getvalue()


def _with_entry(parts: Any, name: str, **fields: Any) -> bytes:
    info = zipfile.ZipInfo("Metadata/extra.txt")
    info.compress_type = zipfile.ZIP_DEFLATED
    for key, value in fields.items():
        setattr(info, key, value)
    info.filename = name
    return _zip_of([*parts().items(), (info, b"x")])


def _renamed(raw: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new) and raw.count(old) >= 2
    return raw.replace(old, new)


def _central(raw: bytes) -> int:
    return raw.index(b"PK\x01\x02")


def patch_central(raw: bytes, member: bytes, offset: int, fmt: str, value: int) -> bytes:
    """Change one field of a member's central directory record."""
    at = raw.index(member, _central(raw)) - 46
    data = bytearray(raw)
    struct.pack_into(fmt, data, at + offset, value)
    return bytes(data)


def _bomb(parts: Any) -> bytes:
    return _zip_of([*parts().items(), ("Metadata/zeros.bin", b"\0" * 30_000_000)])


def _swap(parts: Any, pack: Any, member: str, content: bytes) -> bytes:
    return bytes(pack({**parts(), member: content}))


def _duplicates(parts: Any) -> bytes:
    entries = [*parts().items(), ("Metadata/plate_2.gcode", b"x")]
    return _renamed(_zip_of(entries), b"Metadata/plate_2.gcode", b"Metadata/plate_1.gcode")


def _overlap(parts: Any) -> bytes:
    """Two directory records that share one local entry (as in a quoted-overlap bomb)."""
    raw = _zip_of([("Metadata/aaaaaaa.bin", b"a" * 50), ("Metadata/bbbbbbb.bin", b"b" * 50)])
    return patch_central(raw, b"Metadata/bbbbbbb.bin", 42, "<L", 0)


def _overlap_size(parts: Any) -> bytes:
    """A stored entry that says it reaches into its neighbour."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("Metadata/aaaaaaa.bin", b"a" * 50)
        archive.writestr("Metadata/bbbbbbb.bin", b"b" * 50)
    raw = patch_central(buffer.getvalue(), b"Metadata/aaaaaaa.bin", 20, "<L", 90)
    return patch_central(raw, b"Metadata/aaaaaaa.bin", 24, "<L", 90)


def _mismatch(parts: Any) -> bytes:
    raw = _zip_of([*parts().items(), ("Metadata/extra.txt", b"x")])
    at = raw.index(b"Metadata/extra.txt")
    return raw[:at] + b"Metadata/other.txt" + raw[at + 18 :]


def _entries(count: int) -> bytes:
    return _zip_of([(f"{number}", b"") for number in range(count)])


def _crc(parts: Any, pack: Any) -> bytes:
    raw = bytearray(pack(parts(), zipfile.ZIP_STORED))
    at = raw.index(b"; CHANGE_LAYER")
    raw[at + 3] ^= 0x20
    return bytes(raw)


CASES: dict[str, tuple[Callable[[Any, Any, Any], bytes], str, type[FarmError]]] = {
    "many entries": (lambda p, k, g: _entries(2_001), "too_many_entries", TooLarge),
    "very many entries": (lambda p, k, g: _entries(60_000), "too_many_entries", TooLarge),
    "parent path": (lambda p, k, g: _with_entry(p, "../evil"), "entry_name_parent", Unusable),
    "inner parent": (lambda p, k, g: _with_entry(p, "a/../../b"), "entry_name_parent", Unusable),
    "absolute": (lambda p, k, g: _with_entry(p, "/etc/passwd"), "entry_name_absolute", Unusable),
    "drive": (lambda p, k, g: _with_entry(p, "C:x"), "entry_name_drive", Unusable),
    "backslash": (
        lambda p, k, g: _with_entry(p, "Metadata\\x"), "entry_name_backslash", Unusable,
    ),
    "NUL": (
        lambda p, k, g: _renamed(_with_entry(p, "Metadata/exAtra"), b"exAtra", b"ex\0tra"),
        "entry_name_control",
        Unusable,
    ),
    "control": (lambda p, k, g: _with_entry(p, "a\x1bb"), "entry_name_control", Unusable),
    "long name": (lambda p, k, g: _with_entry(p, "n" * 300), "entry_name_long", Unusable),
    "symlink": (
        lambda p, k, g: _with_entry(p, "link", external_attr=0o120777 << 16), "symlink", Unusable,
    ),
    "device": (
        lambda p, k, g: _with_entry(p, "dev", external_attr=0o020666 << 16),
        "special_entry",
        Unusable,
    ),
    "encrypted": (
        lambda p, k, g: patch_central(k(p()), b"Metadata/plate_1.gcode", 8, "<H", 1),
        "encrypted",
        Unusable,
    ),
    "bzip2": (
        lambda p, k, g: k(p(), zipfile.ZIP_BZIP2), "compression_method", Unusable,
    ),
    "lzma": (lambda p, k, g: k(p(), zipfile.ZIP_LZMA), "compression_method", Unusable),
    "newer zip": (
        lambda p, k, g: patch_central(k(p()), b"Metadata/plate_1.gcode", 6, "<H", 99),
        "zip_version",
        Unusable,
    ),
    "duplicate": (lambda p, k, g: _duplicates(p), "duplicate_entry", Unusable),
    "overlap": (lambda p, k, g: _overlap(p), "overlap", Unusable),
    "overlap by size": (lambda p, k, g: _overlap_size(p), "overlap", Unusable),
    "two names": (lambda p, k, g: _mismatch(p), "entry_name_mismatch", Unusable),
    "offset outside": (
        lambda p, k, g: patch_central(k(p()), b"Metadata/plate_1.json", 42, "<L", 0xFFFF_FF00),
        "entry_missing",
        Unusable,
    ),
    "bomb": (lambda p, k, g: _bomb(p), "compression_ratio", TooLarge),
    "declared entry": (
        lambda p, k, g: patch_central(
            k(p()), b"Metadata/plate_1.json", 24, "<L", 600 * 1024**2
        ),
        "entry_too_large",
        TooLarge,
    ),
    "prefix": (lambda p, k, g: b"#!/bin/sh\n" + k(p()), "not_a_print_file", Unusable),
    "PK prefix": (lambda p, k, g: b"PKxx" + k(p()), "zip_prefix", Unusable),
    "truncated": (lambda p, k, g: k(p())[:-200], "truncated", Unusable),
    "bad directory": (
        lambda p, k, g: k(p()).replace(b"PK\x01\x02", b"PKxx"), "damaged", Unusable,
    ),
    "broken content": (lambda p, k, g: _crc(p, k), "damaged", Unusable),
    "DOCTYPE": (
        lambda p, k, g: _swap(
            p, k, "Metadata/slice_info.config",
            b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><config>&b;</config>',
        ),
        "xml_entities",
        Unusable,
    ),
    "hidden DOCTYPE": (
        lambda p, k, g: _swap(
            p, k, "Metadata/slice_info.config",
            '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x><config/>'.encode("utf-16"),
        ),
        "xml_encoding",
        Unusable,
    ),
    "deep XML": (
        lambda p, k, g: _swap(
            p, k, "Metadata/slice_info.config", b"<a>" * 5_000 + b"</a>" * 5_000
        ),
        "xml_too_complex",
        TooLarge,
    ),
    "wide XML": (
        lambda p, k, g: _swap(
            p, k, "Metadata/slice_info.config", b"<c>" + b"<a/>" * 900_000 + b"</c>"
        ),
        "compression_ratio",
        TooLarge,
    ),
    "bad XML": (
        lambda p, k, g: _swap(p, k, "Metadata/slice_info.config", b"<config><plate>"),
        "bad_xml",
        Unusable,
    ),
    "large XML": (
        lambda p, k, g: k(
            {**p(), "Metadata/slice_info.config": b"<c>" + b"x" * 4_000_000 + b"</c>"},
            zipfile.ZIP_STORED,
        ),
        "metadata_too_large",
        TooLarge,
    ),
    "wide stored XML": (
        lambda p, k, g: k(
            {**p(), "Metadata/slice_info.config": b"<c>" + b"<a/>" * 900_000 + b"</c>"},
            zipfile.ZIP_STORED,
        ),
        "xml_too_complex",
        TooLarge,
    ),
    "deep JSON": (
        lambda p, k, g: _swap(p, k, "Metadata/plate_1.json", b"[" * 30_000 + b"]" * 30_000),
        "bad_json",
        Unusable,
    ),
    "long number": (
        lambda p, k, g: _swap(p, k, "Metadata/plate_1.json", b'{"a": ' + b"9" * 50_000 + b"}"),
        "bad_json",
        Unusable,
    ),
    "JSON list": (
        lambda p, k, g: _swap(p, k, "Metadata/project_settings.config", b"[1]"),
        "bad_json",
        Unusable,
    ),
    "wide JSON": (
        lambda p, k, g: k(
            {**p(), "Metadata/project_settings.config": b"[" + b"[]," * 2_000_000 + b"[]]"},
            zipfile.ZIP_STORED,
        ),
        "json_too_complex",
        TooLarge,
    ),
    "large PNG": (
        lambda p, k, g: k(
            {**p(), "Metadata/plate_1.png": g() + b"\1" * 8_000_000}, zipfile.ZIP_STORED
        ),
        "thumbnail_too_large",
        TooLarge,
    ),
    "wide PNG": (
        lambda p, k, g: _swap(p, k, "Metadata/plate_1.png", g(30_000, 30_000)),
        "thumbnail_pixels",
        TooLarge,
    ),
    "wrong checksum": (
        lambda p, k, g: _swap(p, k, "Metadata/plate_1.gcode.md5", b"0" * 32),
        "md5_mismatch",
        Unusable,
    ),
    "no checksum": (
        lambda p, k, g: _swap(p, k, "Metadata/plate_1.gcode.md5", b"hello"), "bad_md5", Unusable,
    ),
    "empty plate": (
        lambda p, k, g: k(p(gcode=b"; HEADER_BLOCK_START\nG28\nG1 X1 E5\n; CHANGE_LAYER\nG1 X2\n")),
        "empty_plate",
        Unusable,
    ),
    "plate 0": (
        lambda p, k, g: k({**p(), "Metadata/plate_0.gcode": b"x"}), "plate_number", Unusable,
    ),
    "plate 65": (
        lambda p, k, g: k({**p(), "Metadata/plate_65.gcode": b"x"}), "plate_number", Unusable,
    ),
    "plate 01": (
        lambda p, k, g: k({**p(), "Metadata/plate_01.gcode": b"x"}), "plate_number", Unusable,
    ),
    "plate name": (
        lambda p, k, g: k({**p(), "Metadata/plate_x.gcode": b"x"}), "plate_number", Unusable,
    ),
    "any zip": (lambda p, k, g: k({"readme.txt": b"x"}), "not_3mf", Unusable),
    "not sliced": (
        lambda p, k, g: k({n: c for n, c in p().items() if ".gcode" not in n}),
        "not_sliced",
        Unusable,
    ),
}  # fmt: skip
"""Made with the fixtures parts, pack and png."""
