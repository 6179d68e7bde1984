"""Pure: when the next frame is due. The rules of cameras-and-rig 6.

A printer's layer number falls to 0, and back to an older one, when a connection is made anew: a
fall asks for nothing. One trigger serves one print.
"""

from __future__ import annotations

_RISES = 2
"""So often must a fallen number rise to be believed: the one before was the former job's last."""


class LayerTrigger:
    """Due at the first layer that is ``every`` above the one of the last shot, and at the first."""

    def __init__(self, every: int = 1, last: int = 0) -> None:
        """``every`` >= 1 layers; ``last``: the layer shot before the farm was started again."""
        self._every = every
        self.last = last
        self._low: int | None = None  # the newest of the numbers below the last shot's
        self._rises = 0

    def see(self, layer: int) -> bool:
        """Whether a shot is due now that the printer shows this layer."""
        if self.last > 0 and layer < self.last:
            return self._fallen(layer)
        self._low = None
        if layer <= 0 or (self.last > 0 and layer < self.last + self._every):
            return False
        self.last = layer
        return True

    def _fallen(self, layer: int) -> bool:
        if self._low is None or layer < self._low:
            self._low, self._rises = layer, 0
        elif layer > self._low:
            self._low, self._rises = layer, self._rises + 1
        if self._rises < _RISES:
            return False
        self._low, self.last = None, layer
        return True


class IntervalTrigger:
    """Due at once, then every ``every_s`` seconds on a grid; what was missed is not made up for."""

    def __init__(self, every_s: float) -> None:
        self._every = every_s
        self._next: float | None = None

    def see(self, now: float) -> bool:
        """``now``: monotonic seconds. Whether a shot is due."""
        if self._next is not None and now < self._next:
            return False
        begun = now if self._next is None else self._next
        self._next = begun + self._every * (1 + (now - begun) // self._every)
        return True

    def left(self, now: float) -> float:
        """Seconds to the next shot, >= 0."""
        return 0.0 if self._next is None else max(0.0, self._next - now)
