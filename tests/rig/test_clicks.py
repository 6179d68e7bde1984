"""Multi-clicks and the pairing of button and layer: pure, with a clock of the test's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.clicks import ACTIONS, ClickCounter
from rig.following import Following
from rig.triggers import REPLACE, SKIP, TAKE, Triggers

GAP = 0.3


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_the_counts_mean() -> None:
    assert ACTIONS == {1: "shot", 3: "toggle", 4: "pause", 5: "discard"}


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_the_gap_is_between_clicks_not_over_all_of_them(count: int) -> None:
    clock = Clock()
    counter = ClickCounter(GAP, clock)
    for _ in range(count):
        counter.press()
        clock.now += GAP - 0.01
        assert counter.take() == (0, 0.0)
    clock.now += 0.01
    assert counter.take() == (count, 100.0), "and it says when the first was"
    assert counter.wait_s() is None


def test_it_says_how_long_to_wait() -> None:
    clock = Clock()
    counter = ClickCounter(GAP, clock)
    assert counter.wait_s() is None
    counter.press()
    clock.now += 0.1
    assert counter.wait_s() == pytest.approx(0.2)


@given(st.lists(st.tuples(st.integers(1, 6), st.floats(0.31, 9)), max_size=8))
def test_presses_that_are_told_late_are_still_counted_apart(
    bursts: list[tuple[int, float]],
) -> None:
    """The desk may have been busy for seconds: what counts is when they were."""
    clock = Clock()
    counter = ClickCounter(GAP, clock)
    at = clock.now
    for count, pause in bursts:
        for _ in range(count):
            counter.press(at)
            at += 0.1
        at += pause
    clock.now = at + GAP
    found = []
    while (taken := counter.take()[0]) > 0:
        found.append(taken)
    assert found == [count for count, _ in bursts]


def test_a_press_and_the_farms_word_of_its_layer_make_one_frame() -> None:
    triggers = Triggers(8)
    for layer in range(1, 4):
        at = layer * 20.0
        assert triggers.pressed(at) == TAKE
        assert triggers.layer("job", layer, at + 1.5) == SKIP


def test_a_press_after_the_farms_word_gives_the_better_picture() -> None:
    triggers = Triggers(8)
    assert triggers.layer("job", 1, 10.0) == TAKE
    assert triggers.pressed(12.0) == REPLACE
    assert triggers.pressed(13.0) == TAKE, "each has one partner"


def test_a_missed_press_costs_no_layer() -> None:
    triggers = Triggers(8)
    assert triggers.pressed(0.0) == TAKE
    assert triggers.layer("job", 1, 1.5) == SKIP
    assert triggers.layer("job", 2, 5.5) == TAKE, "the press belonged to layer 1"


def test_quick_layers_stay_apart() -> None:
    triggers = Triggers(8)
    heard = [triggers.pressed(0), triggers.layer("j", 1, 1.5), triggers.pressed(4),
             triggers.layer("j", 2, 5.5)]  # fmt: skip
    assert heard == [TAKE, SKIP, TAKE, SKIP]


@pytest.mark.parametrize("layer", [0, -1, 4, 5])
def test_layers_that_come_again_or_jump_back_are_nothing_new(layer: int) -> None:
    triggers = Triggers(0)
    assert triggers.layer("job", 5, 0.0) == TAKE
    assert triggers.layer("job", layer, 100.0) == SKIP
    assert triggers.layer("job", 6, 200.0) == TAKE
    assert triggers.layer("next job", 1, 300.0) == TAKE


def test_which_prints_start_a_recording() -> None:
    assert not Following("end").begins("printing", "a") and Following("end").ends
    assert not Following("off").ends
    following = Following("print")
    assert following.begins("printing", "a")
    assert not following.begins("paused", "a") and not following.begins("printing", "")
    following.over("a")
    assert not following.begins("printing", "a"), "a person has ended it"
    assert following.begins("printing", "b")
    assert not following.begins("finished", "a") and following.begins("printing", "a")
