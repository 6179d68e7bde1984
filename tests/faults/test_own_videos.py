"""A print on a simulated printer leaves its own video; the farm brings it home, and no start waits
for that."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from cameras.printer_videos import PrinterVideos, keep_in
from cameras.timelapse.store import TimelapseStore
from core.clock import SystemClock
from tests.waiting import wait_for

PRINTERS = [("P1S", "idle")] * 2 + [("X1C", "idle"), ("A1", "idle")]
TIME_SCALE = 600.0
BIG = bytes(range(256)) * 8000  # 2 MB


@pytest.fixture
def videos(farm: Any, tmp_path: Path) -> Any:
    store = TimelapseStore(tmp_path, SystemClock())
    store.load()
    keep = keep_in(store, farm.fleet.configs.values())
    made = PrinterVideos(farm.fleet, keep, tmp_path, SystemClock())
    yield made, store
    made.stop()


def until_done(videos: PrinterVideos, printer_id: str) -> Any:
    for one in list(videos._running.values()):
        one.thread.join(20)
    return videos.fetch_of(printer_id)


@pytest.mark.parametrize(("model", "codec"), [("P1S", "mjpeg"), ("X1C", "h264"), ("A1", "mjpeg")])
def test_a_printers_own_video_comes_home(farm: Any, videos: Any, model: str, codec: str) -> None:
    desk, store = videos
    seat = farm.take(model)
    assert desk.listed(seat.id) == ()
    job = seat.start(farm.sliced(model, 4.0), options={"timelapse": True})
    farm_job = seat.job_until(job, "finished")
    assert farm_job.state.value == "finished"
    (video,) = wait_for(lambda: desk.listed(seat.id))
    desk.fetch(seat.id, video.name, remove=True)
    done = until_done(desk, seat.id)
    assert (done.state, done.error, done.removed) == ("done", "", True)
    kept = store.get(done.timelapse_id)
    assert (kept.origin, kept.printer, kept.job) == ("printer", seat.name, video.name)
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-of", "csv=p=0",
         "-show_entries", "stream=codec_name,nb_read_frames", str(store.video(kept.id))],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    assert told.stdout.strip() == f"{codec},24"
    assert desk.listed(seat.id) == (), "it was removed on the printer"


@pytest.mark.fault("ftps_bytes_per_s")
def test_a_start_breaks_a_fetch_off(farm: Any, videos: Any) -> None:
    desk, store = videos
    seat = farm.take("P1S")
    name = "video_2026-11-20_18-30-05.avi"
    seat.sim.handle.peek(lambda m: m.storage.write(f"/timelapse/{name}", BIG))
    seat.sim.set(ftps_bytes_per_s=150_000)
    desk.fetch(seat.id, name, remove=True)
    wait_for(lambda: desk.fetch_of(seat.id).bytes)
    job = seat.start()
    seat.job_until(job, "printing")
    done = until_done(desk, seat.id)
    assert done.state == "failed"
    assert "is being sent to" in done.error or "gave way" in done.error
    assert store.all() == []
    assert [v.name for v in desk.listed(seat.id)] == [name], "it stays on the printer"
