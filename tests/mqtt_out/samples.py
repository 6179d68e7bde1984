"""Printers as the tests of mqtt_out/ show them: a rich one, a plain one, one with an odd id."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from core.config import PrinterConfig
from mqtt_out.entities import FARM
from printers.conditions import Conditions
from printers.registry import Registry, Snapshot
from printers.status import (
    AmsUnit,
    Fan,
    Fault,
    Heater,
    JobProgress,
    Link,
    Machine,
    Nozzle,
    PrinterState,
    PrinterStatus,
    Severity,
    Speed,
    Tray,
)

FAULT = Fault(code="0300-400C", text="The nozzle is clogged.", severity=Severity.SERIOUS)


def config(printer_id: str, name: str = "", kind: str = "bambu", **more: Any) -> PrinterConfig:
    return PrinterConfig(
        id=printer_id, name=name or printer_id.title(), type=kind, model="X1C", **more
    )


def plain(printer_id: str = "oak", state: PrinterState = PrinterState.IDLE, **more: Any) -> Any:
    """What every make tells."""
    return PrinterStatus(
        printer_id=printer_id,
        name=printer_id.title(),
        kind="moonraker",
        state=state,
        observed_at=time.time(),
        observed_mono=time.monotonic(),
        link=Link(online=True),
        heaters=(
            Heater(name="nozzle", current=24.2, target=0.0, maximum=300),
            Heater(name="bed", current=23.0, target=0.0, maximum=120),
        ),
        **more,
    )


def rich(printer_id: str = "alder", state: PrinterState = PrinterState.PRINTING) -> PrinterStatus:
    """Everything a printer can tell."""
    trays = (
        Tray(slot="A1", index=0, type="PLA", color="FF8800", name="PLA Basic", remain=80),
        Tray(slot="A2", index=1, empty=True),
    )
    unit = AmsUnit(
        id=0, label="A", kind="AMS", humidity=31, humidity_level=4, temperature=27.4, trays=trays
    )
    return replace(
        plain(printer_id, state),
        kind="bambu",
        stage="Heating bed",
        job=JobProgress(
            name="gear.3mf", file="/data/gear.gcode.3mf", percent=42, remaining_min=83, layer=10,
            layers=240, task_id="7",
        ),
        heaters=(
            Heater(name="nozzle", current=219.6, target=220.0, maximum=300),
            Heater(name="nozzle2", current=31.0, target=0.0, maximum=300),
            Heater(name="bed", current=60.1, target=60.0, maximum=120),
            Heater(name="chamber", current=38.2, target=None, maximum=None),
        ),
        fans=(
            Fan(name="part", percent=70), Fan(name="aux", percent=20),
            Fan(name="chamber", percent=30), Fan(name="hotend", percent=100, settable=False),
        ),
        light=True,
        speed=Speed(level=2, percent=100),
        ams=(unit,),
        external=(Tray(slot="Ext", index=254, type="PETG", color="00FF00"),),
        active_tray="A1",
        nozzles=(Nozzle(name="nozzle", diameter_mm=0.4, type="hardened steel"),),
        door_open=False,
        wifi_dbm=-52,
        machine=Machine(code="C12", name="X1C", firmware="01.08.02.00"),
    )  # fmt: skip


def snapshot(status: PrinterStatus, conditions: Conditions | None = None) -> Snapshot:
    return Snapshot(status=status, conditions=conditions or Conditions(bed_clear=True), revision=1)


def publish(registry: Registry, status: PrinterStatus, **conditions: Any) -> None:
    """Into the registry, with a clear bed unless told otherwise."""
    registry.publish(status)
    known = Conditions(**{"bed_clear": True, **conditions})
    registry.set_conditions(status.printer_id, known)


class NoFacts:
    """A farm without a queue."""

    def started_at(self, printer_id: str) -> float | None:
        return 1_800_000_000.0 if printer_id == "alder" else None

    def next_job(self, printer_id: str) -> str:
        return "bracket.3mf" if printer_id == "alder" else ""

    def defect(self, printer_id: str) -> dict[str, Any]:
        return {"defect": False, "defect_score": 12} if printer_id == "alder" else {}

    def farm(self, snapshots: list[Snapshot], mono: float) -> dict[str, Any]:
        told = {key: 0 for key, _, _ in FARM}
        return {**told, "printers": len(snapshots), "all_done_at": None, "trouble": None}
