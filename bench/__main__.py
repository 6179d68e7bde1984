"""``make bench``: figures for farms of 12, 50 and 100 printers, next to aims and floor.

The default measures pure Bambu farms and farms of a third each of Bambu, OctoPrint and Moonraker.
"""

from __future__ import annotations

import argparse
import json
import platform
import socket
import statistics
import subprocess
import sys

import psutil

from bench.memory import memory_rows
from bench.mixes import MIXES, entries
from bench.processes import (
    CORES,
    FARM_CORE,
    LISTENER_CORE,
    OTHERS_CORE,
    ROOT,
    Farm,
    Simulators,
    pinned,
)
from bench.rows import Row, Run, rows


def _helper(module: str, *arguments: str, core: int, stdin: str = "") -> subprocess.Popen[str]:
    process = pinned(
        [sys.executable, "-m", module, *arguments],
        core,
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


def measure(mix: str, count: int, seconds: float, hertz: float) -> Run:
    """The floor first, then the farm, both against the same simulated printers."""
    with Simulators(entries(mix, count), hertz=hertz) as simulators:
        listed = json.dumps(simulators.printers) + "\n"
        floor = _helper("bench.floor", str(seconds), core=FARM_CORE, stdin=listed)
        floor_figures = json.loads(_answer(floor))
        with Farm(simulators.printers, free_port()) as farm:
            url = f"ws://127.0.0.1:{farm.port}/api/ws"
            listener = _helper("bench.listener", url, str(seconds), core=LISTENER_CORE)
            before = simulators.cpu_seconds()
            farm.usage_during(2.0)
            usage = farm.usage_during(seconds)
            simulator_cpu = 100 * (simulators.cpu_seconds() - before) / (seconds + 2)
            heard = json.loads(_answer(listener))
            asking = _helper("bench.requests", str(farm.port), "3", core=LISTENER_CORE)
            return Run(
                mix=mix,
                count=count,
                seconds=seconds,
                hertz=hertz,
                farm=farm,
                usage=usage,
                floor=floor_figures,
                heard=heard,
                per_second=json.loads(_answer(asking)),
                simulator_cpu=simulator_cpu,
            )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--printers", type=int, nargs="*", default=[12, 50, 100])
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--mix", choices=MIXES, action="append", help="repeatable")
    parser.add_argument(
        "--hertz",
        type=float,
        default=1.0,
        help="reports a second (1); 0: as each make does, OctoPrint 2 and Klipper 4",
    )
    parser.add_argument("--memory", action="store_true", help="only the memory of each make")
    return parser.parse_args()


def _heading(mix: str, count: int, hertz: float) -> str:
    rate = f"{hertz:g} report{'' if hertz == 1 else 's'} a second" if hertz else "their own rhythm"
    makes = " + ".join(MIXES[mix])
    return f"{count} printers ({mix}: {makes}), {rate} each, Bambu's of 8 kB, 1 browser"


def main() -> None:
    args = _arguments()
    load = statistics.fmean(psutil.cpu_percent(0.2, percpu=True))
    print(f"{platform.python_version()} on {platform.machine()}, {len(CORES)} cores,")
    print(f"simulator on core {OTHERS_CORE}, farm on {FARM_CORE}, browser on {LISTENER_CORE},")
    print(f"other load at the start {load:.0f} % of all cores, {ROOT.name}")
    empty = empty_farm_mb()
    print(f"\n{Row('RSS of an empty farm', empty, 'MB', 60.0, 190.0).text()}")
    if args.memory:
        for row in memory_rows(empty, free_port):
            print(row.text(), flush=True)
        return
    for mix in args.mix or ("bambu", "thirds"):
        for count in args.printers:
            print(f"\n{_heading(mix, count, args.hertz)}", flush=True)
            for row in rows(measure(mix, count, args.seconds, args.hertz)):
                print(row.text(), flush=True)


if __name__ == "__main__":
    main()
