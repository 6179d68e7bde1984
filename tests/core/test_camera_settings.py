"""Cameras, timelapses, Prusa Connect and rigs in config.json: every mistake has its path."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from core.config import FarmConfig
from core.config_file import read_config
from core.errors import ConfigError

PRINTER = {"id": "alder", "type": "bambu", "model": "P1S", "simulate": True}
TOKEN = "a-token-of-some-length"


def read(**sections: Any) -> FarmConfig:
    content = json.dumps({"printers": [PRINTER], **sections}).encode()
    return read_config(content, "config.json", Path("jobs"))


def camera(**entry: Any) -> tuple[str, ...]:
    [one] = read(cameras={"list": [{"id": "top", "type": "mjpeg", **entry}]}).cameras.list
    return one.problems


def test_a_whole_set_of_cameras() -> None:
    config = read(
        cameras={
            "idle_s": 60,
            "list": [
                {"id": "top", "printer": "alder", "type": "mjpeg", "url": "http://127.0.0.1:1/s"},
                {"id": "door", "type": "rtsp", "url": "rtsps://127.0.0.1/x", "user": "u",
                 "password": "p", "fps": 2, "width": 640, "rotate": 180, "always_on": True},
                {"id": "pi", "type": "tcp_mjpeg", "url": "tcp://127.0.0.1:9000"},
                {"id": "usb", "type": "v4l2", "device": "/dev/video0"},
                {"id": "rig", "type": "rig", "rig": "one"},
            ],
        },
        rigs=[{"id": "one", "printer": "alder", "token": TOKEN}],
    )  # fmt: skip
    assert [item.problems for item in config.cameras.list] == [()] * 5
    assert [item.name for item in config.cameras.list] == ["top", "door", "pi", "usb", "rig"]
    door = config.cameras.list[1]
    assert (door.fps, door.width, door.rotate, door.always_on) == (2.0, 640, 180, True)
    assert repr(door.password) == "***"
    assert config.rigs[0].sha256 == hashlib.sha256(TOKEN.encode()).hexdigest()
    assert TOKEN not in repr(config)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"url": "http://127.0.0.1/x"}, ""),
        ({"url": "rtsp://127.0.0.1/x"}, "url: must be an address that begins with http://"),
        ({"url": "http://u:p@127.0.0.1/x"}, "url: must not hold a password"),
        ({"url": "http://[::1"}, "url: is not an address"),
        ({"url": "http://127.0.0.1/x", "snapshot_url": "file:///etc"}, "snapshot_url: must be"),
        ({"type": "tcp_mjpeg", "url": "tcp://127.0.0.1"}, "url: needs a port"),
        ({"type": "v4l2", "device": "video0"}, 'device: is missing, like "/dev/video0"'),
        ({"type": "rig"}, "rig: is missing"),
        ({"type": "mjepg", "url": "http://127.0.0.1/x"}, 'Did you mean "mjpeg"?'),
        ({"url": "http://127.0.0.1/x", "printer": "aldr"}, 'Did you mean "alder"?'),
        ({"url": "http://127.0.0.1/x", "rotate": 45}, "rotate: must be 0, 90, 180 or 270"),
        ({"url": "http://127.0.0.1/x", "width": 10}, "width: must be a whole number"),
        ({"id": "alder", "url": "http://127.0.0.1/x"}, "used twice (printers have cameras too)"),
    ],
)
def test_a_wrong_camera_is_misconfigured_and_says_why(entry: dict[str, Any], problem: str) -> None:
    problems = camera(**entry)
    if problem:
        assert len(problems) == 1 and problem in problems[0]
    else:
        assert problems == ()


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        ({"cameras": {"idle": 1}}, 'cameras: unknown setting "idle". Did you mean "idle_s"?'),
        ({"cameras": {"list": {}}}, "cameras.list: must be a list in brackets."),
        ({"timelapse": {"fps": 1}}, "timelapse.fps: must be a whole number from 5 to 60."),
        ({"timelapse": {"printers": ["x"]}}, 'timelapse.printer: there is no printer "x".'),
        ({"prusa_connect": {"interval_s": 5}}, "prusa_connect.interval_s: must be a number"),
        ({"prusa_connect": {"host": "ftp://x"}}, "prusa_connect.host: must be an address"),
        (
            {"prusa_connect": {"cameras": [{"camera": "no", "token": "t"}]}},
            "prusa_connect.cameras[0].camera: must be the id of a camera or printer.",
        ),
        (
            {"prusa_connect": {"cameras": [{"camera": "alder"}]}},
            "prusa_connect.cameras[0].token: is missing",
        ),
        ({"rigs": [{"id": "one", "token": "short"}]}, "rigs[0].token: must have at least 16"),
        ({"rigs": [{"id": "one"}]}, 'rigs[0]: needs a "token"'),
        ({"rigs": {}}, "rigs: must be a list in brackets."),
    ],
)
def test_a_wrong_section_stops_the_start_with_its_path(
    sections: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigError) as failure:
        read(**sections)
    assert any(problem in text for text in failure.value.details["problems"])
