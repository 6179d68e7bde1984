"""A stage for the faults of print servers: one printer of each make beside a healthy neighbour.

Each test names what it is about with ``@http_fault("name", …, kinds=…)``; the mark counts only when
the test really used it, and test_http_catalogue.py finds what has no test.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.events import Bus
from core.secret import Secret
from job_queue.service import JobService
from job_queue.store.json_store import JsonJobStore
from job_queue.timing import Timing as JobTiming
from printers.adapters import ADAPTERS
from printers.base import AdapterContext, Printer
from printers.fleet import Fleet
from printers.lan.backoff import Backoff
from printers.moonraker.adapter import MoonrakerPrinter
from printers.moonraker.client import Timing as MoonrakerTiming
from printers.octoprint.adapter import OctoPrintPrinter
from printers.octoprint.timing import Timing as OctoPrintTiming
from printers.prusalink.adapter import PrusaLinkPrinter
from printers.prusalink.rhythm import Rhythm
from simulator.farm import SimulatedFarm
from simulator.plain_gcode import build_gcode
from simulator.specs import PrinterSpec, make_spec
from slicer.library import FileLibrary
from tests.faults.conftest import RememberingRegistry
from tests.faults.http_seat import (
    MODELS,
    MOONRAKER,
    NAMES,
    NEIGHBOUR,
    POLLED,
    HttpSeat,
)

_RETRY, _REFUSED_RETRY = (0.1, 0.4), 0.4
_OCTOPRINT = OctoPrintTiming(
    tick=0.1, first=2.0, ping=1.0, dead=2.5, stale=1.0, chore=0.3, poll=0.3, websocket_again=1.0,
    steady=0.5,
)  # fmt: skip
_MOONRAKER = MoonrakerTiming(
    tick=0.1, ask=0.4, ask_starting=0.3, silent=2.5, klipper_silent=3.0, publish=0.1, notice=3.0,
    restart=3.0, retry=_RETRY, auth_retry=_REFUSED_RETRY,
)  # fmt: skip
_PRUSALINK = Rhythm(
    active=0.2, idle=0.3, soon=0.1, answer=1.2, storage=0.8, asked=3.0, start_wait=6.0,
    indexed=2.5, look=0.1, transfer=2.0,
)  # fmt: skip
JOBS = JobTiming(
    evidence_s=3.0, quiet_s=1.0, stopping_s=6.0, cleanup_delay_s=0.1, batch_s=0.02, tick_s=0.1
)


class Stage:
    """One farm run: a printer for each make in ``cast``, and the neighbour."""

    def __init__(
        self,
        cast: Sequence[str],
        folder: Path,
        *,
        scale: float = 1.0,
        scenario: str = "idle",
        digest: bool = False,
        tls: bool = False,
    ) -> None:
        self.used: set[tuple[str, str]] = set()
        self._digest = digest
        self._files: dict[tuple[str, int], str] = {}
        specs = [spec_of(kind, number, scenario, tls=tls) for number, kind in enumerate(cast, 1)]
        beside = "printing" if scale <= 2 else "idle"
        specs.append(make_spec(NEIGHBOUR, "Yew", "Voron 2.4", 99, beside, kind="moonraker"))
        self.simulated = SimulatedFarm(specs, time_scale=scale, tick_s=0.05)
        self.simulated.start()
        clock, self.bus = SystemClock(), Bus()
        self.registry = RememberingRegistry(self.bus)
        with pytest.MonkeyPatch.context() as patch:
            for name, make in _FACTORIES.items():
                patch.setitem(ADAPTERS, name, make)
            self.fleet = Fleet([self._config(s) for s in specs], self.registry, clock, folder)
        self.library = FileLibrary(folder / "files", clock, 50_000_000)
        store = JsonJobStore(folder, clock)
        self.jobs = JobService(
            store, self.fleet, self.registry, self.library, self.bus, clock, JOBS
        )
        self.fleet.observe(self.jobs.note_command)
        self.seats = [
            HttpSeat(self, spec.id, kind) for spec, kind in zip(specs, cast, strict=False)
        ]
        self.neighbour = HttpSeat(self, NEIGHBOUR, MOONRAKER)
        self._before = ""
        self._threads: set[str] = set()

    def _config(self, spec: PrinterSpec) -> PrinterConfig:
        end = self.simulated.endpoints[spec.id]
        by_digest = self._digest and spec.kind == "prusalink"
        return PrinterConfig(
            simulate=True,
            id=spec.id,
            name=spec.name,
            type=spec.kind,
            model=spec.model,
            url=end.url,
            api_key=Secret("" if by_digest else end.api_key),
            user=end.user if by_digest else "",
            password=Secret(end.password if by_digest else ""),
        )

    def start(self) -> None:
        """Everything is at rest or prints, and the neighbour's picture is taken."""
        self.jobs.start()
        self.fleet.start()
        beside = self.neighbour
        beside.until(
            lambda p: p["temps"] and p["state"] in ("ready", "printing") and p["bed"]["why"],
            "no neighbour",
            30.0,
        )
        self._before = beside.fingerprint()
        beside.history.clear()
        for seat in self.seats:
            seat.until(lambda p: p["conn"]["online"] and p["temps"], "not connected", 30.0)
            seat.history.clear()
        self._threads = _printer_threads()

    def stop(self) -> None:
        self.jobs.stop()
        self.fleet.stop()
        self.simulated.stop()

    def check(self) -> None:
        """No thread has died, and the neighbour is exactly as it was."""
        assert _printer_threads() == self._threads, "a printer's thread has ended"
        beside = self.neighbour
        assert beside.fingerprint() == self._before, "the neighbour has changed"
        assert len({s.state for s in beside.history}) <= 1, beside.since(0)
        assert not beside.panel()["conn"]["stale"]

    def each(self, act: Callable[[HttpSeat], Any]) -> dict[str, Any]:
        """``act`` with every printer, at the same time; fails with all that failed."""
        with ThreadPoolExecutor(len(self.seats)) as pool:
            running = {seat.id: pool.submit(act, seat) for seat in self.seats}
        failed = {name: error for name, one in running.items() if (error := one.exception())}
        if len(failed) == 1:
            raise next(iter(failed.values()))
        assert not failed, "\n".join(f"{name}: {error}" for name, error in failed.items())
        return {name: one.result() for name, one in running.items()}

    def sliced(self, kind: str, size_bytes: int = 0) -> str:
        """The id of a sliced file of half an hour in the library."""
        if (kind, size_bytes) not in self._files:
            gcode = build_gcode("gear", MODELS[kind], 30.0, 20, size_bytes=size_bytes)
            entry = self.library.add(io.BytesIO(gcode), f"Gear {kind}.gcode")
            self._files[kind, size_bytes] = entry.id
        return self._files[kind, size_bytes]


