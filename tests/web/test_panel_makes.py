"""What the panel is told of cameras, and of a job that a server goes on showing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cameras.book import CameraBook
from core.camera_config import CameraConfig, CamerasConfig
from core.clock import ManualClock
from core.config import PrinterConfig
from core.secret import Secret
from job_queue.naming import remote_name, was_sent_as
from printers.base import CameraSource
from printers.conditions import Conditions
from printers.registry import Snapshot
from printers.status import JobProgress, PrinterState
from web import panel_parts
from web.panel import CAMERA_EVERY_S, PanelView


def source(kind: str, **more: Any) -> CameraSource:
    url = "http://127.0.0.1:1/webcam"
    return CameraSource(
        kind=kind, host="127.0.0.1", port=1, secret=Secret("key"), tls=None, url=url, **more
    )


def book(own: CameraSource | None, *listed: CameraConfig) -> CameraBook:
    alder = PrinterConfig(id="alder", name="Alder", type="bambu", model="P1S")
    return CameraBook(lambda _: own, [alder], CamerasConfig(list=listed))


def test_a_camera_is_told_without_its_address() -> None:
    nothing = {"mode": "none", "text": ""}
    assert panel_parts.cameras(()) == {"cam": nothing, "cams": None}
    own = {"mode": "jpeg", "text": "", "id": "alder"}
    turned = book(source("mjpeg", flip_h=True, rotate_90=True)).of("alder")
    shown = {**own, "kind": "mjpeg", "flip_h": True, "rotate": 270}
    assert panel_parts.cameras(turned) == {"cam": shown, "cams": None}
    video = panel_parts.cameras(book(source("rtsps")).of("alder"))
    assert video == {"cam": {**own, "kind": "rtsps"}, "cams": None}


def test_several_cameras_of_one_printer_are_named_and_one_is_the_main_one() -> None:
    top = CameraConfig(
        id="top", name="From above", type="mjpeg", printer="alder", main=True,
        url="http://127.0.0.1:1/s",
    )  # fmt: skip
    wrong = CameraConfig(id="bad", name="Bad", type="rtsp", printer="alder", problems=("No.",))
    told = panel_parts.cameras(book(source("snapshot"), top, wrong).of("alder"))
    assert told["cam"]["id"] == "top"
    assert [one["id"] for one in told["cams"]] == ["top", "alder", "bad"]
    only = panel_parts.cameras(book(None, wrong).of("alder"))
    assert only == {"cam": {"mode": "none", "text": "No"}, "cams": None}


def test_a_webcam_that_is_set_up_later_is_seen(kit: Any) -> None:
    clock, found = ManualClock(), list[CameraSource]()
    view = PanelView(cameras=lambda: book(found[0] if found else None).of("alder"))
    status = kit.printing(clock=clock, percent=10, nozzle=200.0)
    view.update(Snapshot(status=status, conditions=Conditions(), revision=1), clock.monotonic())
    assert view.doc["cam"]["mode"] == "none"
    found.append(source("mjpeg", flip_v=True))
    clock.advance(CAMERA_EVERY_S + 0.1)
    later = Snapshot(status=status, conditions=Conditions(), revision=2)
    assert view.update(later, clock.monotonic())["cam"] == {
        "mode": "jpeg", "id": "alder", "kind": "mjpeg", "flip_v": True,
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["gcode", "bgcode", "gcode.3mf"])
def test_the_farm_knows_its_own_files(kind: str) -> None:
    sent = remote_name("Zahnrad groß.gcode", 217443555, kind)
    assert was_sent_as(sent, "Zahnrad groß.gcode") and was_sent_as(f"farm/{sent}", "Zahnrad groß")
    assert not was_sent_as(sent, "other.gcode") and not was_sent_as("Zahnrad.gcode", "Zahnrad")


@pytest.mark.parametrize(
    ("state", "name", "local"),
    [
        (PrinterState.FAULT, "gear.gcode", False),
        (PrinterState.OFFLINE, "gear.gcode", False),
        # the same file, started again by somebody at the printer
        (PrinterState.PRINTING, "gear-77.gcode", True),
    ],
)
def test_an_ended_job_that_is_still_shown_stays_ours(
    kit: Any, state: PrinterState, name: str, local: bool
) -> None:
    shown = JobProgress(name="gear-77.gcode", file="farm/gear-77.gcode", percent=79)
    status = kit.printing(clock=ManualClock(), percent=79, nozzle=200.0)
    status = replace(status, state=state, job=shown)
    job = panel_parts.job(status, Conditions(last_name="gear.gcode", last_result="failed"))["job"]
    assert (job["name"], job["local"], job["pct"]) == (name, local, 79)
    other = panel_parts.job(status, Conditions(last_name="lamp.gcode"))["job"]
    assert (other["name"], other["local"]) == ("gear-77.gcode", True)
