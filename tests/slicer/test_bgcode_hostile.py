"""Binary G-code that is odd, flipped or cut; what is refused and why: test_hostile.py."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import FarmError, Unusable
from slicer.inspection import inspect_file, thumbnail
from tests.slicer import bgcode_writer as write
from tests.slicer.hostile_bgcode import MOVES, NOISE

DATA = Path(__file__).parent.parent / "data" / "slicer"


def test_metadata_is_only_text(save: Any) -> None:
    """Odd values, odd bytes and lines without a key are no reason to refuse or to crash."""
    odd = b"=\n==\nprinter_model\n\xff\xfe=\xff\nmax_layer_z=1e999\nnozzle_diameter=a,b\n" + NOISE
    parts = write.metadata()
    for at, kind in enumerate((write.FILE, write.PRINTER, write.PRINT, write.SLICER)):
        parts[at] = write.block(kind, odd + b"\nProducer=<b>\0Evil 9\n" * 99)
    file = inspect_file(save(write.header() + b"".join(parts) + write.gcode_block(MOVES)), "x")
    assert file.plates[0].height_mm == 0.4, "from the layer marks"
    assert file.plates[0].models == ("MK4S",)


def test_every_flipped_byte_is_noticed(save: Any) -> None:
    """Checksums cover all but the file's own header, which has few sound values."""
    raw = (DATA / "tile_meatpack.bgcode").read_bytes()
    for at in [*range(120), *range(120, len(raw), 37)]:
        broken = bytearray(raw)
        broken[at] ^= 0x41
        path = save(bytes(broken))
        with pytest.raises(FarmError):
            inspect_file(path, "x")


def test_every_cut_is_noticed_but_one_between_blocks_of_gcode(save: Any) -> None:
    raw = write.whole([MOVES] * 2)
    first = write.whole([MOVES])
    taken = []
    for length in range(len(raw)):
        try:
            inspect_file(save(raw[:length]), "x")
            taken.append(length)
        except FarmError:
            continue
    assert taken == [len(first)]


def test_a_preview_of_a_broken_file(save: Any) -> None:
    with pytest.raises(Unusable):
        thumbnail(save(write.whole()[:-1]), "x", 1)
