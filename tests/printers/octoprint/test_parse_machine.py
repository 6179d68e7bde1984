"""Heaters, homing, fans, profile and webcam -> what the farm shows of the machine."""

from __future__ import annotations

from typing import Any

import pytest

from core.clock import ManualClock
from core.config import PrinterConfig
from core.errors import ConfigError
from printers.octoprint.heat import key_of, name_of
from printers.octoprint.machine import Profile, profile_of
from printers.octoprint.settings import Limits, limits_of
from printers.octoprint.webcam import Webcam, webcam_of
from printers.status import Heater
from tests.printers.octoprint.recording import CONFIG, LIVE, Rig, body, rest_frame


def test_heaters_have_the_owners_maximum_and_a_null_chamber_is_none() -> None:
    rig = Rig()
    rig.reading.frame(rest_frame("paused", "paused printer"))
    assert rig.last.heaters == (
        Heater(name="nozzle", current=40.01, target=45.0, maximum=290),
        Heater(name="bed", current=30.01, target=30.0, maximum=110),
    )
    state = {"text": "Operational"}
    temps = [{"time": 1, "tool0": {"actual": 30, "target": 0}, "chamber": {"actual": None}}, {}]
    rig.reading.frame({"state": state, "temps": temps})
    assert [h.name for h in rig.last.heaters] == ["nozzle"]
    rig.reading.frame({"state": state, "temps": []})
    assert [h.current for h in rig.last.heaters] == [30.0]


def test_several_tools_a_sensor_and_an_unheated_chamber() -> None:
    rig = Rig()
    temps = {name: {"actual": 20, "target": 0} for name in ("tool1", "chamber", "tool0", "bed")}
    temps["outside air"] = {"actual": 18.5, "target": None}  # type: ignore[dict-item]
    rig.reading.frame({"state": {"text": "Operational"}, "temps": [temps]})
    assert [(h.name, h.maximum) for h in rig.last.heaters] == [
        ("nozzle", 290), ("nozzle2", None), ("bed", 110), ("chamber", None), ("outside air", None),
    ]  # fmt: skip
    rig.reading.learn(
        "OctoPrint", Profile(known=True, tools=2, heated_chamber=True), has_camera=False
    )
    rig.reading.frame({"state": {"text": "Operational"}, "temps": [temps]})
    assert [h.maximum for h in rig.last.heaters] == [290, 290, 110, 70, None]
    assert "temperature_nozzle2" in rig.last.machine.capabilities
    assert "temperature_chamber" in rig.last.machine.capabilities
    assert "camera_jpeg" not in rig.last.machine.capabilities


@pytest.mark.parametrize(
    ("model", "origin", "side", "volume", "centred"),
    [
        ("Ender-3", "lowerleft", 200, (200.0, 200.0, 250.0), False),
        ("Kossel", "center", 200, (200.0, 200.0, 250.0), True),
        ("Generic RepRap Printer", "lowerleft", 220, (220.0, 220.0, 250.0), False),
        ("Ender-3", "elsewhere", 220, (220.0, 220.0, 250.0), None),
    ],
)
def test_a_profile_that_somebody_filled_in(
    model: str, origin: str, side: int, volume: tuple[float, ...], centred: bool | None
) -> None:
    sides = {"width": side, "depth": side, "height": 250, "origin": origin}
    profile = profile_of({"profiles": {"own": {"current": True, "model": model, "volume": sides}}})
    assert (profile.volume_mm, profile.centred) == (volume, centred)


def test_the_profile_makes_the_machine() -> None:
    rig = Rig()
    report = rig.show("Operational", "operational", "ready")
    assert report.machine.name == "MK3S"
    assert report.machine.volume_mm is None, "200 mm cubed is what nobody has filled in"
    assert report.machine.centred is False
    assert report.machine.file_kinds == ("gcode",)
    assert report.nozzles[0].diameter_mm == 0.4
    assert {"connect", "upload", "emergency_stop", "fan_part"} <= report.machine.capabilities
    assert not {"ams", "light", "skip_objects"} & report.machine.capabilities


def test_what_the_recording_tells_of_homing_fan_and_firmware() -> None:
    rig = Rig()
    states: list[tuple[str, int | None]] = []
    for message in LIVE:
        rig.hear(message)
        if "current" in message:
            fan = rig.last.fans[0].percent if rig.last.fans else None
            if not states or states[-1] != (rig.last.homed, fan):
                states.append((rig.last.homed, fan))
    assert states == [("", None), ("xyz", 78), ("", 0), ("xyz", 78), ("", None)]
    assert rig.last.machine.firmware == "OctoPrint 1.11.8, Virtual Marlin 1.0"


@pytest.mark.parametrize(
    ("line", "homed"),
    [
        ("Send: G28", "xyz"),
        ("Send: N12 G28 X Y*33", "xy"),
        ("Send: G28 X0 Y0 Z0", "xyz"),
        ("Send: G28 W", "xyz"),
        ("Send: G2 X1", ""),
        ("Recv: G28", ""),
        ("", ""),
    ],
)
def test_homing_is_read_from_the_lines_that_were_sent(line: str, homed: str) -> None:
    rig = Rig()
    rig.reading.frame({"state": {"text": "Operational"}, "logs": [line, 7, None]})
    assert rig.last.homed == homed
    rig.reading.frame({"state": {"text": "Operational"}, "logs": ["Send: M84 S120", "Send: M84 E"]})
    assert rig.last.homed == homed
    rig.reading.frame({"state": {"text": "Operational"}, "logs": ["Send: M84 X"]})
    assert rig.last.homed == homed.replace("x", "")
    rig.reading.frame({"state": {"text": "Operational"}, "logs": ["Send: M18"]})
    assert rig.last.homed == ""


