"""What most conversations with an adapter begin with."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from printers import commands as c
from printers.prusalink.adapter import PrusaLinkPrinter
from printers.prusalink.rhythm import Rhythm
from printers.status import PrinterState, PrinterStatus
from tests.printers.follow import seen

S = PrinterState
FAST = Rhythm(
    active=0.05,
    idle=0.08,
    soon=0.02,
    after_command=1.0,
    answer=0.4,
    storage=0.2,
    start_wait=0.6,
    indexed=0.6,
    look=0.03,
    transfer=0.4,
)
Make = Callable[..., PrusaLinkPrinter]


def put(
    printer: PrusaLinkPrinter, source: Path, name: str, cancel: threading.Event | None = None
) -> int:
    return printer.upload(source, name, lambda _s, _t: None, cancel or threading.Event())


def start(printer: PrusaLinkPrinter, name: str, timeout: float = 3.0) -> c.StartPrint:
    command = c.StartPrint(remote_name=name, token=7, display_name="cube", plate=1)
    printer.start_print(command, timeout)
    return command


def shows(printer: PrusaLinkPrinter, state: PrinterState) -> PrinterStatus:
    return seen(printer, lambda status: status.state is state, state.name)
