"""When a frame is due."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cameras.timelapse.trigger import IntervalTrigger, LayerTrigger


def fired(layers: list[int], every: int = 1, last: int = 0) -> list[int]:
    trigger = LayerTrigger(every, last)
    return [layer for layer in layers if trigger.see(layer)]


def test_each_new_layer_once() -> None:
    assert fired([0, 0, 1, 1, 2, 2, 2, 3]) == [1, 2, 3]


def test_a_connection_made_anew_fires_nothing() -> None:
    assert fired([5, 6, 0, 1, 6, 7]) == [5, 6, 7]


def test_every_third_layer() -> None:
    assert fired(list(range(12)), every=3) == [1, 4, 7, 10]


def test_it_goes_on_where_the_farm_was_stopped() -> None:
    assert fired([0, 40, 41, 42], last=41) == [42]


def test_the_former_jobs_last_layer_does_not_silence_this_one() -> None:
    assert fired([240, 0, 0, 1, 1, 2, 3, 4]) == [240, 2, 3, 4]


CLIMB = st.lists(st.integers(0, 4), max_size=80).map(
    lambda steps: list(itertools.accumulate(steps))
)


@given(CLIMB, st.integers(1, 10), st.integers(0, 50))
def test_of_a_climb_no_layer_is_missed(layers: list[int], every: int, last: int) -> None:
    shots = fired([max(last, layer) for layer in layers], every, last)
    assert all(b - a >= every for a, b in itertools.pairwise([last or -every, *shots]))
    top = max([layer for layer in layers if layer > 0], default=0)
    if top > 0 and (not last or top >= last + every):
        assert shots and top - shots[-1] < every
    else:
        assert not shots


@given(CLIMB, st.integers(1, 10), st.data())
def test_a_reading_that_falls_and_comes_back_changes_nothing(
    layers: list[int], every: int, data: st.DataObject
) -> None:
    shaken: list[int] = []
    for layer in layers:
        shaken.append(layer)
        if data.draw(st.booleans()):
            shaken += [data.draw(st.integers(0, layer)), layer]
    assert fired(shaken, every) == fired(layers, every)


@given(st.lists(st.integers(-3, 300), max_size=200), st.integers(1, 10))
def test_whatever_comes_each_shot_is_of_another_layer(layers: list[int], every: int) -> None:
    shots = fired(layers, every)
    assert all(shot > 0 for shot in shots)
    assert all(b < a or b - a >= every for a, b in itertools.pairwise(shots))
    assert all(b != a for a, b in itertools.pairwise(shots))


@given(st.lists(st.floats(0, 100), max_size=60), st.floats(1, 50))
def test_intervals_keep_to_their_grid(waits: list[float], every: float) -> None:
    trigger, now = IntervalTrigger(every), 1000.0
    assert trigger.see(now)
    due = now + every
    for wait in waits:
        now += wait
        if trigger.see(now):
            assert now >= due - 1e-6
            due += every * ((now - due) // every + 1)
        else:
            assert now < due + 1e-6
            assert trigger.left(now) == pytest.approx(due - now, abs=1e-6)


def test_what_was_missed_is_not_made_up_for() -> None:
    trigger = IntervalTrigger(10)
    assert [trigger.see(now) for now in (0, 5, 10, 47, 49, 50)] == [
        True, False, True, True, False, True,
    ]  # fmt: skip
