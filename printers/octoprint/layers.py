"""Counts layers from the heights of OctoPrint's ZChange events (cameras-and-rig 6).

OctoPrint knows no layers, and a hop of the head over the part raises it as a new layer does. A hop
comes down again to the height it left; a layer is where the head stays, or comes down to from above
while higher than the layer before.
"""

from __future__ import annotations

STAYS_S = 2.0
"""No hop lasts so long; a layer that is printed faster is seen with the next one."""
RISE_MM = 0.04
"""The thinnest layer of any slicer, less rounding."""
SPIRAL_S = 5.0
"""Rising without a stop (vase mode): a layer at most so often, OctoPrint's own rule."""


class LayerCount:
    """Of one print, from its start on. Times are monotonic seconds, heights millimetres."""

    def __init__(self) -> None:
        self._layers = 0
        self._height = 0.0  # of the layer counted last
        self._begun = 0.0
        self._up: tuple[float, float] | None = None  # a height above it, and since when

    def moved(self, height: float, now: float) -> None:
        """The head is at this height from now on."""
        self._settle(now)
        if height < self._height + RISE_MM:
            self._up = None  # down again: it was a hop, or the layer goes on
            if self._layers == 1 and height < self._height:
                self._height = height  # the first height was that of the way to the bed
        elif self._up is not None and height < self._up[0]:
            self._count(height, now)  # out of a hop, and higher than before
        elif self._up is not None and now - self._begun >= SPIRAL_S:
            self._count(height, now)
        else:
            self._up = (height, now)

    def layer(self, now: float) -> int | None:
        """The layer that is printed, from 1; None before the first."""
        self._settle(now)
        return self._layers or None

    def _settle(self, now: float) -> None:
        if self._up is not None and now - self._up[1] >= STAYS_S:
            self._count(*self._up)

    def _count(self, height: float, now: float) -> None:
        self._layers, self._height, self._begun = self._layers + 1, height, now
        self._up = None
