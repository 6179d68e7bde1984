"""Pure: which frames go into the video, how large it is, and how many frames it must have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
Size = tuple[int, int]
MIN_FRAMES = 2
"""Fewer are no video."""
MAX_WIDTH = 3840
"""Wider pictures are scaled down: players stop at 4K."""


def thinned(items: Sequence[T], most: int) -> list[T]:
    """At most ``most`` (>= 2) of them, evenly spread, first and last among them."""
    if len(items) <= most:
        return list(items)
    step = (len(items) - 1) / (most - 1)
    return [items[round(number * step)] for number in range(most)]


def most_frames(fps: int, max_s: float) -> int:
    """How many frames fit into ``max_s`` seconds, at least 2."""
    return max(2, int(fps * max_s))


def hold_frames(fps: int, hold_s: float) -> int:
    return round(fps * hold_s)


def common(sizes: Sequence[T]) -> T:
    """The most frequent one; of several the first. ``sizes`` is not empty."""
    return Counter(sizes).most_common(1)[0][0]


def video_size(size: Size) -> Size:
    """Even, as yuv420p needs it, and no wider than MAX_WIDTH."""
    width, height = size
    if width > MAX_WIDTH:
        width, height = MAX_WIDTH, max(1, round(height * MAX_WIDTH / width))
    return width + width % 2, height + height % 2
