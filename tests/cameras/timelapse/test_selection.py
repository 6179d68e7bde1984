"""Which frames go into the video."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cameras.timelapse.selection import common, hold_frames, most_frames, thinned, video_size


@given(st.integers(0, 3000), st.integers(2, 1500))
def test_thinning_keeps_both_ends_and_spreads_evenly(count: int, most: int) -> None:
    chosen = thinned(range(count), most)
    assert len(chosen) == min(count, most)
    assert chosen == sorted(set(chosen))
    if count > most:
        assert (chosen[0], chosen[-1]) == (0, count - 1)
        steps = [b - a for a, b in itertools.pairwise(chosen)]
        assert max(steps) - min(steps) <= 1


@given(st.integers(1, 9000), st.integers(1, 9000))
def test_a_video_is_even_and_never_wider_than_players_take(width: int, height: int) -> None:
    wide, high = video_size((width, height))
    assert wide % 2 == 0 and high % 2 == 0 and 2 <= wide <= 3840 and high >= 2
    if width <= 3840:
        assert (wide - width, high - height) in {(a, b) for a in (0, 1) for b in (0, 1)}


def test_lengths_in_frames() -> None:
    assert most_frames(25, 60) == 1500
    assert most_frames(5, 2) == 10
    assert hold_frames(25, 2.0) == 50
    assert hold_frames(25, 0) == 0


@pytest.mark.parametrize(("sizes", "wanted"), [("aab", "a"), ("baab", "b"), ("bbaa", "b")])
def test_the_most_frequent_form_and_of_two_the_first(sizes: str, wanted: str) -> None:
    assert common(list(sizes)) == wanted
