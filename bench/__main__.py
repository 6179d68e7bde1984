"""``make bench``: figures for 12, 50 and 100 printers at 1 Hz of 8 kB, next to aims and floor."""

from __future__ import annotations

import argparse
import json
import platform
import socket
import statistics
import subprocess
import sys
from dataclasses import dataclass

import psutil

from bench.processes import (
    CORES,
    FARM_CORE,
    LISTENER_CORE,
    OTHERS_CORE,
    ROOT,
    Farm,
    Simulators,
    Usage,
    pinned,
)


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
        line = f"  {self.label:<34}{self.value:>10.2f} {self.unit:<6}"
        if self.aim is None:
            return line
        off = self.value / self.aim
        met = off >= 1 if self.higher_is_better else off <= 1
        line += f" aim {self.aim:g} ({'met' if met else 'MISSED'}, x{off:.2f} of it)"
        return line + (f", best rival {self.rival:g}" if self.rival is not None else "")


def percentile(values: list[float], percent: float) -> float:
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _helper(module: str, *arguments: str, stdin: str = "") -> subprocess.Popen[str]:
    process = pinned(
        [sys.executable, "-m", module, *arguments],
        LISTENER_CORE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(stdin)
    process.stdin.close()
    return process


def _answer(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    text = process.stdout.read()
    process.stdout.close()
    if process.wait(60):
        raise RuntimeError(f"a helper process failed with {process.returncode}")
    return text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def empty_farm_mb() -> float:
    with Farm([], free_port()) as farm:
        return farm.usage_during(1.0).rss_mb


def measure(count: int, seconds: float) -> list[Row]:
    with Simulators(count) as simulators:
        floor_process = pinned(
            [sys.executable, "-m", "bench.floor", str(seconds)],
            FARM_CORE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert floor_process.stdin is not None
        floor_process.stdin.write(json.dumps(simulators.printers) + "\n")
        floor_process.stdin.close()
        floor = json.loads(_answer(floor_process))
        with Farm(simulators.printers, free_port()) as farm:
            url = f"ws://127.0.0.1:{farm.port}/api/ws"
            listener = _helper("bench.listener", url, str(seconds))
            before = simulators.cpu_seconds()
            farm.usage_during(2.0)
            usage = farm.usage_during(seconds)
            simulator_cpu = 100 * (simulators.cpu_seconds() - before) / (seconds + 2)
            heard = json.loads(_answer(listener))
            per_second = json.loads(_answer(_helper("bench.requests", str(farm.port), "3")))
            return _rows(count, farm, usage, floor, heard, per_second, simulator_cpu)


def _rows(
    count: int,
    farm: Farm,
    usage: Usage,
    floor: dict[str, object],
    heard: dict[str, object],
    per_second: float,
    simulator_cpu: float,
) -> list[Row]:
    delays, bare = heard["delays_ms"], floor["delays_ms"]
    assert isinstance(delays, list) and isinstance(bare, list)
    aims = count == 100
    online_after = farm.all_online_s - farm.first_answer_s
    return [
        Row("report to browser, p50", percentile(delays, 50), "ms", 0.9 if aims else None, 1.3),
        Row("report to browser, p99", percentile(delays, 99), "ms", 2.0 if aims else None, 4.2),
        Row("  floor: report to parsed, p50", percentile(bare, 50), "ms"),
        Row("  floor: report to parsed, p99", percentile(bare, 99), "ms"),
        Row("farm CPU of one core", usage.cpu_percent, "%", 4.0 if aims else None, 11.0),
        Row("  floor: CPU of one core", float(str(floor["cpu_percent"])), "%"),
        Row("farm RSS", usage.rss_mb, "MB", 75.0 if aims else None, 233.0),
        Row("  floor: RSS", float(str(floor["rss_mb"])), "MB"),
        Row("farm RSS at the first answer", farm.rss_first_mb, "MB"),
        Row("threads", usage.threads, ""),
        Row("start to first 200", farm.first_answer_s, "s", 0.5 if aims else None, 1.5),
        Row("first 200 to all online", online_after, "s", 1.0 if aims else None),
        Row(
            "bytes to one browser",
            float(str(heard["bytes_per_s"])) / 1000,
            "kB/s",
            15.0 if aims else None,
            276.0,
        ),
        Row("GET /api/status", per_second, "/s", 1000.0 if aims else None, 390.0, True),
        Row("samples", len(delays), ""),
        Row("simulator CPU of one core", simulator_cpu, "%"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--printers", type=int, nargs="*", default=[12, 50, 100])
    parser.add_argument("--seconds", type=float, default=15.0)
    args = parser.parse_args()
    load = statistics.fmean(psutil.cpu_percent(0.2, percpu=True))
    print(f"{platform.python_version()} on {platform.machine()}, {len(CORES)} cores,")
    print(f"simulator on core {OTHERS_CORE}, farm on {FARM_CORE}, browser on {LISTENER_CORE},")
    print(f"other load at the start {load:.0f} % of all cores, {ROOT.name}")
    empty = Row("RSS of an empty farm", empty_farm_mb(), "MB", 60.0, 190.0)
    print(f"\n{empty.text()}")
    for count in args.printers:
        print(f"\n{count} printers, 1 report of 8 kB a second each, 1 browser", flush=True)
        for row in measure(count, args.seconds):
            print(row.text(), flush=True)


if __name__ == "__main__":
    main()
