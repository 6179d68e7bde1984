"""Bringing a printer's own video home: proved twice before anything is removed there."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cameras import printer_videos
from cameras.printer_videos import Fetch, PrinterVideos, keep_in
from cameras.timelapse.manifest import State
from cameras.timelapse.store import TimelapseStore
from core.clock import SystemClock
from core.config import PrinterConfig
from core.errors import Blocked, DiskFull, NotFound, PrinterOffline, StorageError
from printers.base import OwnVideo, Progress, Receipt

NAME = "video_2026-11-20_18-30-05.avi"
CONTENT = bytes(range(256)) * 40
VIDEO = OwnVideo(name=NAME, size_bytes=len(CONTENT), taken_at=1_795_000_000.0)


class Door:
    """A fleet of one printer with one video."""

    def __init__(self) -> None:
        self.videos: tuple[OwnVideo, ...] = (VIDEO,)
        self.asked = 0
        self.removed: list[tuple[str, str, int]] = []
        self.refusal: Exception | None = None
        self.remove_refusal: Exception | None = None
        self.receipt = Receipt(size_bytes=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
        self.half = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.targets: list[Path] = []

    def own_videos(self, printer_id: str) -> tuple[OwnVideo, ...]:
        self.asked += 1
        return self.videos

    def fetch_own_video(
        self, printer_id: str, name: str, target: Path, progress: Progress, cancel: threading.Event
    ) -> Receipt:
        self.targets.append(target)
        progress(len(CONTENT) // 2, len(CONTENT))
        self.half.set()
        assert self.go_on.wait(10)
        if cancel.is_set():
            raise Blocked("Fetching was cancelled.", code="fetch_cancelled")
        if self.refusal is not None:
            raise self.refusal
        target.write_bytes(CONTENT)
        return self.receipt

    def remove_own_video(self, printer_id: str, name: str, size_bytes: int) -> None:
        if self.remove_refusal is not None:
            raise self.remove_refusal
        self.removed.append((printer_id, name, size_bytes))


class Room:
    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        self.folder = folder / "timelapses"
        self.door = Door()
        self.store = TimelapseStore(self.folder, clock)
        self.store.load()
        keep = keep_in(
            self.store, [PrinterConfig(id="alder", name="Alder", type="bambu", model="P1S")]
        )
        self.videos = PrinterVideos(self.door, keep, self.folder, clock)

    def until_done(self) -> Fetch:
        for one in list(self.videos._running.values()):
            one.thread.join(10)
        fetch = self.videos.fetch_of("alder")
        assert fetch is not None and fetch.state != "fetching"
        return fetch

    def fetched(self, *, remove: bool = False) -> Fetch:
        self.videos.fetch("alder", NAME, remove=remove)
        return self.until_done()

    def leftovers(self) -> list[Path]:
        return list((self.folder / ".fetching").iterdir())


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.door.go_on.set()
    made.videos.stop()
    assert not [t for t in threading.enumerate() if t.name.startswith("timelapse:fetch")]


def test_a_fetched_video_is_in_the_gallery(room: Room) -> None:
    done = room.fetched()
    assert (done.state, done.error, done.removed) == ("done", "", False)
    assert (done.bytes, done.total_bytes) == (len(CONTENT), len(CONTENT))
    kept = room.store.get(done.timelapse_id)
    assert (kept.origin, kept.printer_id, kept.printer, kept.job) == (
        "printer", "alder", "Alder", NAME,
    )  # fmt: skip
    assert kept.state is State.READY and kept.started_at == VIDEO.taken_at
    assert room.store.video(kept.id).read_bytes() == CONTENT
    assert room.store.video(kept.id).suffix == ".avi"
    assert room.door.removed == [] and room.leftovers() == []


def test_a_video_that_does_not_tell_its_time_gets_that_of_its_coming(room: Room) -> None:
    room.door.videos = (OwnVideo(name=NAME, size_bytes=len(CONTENT)),)
    kept = room.store.get(room.fetched().timelapse_id)
    assert abs(kept.started_at - SystemClock().time()) < 60


def test_it_is_removed_on_the_printer_when_asked(room: Room) -> None:
    assert room.fetched(remove=True).removed is True
    assert room.door.removed == [("alder", NAME, len(CONTENT))]


def test_a_removal_that_fails_is_told_and_the_video_stays(room: Room) -> None:
    room.door.remove_refusal = PrinterOffline("Alder is gone.")
    done = room.fetched(remove=True)
    assert (done.state, done.removed) == ("done", False)
    assert done.error == "It was fetched, but not removed on the printer: Alder is gone."
    assert room.store.video(done.timelapse_id).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "receipt",
    [Receipt(size_bytes=len(CONTENT), sha256="0" * 64),
     Receipt(size_bytes=len(CONTENT) + 1, sha256=hashlib.sha256(CONTENT).hexdigest())],
)  # fmt: skip
def test_a_file_that_is_not_what_arrived_is_not_kept(room: Room, receipt: Receipt) -> None:
    room.door.receipt = receipt
    done = room.fetched(remove=True)
    assert done.state == "failed" and "as it came from the printer" in done.error
    assert room.store.all() == [] and room.door.removed == [] and room.leftovers() == []


def test_a_copy_that_was_damaged_in_the_gallery_spares_the_printers(room: Room) -> None:
    keep = room.videos._keep

    def damaging(*given: Any) -> tuple[str, Path]:
        timelapse_id, path = keep(*given)
        path.write_bytes(CONTENT[:-1] + b"?")
        return timelapse_id, path

    room.videos._keep = damaging
    done = room.fetched(remove=True)
    assert not done.removed and "not removed" in done.error
    assert room.door.removed == []


@pytest.mark.parametrize(
    ("error", "words"),
    [(PrinterOffline("The connection to Alder broke."), "The connection to Alder broke."),
     (KeyError("oops"), "The farm server made a mistake; its log has the details.")],
)  # fmt: skip
def test_what_went_wrong_is_said(room: Room, error: Exception, words: str) -> None:
    room.door.refusal = error
    done = room.fetched(remove=True)
    assert (done.state, done.error) == ("failed", words)
    assert room.door.removed == [] and room.leftovers() == []
    room.door.refusal = None
    assert room.fetched().state == "done", "the place is free again"


def test_one_at_a_time_and_the_list_as_it_was(room: Room) -> None:
    room.door.go_on.clear()
    begun = room.videos.fetch("alder", NAME, remove=False)
    assert (begun.state, begun.total_bytes) == ("fetching", len(CONTENT))
    assert room.door.half.wait(5)
    now = room.videos.fetch_of("alder")
    assert now is not None and now.bytes == len(CONTENT) // 2
    with pytest.raises(Blocked) as caught:
        room.videos.fetch("alder", NAME, remove=False)
    assert caught.value.error_code == "fetch_running"
    asked = room.door.asked
    assert room.videos.listed("alder") == (VIDEO,)
    assert room.door.asked == asked, "the printer has one session, and it is in use"
    room.videos.fetch("birch", NAME, remove=False)
    room.door.go_on.set()
    room.until_done()


def test_what_the_printer_does_not_list_is_not_asked_for(room: Room) -> None:
    with pytest.raises(NotFound):
        room.videos.fetch("alder", "../../etc/passwd.mp4", remove=True)
    assert room.door.targets == [] and room.videos.fetch_of("alder") is None


def test_the_printers_name_for_it_is_no_path_here(room: Room) -> None:
    odd = "x; rm -rf ~ .mp4"
    room.door.videos = (OwnVideo(name=odd, size_bytes=len(CONTENT)),)
    room.videos.fetch("alder", odd, remove=False)
    assert room.until_done().state == "done"
    assert [target.name for target in room.door.targets] == ["alder.mp4"]


def test_a_full_disk_is_told_before_anything_is_fetched(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path, wanted_bytes: int = 0) -> None:
        raise DiskFull(f"no room for {wanted_bytes}")

    monkeypatch.setattr(printer_videos, "require_space", full)
    with pytest.raises(DiskFull, match=str(len(CONTENT))):
        room.videos.fetch("alder", NAME, remove=False)
    assert room.door.targets == []


def test_a_folder_that_cannot_be_made_is_told(room: Room) -> None:
    (room.folder / ".fetching").write_text("in the way")
    with pytest.raises(StorageError):
        room.videos.fetch("alder", NAME, remove=False)
    (room.folder / ".fetching").unlink()
    (room.folder / ".fetching").mkdir()


def test_a_stop_breaks_it_off(room: Room) -> None:
    room.door.go_on.clear()
    room.videos.fetch("alder", NAME, remove=True)
    assert room.door.half.wait(5)
    ender = threading.Thread(target=room.videos.stop)
    ender.start()
    assert room.videos._running["alder"].cancel.wait(5)
    room.door.go_on.set()
    ender.join(5)
    assert room.until_done().state == "failed"
    with pytest.raises(Blocked, match="being stopped"):
        room.videos.fetch("alder", NAME, remove=False)
