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


@given(st.lists(st.integers(-3, 300), max_size=200), st.integers(1, 10), st.integers(0, 50))
def test_shots_rise_by_at_least_every_and_miss_no_layer(
    layers: list[int], every: int, last: int
) -> None:
    shots = fired(layers, every, last)
    assert all(shot > 0 for shot in shots)
    steps = [b - a for a, b in itertools.pairwise(shots)]
    assert all(step >= every for step in steps)
    top = max([layer for layer in layers if layer > 0], default=0)
    if top and (not last or top >= last + every):
        assert shots and top - shots[-1] < every
    else:
        assert not shots


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
