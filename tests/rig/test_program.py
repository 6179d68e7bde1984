"""The whole rig as a process with mock pins, against the real farm server (docs/rig.md)."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest


def decoded_frames(video: Any) -> int:
    command = [
        "ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0",
        "-show_entries", "stream=nb_read_frames,codec_name", "-of", "json", str(video),
    ]  # fmt: skip
    stream = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert stream["streams"][0]["codec_name"] == "h264"
    return int(stream["streams"][0]["nb_read_frames"])


def sha256(path: Any) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_click_pattern_without_any_farm(
    make_rig: Callable[..., Any], kit: SimpleNamespace
) -> None:
    rig = make_rig(rig="alone")
    rig.start()
    rig.click(1)  # a single photo
    kit.wait_for(lambda: list(rig.folder.glob("Photos/*.jpg")))
    for slip in (2, 6):
        rig.click(slip)
        assert f"{slip} clicks mean nothing" in rig.log
    rig.click(4)
    assert rig.lamps() == ["red"], "there is nothing to pause"

    rig.click(3)  # start
    kit.wait_for(lambda: rig.lamps() == ["green"])
    for count in (1, 2):
        rig.click(1)
        kit.wait_for(lambda count=count: len(rig.frames()) == count)
    rig.click(4)  # pause
    kit.wait_for(lambda: rig.lamps() == ["yellow"])
    rig.click(1)
    kit.wait_for(lambda: "paused is ignored" in rig.log)
    rig.click(4)  # resume
    kit.wait_for(lambda: rig.lamps() == ["green"])
    rig.click(1)
    kit.wait_for(lambda: len(rig.frames()) == 3)
    rig.click(3)  # stop and build
    kit.wait_for(lambda: list(rig.folder.glob("Timelapses/*.sha256")))
    assert decoded_frames(rig.videos()[0]) == 3 + 5, "three frames and 0.2 s of the last"
    kit.wait_for(lambda: rig.lamps() == ["red"])

    rig.click(3)
    rig.click(1)
    kit.wait_for(lambda: len(rig.frames()) == 1)
    rig.click(5)  # stop without a video
    kit.wait_for(lambda: rig.lamps() == ["red"])
    assert not rig.frames()
    assert len(rig.videos()) == 1
    assert rig.end() == 0
    assert "Traceback" not in rig.log


def test_the_farm_is_killed_and_comes_back_and_hears_of_everything_once(
    farm: Any, make_rig: Callable[..., Any], kit: SimpleNamespace
) -> None:
    rig = make_rig(server=farm.url, rig="a1-rig", token=kit.token)
    rig.start()
    kit.wait_for(lambda: farm.rig()["online"])
    rig.click(3)
    kit.wait_for(lambda: farm.events() == ["session_started"])
    rig.click(1)
    kit.wait_for(lambda: farm.rig()["frames"] == 1)
    assert farm.rig()["state"] == "recording"

    farm.kill()
    kit.wait_for(lambda: "The rig works on" in rig.log)
    rig.click(1)
    rig.click(4)
    rig.click(4)
    rig.click(1)
    kit.wait_for(lambda: len(rig.frames()) == 3)
    rig.click(3)
    kit.wait_for(lambda: list(rig.folder.glob("Timelapses/*.sha256")))
    rig.end(signal.SIGKILL)  # even the rig's own death loses no event
    rig.start()

    farm.start()
    whole = [
        "session_started", "session_paused", "session_continued", "session_stopped", "video",
    ]  # fmt: skip
    kit.wait_for(lambda: len(farm.events()) >= len(whole))
    kit.wait_for(lambda: farm.rig()["online"] and farm.rig()["waiting"] == 0)
    assert farm.events() == whole
    video = farm.rig()["events"][-1]
    assert video["name"] == rig.videos()[0].name
    assert video["sha256"] == sha256(rig.videos()[0])
    assert decoded_frames(rig.videos()[0]) == 3 + 5

    farm.kill()  # what was confirmed is on the farm's disk, and does not come again
    farm.start()
    kit.wait_for(lambda: farm.rig()["online"])
    assert farm.events() == whole
    assert kit.token not in rig.log


def test_readings_of_the_time_without_a_farm_arrive_once(
    farm: Any, make_rig: Callable[..., Any], kit: SimpleNamespace, tmp_path: Path
) -> None:
    (tmp_path / "in_temp_input").write_text("23400")
    (tmp_path / "in_humidityrelative_input").write_text("41500")
    sensor = {"kind": "iio", "path": str(tmp_path)}
    rig = make_rig(
        server=farm.url, rig="watcher", token=kit.token, sensor=sensor, temphum_delay=2
    )  # fmt: skip
    rig.start()
    kit.wait_for(lambda: farm.rig("watcher")["readings"])

    def card() -> Any:
        return farm.get("/api/status?printer_id=a1")["env"]

    kit.wait_for(lambda: card()["temperature"])
    assert (card()["humidity"], card()["rig"]) == (41.5, "watcher")
    farm.kill()
    kit.wait_for(lambda: "The rig works on" in rig.log)
    (tmp_path / "in_temp_input").write_text("25000")
    threading.Event().wait(4.5)  # two rounds of the sensor that nobody hears
    farm.start()
    kit.wait_for(lambda: farm.rig("watcher")["online"] and farm.rig("watcher")["readings"])
    series = kit.wait_for(
        lambda: (found := farm.get("/api/rigs/watcher/readings")["readings"])[2:] and found
    )
    times = [at for at, _, _ in series]
    assert times == sorted(set(times)), "each once"
    assert all(1.9 < later - earlier < 3.5 for earlier, later in pairwise(times)), "none is missing"
    assert farm.rig("watcher")["readings"]["temperature"] == 25.0


def test_pictures_come_only_while_somebody_looks_and_orders_are_answered(
    farm: Any, make_rig: Callable[..., Any], kit: SimpleNamespace
) -> None:
    rig = make_rig(server=farm.url, rig="a1-rig", token=kit.token, image_delay=0.1)
    rig.start()
    kit.wait_for(lambda: farm.rig()["online"])
    before = next(c for c in farm.get("/api/cameras")["cameras"] if c["id"] == "a1-rig")
    assert before["status"]["frames"] == 0, "nobody has looked yet"
    assert farm.ask("/api/camera/snapshot?camera_id=a1-rig").startswith(b"\xff\xd8\xff")

    farm.ask("/api/rigs/a1-rig/settings", {"temphum_delay": 7, "status_delay": 2})
    kit.wait_for(lambda: farm.rig()["delays"].get("temphum_delay") == 7)
    order = json.loads(farm.ask("/api/rigs/a1-rig/orders", {"action": "start"}))["order"]
    kit.wait_for(lambda: farm.rig()["state"] == "recording")
    farm.ask("/api/rigs/a1-rig/orders", {"action": "shot"})
    kit.wait_for(lambda: farm.rig()["frames"] == 1)
    farm.ask("/api/rigs/a1-rig/orders", {"action": "start"})
    refused = kit.wait_for(
        lambda: next((e for e in farm.rig()["events"] if e.get("ok") is False), None)
    )
    assert "runs already" in refused["why"]
    answers = [e for e in farm.rig()["events"] if e["event"] == "done"]
    assert answers[0]["order"] == order and answers[0]["ok"] is True


def test_each_layer_of_the_printer_makes_one_frame(
    farm: Any, make_rig: Callable[..., Any], kit: SimpleNamespace
) -> None:
    rig = make_rig(
        server=farm.url, rig="watcher", token=kit.token, follow="print", same_layer=0
    )  # fmt: skip
    rig.start()
    kit.wait_for(lambda: len(rig.frames()) >= 2, 40)
    manifest = next(rig.folder.glob("Photos/*/frames.jsonl"))
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    layers = [line["layer"] for line in lines]
    assert {line["trigger"] for line in lines} == {"layer"}
    assert layers == sorted(set(layers)), "each layer once, upwards"


def test_a_crash_in_mid_recording_loses_no_frame(
    make_rig: Callable[..., Any], kit: SimpleNamespace
) -> None:
    rig = make_rig(rig="alone")
    rig.start()
    rig.click(3)
    rig.click(1)
    kit.wait_for(lambda: len(rig.frames()) == 1)
    rig.end(signal.SIGKILL)
    rig.start()
    kit.wait_for(lambda: rig.lamps() == ["green"])
    rig.click(1)
    kit.wait_for(lambda: len(rig.frames()) == 2)
    rig.click(3)
    kit.wait_for(lambda: list(rig.folder.glob("Timelapses/*.sha256")))
    assert decoded_frames(rig.videos()[0]) == 2 + 5


@pytest.mark.parametrize("token", ["another-token-of-16-and-more"])
def test_a_wrong_token_is_refused_and_said_so(
    farm: Any, make_rig: Callable[..., Any], kit: SimpleNamespace, token: str
) -> None:
    rig = make_rig(server=farm.url, rig="a1-rig", token=token)
    rig.start()
    kit.wait_for(lambda: "does not accept the token" in rig.log)
    assert token not in rig.log
    assert farm.rig()["online"] is False
