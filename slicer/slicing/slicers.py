"""The slicers of this machine, and who of them is asked for a choice of presets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from core.clock import Clock
from core.errors import BadRequest, Blocked, Unusable
from slicer.engines.base import Engine, Installation
from slicer.profiles.presets import Family

LOOK_AGAIN_S = 30.0
"""After a look that found none: somebody may be installing one."""

PRESETS_ORDER = ("prusa", "orca", "bambu", "cura")
"""Who brings the best presets for the printers they both know; Bambu's own are only in two."""

Found = tuple[Engine, Installation]


class Slicers:
    """Looks for them when first asked, and now and then again. Thread-safe."""

    def __init__(
        self,
        engines: Sequence[Engine],
        look: Callable[[], Sequence[Installation]],
        clock: Clock,
        preferred: str = "auto",
    ) -> None:
        """``look`` asks every program for its version, which may take seconds."""
        self.engines = {engine.name: engine for engine in engines}
        self._look = look
        self._clock = clock
        self._preferred = preferred
        self._lock = threading.Lock()
        self._found: tuple[Installation, ...] | None = None
        self._looked_at = 0.0

    def installations(self) -> tuple[Installation, ...]:
        """All that are there, those that cannot be used too."""
        with self._lock:
            now = self._clock.monotonic()
            stale = self._found is not None and not self._found
            if self._found is None or (stale and now - self._looked_at >= LOOK_AGAIN_S):
                found = self._look()
                self._found = tuple(item for item in found if item.engine in self.engines)
                self._looked_at = now
            return self._found

    def usable(self) -> tuple[Found, ...]:
        """In the table's order."""
        return tuple(
            (engine, item)
            for engine in self.engines.values()
            for item in self.installations()
            if item.engine == engine.name and not item.problem
        )

    def for_presets(self) -> tuple[Found, ...]:
        """In the order in which their presets are offered: the preferred one's first."""
        order = (self._preferred, *PRESETS_ORDER)
        return tuple(sorted(self.usable(), key=lambda item: _rank(item[0].name, order)))

    def why_not(self) -> str:
        """A sentence when nothing can slice, "" else."""
        if self.usable():
            return ""
        broken = [item.problem for item in self.installations() if item.problem]
        if broken:
            return f"No slicer can be used: {' '.join(broken)}"
        return f"No slicer is installed. Install one of: {self._packages(tuple(self.engines))}."

    def candidates(
        self, family: Family, kind: str, *, asked: str = "auto", first: str = ""
    ) -> tuple[Found, ...]:
        """Who may slice a model of ``kind`` with presets of ``family``, best first, at least one.

        A slicer that was asked for by name stands alone. Else come the preferred one and
        ``first`` (whose presets they are) before the others. Raises BadRequest for an unknown
        name, Blocked (no_slicer) or Unusable (engine_family, engine_kind).
        """
        if asked != "auto" and asked not in self.engines:
            known = ", ".join(("auto", *self.engines))
            raise BadRequest(f"The field 'engine' must be one of {known}.")
        of_family = [e for e in self.engines.values() if e.family is family]
        if asked != "auto" and self.engines[asked].family is not family:
            names = " or ".join(engine.label for engine in of_family)
            raise Unusable(
                f"{self.engines[asked].label} cannot read these profiles; they are for {names}.",
                code="engine_family",
            )
        there = [item for item in self.usable() if item[0].family is family]
        if asked != "auto":
            there = [item for item in there if item[0].name == asked]
            of_family = [self.engines[asked]]
        if not there:
            raise self._none(of_family)
        able = [item for item in there if kind in item[0].model_kinds]
        if not able:
            names = " and ".join(engine.label for engine, _ in there)
            raise Unusable(
                f"{names} cannot slice a .{kind} file. Export the model as STL or 3MF.",
                code="engine_kind",
            )
        wishes = (self._preferred, first)
        return tuple(sorted(able, key=lambda item: _rank(item[0].name, wishes)))

    def _none(self, engines: Sequence[Engine]) -> Blocked:
        """No slicer of these is there."""
        names = tuple(engine.name for engine in engines)
        broken = [i.problem for i in self.installations() if i.engine in names and i.problem]
        labels = " or ".join(engine.label for engine in engines)
        text = (
            f"These profiles need {labels}. {' '.join(broken)}"
            if broken
            else f"These profiles need {labels}, which is not installed. "
            f"Install {self._packages(names)}."
        )
        return Blocked(text, code="no_slicer")

    def _packages(self, names: Sequence[str]) -> str:
        return ", ".join(
            f"{self.engines[name].label}: {self.engines[name].package}" for name in names
        )


def _rank(name: str, wishes: Sequence[str]) -> int:
    return wishes.index(name) if name in wishes else len(wishes)
