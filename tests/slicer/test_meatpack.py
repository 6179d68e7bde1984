"""The nibble code and heatshrink, against a writer of the tests' own."""

from __future__ import annotations

import contextlib
import re
import tracemalloc

import heatshrink2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slicer.bgcode import heatshrink, meatpack
from tests.slicer.bgcode_writer import MOVES
from tests.slicer.bgcode_writer import meatpack as pack

_SWITCH_ON, _SWITCH_OFF = b"\xff\xff\xfb", b"\xff\xff\xfa"
_COMMANDS = st.text("GMTXYZEFIJS0123456789.- \"'ABqüñ", min_size=1, max_size=40)


def _lines(text: bytes) -> list[bytes]:
    return [line.strip() for line in text.splitlines() if line.strip()]


@settings(deadline=None, derandomize=True)
@given(st.lists(_COMMANDS, max_size=30))
def test_text_with_spaces_comes_back_as_it_was(lines: list[str]) -> None:
    text = "\n".join(lines).encode()
    assert _lines(meatpack.unpack(pack(text, spaces=True))) == _lines(text)


@settings(deadline=None, derandomize=True)
@given(st.lists(_COMMANDS, max_size=30))
def test_moves_come_back_without_their_spaces(lines: list[str]) -> None:
    text = "\n".join(lines).encode()
    wanted = [line.replace(b" ", b"") if line[:1] == b"G" else line for line in _lines(text)]
    assert _lines(meatpack.unpack(pack(text))) == wanted


def test_a_space_is_put_before_each_word_of_a_move() -> None:
    text = meatpack.unpack(pack(MOVES))
    assert b"\nG1X10.5Y20.25F9000\n" in text and b"\n\n" not in text
    spaced = meatpack.spaced(text)
    assert b"\nG1 X10.5 Y20.25 F9000\n" in spaced and b"\nG1 X10.5 Y-2 E1.5\n" in spaced
    assert b'\nM862.3 P "MK4S"\n' in spaced and b"\nM486 AShape-Box\n" in spaced
    odd = b"M486 A2X3Y4\n;TYPE:3X4\nG1 X1\n"
    assert meatpack.spaced(odd) == odd, "names and comments stay as they are"


def test_comments_are_what_lies_there_unpacked() -> None:
    found = meatpack.comments(pack(MOVES))
    assert found == b"".join(re.findall(rb"^;.*\n", MOVES, re.M))
    assert meatpack.comments(pack(MOVES, comments=False)) == b""


def test_commands() -> None:
    assert meatpack.unpack(b"G1\n") == b"G1\n", "packing is off at first"
    assert meatpack.unpack(_SWITCH_ON + b"\x1d\xcc" + _SWITCH_OFF + b"M0") == b"G1\nM0"
    assert meatpack.unpack(_SWITCH_ON + b"\xff\xff\xf8\x1d") == b"G1", "a query changes nothing"
    assert meatpack.unpack(_SWITCH_ON + b"\xbd\xff\xff\xf7\xbd\xff\xff\xf6\xbd") == b"G GEG "
    assert meatpack.unpack(_SWITCH_ON + b"\x1d\xff\xff\xf9\x1d") == b"G1\x1d"


@pytest.mark.parametrize("cut", [b"\x0f", b"\xf1", b"\xff", b"\xffM", b"\x1d\x1f"])
def test_a_missing_character_is_noticed(cut: bytes) -> None:
    with pytest.raises(meatpack.NotMeatPack):
        meatpack.unpack(_SWITCH_ON + cut)


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    with contextlib.suppress(meatpack.NotMeatPack):
        assert len(meatpack.unpack(_SWITCH_ON + data)) <= 2 * len(data)
    meatpack.comments(data)


def test_remembered_pairs_are_few() -> None:
    """Hostile bytes cannot fill the memory that known pairs are kept in."""
    table = bytes(range(256))
    every = b"".join(bytes([code, other]) for code in range(255) for other in table[:255])
    tracemalloc.start()
    try:
        meatpack.unpack(_SWITCH_ON + every)
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("window", [11, 12])
@settings(deadline=None, derandomize=True)
@given(data=st.binary(max_size=3000))
def test_heatshrink_gives_exactly_the_size_or_nothing(window: int, data: bytes) -> None:
    small = bytes(heatshrink2.encode(data, window_sz2=window, lookahead_sz2=4))
    assert heatshrink.unpack(small, window, len(data)) == data
    for wrong in (len(data) + 1, len(data) + 9_000_000):
        with pytest.raises(ValueError, match="instead of"):
            heatshrink.unpack(small, window, wrong)


def test_heatshrink_costs_at_most_its_ratio() -> None:
    """References of 16 bytes each, one behind the other."""
    bits = ("0" + "0" * 12 + "1111") * 8
    bomb = int(bits, 2).to_bytes(17, "big") * 5_000
    assert len(heatshrink2.decode(bomb, window_sz2=12, lookahead_sz2=4)) <= 8 * len(bomb)
    with pytest.raises(ValueError, match="instead of"):
        heatshrink.unpack(bomb, 12, 1_000_000)
