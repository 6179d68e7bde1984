"""A plugged-in camera, with stubs for ffmpeg: no computer that runs the tests has one."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from cameras.ffmpeg_program import FfmpegFinder
from cameras.frames import CameraFailed
from cameras.sources.video.v4l2 import DeviceReader
from printers.base import CameraSource
from tests.cameras.stub_ffmpeg import HANG, stub


@pytest.fixture
def device(tmp_path: Path) -> CameraSource:
    path = tmp_path / "video0"
    path.touch()
    return CameraSource(kind="v4l2", device=str(path))


def take(finder: FfmpegFinder, source: CameraSource, count: int, **times: float) -> list[bytes]:
    with closing(DeviceReader(finder, **times).frames(source, lambda: False)) as stream:
        return [next(stream) for _ in range(count)]


def failure(finder: FfmpegFinder, source: CameraSource, **times: float) -> CameraFailed:
    with pytest.raises(CameraFailed) as caught:
        take(finder, source, 100, **times)
    return caught.value


def test_pictures_of_a_device(tmp_path: Path, device: CameraSource, jpeg: Any) -> None:
    assert take(stub(tmp_path, jpeg()), device, 3) == [jpeg()] * 3


def test_a_thousand_starts_and_stops_leave_nothing_behind(
    tmp_path: Path, device: CameraSource, jpeg: Any
) -> None:
    """Each starts a shell, and that another program: all of them must go."""
    sleep = shutil.which("sleep")
    assert sleep
    (tmp_path / "sleeper").symlink_to(sleep)
    finder = stub(tmp_path, jpeg(), f'"$here/sleeper" 600 & cat "$here/parts"; {HANG}')
    take(finder, device, 1)
    me, threads, files = psutil.Process(), threading.active_count(), open_files()
    for _ in range(1_000):
        take(finder, device, 1)
    assert me.children(recursive=True) == []
    assert (open_files(), threading.active_count()) == (files, threads)
    left = (p for p in psutil.process_iter(["cmdline"]) if is_of(p, str(tmp_path)))
    psutil.wait_procs(list(left), timeout=5)  # killed, but perhaps not yet buried by init
    assert not [p for p in psutil.process_iter(["cmdline"]) if is_of(p, str(tmp_path))]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def is_of(process: psutil.Process, folder: str) -> bool:
    return any(folder in word for word in process.info["cmdline"] or [])


def test_a_device_that_is_not_there(tmp_path: Path, jpeg: Any) -> None:
    error = failure(stub(tmp_path, jpeg()), CameraSource(kind="v4l2", device="/dev/video77"))
    assert error.error_code == "no_device" and "/dev/video77" in error.message


def test_a_device_without_mjpeg_is_read_as_it_is(
    tmp_path: Path, device: CameraSource, jpeg: Any
) -> None:
    finder = stub(
        tmp_path, jpeg(),
        'case "$*" in *input_format*) echo "Cannot find a proper format for codec" >&2; exit 1;; '
        f'*) cat "$here/parts"; {HANG};; esac',
    )  # fmt: skip
    assert take(finder, device, 2) == [jpeg()] * 2


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ('echo "/dev/video0: Device or resource busy" >&2; exit 1', "busy", "another program"),
        ('echo "strange" >&2; exit 1', "bad_frames", "strange"),
        ('cat "$here/parts"', "lost", "lost"),
        ("echo hello; echo there; sleep 0.1", "lost", "lost"),
        ("head -c 200000 /dev/zero", "bad_frames", "broken"),
        ("yes '' ", "bad_frames", "broken"),
        ('printf "Content-length: 99999999\\r\\n\\r\\n"; sleep 9', "bad_frames", "broken"),
        ('printf "Content-length: 4\\r\\n\\r\\nabcd"; sleep 9', "bad_frames", "broken"),
    ],
)
def test_what_can_go_wrong(
    script: str, code: str, words: str, tmp_path: Path, device: CameraSource, jpeg: Any
) -> None:
    error = failure(stub(tmp_path, jpeg(), script), device)
    assert error.error_code == code and words in error.message


def test_a_device_that_falls_silent(tmp_path: Path, device: CameraSource, jpeg: Any) -> None:
    """Even one that nothing but a kill ends."""
    finder = stub(tmp_path, jpeg(), 'trap "" TERM INT HUP; cat "$here/parts"; kill -STOP $$')
    error = failure(finder, device, stall_s=0.3)
    assert error.error_code == "stalled"
    assert psutil.Process().children() == []


def test_a_device_that_never_speaks(tmp_path: Path, device: CameraSource, jpeg: Any) -> None:
    assert failure(stub(tmp_path, jpeg(), HANG), device, first_s=0.3).error_code == "stalled"


def test_cancel_is_noticed(tmp_path: Path, device: CameraSource, jpeg: Any) -> None:
    left_at = time.monotonic() + 0.2
    reader = DeviceReader(stub(tmp_path, jpeg()))
    assert len(list(reader.frames(device, lambda: time.monotonic() > left_at))) == 3
    assert psutil.Process().children() == []


def test_a_chatty_program_is_heard_out(tmp_path: Path, device: CameraSource, jpeg: Any) -> None:
    """More words than any pipe holds must not block it."""
    words = 'i=0; while [ $i -lt 4000 ]; do echo "a warning of some length, again and again $i"'
    finder = stub(tmp_path, jpeg(), f'{words} >&2; i=$((i+1)); done; cat "$here/parts"; {HANG}')
    assert take(finder, device, 3) == [jpeg()] * 3


def test_the_farms_environment_stays_at_home(
    tmp_path: Path, device: CameraSource, jpeg: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_PASSWORD", "canary-in-the-environment")
    finder = stub(tmp_path, jpeg(), f'env > "$here/seen"; cat "$here/parts"; {HANG}')
    take(finder, device, 1)
    seen = (tmp_path / "seen").read_text()
    assert "PATH=" in seen and "canary" not in seen


def test_means(tmp_path: Path, device: CameraSource, jpeg: Any) -> None:
    finder = stub(tmp_path, jpeg())
    reader = DeviceReader(finder)
    assert reader.means(device).version == ""
    finder.find()
    means = reader.means(device)
    assert means.version == "5.1.9-stub" and f"-i {device.device}" in means.command
