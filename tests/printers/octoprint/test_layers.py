"""Layers out of heights: hops are none, a spiral is counted now and then."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printers.octoprint.layers import LayerCount


def told(*moves: tuple[float, float], until: float = 1000.0) -> int | None:
    count = LayerCount()
    for now, height in moves:
        count.moved(height, now)
    return count.layer(until)


@pytest.mark.parametrize(
    ("moves", "layer"),
    [
        ((), None),
        (((0.0, 0.2),), 1),
        (((0.0, 0.2), (60.0, 0.4), (120.0, 0.6)), 3),
        # hops of 0.4 mm over the first layer, and the last of them into the second
        (((0.0, 0.2), (30.0, 0.6), (30.3, 0.2), (40.0, 0.6), (40.3, 0.4)), 2),
        # a hop higher than the layer, again and again
        (((0.0, 0.2), *((30.0 + n, 0.8 - 0.6 * (n % 2)) for n in range(9)), (38.3, 0.2)), 1),
        # the head comes from above
        (((0.0, 15.0), (1.0, 0.2), (60.0, 0.4)), 2),
    ],
)
def test_heights_become_layers(moves: tuple[tuple[float, float], ...], layer: int | None) -> None:
    assert told(*moves) == layer


def test_a_height_counts_once_the_head_stays_there() -> None:
    count = LayerCount()
    count.moved(0.2, 0.0)
    assert count.layer(5.0) == 1
    count.moved(0.4, 60.0)
    assert count.layer(61.0) == 1, "it may be a hop"
    assert count.layer(62.1) == 2


def test_a_spiral_is_a_layer_every_five_seconds_at_most() -> None:
    moves = [(n * 0.1, 0.2 + n * 0.001) for n in range(1000)]
    layer = told(*moves)
    assert layer is not None and 5 <= layer <= 21


@given(
    layers=st.integers(1, 60),
    thick=st.floats(0.05, 0.6),
    hop=st.floats(0.05, 2.0),
    hops=st.lists(st.integers(0, 3), min_size=60, max_size=60),
)
def test_any_print_with_any_hop_is_counted_right(
    layers: int, thick: float, hop: float, hops: list[int]
) -> None:
    """Layers that take a minute, hops of a third of a second within them and between them."""
    count, now = LayerCount(), 0.0
    for layer in range(1, layers + 1):
        height = layer * thick
        count.moved(height, now)
        now += 30
        for _ in range(hops[layer - 1]):
            count.moved(height + hop, now)
            count.moved(height, now + 0.3)
            now += 5
        assert count.layer(now + 5) == layer
        if hops[layer - 1] % 2:  # the way to the next layer is a hop, too
            count.moved(height + max(hop, thick * 1.5), now + 20)
            now += 20.3
        else:
            now += 30
