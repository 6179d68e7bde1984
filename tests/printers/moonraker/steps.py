"""What most conversations with an adapter begin with."""

from __future__ import annotations

from collections.abc import Callable

from printers import commands as c
from printers.moonraker.adapter import MoonrakerPrinter
from printers.status import PrinterState, PrinterStatus
from tests.printers.follow import seen

S = PrinterState
Make = Callable[..., MoonrakerPrinter]


def in_state(printer: MoonrakerPrinter, state: PrinterState) -> PrinterStatus:
    return seen(printer, lambda status: status.state is state)


def start_of(name: str) -> c.StartPrint:
    return c.StartPrint(remote_name=name, token=42, display_name=name, plate=1)
