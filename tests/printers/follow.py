"""Following what an adapter shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from printers.status import PrinterStatus
from tests.waiting import wait_for


class Shown(Protocol):
    """An adapter, as far as anybody looks at it here."""

    @property
    def status(self) -> PrinterStatus: ...


def seen(
    printer: Shown, holds: Callable[[PrinterStatus], Any], what: str = "it did not come about"
) -> PrinterStatus:
    """The first status that ``holds``; asked often, as some states are soon over.

    AssertionError with the last status when none does within a minute.
    """

    def found() -> PrinterStatus | None:
        status = printer.status
        return status if holds(status) else None

    status: PrinterStatus = wait_for(found, lambda: f"{what}; now {printer.status}", every=0.005)
    return status
