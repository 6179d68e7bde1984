"""A strict server of both flavours, and adapters connected to it over real sockets."""

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
from printers.prusalink.adapter import PrusaLinkPrinter
from tests.printers.prusalink.server import KEY, FakePrusaLink
from tests.printers.prusalink.steps import FAST, Make
from tests.waiting import wait_for


@pytest.fixture
def pi() -> Iterator[FakePrusaLink]:
    with FakePrusaLink(pi=True) as fake:
        yield fake


@pytest.fixture
def firmware() -> Iterator[FakePrusaLink]:
    with FakePrusaLink(pi=False) as fake:
        yield fake


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[PrusaLinkPrinter] = []

    def build(fake: FakePrusaLink, *, connect: bool = True, **config: Any) -> PrusaLinkPrinter:
        values: dict[str, Any] = {"url": fake.url, "api_key": Secret(KEY)} | config
        entry = PrinterConfig(id="p1", name="Prusa 1", type="prusalink", model="", **values)
        context = AdapterContext(publish=lambda _: None, clock=SystemClock(), data_dir=tmp_path)
        printer = PrusaLinkPrinter(entry, context, FAST, Backoff((0.05, 0.1), 0.1))
        made.append(printer)
        printer.start()
        if connect:
            wait_for(lambda: printer.status.link.online, "session")
        return printer

    yield build
    for printer in made:
        printer.stop()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "cube.gcode"
    path.write_bytes(b"G28\n" * 50_000)
    return path
