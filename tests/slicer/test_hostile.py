"""Every hostile or broken file is refused with its own code, in bounded memory and time."""

from __future__ import annotations

import io
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import FarmError, TooLarge, Unusable
from slicer.inspection import inspect_file

Save = Callable[[bytes], Path]
MEMORY_BYTES = 48 * 1024 * 1024
"""Peak of Python's own allocations while refusing any of these; the files unpack to gigabytes."""
SECONDS = 10.0


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


def _patch_central(raw: bytes, member: bytes, offset: int, fmt: str, value: int) -> bytes:
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
    return _patch_central(raw, b"Metadata/bbbbbbb.bin", 42, "<L", 0)


def _overlap_size(parts: Any) -> bytes:
    """A stored entry that says it reaches into its neighbour."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("Metadata/aaaaaaa.bin", b"a" * 50)
        archive.writestr("Metadata/bbbbbbb.bin", b"b" * 50)
    raw = _patch_central(buffer.getvalue(), b"Metadata/aaaaaaa.bin", 20, "<L", 90)
    return _patch_central(raw, b"Metadata/aaaaaaa.bin", 24, "<L", 90)


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
        lambda p, k, g: _patch_central(k(p()), b"Metadata/plate_1.gcode", 8, "<H", 1),
        "encrypted",
        Unusable,
    ),
    "bzip2": (
        lambda p, k, g: k(p(), zipfile.ZIP_BZIP2), "compression_method", Unusable,
    ),
    "lzma": (lambda p, k, g: k(p(), zipfile.ZIP_LZMA), "compression_method", Unusable),
    "newer zip": (
        lambda p, k, g: _patch_central(k(p()), b"Metadata/plate_1.gcode", 6, "<H", 99),
        "zip_version",
        Unusable,
    ),
    "duplicate": (lambda p, k, g: _duplicates(p), "duplicate_entry", Unusable),
    "overlap": (lambda p, k, g: _overlap(p), "overlap", Unusable),
    "overlap by size": (lambda p, k, g: _overlap_size(p), "overlap", Unusable),
    "two names": (lambda p, k, g: _mismatch(p), "entry_name_mismatch", Unusable),
    "offset outside": (
        lambda p, k, g: _patch_central(k(p()), b"Metadata/plate_1.json", 42, "<L", 0xFFFF_FF00),
        "entry_missing",
        Unusable,
    ),
    "bomb": (lambda p, k, g: _bomb(p), "compression_ratio", TooLarge),
    "declared entry": (
        lambda p, k, g: _patch_central(
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
    "nothing": (lambda p, k, g: b"", "empty_file", Unusable),
    "G-code without a print": (
        lambda p, k, g: b"; generated by PrusaSlicer\nG28\n", "empty_plate", Unusable,
    ),
    "28 bytes of G-code": (
        lambda p, k, g: b"G28 ; home\nG1 X10 Y10 F600\n", "empty_plate", Unusable,
    ),
    "only priming": (lambda p, k, g: b"G28\nG92 E0\nG1 E40 F300\n" * 9, "empty_plate", Unusable),
    "purge before an empty layer": (
        lambda p, k, g: b"G28\nG1 X9 Y9 E4\n;LAYER:0\nG1 X9 Y8\nG1 E3\n", "empty_plate", Unusable,
    ),
    "only retractions": (
        lambda p, k, g: b"G28\n;LAYER_CHANGE\nG1 X9 Y9 E-4\nG1 X2 E0.0\n", "empty_plate", Unusable,
    ),
    "only comments": (lambda p, k, g: b"; a\n;b\n\n; c\n" * 50, "gcode_only_comments", Unusable),
    "a comment block": (
        lambda p, k, g: b";FLAVOR:Marlin\n;TIME:100\n", "gcode_only_comments", Unusable,
    ),
    "binary in G-code": (
        lambda p, k, g: b"G28\nG1 X1 E1\n" * 9_000 + bytes(range(64)) + b"\nG1 X1\n",
        "gcode_binary",
        Unusable,
    ),
    "binary in its last line": (
        lambda p, k, g: b"G28\nG1 X1 E1\n" * 90_000 + b"G1 X\0\0\0", "gcode_binary", Unusable,
    ),
    "endless line": (
        lambda p, k, g: b"G28\nG1 X1 E1\n;" + b"x" * 20_000_000 + b"\n",
        "gcode_line_too_long",
        TooLarge,
    ),
    "very many lines": (
        lambda p, k, g: b"G28\n" + b"\n" * 21_000_000, "gcode_too_many_lines", TooLarge,
    ),
    "very many layers": (
        lambda p, k, g: b"G28\n" + b";Z:1\n;LAYER:1\n" * 2_000_000, "empty_plate", Unusable,
    ),
    "very many values": (
        lambda p, k, g: b"G28\n" + b";a=\n" * 3_000_000, "empty_plate", Unusable,
    ),
    "previews without an end": (
        lambda p, k, g: b"; thumbnail begin 9x9 9\n" * 200_000 + b"G28\n", "empty_plate", Unusable,
    ),
    "slow to search": (
        lambda p, k, g: (b"G1 " + b"X" * 199 + b"E" * 199 + b"\n") * 30_000,
        "empty_plate",
        Unusable,
    ),
    "cut settings": (
        lambda p, k, g: b"G28\nG1 X1 E1\n; prusaslicer_config = begin\n; nozzle_dia",
        "truncated",
        Unusable,
    ),
    "cut block": (
        lambda p, k, g: b"; EXECUTABLE_BLOCK_START\nG28\nG1 X1 E1\nG1 X2 E1\n",
        "truncated",
        Unusable,
    ),
    "cut move": (
        lambda p, k, g: b";Generated with Cura_SteamEngine 5.6\nG28\nG1 X1 E1\nG1 X2",
        "truncated",
        Unusable,
    ),
    "web page": (
        lambda p, k, g: b"<!DOCTYPE html><html><body>G28\nG1 X1 E1\nSign in</body></html>",
        "web_page",
        Unusable,
    ),
    "markup": (lambda p, k, g: b"<img src=x onerror=alert(1)>\nG28\n", "web_page", Unusable),
    "prose": (lambda p, k, g: b"Good morning,\nM is a letter.\n" * 9, "not_a_print_file", Unusable),
    "binary G-code": (lambda p, k, g: b"GCDE\1\0\0\0\1\0", "bgcode_no_gcode", Unusable),
    "binary STL": (
        lambda p, k, g: b"solid".ljust(80) + struct.pack("<I", 2) + b"\0" * 100,
        "model_stl",
        Unusable,
    ),
    "text STL": (
        lambda p, k, g: b"solid x\n facet normal 0 0 1\n outer loop\n", "model_stl", Unusable,
    ),
    "STEP": (lambda p, k, g: b"ISO-10303-21;\nHEADER;\n", "model_step", Unusable),
    "OBJ": (lambda p, k, g: b"# x\nv 1.0 2.0 3.0\nv 1 2 3\n", "model_obj", Unusable),
    "noise": (lambda p, k, g: bytes(range(256)) * 40, "not_a_print_file", Unusable),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused_with_its_own_code(
    case: str, parts: Any, pack: Any, png: Any, save: Save, tmp_path: Path
) -> None:
    make, code, kind = CASES[case]
    path = save(make(parts, pack, png))
    before = set(tmp_path.iterdir())
    tracemalloc.start()
    started = time.monotonic()
    try:
        with pytest.raises(kind) as caught:
            inspect_file(path, "part.gcode.3mf")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.error_code == code, caught.value.message
    assert caught.value.message.endswith(".")
    assert peak < MEMORY_BYTES
    assert time.monotonic() - started < SECONDS
    assert set(tmp_path.iterdir()) == before, "nothing is ever unpacked to disk"


def test_every_sentence_names_the_file_or_its_plate() -> None:
    assert len(CASES) >= 25
    assert len({code for _, code, _ in CASES.values()}) >= 25


def test_declared_total_above_one_gigabyte(parts: Any, pack: Any, save: Save) -> None:
    raw = pack({**parts(), **{f"Metadata/{n:07}.bin": b"\0" * 100 for n in range(3)}})
    for number in range(3):
        member = f"Metadata/{number:07}.bin".encode()
        raw = _patch_central(raw, member, 24, "<L", 500 * 1024**2)
        raw = _patch_central(raw, member, 20, "<L", 5 * 1024**2)
    with pytest.raises(TooLarge) as caught:
        inspect_file(save(raw), "big")
    assert caught.value.error_code == "unpacked_too_large"


def test_entry_cut_short_by_a_lying_size(parts: Any, pack: Any, save: Save) -> None:
    """The directory promises more than the data holds."""
    size = len(parts()["Metadata/plate_1.json"])
    raw = _patch_central(pack(parts()), b"Metadata/plate_1.json", 24, "<L", size + 10)
    with pytest.raises(Unusable) as caught:
        inspect_file(save(raw), "cut")
    assert caught.value.error_code in ("truncated_member", "damaged")


def test_every_byte_flipped_never_escapes_as_another_error(
    parts: Any, pack: Any, save: Save
) -> None:
    raw = pack(parts())
    for at in range(0, len(raw), 7):
        broken = bytearray(raw)
        broken[at] ^= 0xFF
        path = save(bytes(broken))
        try:
            inspect_file(path, "flipped")
        except FarmError as error:
            assert error.error_code


@pytest.mark.parametrize("length", [1, 2, 4, 30, 100, 600])
def test_cut_files_are_refused(length: int, parts: Any, pack: Any, save: Save) -> None:
    with pytest.raises(Unusable):
        inspect_file(save(pack(parts())[:length]), "cut")
