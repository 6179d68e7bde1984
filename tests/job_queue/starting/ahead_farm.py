"""Alder prints and the next file is sent ahead: what the tests of that share."""

from __future__ import annotations

from typing import Any

from core.config import DispatchConfig
from job_queue.records import Cleanup
from printers.status import PrinterState

P = PrinterState
ON = DispatchConfig(prestage=("simulated",))


def prints(farm: Any, left_min: int | None = 10, state: P = P.PRINTING) -> None:
    """Alder works on what was last started there."""
    farm.printer().shows(farm.printer().started[-1], state, remaining_min=left_min)
    look(farm)


def look(farm: Any) -> None:
    farm.service.look_at(farm.registry.all())


def one_pass(farm: Any) -> None:
    farm.dispatcher.once()
    farm.join()
    look(farm)


def ahead(farm: Any) -> Cleanup | None:
    found = farm.service.staged()
    assert len(found) < 2
    return found[0] if found else None
