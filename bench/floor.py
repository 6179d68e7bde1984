"""The floor in the same run: a bare client per printer that only parses the JSON.

``python -m bench.floor SECONDS`` reads the printers as one JSON line from standard input.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import psutil

from bench.floor_clients import CLIENTS


def run(printers: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Wire-to-parsed latency of each make, and the CPU of this process."""
    delays: dict[str, list[float]] = {printer["kind"]: [] for printer in printers}
    clients = [CLIENTS[p["kind"]](p, delays[p["kind"]].append) for p in printers]
    pause = threading.Event()
    pause.wait(3)
    for found in delays.values():
        found.clear()
    usage = psutil.Process()
    before = usage.cpu_times()
    pause.wait(seconds)
    after = usage.cpu_times()
    result = {
        "delays_ms": {kind: list(found) for kind, found in delays.items()},
        "cpu_percent": 100 * (after.user + after.system - before.user - before.system) / seconds,
        "rss_mb": usage.memory_info().rss / 1e6,
        "threads": usage.num_threads(),
    }
    for stop in clients:
        stop()
    return result


if __name__ == "__main__":
    listed = json.loads(sys.stdin.readline())
    sys.stdout.write(json.dumps(run(listed, float(sys.argv[1]))) + "\n")
