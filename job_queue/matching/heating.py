"""Pure: how many printers may heat at once, so that no fuse blows when the farm starts its day.

Two limits, each optional: a number of printers, and watts per circuit. What counts is what heats
now, whoever started it, and every start of the farm that has not shown its heat yet. A start by
hand is never refused for this, but it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.config import HeatingConfig, PrinterConfig
from job_queue.job import Job, JobState
from job_queue.matching.match import Candidate, Reason
from printers.registry import Snapshot
from printers.status import PrinterState, PrinterStatus

NEAR_C = 5.0
"""A heater so close below its target only holds its heat."""
SHOWN_AFTER_S = 180.0
"""A print begins to heat within this time; some home and level first."""
FORGOTTEN_S = 900.0
"""What a printer that fell silent last said about its heat counts for so long."""
HELD_SHARE = 0.2
"""Of the full power, on average, while a printer holds its heat and moves (our assumption from
makers' figures, 100 to 200 W of a 1,000 W printer)."""
WATTS: Mapping[str, float] = {
    "x1c": 1000, "x1carbon": 1000, "x1": 1000, "x1e": 1400, "p1p": 1000, "p1s": 1000, "p2s": 1200,
    "a1": 1300, "a1mini": 150, "a2l": 1300, "h2s": 2050, "h2d": 2200, "h2c": 2200, "x2d": 2200,
    "mk3": 240, "mk3s": 240, "mk4": 240, "mk4s": 240, "mini": 160, "xl": 800, "coreone": 300,
    "ender3": 350, "voron02": 350, "voron24": 1000, "vorontrident": 1000,
}  # fmt: skip
"""Model, folded -> full power at 230 V: estimates, rather too high. At 110 V most take less;
``heating_w`` of the printer's entry is believed instead."""
UNKNOWN_W = 1000.0
"""Of a model that is not in the table: rather too much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A printer on its circuit."""

    name: str
    circuit: str  # "" = on none that is counted
    watts: float  # at full power
    heats: bool = False
    runs: bool = False  # holds its heat


def loads_of(
    snapshots: Iterable[Snapshot],
    configs: Mapping[str, PrinterConfig],
    open_jobs: Mapping[str, Job],
    now: float,
    mono: float,
) -> dict[str, Load]:
    """By printer."""
    found = {}
    for snapshot in snapshots:
        status = snapshot.status
        config, job = configs.get(status.printer_id), open_jobs.get(status.printer_id)
        found[status.printer_id] = Load(
            name=status.name,
            circuit=config.circuit if config else "",
            watts=watts_of(status, config),
            heats=_starts(job, now) or heats(status, mono),
            runs=status.state.has_job,
        )
    return found


def watts_of(status: PrinterStatus, config: PrinterConfig | None) -> float:
    """Of its own entry, else of its model."""
    if config is not None and config.heating_w is not None:
        return config.heating_w
    names = (status.machine.name, config.model if config else "")
    folded = ("".join(c for c in name.casefold() if c.isalnum()) for name in names)
    return next((WATTS[name] for name in folded if name in WATTS), UNKNOWN_W)


def heats(status: PrinterStatus, mono: float) -> bool:
    """By its own report: it prepares a print, or a heater is well below its target."""
    if status.observed_mono is None or mono - status.observed_mono > FORGOTTEN_S:
        return False
    if status.state is PrinterState.PREPARING:
        return True
    return any(h.target is not None and h.current < h.target - NEAR_C for h in status.heaters)


def _starts(job: Job | None, now: float) -> bool:
    """A start of the farm whose heat cannot be seen yet, from its claim on."""
    if job is None:
        return False
    if job.state.is_before_start or job.state is JobState.STARTING:
        return True
    return job.started_at is not None and 0 <= now - job.started_at < SHOWN_AFTER_S


def too_small(limits: HeatingConfig, load: Load) -> Reason | None:
    """Why this printer may never heat on its circuit."""
    budget = limits.circuits.get(load.circuit)
    if budget is None or load.watts <= budget:
        return None
    text = (
        f"{load.name} takes {load.watts:.0f} W to heat, its circuit {load.circuit} has "
        f"{budget:.0f} W. Set heating_w of the printer, or the circuit's watts."
    )
    return Reason("circuit_too_small", text)


class Heat:
    """The heat of one pass; every start that is decided counts at once."""

    def __init__(self, limits: HeatingConfig, loads: Mapping[str, Load]) -> None:
        self._limits = limits
        self._loads = loads
        self._heating = {name for name, load in loads.items() if load.heats}

    def begin(self, printer_id: str) -> None:
        self._heating.add(printer_id)

    def copy(self) -> Heat:
        """The same heat, to think something through with."""
        other = Heat(self._limits, self._loads)
        other._heating = set(self._heating)
        return other

    def against(self, printer: Candidate) -> Reason | None:
        """Why this printer must not start to heat now."""
        load = self._loads.get(printer.printer_id)
        if load is None or printer.printer_id in self._heating:
            return None
        return self._too_many() or self._too_much(load)

    def _too_many(self) -> Reason | None:
        most = self._limits.most
        if most is None or len(self._heating) < most:
            return None
        names = ", ".join(sorted(self._loads[name].name for name in self._heating)[:6])
        text = f"{names} heat{'s' if len(self._heating) == 1 else ''}; {most} may at once."
        return Reason("heating", text)

    def _too_much(self, load: Load) -> Reason | None:
        budget = self._limits.circuits.get(load.circuit)
        if budget is None:
            return None
        if (never := too_small(self._limits, load)) is not None:
            return never
        taken = sum(map(self._taken, self._others(load)))
        if taken + load.watts <= budget:
            return None
        text = (
            f"Circuit {load.circuit} would need {taken + load.watts:.0f} of its {budget:.0f} W: "
            f"{load.name} waits until others have heated up."
        )
        return Reason("heating", text)

    def _others(self, load: Load) -> list[tuple[bool, Load]]:
        return [
            (name in self._heating, other)
            for name, other in self._loads.items()
            if other.circuit == load.circuit and other is not load
        ]

    @staticmethod
    def _taken(other: tuple[bool, Load]) -> float:
        is_heating, load = other
        if is_heating:
            return load.watts
        return load.watts * HELD_SHARE if load.runs else 0.0
