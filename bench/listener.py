"""A browser's stand-in: receives delta frames and compares each with the stamp it carries.

The simulator writes the moment of sending into the job's layer (milliseconds modulo 20,000) and
percentage (their hundredths); the farm passes both on unchanged, so the difference on arrival is
the whole way, printer -> farm -> browser, to 0.01 ms.
Run as a process of its own: ``python -m bench.listener URL SECONDS`` prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from simple_websocket import Client

from core.jsonio import loads

CYCLE_MS = 20_000


class Jobs:
    """The layer and percentage of every printer, as a page would keep them."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, int]] = {}

    def delays(self, printers: dict[str, Any], arrived_ns: int) -> list[float]:
        """Milliseconds since sending, for each printer whose stamp moved."""
        found = []
        for printer_id, patch in printers.items():
            job = patch.get("job") or {}
            layer, percent = self._known.get(printer_id, (0, 0))
            if "layer" not in job and "pct" not in job:
                continue
            layer, percent = job.get("layer", layer), job.get("pct", percent)
            self._known[printer_id] = (layer, percent)
            found.append((arrived_ns / 1e6 - layer - percent / 100) % CYCLE_MS)
        return found


def listen(url: str, seconds: float) -> dict[str, Any]:
    """Latencies in ms and bytes received during ``seconds``, after the first snapshot."""
    socket = Client.connect(url, max_message_size=50_000_000)
    jobs = Jobs()
    delays: list[float] = []
    received = 0
    frames = 0
    warm_until = time.perf_counter() + 2.0
    end = warm_until + seconds
    try:
        while (left := end - time.perf_counter()) > 0:
            message = socket.receive(timeout=left)
            now = time.time_ns()
            if message is None:
                continue
            frame = loads(message)
            if frame.get("t") == "snapshot":
                jobs.delays({printer["id"]: printer for printer in frame["printers"]}, now)
            if frame.get("t") != "delta":
                continue
            late = jobs.delays(frame.get("p", {}), now)
            if time.perf_counter() >= warm_until:
                frames += 1
                received += len(message)
                delays.extend(late)
    finally:
        socket.close()
    return {"delays_ms": delays, "bytes_per_s": received / seconds, "frames": frames}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(listen(sys.argv[1], float(sys.argv[2]))) + "\n")
