"""The printer's own timelapse videos: listed, fetched whole or not at all, removed with care."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import (
    Blocked,
    FarmError,
    NotFound,
    PrinterOffline,
    StorageError,
    TooLarge,
    UploadCancelled,
)
from printers.bambu import timelapses
from printers.base import AdapterContext, Printer
from printers.commands import RemoteFile

NAME = "video_2026-11-20_18-30-05.mp4"
CONTENT = bytes(range(256)) * 4000  # about 1 MB
NEVER = threading.Event()


def nothing(moved: int, size: int) -> None:
    """Progress that nobody follows."""


def put(rig: Any, name: str = NAME, content: bytes = CONTENT) -> None:
    rig.sim.peek(lambda machine: machine.storage.write(f"/timelapse/{name}", content))


def has(rig: Any, name: str = NAME) -> bool:
    return bool(rig.sim.peek(lambda machine: machine.storage.exists(f"/timelapse/{name}")))


@pytest.fixture
def rig(bambu_rig: Callable[..., Any]) -> Any:
    made = bambu_rig("P1S")
    made.online()
    put(made)
    return made


class Fetching:
    """A fetch in a thread of its own, seen to be under way."""

    def __init__(self, rig: Any, target: Path) -> None:
        self.cancel = threading.Event()
        self.begun = threading.Event()
        self.error: FarmError | None = None
        self._thread = threading.Thread(target=self._run, args=(rig, target))
        self._thread.start()
        assert self.begun.wait(5)

    def _run(self, rig: Any, target: Path) -> None:
        try:
            rig.printer.fetch_own_video(NAME, target, self._progress, self.cancel)
        except FarmError as error:
            self.error = error

    def _progress(self, moved: int, size: int) -> None:
        if moved:
            self.begun.set()

    def code(self) -> str:
        """How it ended."""
        self._thread.join(10)
        assert not self._thread.is_alive()
        return self.error.error_code if self.error else "whole"


def test_videos_are_listed_newest_first(rig: Any) -> None:
    put(rig, "video_2026-11-21_07-00-00.avi", b"x" * 10)
    put(rig, "holiday.mp4", b"y")
    first, second, third = rig.printer.own_videos()
    assert (first.name, first.size_bytes) == ("video_2026-11-21_07-00-00.avi", 10)
    assert (second.name, second.size_bytes) == (NAME, len(CONTENT))
    moment = datetime(2026, 11, 20, 18, 30, 5)  # noqa: DTZ001 - the printer's own clock
    assert second.taken_at == moment.timestamp()
    assert (third.name, third.taken_at) == ("holiday.mp4", None)


def test_a_printer_that_never_recorded_has_none(bambu_rig: Callable[..., Any]) -> None:
    rig = bambu_rig("X1C")
    rig.online()
    assert rig.printer.own_videos() == ()
    rig.sim.peek(lambda machine: machine.storage.rmdir("/timelapse"))
    assert rig.printer.own_videos() == ()


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd.mp4", "a/b.mp4", "a\\b.mp4", ".hidden.mp4", "video.mp4.exe", "-rf.mp4", "",
     "x" * 100 + ".mp4", "a\r\nDELE b.mp4", "a\0.mp4", "vidéo.mp4", "video.mkv", "$(x).mp4"],
)  # fmt: skip
def test_a_harmful_name_is_not_listed_and_never_asked_for(rig: Any, name: str) -> None:
    odd = RemoteFile(path=f"/timelapse/{name}", name=name, size_bytes=5)
    assert timelapses.videos_in([odd]) == ()
    with pytest.raises(NotFound):
        rig.printer.fetch_own_video(name, rig.data_dir / "v", nothing, NEVER)
    with pytest.raises(NotFound):
        rig.printer.remove_own_video(name, 5)


def test_a_listing_has_its_limits() -> None:
    def file(name: str, size: int | None, folder: bool = False) -> RemoteFile:
        return RemoteFile(path=f"/timelapse/{name}", name=name, size_bytes=size, folder=folder)

    odd = [
        file("empty.mp4", 0),
        file("huge.mp4", timelapses.MAX_BYTES + 1),
        file("folder.mp4", None, folder=True),
    ]
    assert timelapses.videos_in(odd) == ()
    many = [file(f"v{number}.mp4", 1) for number in range(2000)]
    assert len(timelapses.videos_in(many)) == timelapses.MOST_LISTED
    assert timelapses.taken_at("video_2026-99-99_00-00-00.mp4") is None


@pytest.mark.parametrize("model", ["P1S", "X1C", "A1", "H2D"])
def test_a_fetched_video_is_whole(
    bambu_rig: Callable[..., Any], tmp_path: Path, model: str
) -> None:
    rig = bambu_rig(model)
    rig.online()
    put(rig)
    seen: list[tuple[int, int]] = []
    target = tmp_path / "fetched"
    receipt = rig.printer.fetch_own_video(NAME, target, lambda a, b: seen.append((a, b)), NEVER)
    assert target.read_bytes() == CONTENT
    assert receipt.size_bytes == len(CONTENT)
    assert receipt.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert seen == sorted(seen) and seen[-1] == (len(CONTENT), len(CONTENT))
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    "knobs", [{"ftps_426_after_data": True}, {"ftps_226_delay_s": 0.5}, {"ftps_pasv_zero": True}]
)
def test_quirks_of_the_server_do_no_harm(rig: Any, tmp_path: Path, knobs: dict[str, Any]) -> None:
    rig.sim.set(**knobs)
    assert rig.printer.fetch_own_video(NAME, tmp_path / "v", nothing, NEVER).size_bytes
    assert (tmp_path / "v").read_bytes() == CONTENT


def test_a_transfer_that_is_cut_leaves_nothing(rig: Any, tmp_path: Path) -> None:
    rig.sim.set(ftps_drop_at=300_000)
    with pytest.raises(PrinterOffline):
        rig.printer.fetch_own_video(NAME, tmp_path / "v", nothing, NEVER)
    assert not list(tmp_path.glob("v*"))
    assert has(rig)


def test_a_video_larger_than_the_limit_stays_there(
    rig: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timelapses, "MAX_BYTES", 1000)
    with pytest.raises(TooLarge):
        rig.printer.fetch_own_video(NAME, tmp_path / "v", nothing, NEVER)
    assert not list(tmp_path.glob("v*"))


def test_a_disk_of_ours_that_refuses_is_not_called_the_printers_fault(
    rig: Any, tmp_path: Path
) -> None:
    with pytest.raises(StorageError, match="farm's disk"):
        rig.printer.fetch_own_video(NAME, tmp_path / "no folder" / "v", nothing, NEVER)
    (tmp_path / "v").mkdir()
    (tmp_path / "v" / "x").touch()
    with pytest.raises(StorageError, match="farm's disk"):
        rig.printer.fetch_own_video(NAME, tmp_path / "v", nothing, NEVER)
    assert not list(tmp_path.glob("*.part"))


def test_an_upload_need_not_wait_for_a_fetch(rig: Any, tmp_path: Path) -> None:
    rig.sim.set(ftps_bytes_per_s=100_000)  # ten seconds for all of it
    source = tmp_path / "job.gcode.3mf"
    source.write_bytes(b"z" * 5000)
    fetching = Fetching(rig, tmp_path / "v")
    assert rig.printer.upload(source, "job.gcode.3mf", nothing, NEVER) == 5000
    assert fetching.code() == "gave_way"
    assert not list(tmp_path.glob("v*"))


@pytest.mark.parametrize("ask", ["size", "delete"])
def test_what_a_start_asks_need_not_wait_either(rig: Any, tmp_path: Path, ask: str) -> None:
    put(rig, "old.mp4", b"1")
    rig.sim.set(ftps_bytes_per_s=100_000)
    fetching = Fetching(rig, tmp_path / "v")
    if ask == "size":
        assert rig.printer.remote_size("/timelapse/old.mp4") == 1
    else:
        rig.printer.delete_remote("/timelapse/old.mp4")
    assert fetching.code() == "gave_way"


def test_a_fetch_can_be_cancelled(rig: Any, tmp_path: Path) -> None:
    rig.sim.set(ftps_bytes_per_s=100_000)
    fetching = Fetching(rig, tmp_path / "v")
    fetching.cancel.set()
    assert fetching.code() == "fetch_cancelled"
    assert isinstance(fetching.error, UploadCancelled)
    assert not list(tmp_path.glob("v*"))
    rig.sim.set(ftps_bytes_per_s=0)
    rig.printer.fetch_own_video(NAME, tmp_path / "v", nothing, NEVER)


def test_only_the_file_that_was_fetched_is_removed(rig: Any) -> None:
    with pytest.raises(Blocked) as caught:
        rig.printer.remove_own_video(NAME, len(CONTENT) - 1)
    assert caught.value.error_code == "video_changed" and has(rig)
    rig.printer.remove_own_video(NAME, len(CONTENT))
    assert not has(rig)
    with pytest.raises(NotFound):
        rig.printer.remove_own_video(NAME, len(CONTENT))


def test_other_makes_have_none(bambu_rig: Callable[..., Any], tmp_path: Path) -> None:
    rig = bambu_rig("P1S", start=False)
    context: AdapterContext = rig.printer.context
    bare = type("Bare", (Printer,), {n: None for n in Printer.__abstractmethods__})
    printer = bare(rig.printer.config, context)
    assert printer.own_videos() == ()
    with pytest.raises(NotFound):
        printer.fetch_own_video(NAME, tmp_path / "v", nothing, NEVER)
    with pytest.raises(NotFound):
        printer.remove_own_video(NAME, 1)
