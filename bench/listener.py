"""A browser's stand-in: receives delta frames and compares each with the stamp it carries.

The simulator writes the moment of sending into the job's layer, or the minutes that are left, and
its percentage (simulator/stamp.py); the farm passes both on unchanged, so the difference on arrival
is the whole way, printer -> farm -> browser, to 0.01 ms.
Run as a process of its own: ``python -m bench.listener URL SECONDS`` prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from simple_websocket import Client

from core.jsonio import loads
from simulator.stamp import CYCLE_MS

IN_TIME_LEFT = ("octoprint", "prusalink")
"""Makes whose servers tell no layer."""


class Jobs:
    """The stamp of every printer, as a page would keep what it is made of."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        self._known: dict[str, tuple[float, int]] = {}

    def learn(self, printers: list[dict[str, Any]], arrived_ns: int) -> None:
        """A snapshot: which make each printer is, and where it stands."""
        self._kinds = {printer["id"]: printer["kind"] for printer in printers}
        self.delays({printer["id"]: printer for printer in printers}, arrived_ns)

    def delays(
        self, printers: dict[str, dict[str, Any]], arrived_ns: int
    ) -> list[tuple[str, float]]:
        """(make, milliseconds since sending) of each printer whose stamp moved."""
        found = []
        for printer_id, patch in printers.items():
            kind = self._kinds.get(printer_id, "")
            before = self._known.get(printer_id, (0.0, 0))
            stamp = self._stamp(kind, patch.get("job") or {}, before)
            if stamp is not None and stamp != before:
                self._known[printer_id] = stamp
                found.append((kind, (arrived_ns / 1e6 - stamp[0] - stamp[1] / 100) % CYCLE_MS))
        return found

    def _stamp(
        self, kind: str, job: dict[str, Any], before: tuple[float, int]
    ) -> tuple[float, int] | None:
        """(milliseconds, hundredths); None when the job does not tell it."""
        name, unit = ("left_s", 60) if kind in IN_TIME_LEFT else ("layer", 1)
        if job.get(name) is None and job.get("pct") is None:
            return None
        milliseconds, hundredths = job.get(name), job.get("pct")
        return (
            before[0] if milliseconds is None else milliseconds / unit,
            before[1] if hundredths is None else hundredths,
        )


def listen(url: str, seconds: float) -> dict[str, Any]:
    """Latencies in ms and bytes received during ``seconds``, after the first snapshot."""
    socket = Client.connect(url, max_message_size=50_000_000)
    jobs = Jobs()
    delays: dict[str, list[float]] = {}
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
                jobs.learn(frame["printers"], now)
            if frame.get("t") != "delta":
                continue
            late = jobs.delays(frame.get("p", {}), now)
            if time.perf_counter() >= warm_until:
                frames += 1
                received += len(message)
                for kind, delay in late:
                    delays.setdefault(kind, []).append(delay)
    finally:
        socket.close()
    return {"delays_ms": delays, "bytes_per_s": received / seconds, "frames": frames}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(listen(sys.argv[1], float(sys.argv[2]))) + "\n")
