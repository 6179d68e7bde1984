"""What most conversations with an adapter begin with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from printers import commands as c
from printers.octoprint.adapter import OctoPrintPrinter
from printers.status import PrinterState, PrinterStatus
from tests.printers.follow import seen
from tests.waiting import wait_for

S = PrinterState
Make = Callable[..., OctoPrintPrinter]


def ready(printer: OctoPrintPrinter) -> PrinterStatus:
    status = seen(printer, lambda s: s.state is S.IDLE)
    wait_for(lambda: printer.diagnostics()["session"])
    return status


def start_of(name: str) -> c.StartPrint:
    return c.StartPrint(remote_name=name, token=7, display_name="Gear", plate=1)


def upload(printer: OctoPrintPrinter, path: Path, name: str, content: bytes = b"G28\n") -> int:
    path.write_bytes(content)
    return printer.upload(path, name, lambda _sent, _all: None, threading.Event())
