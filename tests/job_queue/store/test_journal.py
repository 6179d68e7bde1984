"""The journal's lines: what is whole, what was cut short, what is damage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import crc_lines
from job_queue.store import journal

HEAD = journal.head(41)
LINES = [journal.entry(n, 41 + n, 5.5, {"next_id": n, "trouble": "花\n\u2028"}) for n in (1, 2, 3)]
WHOLE = HEAD + b"".join(LINES)


def test_what_was_written_is_read() -> None:
    found = journal.read(WHOLE)
    assert (found.base, found.end, found.torn, found.damage) == (41, 44, False, "")
    assert [delta["next_id"] for delta in found.deltas] == [1, 2, 3]
    assert [delta["rev"] for delta in found.after(43)] == [44]
    assert journal.read(HEAD).after(41) == []
    assert WHOLE.count(b"\n") == 4, "one line each, whatever is in it"


def test_a_cut_at_any_byte_is_a_shorter_journal() -> None:
    ends = [len(HEAD)]
    for line in LINES:
        ends.append(ends[-1] + len(line))
    for cut in range(len(HEAD), len(WHOLE)):
        found = journal.read(WHOLE[:cut])
        assert not found.damage
        assert len(found.deltas) == sum(end <= cut for end in ends[1:])
        assert found.torn is (cut not in ends)


def test_every_flipped_bit_is_damage() -> None:
    """Also in the last line and in its end: that one was confirmed too."""
    for at in range(len(WHOLE)):
        for bit in range(8):
            flipped = WHOLE[:at] + bytes([WHOLE[at] ^ 1 << bit]) + WHOLE[at + 1 :]
            assert journal.read(flipped).damage, (at, bit)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "first line"),
        (HEAD[:-1], "first line"),
        (LINES[0], "first line"),
        (HEAD + LINES[1], "line 2 is out of order"),
        (HEAD + LINES[0] + LINES[2], "line 3 is out of order"),
        (HEAD + LINES[0] + LINES[0], "line 3 is out of order"),
        (HEAD + LINES[0] + HEAD, "line 3 is out of order"),
        (HEAD + LINES[0] + b"\n" + LINES[1], "line 3 is damaged"),
        (HEAD + b"\0" * 50 + LINES[0], "line 2 is damaged"),
        (crc_lines.line({"base": -3}), "first line"),
        (crc_lines.line({"base": "1"}), "first line"),
        (crc_lines.line([1]), "first line"),  # type: ignore[arg-type]
    ],
)
def test_anything_else_is_damage(raw: bytes, said: str) -> None:
    assert said in journal.read(raw).damage


@given(st.binary(max_size=300), st.integers(0, len(WHOLE)))
def test_nothing_at_all_breaks_the_reader(noise: bytes, at: int) -> None:
    found = journal.read(WHOLE[:at] + noise + WHOLE[at:])
    assert len(found.deltas) <= 3
    assert list(found.deltas) == list(journal.read(WHOLE).deltas)[: len(found.deltas)]
