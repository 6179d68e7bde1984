"""A rig may say anything: what cannot be true costs only itself, never the panel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cameras.rigs.desk import RigDesk
from cameras.rigs.state import Visit
from core import jsonio
from core.camera_config import RigConfig
from core.clock import ManualClock
from core.events import Bus
from printers.registry import Registry

CLIMATE = {"temperature": 20.0, "humidity": 50.0}


class NoPictures:
    def push(self, camera_id: str, jpeg: bytes, taken_at: float | None = None) -> None:
        raise AssertionError("no picture is sent here")

    def is_wanted(self, camera_id: str) -> bool:
        return False


class Seat:
    """A desk with one rig that is there."""

    def __init__(self, folder: Path) -> None:
        self.clock, bus = ManualClock(), Bus()
        self.desk = RigDesk(
            [RigConfig(id="r", name="Rig", sha256="", printer="a1")], pictures=NoPictures(),
            cameras_of=lambda _: ("r",), registry=Registry(bus), bus=bus, clock=self.clock,
            folder=folder,
        )  # fmt: skip
        self.visit: Visit = self.desk.arrived("r", lambda: None)

    def hears(self, **message: Any) -> None:
        self.desk.heard("r", self.visit, message)

    def card(self) -> dict[str, Any]:
        """What pages get, and that it can be sent to them."""
        env = self.desk.env("a1")
        jsonio.dumps([env, self.desk.all(), self.desk.readings("r")])
        assert env is not None
        return env


@pytest.fixture
def seat(tmp_path: Path) -> Seat:
    return Seat(tmp_path)


@pytest.mark.parametrize("age", [1e300, 1e308, 1e10])
def test_a_reading_older_than_any_rig_is_none(seat: Seat, age: float) -> None:
    seat.hears(t="status", readings={**CLIMATE, "age": age})
    assert seat.card()["at"] is None


@pytest.mark.parametrize("rigs_now, at", [(1e308, -1e308), (0.0, -1e300), (1e18, 0.0)])
def test_a_clock_that_cannot_be_costs_its_readings(seat: Seat, rigs_now: float, at: float) -> None:
    seat.hears(t="hello", now=rigs_now)
    seat.hears(t="reading", id="x", at=at, **CLIMATE)
    assert seat.card()["at"] is None and seat.desk.readings("r") == []
    seat.hears(t="event", id="y", at=at, event="photo")
    event = seat.desk.all()[0]["events"][-1]
    assert event["at"] == pytest.approx(seat.clock.time(), abs=0.01), "kept, as of now"


@pytest.mark.parametrize("odd", [{"temperature": 1e300}, {"temperature": -200}, {"humidity": -1}])
def test_the_curve_has_only_what_a_sensor_can_measure(seat: Seat, odd: dict[str, float]) -> None:
    seat.hears(t="hello", now=seat.clock.time())
    seat.hears(t="reading", id="x", at=seat.clock.time(), **{**CLIMATE, **odd})
    assert seat.desk.readings("r") == []


def test_a_rig_cannot_make_an_old_reading_pass_for_live(seat: Seat) -> None:
    seat.hears(t="status", readings={**CLIMATE, "age": 0}, delays={"temphum_delay": 1e9})
    seat.clock.advance(4 * 3600)
    assert seat.card()["temperature"] is None


@pytest.mark.parametrize("began", [-1e308, 1e308])
def test_a_recording_began_between_1970_and_now(seat: Seat, began: float) -> None:
    seat.hears(t="status", state="recording", started_at=began)
    assert 0 <= seat.desk.all()[0]["started_at"] <= seat.clock.time()


@pytest.mark.parametrize("progress", [-1, 1e308, 1.01])
def test_progress_is_a_share(seat: Seat, progress: float) -> None:
    seat.hears(t="status", state="building", progress=progress)
    assert seat.desk.all()[0]["progress"] is None
