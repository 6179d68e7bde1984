"""Snapshots of a printer in every situation that the gate judges."""

from __future__ import annotations

from dataclasses import replace

from printers.conditions import Conditions
from printers.registry import Snapshot
from printers.status import (
    Heater,
    JobProgress,
    Machine,
    PrinterState,
    PrinterStatus,
)

NOW = 1000.0
S = PrinterState
ALL = frozenset(
    {
        "home", "jog", "extrude", "gcode", "light", "load", "skip_objects", "calibrate",
        "clear_fault", "upload", "fan_part", "fan_aux",
    }
)  # fmt: skip


def snapshot(state: PrinterState = S.IDLE, **changes: object) -> Snapshot:
    conditions = changes.pop("conditions", Conditions(bed_clear=True))
    status = PrinterStatus(
        printer_id="alder",
        name="Alder",
        kind="bambu",
        state=state,
        observed_at=1_800_000_000.0,
        observed_mono=NOW - 1,
        heaters=(
            Heater(name="nozzle", current=25.0, target=0.0, maximum=300),
            Heater(name="bed", current=25.0, target=0.0, maximum=100),
            Heater(name="chamber", current=25.0, target=None, maximum=None),
        ),
        homed="xyz",
        job=JobProgress(name="gear", file="gear.3mf") if state.has_job else None,
        machine=Machine(capabilities=ALL),
    )
    assert isinstance(conditions, Conditions)
    return Snapshot(status=replace(status, **changes), conditions=conditions, revision=1)


KLIPPER = Machine(
    capabilities=ALL
    | {"emergency_stop", "firmware_restart", "host_restart", "connect", "speed_percent"}
)


def klipper(state: PrinterState = S.IDLE, **changes: object) -> Snapshot:
    return snapshot(state, kind="moonraker", machine=KLIPPER, **changes)
