"""``python -m bench.cameras``: what live pictures cost, through the real server over real HTTP.

Cameras are raw MJPEG over TCP (as of a Raspberry Pi) in one process, viewers in another, the farm
in a third, each on a core of its own. A picture carries the moment it was sent.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from bench.__main__ import free_port
from bench.processes import CORES, FARM_CORE, LISTENER_CORE, OTHERS_CORE, Farm, Usage, pinned
from bench.rows import Row, percentile

FIRST_PICTURES_S = 4.0


@contextmanager
def sources(count: int, fps: float) -> Iterator[list[int]]:
    """The ports of so many cameras."""
    command = [sys.executable, "-m", "bench.camera_source", str(count), str(fps)]
    process = pinned(command, OTHERS_CORE, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["ports"]
    finally:
        process.communicate()


def settings(ports: list[int], *, always_on: bool) -> dict[str, Any]:
    cameras = [
        {
            "id": f"cam-{n}", "name": f"Camera {n}", "type": "tcp_mjpeg",
            "url": f"tcp://127.0.0.1:{port}", "always_on": always_on,
        }
        for n, port in enumerate(ports)
    ]  # fmt: skip
    return {"cameras": {"list": cameras}}


def viewers(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bench.camera_viewers", *arguments]
    return pinned(command, LISTENER_CORE, stdout=subprocess.PIPE)


def figures(process: subprocess.Popen[str]) -> list[float]:
    out, _ = process.communicate(timeout=120)
    if process.returncode:
        raise RuntimeError(f"the viewers failed with {process.returncode}")
    found: list[float] = json.loads(out)
    return found


def snapshot_rows(count: int) -> Iterator[Row]:
    """From the cache of a camera that runs."""
    with sources(1, 10.0) as ports, Farm([], free_port(), settings(ports, always_on=True)) as farm:
        farm.usage_during(FIRST_PICTURES_S)
        for label, query in (("snapshot", ""), ("snapshot scaled to 320", "&w=320")):
            times = figures(viewers("snapshots", str(farm.port), str(count), "cam-0", query))
            for percent in (50, 99):
                yield Row(f"{label} from the cache, p{percent}", percentile(times, percent), "ms")


def watched(cameras: int, per_camera: int, fps: float, seconds: float) -> Iterator[Row]:
    """So many cameras, each seen by so many viewers."""
    with (
        sources(cameras, fps) as ports,
        Farm([], free_port(), settings(ports, always_on=True)) as farm,
    ):
        named = [f"cam-{n}" for n in range(cameras) for _ in range(per_camera)]
        farm.usage_during(FIRST_PICTURES_S)
        watching = viewers("watch", str(farm.port), str(seconds), *named) if named else None
        farm.usage_during(3.5)
        usage = farm.usage_during(seconds - 1.0)
        ages = figures(watching) if watching else []
    yield from _cost(usage)
    if not ages:
        return
    for percent in (50, 99):
        yield Row(f"age on arrival, p{percent}", percentile(ages, percent), "ms")
    yield Row("pictures delivered", len(ages) / seconds, "/s")
    yield Row("of those sent", 100 * len(ages) / (len(named) * fps * seconds), "%")


def _cost(usage: Usage) -> Iterator[Row]:
    yield Row("farm CPU of one core", usage.cpu_percent, "%")
    yield Row("farm RSS", usage.rss_mb, "MB")
    yield Row("threads", usage.threads, "")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.cameras", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--snapshots", type=int, default=2000)
    return parser.parse_args()


def _table(heading: str, rows: Iterator[Row]) -> None:
    print(f"\n{heading}", flush=True)
    for row in rows:
        print(row.text(), flush=True)


def main() -> None:
    args = _arguments()
    load = statistics.fmean(psutil.cpu_percent(0.2, percpu=True))
    print(f"Cameras of 1280x720, raw MJPEG over TCP; {len(CORES)} cores, farm on {FARM_CORE},")
    print(f"other load at the start {load:.0f} % of all cores")
    _table("1 camera, 10 pictures a second", snapshot_rows(args.snapshots))
    for cameras, per_camera, fps in (
        (1, 20, 15.0), (10, 0, 5.0), (50, 0, 5.0), (10, 1, 5.0), (50, 1, 5.0), (50, 4, 5.0)
    ):  # fmt: skip
        heading = f"{cameras} cameras, {fps:g} pictures a second, {cameras * per_camera} viewers"
        _table(heading, watched(cameras, per_camera, fps, args.seconds))


if __name__ == "__main__":
    main()