def spec_of(kind: str, number: int, scenario: str = "idle", *, tls: bool = False) -> PrinterSpec:
    """A printer behind this server, named after its number."""
    prusa = kind in POLLED
    make, flavour = ("prusalink", kind) if prusa else (kind, "")
    return make_spec(
        f"{kind}{number}",
        f"{NAMES[kind]} {number}",
        MODELS[kind],
        number,
        scenario,
        kind=make,
        flavour=flavour,
        tls=tls,
    )


def _printer_threads() -> set[str]:
    return {t.name for t in threading.enumerate() if t.name.startswith("printer:")}


def _octoprint(config: PrinterConfig, context: AdapterContext) -> Printer:
    return OctoPrintPrinter(config, context, _OCTOPRINT, Backoff(_RETRY, _REFUSED_RETRY))


def _moonraker(config: PrinterConfig, context: AdapterContext) -> Printer:
    return MoonrakerPrinter(config, context, None if config.id == NEIGHBOUR else _MOONRAKER)


def _prusalink(config: PrinterConfig, context: AdapterContext) -> Printer:
    return PrusaLinkPrinter(config, context, _PRUSALINK, Backoff(_RETRY, _REFUSED_RETRY))


_FACTORIES: dict[str, Callable[[PrinterConfig, AdapterContext], Printer]] = {
    "octoprint": _octoprint,
    "moonraker": _moonraker,
    "prusalink": _prusalink,
}
