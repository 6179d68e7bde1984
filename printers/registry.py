"""The latest snapshot of every printer, and who must be told when it changes."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace

from core.events import Bus
from printers.conditions import Conditions
from printers.status import PrinterStatus

TOPIC = "printer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What is known of one printer now: its own report, and what the farm knows besides."""

    status: PrinterStatus
    conditions: Conditions
    revision: int  # grows by one with every change of this printer


class Registry:
    """printer_id -> Snapshot. Readers get immutable objects; the bus hears of each change."""

    def __init__(self, bus: Bus, initial: Iterable[PrinterStatus] = ()) -> None:
        self._bus = bus
        self._lock = threading.Lock()
        self._snapshots: dict[str, Snapshot] = {
            status.printer_id: Snapshot(status=status, conditions=Conditions(), revision=1)
            for status in initial
        }

    def publish(self, status: PrinterStatus) -> None:
        """Store a printer's new status and tell the bus (outside the lock)."""
        printer_id = status.printer_id
        with self._lock:
            before = self._snapshots.get(printer_id)
            if before is None:
                snapshot = Snapshot(status=status, conditions=Conditions(), revision=1)
            else:
                snapshot = Snapshot(
                    status=status, conditions=before.conditions, revision=before.revision + 1
                )
            self._snapshots[printer_id] = snapshot
        self._bus.publish((TOPIC, printer_id), snapshot)

    def set_conditions(self, printer_id: str, conditions: Conditions) -> None:
        """Store what the farm knows of a printer. Unknown printers are ignored (removed ones)."""
        with self._lock:
            before = self._snapshots.get(printer_id)
            if before is None or before.conditions == conditions:
                return
            snapshot = replace(before, conditions=conditions, revision=before.revision + 1)
            self._snapshots[printer_id] = snapshot
        self._bus.publish((TOPIC, printer_id), snapshot)

    def get(self, printer_id: str) -> Snapshot | None:
        return self._snapshots.get(printer_id)

    def all(self) -> list[Snapshot]:
        """All printers, in the order of the configuration."""
        with self._lock:
            return list(self._snapshots.values())
