"""One frame per layer, although two tell of it: the toolhead's button and the farm."""

from __future__ import annotations

TAKE, SKIP, REPLACE = "take", "skip", "replace"


class Triggers:
    """Pairs a press with the farm's word of the same layer; each has one partner at most.

    Whoever comes first makes the frame. A press is worth more (the head is parked then), so it
    replaces the farm's frame of that layer; the farm's word after a press is only confirmation.
    Printers tell their layer 1 to 2 s late (cameras-and-rig 6). A press that is missed costs
    nothing: the farm's word then has no partner and makes the frame.
    """

    def __init__(self, same_layer_s: float) -> None:
        self._window = same_layer_s
        self._open: tuple[str, float] | None = None  # the last trigger without a partner
        self._layer: tuple[str, int] = ("", 0)

    def pressed(self, at: float) -> str:
        """The button, at monotonic ``at``."""
        if self._is_partner("layer", at):
            return REPLACE
        self._open = ("button", at)
        return TAKE

    def layer(self, job: str, layer: int, at: float) -> str:
        """The farm's word. The same layer twice (after a reconnect) is one."""
        known_job, known = self._layer
        if layer <= 0 or (job == known_job and layer <= known):
            return SKIP
        self._layer = (job, layer)
        if self._is_partner("button", at):
            return SKIP
        self._open = ("layer", at)
        return TAKE

    def print_over(self) -> None:
        """The same file once more may have the same job, and begins at layer 1 again."""
        self._layer = ("", 0)

    def missed(self) -> None:
        """No picture came of the last trigger: its partner shall try again."""
        self._open = None

    def _is_partner(self, of: str, at: float) -> bool:
        waiting, self._open = self._open, None
        return waiting is not None and waiting[0] == of and at - waiting[1] <= self._window
