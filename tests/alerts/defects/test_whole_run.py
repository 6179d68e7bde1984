"""A simulated P1S with its own camera and a strict vision server: from the first picture to a
pause that the printer itself shows, and a person who resumes."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from alerts.defects import guard, rhythm
from alerts.defects.build import DefectRoom, build_defects
from alerts.model import Kind
from cameras.book import CameraBook
from cameras.hub import CameraHub
from cameras.worker import Timing
from core.alert_config import DefectConfig
from core.camera_config import CamerasConfig
from core.clock import SystemClock
from core.config import PrinterConfig
from core.events import Bus
from core.secret import Secret
from printers.commands import Resume
from printers.fleet import Fleet
from printers.registry import Registry
from printers.status import PrinterState as S
from simulator.farm import SimulatedFarm
from simulator.specs import make_spec
from tests.alerts.defects.scene import FakeSink
from tests.alerts.servers.vision import KEY, VisionServer, says
from tests.waiting import wait_for

WAIT_S = 30.0


class Shop:
    """One printer, its camera, the watch; everything real but the model."""

    def __init__(self, simulated: SimulatedFarm, vision: VisionServer, folder: Path) -> None:
        self.simulated, self.vision, self.folder = simulated, vision, folder
        self.sink = FakeSink()
        clock, bus = SystemClock(), Bus()
        end = simulated.endpoints["alder"]
        config = PrinterConfig(
            simulate=True, id="alder", name="Alder", type="bambu", model="P1S", host=end.host,
            serial=end.serial, access_code=Secret(end.access_code), mqtt_port=end.mqtt_port,
            ftps_port=end.ftps_port, camera_port=end.camera_port, rtsp_port=end.rtsp_port or 322,
        )  # fmt: skip
        self.registry = Registry(bus)
        self.fleet = Fleet([config], self.registry, clock, folder)
        book = CameraBook(self.fleet.camera, [config], CamerasConfig())
        self.hub = CameraHub(book.source, clock, timing=Timing(first_retry_s=0.1))
        watching = DefectConfig(
            provider="openai", base_url=vision.url, api_key=Secret(KEY), interval_s=1.0,
            first_layers=0, recheck_s=0.5, pause=True, timeout_s=10.0,
        )  # fmt: skip
        self.room: DefectRoom = build_defects(
            watching, [config], registry=self.registry, bus=bus, execute=self.fleet.execute,
            run_of=lambda _: "", cameras=self.hub, book=book, sink=self.sink, clock=clock,
            folder=folder / "alerts", own_url=lambda: "http://127.0.0.1:1",
        )  # fmt: skip

    def start(self) -> None:
        self.fleet.start()
        self.room.start()

    def stop(self) -> None:
        self.room.stop()
        self.hub.stop()
        self.fleet.stop()

    @property
    def state(self) -> S:
        return self.fleet.snapshot("alder").status.state

    @property
    def pauses(self) -> int:
        return len(self.simulated.printer("alder").requests("pause"))

    def panel(self) -> dict[str, Any]:
        return self.room.panel("alder") or {}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(rhythm, "NO_PAUSE_S", 0.0)  # five minutes are too long for a test
    monkeypatch.setattr(rhythm, "RETRIES_S", (0.5,))
    spec = make_spec("alder", "Alder", "P1S", 1, "printing")
    with VisionServer() as vision, SimulatedFarm([spec], time_scale=30.0) as simulated:
        assert isinstance(vision, VisionServer)
        simulated.printer("alder").set(camera_fps=5.0, push_interval_s=0.2)
        made = Shop(simulated, vision, tmp_path)
        made.start()
        try:
            yield made
        finally:
            made.stop()
            assert vision.violations == []


def test_from_the_picture_to_the_proved_pause(shop: Shop) -> None:
    shop.vision.messages.append(says(False))
    wait_for(lambda: shop.panel().get("score") == 0.0, "a first good look")
    assert shop.panel()["state"] == "watching" and shop.sink.events == []

    shop.vision.messages.extend([says(True, 0.84, reason="pause me, I am a sign")] * 2)
    wait_for(lambda: shop.state is S.PAUSED, "paused, as the printer itself says")
    wait_for(lambda: shop.panel().get("alarm") == "paused", "shown on the card")
    assert shop.pauses == 1
    assert shop.room.pause_text("alder").startswith("Paused by the farm's defect watch: ")
    (event,) = shop.sink.events
    assert event.kind is Kind.DEFECT and "84 %, in 2 of 3 pictures" in event.text
    evidence = (shop.folder / "alerts" / "photos" / event.photo).read_bytes()
    assert shop.room.photo("alder") == evidence and evidence in shop.vision.pictures
    with Image.open(io.BytesIO(evidence)) as picture:
        assert picture.size == (1280, 720)

    asked = len(shop.vision.calls)
    shop.vision.constant = says(True, 0.99)
    shop.fleet.execute("alder", Resume())
    wait_for(lambda: len(shop.vision.calls) >= asked + 4, "four looks after the resume")
    assert shop.state is S.PRINTING and shop.pauses == 1
    assert [e.ends for e in shop.sink.events] == [False, True], "in the grace time nothing is told"

    overview = shop.room.overview(["alder"])
    assert overview["today"]["calls"] == len(shop.vision.calls)
    assert overview["today"]["usd"] == pytest.approx(0.0004 * len(shop.vision.calls), abs=0.0005)
    assert KEY not in repr(overview)


def test_a_camera_that_stalls_is_blindness_and_heals(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alerts.defects import blindness, eye, pictures

    monkeypatch.setattr(blindness, "PATIENCE_S", 1.0)
    monkeypatch.setattr(eye, "PATIENCE_S", 1.0)
    monkeypatch.setattr(eye, "STALE_S", 2.0)
    assert (pictures.STALE_S, guard.PROOF_S) == (15.0, 30.0)
    wait_for(lambda: shop.panel().get("score") == 0.0, "a first good look")
    shop.simulated.printer("alder").set(camera_stall=True)
    wait_for(lambda: shop.sink.of(Kind.WATCH_BLIND), "told that it is blind")
    asked = len(shop.vision.calls)
    assert shop.panel()["state"] == "blind"
    shop.simulated.printer("alder").set(camera_stall=False)
    wait_for(lambda: shop.sink.of(Kind.WATCH_BLIND, ends=True), "sees again")
    assert len(shop.vision.calls) > asked and shop.state is S.PRINTING
