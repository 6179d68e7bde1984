"""Frames, a strict pretended hub, printers' reports, and the real ffmpeg."""

from __future__ import annotations

import io
import json
import random
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from cameras.frames import CameraStatus, Frame
from cameras.timelapse import child
from cameras.timelapse.encoder import Tools, with_probe
from cameras.timelapse.store import TimelapseStore
from core.clock import Clock, ManualClock, SystemClock
from core.errors import NotFound
from printers.status import JobProgress, PrinterState, PrinterStatus
from tests.cameras.timelapse.recorded_farm import Farm


def make_frame(number: int = 0, size: tuple[int, int] = (160, 120), **options: Any) -> bytes:
    """A noisy picture of more than 1 kB, another one for each number."""
    dots = random.Random(number).randbytes(20 * 15 * 3)
    picture = Image.frombytes("RGB", (20, 15), dots).resize(size)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90, **options)
    return out.getvalue()


class FakeHub:
    """One camera, "cam". Complains about whatever the real hub would refuse."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._seq = 0
        self.held = 0
        self.most_held = 0

    def show(self, jpeg: bytes, age_s: float = 0.0) -> Frame:
        with self._changed:
            self._seq += 1
            now = self._clock.monotonic() - age_s
            self._frame = Frame(jpeg, self._clock.time() - age_s, now, self._seq)
            self._changed.notify_all()
            return self._frame

    def hold(self, camera_id: str) -> Any:
        self._known(camera_id)
        self.held += 1
        self.most_held = max(self.most_held, self.held)
        return SimpleNamespace(close=self._let_go)

    def _let_go(self) -> None:
        assert self.held > 0, "closed more often than held"
        self.held -= 1

    def wait_frame(self, camera_id: str, after_seq: int, timeout: float) -> Frame | None:
        self._known(camera_id)
        assert 0 < timeout <= 1, "nobody may wait so long that a stop takes long"
        with self._changed:
            self._changed.wait_for(lambda: self._frame and self._frame.seq > after_seq, timeout)
            frame = self._frame
        return frame if frame and frame.seq > after_seq else None

    def status(self, camera_id: str) -> CameraStatus:
        self._known(camera_id)
        return CameraStatus(mode="none", code="unreachable", text="Camera cannot be reached")

    def _known(self, camera_id: str) -> None:
        if camera_id != "cam":
            raise NotFound("There is no such camera.", code="camera_not_found")


def make_status(
    clock: Clock, state: PrinterState = PrinterState.PRINTING, *, layer: int | None = None,
    percent: int | None = None, name: str = "gear", ended: str = "", printer_id: str = "alder",
    **more: Any,
) -> PrinterStatus:  # fmt: skip
    ids = {key: more.pop(key) for key in ("task_id", "subtask_id") if key in more}
    job = JobProgress(
        name=name, file=f"{name}.gcode", layer=layer, layers=layer and 100, percent=percent,
        ended=ended, **ids,
    )  # fmt: skip
    known = {
        "name": printer_id.capitalize(), "kind": "fake", "job": job if name else None,
        "observed_at": clock.time(), "observed_mono": clock.monotonic(), **more,
    }  # fmt: skip
    return PrinterStatus(printer_id=printer_id, state=state, **known)


def wait_for(true: Callable[[], Any], timeout: float = 20.0) -> Any:
    """What ``true()`` gave in the end; fails the test after ``timeout`` seconds."""
    deadline, tick = time.monotonic() + timeout, threading.Event()
    while not (found := true()):
        assert time.monotonic() < deadline, "waited in vain"
        tick.wait(0.005)
    return found


def probe(path: Path) -> dict[str, Any]:
    """What ffprobe says of the video's only track."""
    asked = ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-of", "json", str(path)]
    answer = subprocess.run(asked, capture_output=True, check=True)
    (stream,) = json.loads(answer.stdout)["streams"]
    return dict(stream)


@pytest.fixture(autouse=True)
def _unhurried_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside other tests, the lowest priority would be none at all."""
    monkeypatch.setattr(child, "NICE", ())


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path) -> TimelapseStore:
    made = TimelapseStore(tmp_path / "timelapses", SystemClock())
    made.load()
    return made


@pytest.fixture(scope="session")
def tools() -> Tools:
    found = shutil.which("ffmpeg")
    assert found, "the tests need ffmpeg (deploy/system_packages.sh)"
    return with_probe(found)


@pytest.fixture
def kit() -> SimpleNamespace:
    """The builders above, for test modules (which cannot import this file)."""
    return SimpleNamespace(
        frame=make_frame, hub=FakeHub, status=make_status, wait_for=wait_for, probe=probe
    )


@pytest.fixture
def farm(tmp_path: Path, kit: SimpleNamespace, tools: Tools) -> Iterator[Farm]:
    made = Farm(tmp_path, kit, tools)
    yield made
    made.close()
