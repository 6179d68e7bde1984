"""A real server, real prints on simulated printers, real ffmpeg: kill -9 costs no video."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bench.workshop import NoAnswer, Printers, Server
from cameras.timelapse.manifest import State
from cameras.timelapse.store import TimelapseStore
from core.clock import SystemClock
from simulator.plates import PlateSpec, build_gcode_3mf

LAYERS = 8
MINUTES, TIME_SCALE = 24.0, 80.0  # 0.7 to 2.3 seconds per layer
ENTRIES = (
    {"id": "alder", "name": "Alder", "type": "bambu", "model": "P1S"},
    {"id": "birch", "name": "Birch", "type": "bambu", "model": "X1C"},
)
SETTINGS = {"timelapse": {"enabled": True, "hold_s": 1, "reserve_mb": 1}}
HOLD = 25
TIMING = {"evidence_s": 10.0, "batch_s": 0.05, "tick_s": 0.2}


class Workshop:
    """Printers that live on in a process of their own, and the server that is killed."""

    def __init__(self, folder: Path) -> None:
        self.printers = Printers(ENTRIES, folder / "printers", TIME_SCALE, cameras=True)
        for entry in ENTRIES:
            self.printers.knobs(entry["id"], camera_fps=8.0)
        self.server = Server(folder, self.printers.entries, timing=TIMING, settings=SETTINGS)
        self.shelf = self.server.data / "timelapses"

    def close(self) -> None:
        code = self.server.stop()
        self.printers.close()
        assert code == 0, self.server.log()[-3000:]

    def start(self, printer_id: str, model: str) -> None:
        """A print through the farm."""
        plate = PlateSpec(name="gear", minutes=MINUTES, layers=LAYERS)
        content = build_gcode_3mf([plate], model=model)
        clear = f"/api/printers/{printer_id}/mark-clear"
        wait_for(lambda: self.server.api("POST", clear, {})[0] == 202)  # once it has reported
        status, answer = self.server.upload(
            "/api/upload-and-start", f"gear {model}.gcode.3mf", content,
            printer_id=printer_id, confirm="all",
        )  # fmt: skip
        assert status == 202, answer

    def one_of(self, printer_id: str) -> dict[str, Any]:
        """Its timelapse, {} while it has none."""
        try:
            found = self.server.api("GET", f"/api/timelapses?printer_id={printer_id}")[1]
        except NoAnswer:
            return {}
        shown = found["timelapses"]
        assert len(shown) <= 1, "one print, one timelapse"
        return dict(shown[0]) if shown else {}

    def frames(self) -> dict[str, int]:
        """As they lie on the disk, by printer."""
        counted = {}
        for path in self.shelf.glob("*/manifest.json"):
            frames = (path.parent / "frames").glob("*.jpg")
            counted[json.loads(path.read_bytes())["printer_id"]] = len(list(frames))
        return counted

    def is_live(self, printer_id: str) -> bool:
        """Whether the farm has both its reports and its picture."""
        asked = f"/api/camera/snapshot?printer_id={printer_id}"
        doc = self.server.api("GET", f"/api/printer/{printer_id}")[1]
        return doc.get("state") == "paused" and self.server.api("GET", asked)[0] == 200


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path)
    yield made
    made.close()


def wait_for(true: Callable[[], Any], timeout: float = 90.0) -> Any:
    deadline, tick = time.monotonic() + timeout, threading.Event()
    while not (found := true()):
        assert time.monotonic() < deadline, "waited in vain"
        tick.wait(0.05)
    return found


def probe(path: Path) -> dict[str, Any]:
    asked = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)]
    answer = subprocess.run(asked, capture_output=True, check=True)
    (stream,) = json.loads(answer.stdout)["streams"]
    return dict(stream)


@pytest.mark.slow
def test_killed_in_the_middle_of_two_prints_both_videos_come(workshop: Workshop) -> None:
    """A P1S (JPEG over TLS) and an X1C (RTSPS through ffmpeg) side by side."""
    server, printers = workshop.server, workshop.printers
    server.start()
    for entry in ENTRIES:
        workshop.start(entry["id"], entry["model"])
    wait_for(lambda: len(counts := workshop.frames()) == 2 and min(counts.values()) >= 3)
    server.kill()
    for entry in ENTRIES:  # so that no layer is printed that nobody can see
        assert printers.do(entry["id"], "pause")
    before = workshop.frames()
    assert all(3 <= count < LAYERS for count in before.values()), before
    server.start()
    for entry in ENTRIES:
        wait_for(lambda name=entry["id"]: workshop.is_live(name))
        assert workshop.one_of(entry["id"])["state"] == "recording"
        assert printers.do(entry["id"], "resume")
    for entry in ENTRIES:
        shown = wait_for(
            lambda name=entry["id"]: (one := workshop.one_of(name))["state"] == "ready" and one
        )
        assert (shown["result"], shown["gaps"], shown["error"]) == ("finished", 0, "")
        # the layer that ended between the kill and the pause is the only one that may be missing
        assert LAYERS - 1 <= shown["frames"] <= LAYERS, (before, shown)
        stream = probe(workshop.shelf / shown["id"] / "video.mp4")
        assert int(stream["nb_read_frames"]) == shown["frames"] + HOLD
        assert (stream["codec_name"], stream["pix_fmt"]) == ("h264", "yuv420p")
        assert shown["seconds"] == (shown["frames"] + HOLD) / 25


@pytest.mark.slow
def test_killed_while_a_video_is_made_it_is_made_again(tmp_path: Path) -> None:
    server = Server(tmp_path, [], timing=TIMING, settings=SETTINGS)
    count, store = 60, TimelapseStore(server.data / "timelapses", SystemClock())
    store.load()
    waiting = store.create(
        printer_id="alder", printer="Alder", state=State.WAITING, started_at=1_800_000_000.0,
        ended_at=1_800_000_100.0,
    )  # fmt: skip
    frames = store.folder(waiting.id) / "frames"
    noise = [Image.effect_noise((640, 360), 60 + number) for number in range(3)]
    for number in range(count):
        noise[number % 3].save(frames / f"{number + 1:06d}.jpg")
    server.start()
    path = f"/api/timelapses/{waiting.id}"
    orphan = wait_for(lambda: child_in(store.folder(waiting.id)))
    server.kill()
    assert (
        json.loads((store.folder(waiting.id) / "manifest.json").read_bytes())["state"] == "waiting"
    )
    server.start()
    wait_for(lambda: server.api("GET", path)[1]["state"] == "ready")
    shown = server.api("GET", path)[1]
    stream = probe(store.folder(waiting.id) / "video.mp4")
    assert int(stream["nb_read_frames"]) == count + HOLD
    assert shown["bytes"] > 10_000 and shown["error"] == ""
    wait_for(lambda: not Path(f"/proc/{orphan}").exists())
    names = {entry.name for entry in store.folder(waiting.id).iterdir()}
    assert names == {"manifest.json", "video.mp4", "poster.jpg"}
    assert server.stop() == 0


def child_in(folder: Path) -> int:
    """The pid of an ffmpeg that works in there, 0 = none."""
    for path in Path("/proc").glob("[0-9]*/cwd"):
        try:
            inside = path.readlink().is_relative_to(folder)
        except OSError:
            continue
        if inside:
            return int(path.parent.name)
    return 0
