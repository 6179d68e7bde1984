"""What Moonraker remembers by the second: temperatures, console lines, its own load."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from simulator.moonraker.printer import KlipperPrinter

_TEMPERATURES, _LINES, _LOADS = 1200, 1000, 30


class TemperatureStore:
    """One value a second of every sensor, twenty minutes long."""

    def __init__(self, printer: KlipperPrinter) -> None:
        self._printer = printer
        self._values: dict[str, dict[str, deque[float]]] = {}

    def sample(self) -> None:
        """Once a second."""
        for name in self._printer.config.sensors:
            kept = self._values.setdefault(name, {})
            row = {"temperatures": self._printer.temperature(name)}
            if name in self._printer.config.heaters:
                heater = self._printer.sensors[name]
                row["targets"] = heater.target
                row["powers"] = 1.0 if heater.target > heater.actual else 0.0
            for key, value in row.items():
                kept.setdefault(key, deque(maxlen=_TEMPERATURES)).append(value)

    def content(self) -> dict[str, Any]:
        """For /server/temperature_store."""
        return {
            name: {key: list(values) for key, values in kept.items()}
            for name, kept in self._values.items()
        }


class GcodeStore:
    """Commands sent to Klippy and what it answered."""

    def __init__(self) -> None:
        self._lines: deque[dict[str, Any]] = deque(maxlen=_LINES)

    def add(self, message: str, kind: str) -> None:
        """``kind``: command or response."""
        self._lines.append({"message": message, "time": time.time(), "type": kind})

    def content(self, count: int) -> dict[str, Any]:
        """For /server/gcode_store; the last ``count`` lines, 0 = all."""
        lines = list(self._lines)
        return {"gcode_store": lines[-count:] if count > 0 else lines}


def _traffic() -> dict[str, Any]:
    counters = (
        "rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "rx_errs", "tx_errs", "rx_drop",
        "tx_drop",
    )  # fmt: skip
    return {**dict.fromkeys(counters, 1000), "bandwidth": 1200.5}


class ProcStats:
    """Made-up figures of a small computer, in the real form."""

    def __init__(self) -> None:
        self._loads: deque[dict[str, Any]] = deque(maxlen=_LOADS)
        self._born = time.monotonic()
        self._network = {"lo": _traffic(), "wlan0": _traffic()}
        self._cpu = {"cpu": 4.5, "cpu0": 4.0, "cpu1": 5.0, "cpu2": 4.5, "cpu3": 4.5}
        self._memory = {"total": 3884400, "available": 3301200, "used": 583200}

    def sample(self, clients: int) -> dict[str, Any]:
        """Once a second; the params of notify_proc_stat_update."""
        load = {"time": time.time(), "cpu_usage": 2.31, "memory": 52312, "mem_units": "kB"}
        self._loads.append(load)
        return self._common(load, clients)

    def _common(self, moonraker: Any, clients: int) -> dict[str, Any]:
        return {
            "moonraker_stats": moonraker,
            "cpu_temp": 48.7,
            "network": self._network,
            "system_cpu_usage": self._cpu,
            "system_memory": self._memory,
            "websocket_connections": clients,
        }

    def content(self, clients: int) -> dict[str, Any]:
        """For /machine/proc_stats."""
        uptime = 3600.0 + time.monotonic() - self._born
        found = self._common(list(self._loads), clients)
        return {**found, "throttled_state": None, "system_uptime": uptime}
