"""The container of Prusa's binary G-code (.bgcode): its header, its blocks, their checksums.

Layout by the public specification of the format, version 1 (print-files 3.2): a file header of ten
bytes, then blocks in a fixed order, numbers with the low byte first. The directory is read first
and holds every limit of print-files 6, so nothing is unpacked that was not measured before.
"""

from __future__ import annotations

import itertools
import os
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

from core.errors import TooLarge, Unusable
from slicer import png
from slicer.bgcode import unpack
from slicer.threemf.archive import damaged

MAX_BLOCKS = 20_000
MAX_TOTAL_BYTES = 256 * 1024 * 1024  # unpacked; some 450 MB of G-code text
_FILE = struct.Struct("<4sIH")
_BLOCK = struct.Struct("<HHI")
_SIZE = struct.Struct("<I")
_CRC_BYTES = 4
_VERSION = 1


class BlockType(IntEnum):
    """The format's own numbers."""

    FILE = 0
    GCODE = 1
    SLICER = 2
    PRINTER = 3
    PRINT = 4
    PICTURE = 5


_NAMES = {
    BlockType.FILE: "file metadata",
    BlockType.GCODE: "G-code",
    BlockType.SLICER: "slicer metadata",
    BlockType.PRINTER: "printer metadata",
    BlockType.PRINT: "print metadata",
    BlockType.PICTURE: "preview",
}
_ORDER = tuple(
    BlockType[name] for name in ("FILE", "PRINTER", "PICTURE", "PRINT", "SLICER", "GCODE")
)
_REPEATED = (BlockType.PICTURE, BlockType.GCODE)
_MAX_BYTES = {BlockType.GCODE: 1024 * 1024, BlockType.PICTURE: png.MAX_BYTES}
"""Unpacked; writers fill G-code blocks up to 64 kB."""
_MAX_METADATA_BYTES = 4_000_000
_ENCODINGS = {BlockType.GCODE: 3, BlockType.PICTURE: 3, BlockType.SLICER: 2}
"""How many are known: 0 plain, 1 and 2 MeatPack; PNG, JPG, QOI; key=value, JSON. Others: one."""


@dataclass(frozen=True, slots=True)
class Block:
    """One block as its header describes it."""

    type: BlockType
    compression: int
    encoding: int  # of a preview its format
    size: int  # bytes unpacked
    stored: int  # bytes in the file
    at: int  # where its header begins
    data_at: int
    number: int  # from 1, for sentences

    @property
    def name(self) -> str:
        return f"{_NAMES[self.type]} block (block {self.number})"


@dataclass(frozen=True, slots=True)
class Directory:
    """Every block of a file; all of them lie within it, in the order that printers expect."""

    name: str  # of the file, for sentences
    has_checksums: bool
    blocks: tuple[Block, ...]

    def of(self, kind: BlockType) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.type == kind)

    def data(self, file: BinaryIO, block: Block) -> bytes:
        """The block's content, unpacked. Raises Unusable when it is damaged."""
        file.seek(block.at)
        raw = file.read(block.data_at + block.stored - block.at)
        if self.has_checksums and zlib.crc32(raw) != _SIZE.unpack(file.read(_CRC_BYTES))[0]:
            raise damaged(
                self.name,
                f"is damaged: the checksum of its {block.name} does not match, "
                "and the printer would reject it",
                "bgcode_crc",
            )
        try:
            return unpack.unpack(raw[block.data_at - block.at :], block)
        except ValueError as error:
            raise damaged(
                self.name, f"is damaged: its {block.name} cannot be unpacked", "bgcode_unpack"
            ) from error


def read_directory(file: BinaryIO, name: str) -> Directory:
    """Raises Unusable or TooLarge; ``name`` is the file's, for their sentences."""
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    has_checksums = _read_file_header(file.read(_FILE.size), name)
    blocks: list[Block] = []
    at = _FILE.size
    total = 0
    while at < end:
        if len(blocks) == MAX_BLOCKS:
            raise TooLarge(
                f"{name} has more than {MAX_BLOCKS} blocks; no slicer writes that. "
                "The farm does not read such files.",
                code="bgcode_too_many_blocks",
            )
        file.seek(at)
        block = _read_block(file.read(_BLOCK.size + _SIZE.size + 2), at, len(blocks) + 1, name)
        blocks.append(block)
        total += block.size
        at = block.data_at + block.stored + (_CRC_BYTES if has_checksums else 0)
    if at > end:
        raise _cut(name)
    if total > MAX_TOTAL_BYTES:
        raise TooLarge(
            f"{name} unpacks to more than {MAX_TOTAL_BYTES // 1_000_000} MB, "
            "the most the farm reads.",
            code="bgcode_too_large",
        )
    _require_order(blocks, name)
    return Directory(name, has_checksums, tuple(blocks))


