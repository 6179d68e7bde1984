"""The rules a zip's directory must pass before one byte of content is unpacked (print-files 6)."""

from __future__ import annotations

import re
import stat
import struct
import zipfile
from collections.abc import Sequence
from typing import BinaryIO

from core.errors import TooLarge, Unusable

MAX_ENTRIES = 2_000
MAX_NAME = 255  # bytes in UTF-8
MAX_TOTAL_BYTES = 1024**3
MAX_ENTRY_BYTES = 512 * 1024**2
MAX_RATIO = 200
RATIO_FLOOR_BYTES = 64 * 1024  # below this a high ratio harms nobody
MAX_DIRECTORY_BYTES = MAX_ENTRIES * 1024

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCAL = struct.Struct("<4s5H3L2H")
_TAIL_BYTES = 65_536 + _END.size + _END64_LOCATOR.size
_DRIVE = re.compile(r"[A-Za-z]:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_FLAG_ENCRYPTED = 0x1 | 0x40 | 0x2000


def _refuse(name: str, what: str, code: str) -> Unusable:
    return Unusable(f"{name} {what}. The farm does not open such files.", code=code)


def _too_large(name: str, what: str, code: str) -> TooLarge:
    return TooLarge(f"{name} {what}.", code=code)


def _too_many(name: str) -> TooLarge:
    what = f"holds more than {MAX_ENTRIES} entries; no slicer writes that"
    return _too_large(name, what, "too_many_entries")


def check_directory(file: BinaryIO, name: str) -> None:
    """Measure the table of contents before zipfile builds objects of it."""
    file.seek(0)
    if file.read(4) != b"PK\x03\x04":
        raise _refuse(name, "does not begin like a zip archive", "zip_prefix")
    size = file.seek(0, 2)
    start = max(0, size - _TAIL_BYTES)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise Unusable(
            f"{name} is damaged: its end is missing, as after a broken download. "
            "Export or upload it again.",
            code="truncated",
        )
    end = _END.unpack_from(tail, at)
    entries, directory_bytes = _with_zip64(file, start + at, end[4], end[5])
    file.seek(0)
    if entries > MAX_ENTRIES or directory_bytes > MAX_DIRECTORY_BYTES:
        raise _too_many(name)


def _with_zip64(file: BinaryIO, end_at: int, entries: int, size: int) -> tuple[int, int]:
    """(entries, bytes) of the directory; a zip64 record wins in zipfile, so the larger counts."""
    if end_at < _END64_LOCATOR.size:
        return entries, size
    file.seek(end_at - _END64_LOCATOR.size)
    locator = file.read(_END64_LOCATOR.size)
    if not locator.startswith(b"PK\x06\x07") or end_at < _END64_LOCATOR.size + _END64.size:
        return entries, size
    file.seek(end_at - _END64_LOCATOR.size - _END64.size)
    record = file.read(_END64.size)
    if len(record) < _END64.size or not record.startswith(b"PK\x06\x06"):
        return entries, size
    fields = _END64.unpack(record)
    if entries == 0xFFFF:
        entries = 0
    if size == 0xFFFFFFFF:
        size = 0
    return max(entries, fields[7]), max(size, fields[8])


def check_entries(entries: Sequence[zipfile.ZipInfo], name: str) -> None:
    """Names, kinds, methods and declared sizes of all entries."""
    if len(entries) > MAX_ENTRIES:
        raise _too_many(name)
    seen: set[str] = set()
    total = 0
    for entry in entries:
        _check_name(entry.orig_filename, name)
        if entry.orig_filename in seen:
            raise _refuse(name, "holds two entries of one name", "duplicate_entry")
        seen.add(entry.orig_filename)
        _check_kind(entry, name)
        _check_size(entry, name)
        total += entry.file_size
    if total > MAX_TOTAL_BYTES:
        raise _too_large(
            name, "unpacks to more than 1 GiB; the farm takes no larger files", "unpacked_too_large"
        )


def _check_name(entry_name: str, name: str) -> None:
    if not entry_name:
        raise _refuse(name, "holds an entry without a name", "entry_name_empty")
    if _CONTROL.search(entry_name):
        raise _refuse(
            name, "holds an entry with control characters in its name", "entry_name_control"
        )
    if len(entry_name.encode("utf-8", "surrogatepass")) > MAX_NAME:
        raise _refuse(name, f"holds an entry name over {MAX_NAME} bytes", "entry_name_long")
    if "\\" in entry_name:
        raise _refuse(name, "holds an entry with a backslash in its name", "entry_name_backslash")
    if entry_name.startswith("/"):
        raise _refuse(name, "holds an entry with an absolute path", "entry_name_absolute")
    if _DRIVE.match(entry_name):
        raise _refuse(name, "holds an entry with a drive letter", "entry_name_drive")
    if ".." in entry_name.split("/"):
        raise _refuse(name, "holds an entry that points outside the archive", "entry_name_parent")


def _check_kind(entry: zipfile.ZipInfo, name: str) -> None:
    if entry.flag_bits & _FLAG_ENCRYPTED:
        raise _refuse(name, "is encrypted", "encrypted")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise _refuse(name, "holds a symbolic link", "symlink")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refuse(name, "holds a device or pipe instead of a file", "special_entry")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refuse(name, "is packed with an unusual compression method", "compression_method")


def _check_size(entry: zipfile.ZipInfo, name: str) -> None:
    if entry.file_size > MAX_ENTRY_BYTES:
        raise _too_large(
            name, "holds an entry over 512 MB; the farm takes no larger ones", "entry_too_large"
        )
    allowed = max(RATIO_FLOOR_BYTES, MAX_RATIO * entry.compress_size)
    if entry.file_size > allowed:
        raise _too_large(
            name,
            f"is packed more than {MAX_RATIO} times, as a zip bomb is; real files reach 14",
            "compression_ratio",
        )


def check_layout(
    file: BinaryIO, entries: Sequence[zipfile.ZipInfo], directory_at: int, name: str
) -> None:
    """Each entry lies where it says, under one name in both headers, and shares no byte."""
    end_of_last = 0
    for entry in sorted(entries, key=lambda item: item.header_offset):
        if not 0 <= entry.header_offset < directory_at:
            raise _refuse(name, "lists an entry that is not there", "entry_missing")
        file.seek(entry.header_offset)
        raw = file.read(_LOCAL.size)
        if len(raw) < _LOCAL.size or not raw.startswith(b"PK\x03\x04"):
            raise _refuse(name, "lists an entry that is not there", "entry_missing")
        fields = _LOCAL.unpack(raw)
        if entry.header_offset < end_of_last:
            raise _refuse(name, "holds entries that overlap, as a zip bomb does", "overlap")
        _check_local_name(file.read(fields[9]), fields[2], entry, name)
        end_of_last = (
            entry.header_offset + _LOCAL.size + fields[9] + fields[10] + entry.compress_size
        )
    if end_of_last > directory_at:
        raise _refuse(name, "holds entries that overlap, as a zip bomb does", "overlap")


def _check_local_name(raw: bytes, flags: int, entry: zipfile.ZipInfo, name: str) -> None:
    local = raw.decode("utf-8" if flags & 0x800 else "cp437", "replace")
    if local != entry.orig_filename:
        raise _refuse(name, "names one entry in two ways", "entry_name_mismatch")
