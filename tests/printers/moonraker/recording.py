"""Objects of a real Klipper as they were recorded, and what is read from them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from printers.lan.report import Report
from printers.moonraker.layout import layout_of
from printers.moonraker.metadata import read_metadata
from printers.moonraker.parse import report_of
from printers.moonraker.picture import Klippy, Picture, Sensed, merge
from printers.status import PrinterState

DATA = Path(__file__).parents[2] / "data" / "moonraker"
S = PrinterState
CUBE = "farm/cube-0042.gcode"
IDS = {"CUBE_1": 1, "CUBE_2": 2}


def load(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text("utf-8"))


def picture(name: str, **changes: Any) -> Picture:
    """As after subscribing to the recorded state."""
    status = load(name)["status"]
    hooks = status["webhooks"]
    made = Picture(
        name="Rowan",
        klippy=Klippy(hooks["state"], hooks["state_message"]),
        layout=layout_of(load("objects_list")["objects"]),
        objects=status,
        settings=load("settings"),
        metadata=read_metadata(load("metadata"), CUBE),
        sensed=Sensed(z=status["gcode_move"]["gcode_position"][2], object_ids=IDS),
    )
    return replace(made, **changes)


def with_object(base: Picture, section: str, **fields: Any) -> Picture:
    return replace(base, objects=merge(base.objects, {section: fields}))


def report(name: str, **changes: Any) -> Report:
    return report_of(picture(name, **changes))
