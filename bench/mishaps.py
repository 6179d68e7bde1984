"""What goes wrong in a rehearsal: a share of all prints meets one of the simulator's faults."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bench.records import token_of
from bench.workshop import Json, Printers

IN_A_PRINT = (
    "print fails", "stopped at the printer", "filament runs out", "network lost", "power cut",
)  # fmt: skip
BEFORE_A_PRINT = ("upload breaks", "upload arrives cut", "storage full", "start without an echo")
KINDS = IN_A_PRINT + BEFORE_A_PRINT
_KNOBS: Mapping[str, tuple[Json, Json]] = {  # of a Bambu printer, of the others
    "upload breaks": ({"ftps_drop_at": 2_000}, {"drop_upload_at": 30_000}),
    "upload arrives cut": ({"ftps_truncate_at": 2_000}, {"upload_truncate_at": 30_000}),
    "storage full": ({"sd_full": True}, {"disk_full": True}),
    "start without an echo": ({"no_ack": True}, {"answer_lost": True}),
}
_AWAY_S = (1.0, 4.0)


@dataclass
class Mishap:
    """One fault: met by the print that runs (token known), or by the next attempt there."""

    kind: str
    printer_id: str
    at: float
    token: int | None = None


@dataclass
class _Later:
    due: float
    act: Callable[[], object]


class Mishaps:
    """``look`` often; it never waits. The n-th print of the whole workshop meets fault number so
    and so: planned by ``rng``, each kind about as often as any other."""

    def __init__(self, printers: Printers, rng: random.Random, prints: int, share: float) -> None:
        self.happened: list[Mishap] = []
        self._printers = printers
        self._types = {entry["id"]: entry["type"] for entry in printers.entries}
        self._rng = rng
        count = max(len(KINDS), round(prints * share))
        chosen = sorted(rng.sample(range(2, max(prints - 20, count + 2)), count))
        kinds = [KINDS[n % len(KINDS)] for n in range(count)]
        rng.shuffle(kinds)
        self._plan = dict(zip(chosen, kinds, strict=True))
        self._seen: dict[str, int] = {}
        self._begun = 0
        self._later: list[_Later] = []

    def look(self, truth: Mapping[str, Json]) -> None:
        """New prints since the last look may meet their fate; what was put off is done."""
        now = time.time()
        for later in [one for one in self._later if one.due <= now]:
            self._later.remove(later)
            later.act()
        for name, machine in truth.items():
            prints = machine["prints"]
            for one in prints[self._seen.get(name, 0) :]:
                self._begun += 1
                kind = self._plan.get(self._begun, "")
                if kind in IN_A_PRINT:
                    self._after(self._rng.uniform(0.3, 2.0), partial(self._strike, kind, name, one))
                elif kind:
                    self._arm(kind, name)
            self._seen[name] = len(prints)

    def _after(self, seconds: float, act: Callable[[], object]) -> None:
        self._later.append(_Later(time.time() + seconds, act))

    # -- while it prints -------------------------------------------------------------------------

    def _strike(self, kind: str, name: str, one: Json) -> None:
        machine = self._printers.truth()[name]
        if not machine["busy"] or machine["prints"][-1]["file"] != one["file"]:
            kind = "network lost"  # that print is over: something that does not need one
        self.happened.append(Mishap(kind, name, time.time(), token_of(one["file"])))
        do = self._printers.do
        if kind == "print fails":
            do(name, "hard_fail")
        elif kind == "stopped at the printer":
            do(name, "stop")
        elif kind == "filament runs out":
            do(name, "runout")
        elif kind == "power cut":
            do(name, "power_cycle")
        else:
            do(name, "go_offline")
            self._after(self._rng.uniform(*_AWAY_S), lambda: do(name, "go_online"))

    # -- for the next attempt --------------------------------------------------------------------

    def _arm(self, kind: str, name: str) -> None:
        """Lasts until the next attempt there has met it, or a while."""
        knobs = _KNOBS[kind][self._types[name] != "bambu"]
        self.happened.append(Mishap(kind, name, time.time()))
        self._printers.knobs(name, **knobs)
        self._after(25.0, lambda: self._disarm(name, knobs))

    def _disarm(self, name: str, knobs: Mapping[str, Any]) -> None:
        self._printers.knobs(name, **{key: type(value)() for key, value in knobs.items()})