def _read_file_header(raw: bytes, name: str) -> bool:
    """Whether blocks carry a checksum."""
    if len(raw) < _FILE.size:
        raise _cut(name)
    _, version, checksum = _FILE.unpack(raw)
    if version != _VERSION:
        raise Unusable(
            f"{name} is binary G-code of version {version}; the farm reads version {_VERSION}. "
            "Switch binary G-code off in the slicer's printer settings and export it as .gcode.",
            code="bgcode_version",
        )
    if checksum not in (0, 1):
        raise _unknown(name, f"checks itself by method {checksum}", "bgcode_checksum_type")
    return bool(checksum)


def _read_block(raw: bytes, at: int, number: int, name: str) -> Block:
    if len(raw) < _BLOCK.size:
        raise _cut(name)
    kind, compression, size = _BLOCK.unpack_from(raw)
    if kind not in _NAMES:
        raise _unknown(name, f"has a block of type {kind}", "bgcode_block_type")
    if compression > 3 or (compression and kind == BlockType.PICTURE):
        raise _unknown(
            name, f"has a {_NAMES[kind]} block packed by method {compression}", "bgcode_compression"
        )
    header = _BLOCK.size + (_SIZE.size if compression else 0)
    if len(raw) < header + 2:
        raise _cut(name)
    stored = _SIZE.unpack_from(raw, _BLOCK.size)[0] if compression else size
    encoding = int.from_bytes(raw[header : header + 2], "little")
    block = Block(
        type=BlockType(kind),
        compression=compression,
        encoding=encoding,
        size=size,
        stored=stored,
        at=at,
        data_at=at + header + (6 if kind == BlockType.PICTURE else 2),
        number=number,
    )
    _require_sane(block, name)
    return block


def _require_sane(block: Block, name: str) -> None:
    if block.encoding >= _ENCODINGS.get(block.type, 1):
        raise _unknown(
            name,
            f"has a {_NAMES[block.type]} block in encoding {block.encoding}",
            "bgcode_encoding",
        )
    limit = _MAX_BYTES.get(block.type, _MAX_METADATA_BYTES)
    if max(block.size, block.stored) > limit:
        raise TooLarge(
            f"{name} has a {_NAMES[block.type]} block of "
            f"{max(block.size, block.stored) / 1_000_000:.1f} MB; the farm reads at most "
            f"{limit / 1_000_000:.1f} MB.",
            code="bgcode_block_too_large",
        )
    if block.size > block.stored * unpack.max_ratio(block.compression) + 64:
        raise TooLarge(
            f"{name} packs its {block.name} tighter than any slicer does. "
            "The farm does not open such files.",
            code="bgcode_ratio",
        )


def _require_order(blocks: Sequence[Block], name: str) -> None:
    if not any(block.type == BlockType.GCODE for block in blocks):
        raise Unusable(
            f"{name} holds no G-code, only what describes it. Export it from the slicer again.",
            code="bgcode_no_gcode",
        )
    kinds = {block.type for block in blocks}
    for kind in (BlockType.PRINTER, BlockType.PRINT, BlockType.SLICER):
        if kind not in kinds:
            raise damaged(
                name,
                f"lacks its {_NAMES[kind]}, without which printers reject it",
                "bgcode_incomplete",
            )
    places = [_ORDER.index(block.type) for block in blocks]
    for before, after in itertools.pairwise(places):
        if after < before or (after == before and _ORDER[after] not in _REPEATED):
            raise damaged(name, "has its blocks in an order that printers reject", "bgcode_order")


def _unknown(name: str, what: str, code: str) -> Unusable:
    return Unusable(
        f"{name} {what}, which the farm does not know. "
        "Switch binary G-code off in the slicer's printer settings and export it as .gcode.",
        code=code,
    )


def _cut(name: str) -> Unusable:
    return Unusable(
        f"{name} is cut short: its end is missing, as after a broken download. "
        "Export or upload it again.",
        code="truncated",
    )
