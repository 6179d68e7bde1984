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
from printers.lan.backoff import Backoff
from printers.octoprint.adapter import OctoPrintPrinter
from printers.octoprint.timing import Timing
from tests.printers.octoprint.server import KEY, FakeOctoPrint
from tests.printers.octoprint.steps import Make

FAST = Timing(
    tick=0.03,
    first=0.6,
    ping=0.2,
    dead=0.7,
    stale=0.4,
    chore=0.05,
    poll=0.05,
    websocket_again=0.4,
    steady=0.2,
)


@pytest.fixture
def server() -> Iterator[FakeOctoPrint]:
    with FakeOctoPrint() as fake:
        yield fake


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[OctoPrintPrinter] = []

    def build(
        url: str, key: str = KEY, timing: Timing = FAST, start: bool = True, **more: Any
    ) -> OctoPrintPrinter:
        config = PrinterConfig(
            id="op", name="Maple", type="octoprint", model="", url=url, api_key=Secret(key), **more
        )
        context = AdapterContext(
            publish=lambda _: None, clock=SystemClock(), data_dir=tmp_path / "data"
        )
        printer = OctoPrintPrinter(config, context, timing, Backoff((0.05, 0.15), 0.2))
        made.append(printer)
        if start:
            printer.start()
        return printer

    yield build
    for printer in made:
        printer.stop()
