"""A strict stand-in and adapters connected to it over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.secret import Secret
from printers.base import AdapterContext
from printers.moonraker.adapter import MoonrakerPrinter
from printers.moonraker.client import Timing
from tests.printers.moonraker.server import FakeMoonraker
from tests.printers.moonraker.steps import Make, S, in_state

FAST = Timing(
    tick=0.02,
    ask=0.15,
    ask_starting=0.05,
    silent=0.6,
    klipper_silent=0.6,
    publish=0.02,
    moving=0.05,
    cancelled=0.4,
    restart=0.5,
    notice=0.3,
    retry=(0.03, 0.1),
    auth_retry=0.1,
)


@pytest.fixture
def server() -> Iterator[FakeMoonraker]:
    with FakeMoonraker() as fake:
        yield fake


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[MoonrakerPrinter] = []

    def build(
        url: str, key: str = "", timing: Timing = FAST, start: bool = True, **more: Any
    ) -> MoonrakerPrinter:
        config = PrinterConfig(
            id="mr", name="Rowan", type="moonraker", model="", url=url, api_key=Secret(key), **more
        )
        context = AdapterContext(
            publish=lambda _: None, clock=SystemClock(), data_dir=tmp_path / "data"
        )
        printer = MoonrakerPrinter(config, context, timing)
        made.append(printer)
        if start:
            printer.start()
        return printer

    yield build
    for printer in made:
        printer.stop()


@pytest.fixture
def rowan(server: FakeMoonraker, make: Make) -> MoonrakerPrinter:
    printer = make(server.url)
    in_state(printer, S.IDLE)
    return printer


@pytest.fixture
def gcode(tmp_path: Path) -> Path:
    path = tmp_path / "Würfel.gcode"
    path.write_bytes(b"G28\n" * 50_000)
    return path
