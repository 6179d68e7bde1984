"""The figures of one run, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.mixes import POLLED
from bench.processes import Farm, Usage


@dataclass(frozen=True)
class Row:
    """One figure, the aim at 100 printers, and the best rival's (docs/performance.md)."""

    label: str
    value: float
    unit: str
    aim: float | None = None
    rival: float | None = None
    higher_is_better: bool = False

    def text(self) -> str:
        line = f"  {self.label:<44}{self.value:>10.2f} {self.unit:<6}"
        if self.aim is None:
            return line
        off = self.value / self.aim
        met = off >= 1 if self.higher_is_better else off <= 1
        line += f" aim {self.aim:g} ({'met' if met else 'MISSED'}, x{off:.2f} of it)"
        return line + (f", best rival {self.rival:g}" if self.rival is not None else "")


@dataclass(frozen=True)
class Run:
    """All that was measured of one farm."""

    mix: str
    count: int
    seconds: float
    hertz: float
    farm: Farm
    usage: Usage
    floor: Mapping[str, Any]
    heard: Mapping[str, Any]
    per_second: float
    simulator_cpu: float

    @property
    def has_aims(self) -> bool:
        """The aims were set for a hundred Bambu printers."""
        return (self.mix, self.count, self.hertz) == ("bambu", 100, 1.0)


def percentile(values: Sequence[float], percent: float) -> float:
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def rows(run: Run) -> Iterator[Row]:
    """Latencies first, of all makes that report by themselves and then of each."""
    yield from _latencies(run)
    aims, farm, usage = run.has_aims, run.farm, run.usage
    yield Row("farm CPU of one core", usage.cpu_percent, "%", 4.0 if aims else None, 11.0)
    yield Row("  floor: CPU of one core", run.floor["cpu_percent"], "%")
    yield Row("farm RSS", usage.rss_mb, "MB", 75.0 if aims else None, 233.0)
    yield Row("  floor: RSS", run.floor["rss_mb"], "MB")
    yield Row("farm RSS at the first answer", farm.rss_first_mb, "MB")
    yield Row("threads", usage.threads, "")
    yield Row("start to first 200", farm.first_answer_s, "s", 0.5 if aims else None, 1.5)
    online_after = farm.all_online_s - farm.first_answer_s
    yield Row("first 200 to all online", online_after, "s", 1.0 if aims else None)
    sent = run.heard["bytes_per_s"] / 1000
    yield Row("bytes to one browser", sent, "kB/s", 15.0 if aims else None, 276.0)
    yield Row("GET /api/status", run.per_second, "/s", 1000.0 if aims else None, 390.0, True)
    yield Row("simulator CPU of one core", run.simulator_cpu, "%")


def _latencies(run: Run) -> Iterator[Row]:
    heard, bare = run.heard["delays_ms"], run.floor["delays_ms"]
    pushing = [kind for kind in bare if kind not in POLLED]
    together = [delay for kind in pushing for delay in heard.get(kind, [])]
    floor = [delay for kind in pushing for delay in bare[kind]]
    aims = (0.9, 2.0) if run.has_aims else (None, None)
    if pushing:
        yield from _pair("report to browser", together, aims, (1.3, 4.2))
        yield from _pair("  floor: report to parsed", floor)
    if len(bare) > 1 or not pushing:
        for kind in bare:
            what = "change to browser, polled" if kind in POLLED else "report to browser"
            yield from _pair(f"{kind}: {what}", heard.get(kind, []))
            yield from _pair(f"  floor: {kind}", bare[kind])
    for kind in bare:
        yield Row(f"samples of {kind}", len(heard.get(kind, [])), "")


def _pair(
    label: str,
    delays: Sequence[float],
    aims: tuple[float | None, float | None] = (None, None),
    rivals: tuple[float | None, float | None] = (None, None),
) -> Iterator[Row]:
    for percent, aim, rival in zip((50, 99), aims, rivals, strict=True):
        yield Row(f"{label}, p{percent}", percentile(delays, percent), "ms", aim, rival)