def test_homing_is_forgotten_when_the_motors_may_have_let_go() -> None:
    clock = ManualClock()
    rig = Rig(clock=clock)
    rig.reading.sent("G28")
    for _ in range(3):
        clock.advance(60)
        rig.reading.sent("G1 X5")
    assert rig.show("Operational", "operational", "ready").homed == "xyz"
    clock.advance(101)
    assert rig.show("Operational", "operational", "ready").homed == ""
    rig.reading.sent("G1 X5")
    assert rig.show("Operational", "operational", "ready").homed == "", "a move is no homing"
    rig.reading.sent("G28")
    rig.show("Printing", "printing")
    clock.advance(500)
    rig.show("Printing", "printing")
    clock.advance(90)
    assert rig.show("Operational", "operational", "ready").homed == "xyz"


def test_homing_is_forgotten_with_the_printer_and_with_the_session() -> None:
    rig = Rig()
    rig.reading.sent("G28")
    assert rig.show("Operational", "operational", "ready").homed == "xyz"
    assert rig.show("Offline", "closedOrError").homed == ""
    assert rig.show("Operational", "operational", "ready").homed == ""
    rig.reading.sent("G28")
    rig.reading.opened("OctoPrint", Profile(), has_camera=False)
    assert rig.show("Operational", "operational", "ready").homed == ""
    rig.reading.frame({"state": {"text": "Operational"}, "logs": ["Send: G28"]}, live=False)
    assert rig.last.homed == ""  # an old line of before we looked


def test_fan_and_speed_are_what_was_last_sent() -> None:
    rig = Rig()
    rig.reading.sent("M106 S127.5", "M106 P1 S255", "M220 S150")
    report = rig.show("Printing", "operational", "printing")
    assert [(fan.name, fan.percent) for fan in report.fans] == [("part", 50)]
    assert report.speed is not None and report.speed.percent == 150
    rig.reading.sent("M107")
    assert rig.show("Printing", "operational", "printing").fans[0].percent == 0


def test_the_webcam_of_the_recording() -> None:
    found = webcam_of(body("settings"), "http://127.0.0.1:5000/")
    assert found == Webcam(
        stream_url="http://127.0.0.1:8099/?action=stream",
        snapshot_url="http://127.0.0.1:8099/?action=snapshot",
    )
    assert "hidden" not in repr(found)


@pytest.mark.parametrize(
    ("webcam", "stream", "snapshot"),
    [
        ({"streamUrl": "/webcam/?action=stream"}, "http://pi/webcam/?action=stream", ""),
        ({"streamUrl": "webcam/?a"}, "http://pi/octo/webcam/?a", ""),
        ({"streamUrl": "//other:8080/s"}, "http://other:8080/s", ""),
        ({"streamUrl": "webrtc://pi/stream"}, "", ""),
        ({"streamUrl": "http://pi/hls/x.m3u8?y"}, "", ""),
        ({"snapshotUrl": "http://127.0.0.1:8080/?action=snapshot"}, "", ""),
        ({"snapshotUrl": "http://localhost:8080/s"}, "", ""),
        ({"snapshotUrl": "http://cam/s"}, "", "http://cam/s"),
        ({"streamUrl": "http://[::1", "snapshotUrl": 7}, "", ""),
        ({"streamUrl": "/s", "webcamEnabled": False}, "", ""),
        ({"streamUrl": "javascript:alert(1)"}, "", ""),
    ],
)
def test_webcam_addresses(webcam: dict[str, Any], stream: str, snapshot: str) -> None:
    found = webcam_of({"webcam": webcam}, "http://pi/octo/")
    assert (found.stream_url, found.snapshot_url) == (stream, snapshot)
    assert bool(found) is bool(stream or snapshot)


def test_the_default_one_of_several_webcams_with_its_turns() -> None:
    cameras = [
        {"name": "a", "compat": {"stream": "/a"}},
        {"name": "b", "compat": {"stream": "/b"}, "flipH": True, "flipV": True, "rotate90": True},
    ]
    settings = {"webcam": {"defaultWebcam": "b", "webcams": cameras, "streamUrl": "/old"}}
    assert webcam_of(settings, "http://pi/") == Webcam(
        stream_url="http://pi/b", flip_h=True, flip_v=True, rotate_90=True
    )


def test_heater_names_go_both_ways() -> None:
    for key in ("tool0", "tool1", "tool9", "tool15", "bed", "chamber", "outside"):
        assert key_of(name_of(key)) == key
    assert name_of("tool0") == "nozzle"
    assert key_of("nozzle0") == "nozzle0"


@pytest.mark.parametrize("key", ["max_nozzle_c", "max_bed_c", "max_chamber_c"])
@pytest.mark.parametrize("value", [0, -5, 5000, "250", None, True, 99.5])
def test_a_maximum_that_makes_no_sense_is_refused(key: str, value: Any) -> None:
    config = PrinterConfig(id="op", name="Maple", type="octoprint", model="", options={key: value})
    with pytest.raises(ConfigError, match=f'"{key}" of Maple'):
        limits_of(config)
    assert limits_of(CONFIG) == Limits(nozzle=290, bed=110, chamber=70)
