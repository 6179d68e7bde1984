"""Which makes a measured farm consists of."""

from __future__ import annotations

from typing import Any

from simulator.demo import demo_specs

MIXES: dict[str, tuple[str, ...]] = {
    "bambu": ("bambu",),
    "thirds": ("bambu", "octoprint", "moonraker"),
    "quarters": ("bambu", "octoprint", "moonraker", "prusalink"),
    "octoprint": ("octoprint",),
    "moonraker": ("moonraker",),
    "prusalink": ("prusalink",),
}
POLLED = ("prusalink",)
"""Makes that report nothing by themselves: their delay includes the wait for the next question."""


def entries(mix: str, count: int) -> list[dict[str, Any]]:
    """``count`` printing printers of this mix by turns, as ``simulator --specs-from-stdin`` takes
    them; each make has the models that the demo gives it."""
    kinds = MIXES[mix]
    models = {kind: [spec.model for spec in demo_specs(count, kinds=(kind,))] for kind in kinds}
    found = []
    for index in range(count):
        turn, place = divmod(index, len(kinds))
        kind = kinds[place]
        found.append(
            {
                "id": f"{kind}-{turn + 1}",
                "name": f"{kind} {turn + 1}",
                "type": kind,
                "model": models[kind][turn],
                "scenario": "printing",
            }
        )
    return found
