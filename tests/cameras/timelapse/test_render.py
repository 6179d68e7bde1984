"""Videos made by the real ffmpeg and counted by the real ffprobe."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cameras.configured import NO_TURN, Turn
from cameras.timelapse import child, encoder
from cameras.timelapse.child import ChildFailed, Left, run
from cameras.timelapse.encoder import Tools
from cameras.timelapse.manifest import RenderOptions
from cameras.timelapse.render import TooFew, Video, render

PLAIN = RenderOptions(fps=25, max_s=60, hold_s=0)


class Shelf:
    """A timelapse's folder, its frames and the videos made of them."""

    def __init__(self, folder: Path, tools: Tools, frame: Callable[..., bytes]) -> None:
        self.folder = folder
        self.tools = tools
        self.frame = frame
        self.heard: list[float] = []
        (folder / "frames").mkdir()

    def put(self, number: int, content: bytes | None = None) -> Path:
        path = self.folder / "frames" / f"{number:06d}.jpg"
        path.write_bytes(self.frame(number) if content is None else content)
        return path

    def render(self, options: RenderOptions = PLAIN, turn: Turn = NO_TURN, **more: Any) -> Video:
        frames = sorted((self.folder / "frames").iterdir())
        cancelled = more.get("cancelled", lambda: False)
        tools = more.get("tools", self.tools)
        return render(
            self.folder, frames, options, turn, tools, self.heard.append, cancelled
        )  # fmt: skip

    @property
    def video(self) -> Path:
        return self.folder / "video.mp4"


@pytest.fixture
def shelf(tmp_path: Path, tools: Tools, kit: SimpleNamespace) -> Shelf:
    return Shelf(tmp_path, tools, kit.frame)


def test_every_frame_is_in_the_video(shelf: Shelf, kit: SimpleNamespace) -> None:
    for number in range(1, 13):
        shelf.put(number)
    video = shelf.render()
    stream = kit.probe(shelf.video)
    assert (stream["nb_read_frames"], stream["codec_name"]) == ("12", "h264")
    assert (stream["pix_fmt"], stream["avg_frame_rate"]) == ("yuv420p", "25/1")
    assert (video.frames, video.seconds) == (12, 12 / 25)
    assert video.bytes == shelf.video.stat().st_size
    assert shelf.heard[-1] == 1.0
    assert (shelf.folder / "poster.jpg").is_file()
    assert not list(shelf.folder.glob("render-*")), "the work folder is gone"
    head = shelf.video.read_bytes()[:4096]
    assert b"moov" in head, "it plays before it is all there (faststart)"


def test_gaps_in_the_numbers_end_nothing(shelf: Shelf, kit: SimpleNamespace) -> None:
    for number in (1, 2, 5, 9, 10, 400):
        shelf.put(number)
    assert shelf.render().frames == 6
    assert kit.probe(shelf.video)["nb_read_frames"] == "6"


def test_empty_cut_and_foreign_frames_are_left_out(shelf: Shelf, kit: SimpleNamespace) -> None:
    for number in range(1, 9):
        shelf.put(number)
    shelf.put(3, b"")
    shelf.put(5, kit.frame(5)[:2000])
    shelf.put(6, b"<html>not found</html>" * 100)
    assert shelf.render().frames == 5
    assert kit.probe(shelf.video)["nb_read_frames"] == "5"


def test_other_sizes_and_kinds_are_fitted_in(shelf: Shelf, kit: SimpleNamespace) -> None:
    """The filters' memory (deflicker, hold) must survive the change."""
    for number in range(1, 9):
        shelf.put(number)
    shelf.put(2, kit.frame(2, size=(333, 77)))
    shelf.put(4, kit.frame(4, subsampling=0))
    shelf.put(8, kit.frame(8, size=(64, 64)))
    video = shelf.render(replace(PLAIN, hold_s=1.0, deflicker=True))
    stream = kit.probe(shelf.video)
    assert (stream["width"], stream["height"], stream["nb_read_frames"]) == (160, 120, "33")
    assert (video.frames, video.seconds) == (33, 33 / 25)


def test_odd_sizes_become_even(shelf: Shelf, kit: SimpleNamespace) -> None:
    for number in range(1, 4):
        shelf.put(number, kit.frame(number, size=(161, 121)))
    shelf.render()
    stream = kit.probe(shelf.video)
    assert (stream["width"], stream["height"], stream["nb_read_frames"]) == (162, 122, "3")


@pytest.mark.parametrize(
    ("turn", "size"),
    [
        (Turn(rotate=90), (122, 162)),
        (Turn(flip_h=True, flip_v=True, rotate=270), (122, 162)),
        (Turn(rotate=180), (162, 122)),
    ],
)
def test_a_turned_camera_is_turned_back(
    shelf: Shelf, kit: SimpleNamespace, turn: Turn, size: tuple[int, int]
) -> None:
    for number in range(1, 4):
        shelf.put(number, kit.frame(number, size=(161, 121)))
    shelf.render(turn=turn)
    stream = kit.probe(shelf.video)
    assert (stream["width"], stream["height"]) == size


def test_a_long_print_is_thinned_and_its_end_held(shelf: Shelf, kit: SimpleNamespace) -> None:
    for number in range(1, 41):
        shelf.put(number)
    video = shelf.render(RenderOptions(fps=10, max_s=2, hold_s=1.5))
    assert (video.frames, video.seconds) == (35, 3.5)
    assert kit.probe(shelf.video)["nb_read_frames"] == "35"


def test_one_frame_is_no_video(shelf: Shelf) -> None:
    shelf.put(1)
    shelf.put(2, b"\xff\xd8\xff")
    with pytest.raises(TooFew):
        shelf.render()
    assert not shelf.video.exists()


def test_without_ffprobe_ffmpeg_counts(shelf: Shelf) -> None:
    for number in range(1, 8):
        shelf.put(number)
    bare = Tools(shelf.tools.ffmpeg)
    assert shelf.render(tools=bare).frames == 7
    assert encoder.count_frames(bare, shelf.video, lambda: False) == 7


def test_counting_is_heard_from_long_before_its_end(
    shelf: Shelf, tmp_path: Path, kit: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a video that a weak machine counts for minutes would be taken for a hanging ffprobe."""
    for number in range(1, 4):
        shelf.put(number)
    expected = shelf.render(replace(PLAIN, fps=60, hold_s=30)).frames
    content, slow, said = shelf.video.read_bytes(), tmp_path / "slow.mp4", threading.Event()
    os.mkfifo(slow)

    def feed() -> None:
        with slow.open("wb") as pipe:
            pipe.write(content[:-100])
            pipe.flush()
            kit.wait_for(said.is_set)
            pipe.write(content[-100:])

    def watched(*args: Any, **more: Any) -> list[str]:
        on_line = more.pop("on_line", lambda _: None)
        return run(*args, on_line=lambda line: [on_line(line), said.set()], **more)

    monkeypatch.setattr(encoder, "run", watched)
    feeder = threading.Thread(target=feed)
    feeder.start()
    assert encoder.count_frames(shelf.tools, slow, lambda: False) == expected
    feeder.join()


def test_a_wrong_count_is_no_video(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 6):
        shelf.put(number)
    shelf.video.write_bytes(b"the one before")
    monkeypatch.setattr(encoder, "count_frames", lambda *_: 4)
    with pytest.raises(ChildFailed, match="4 frames instead of 5"):
        shelf.render()
    assert shelf.video.read_bytes() == b"the one before"


def test_the_real_words_of_ffmpeg_reach_the_operator(shelf: Shelf) -> None:
    for number in range(1, 4):
        shelf.put(number)
    with pytest.raises(ChildFailed, match=r"(?i)fps|frame ?rate|framerate|invalid"):
        shelf.render(replace(PLAIN, fps=0))


def test_a_killed_ffmpeg_is_told_and_leaves_nothing(shelf: Shelf, kit: SimpleNamespace) -> None:
    for number in range(1, 60):
        shelf.put(number, kit.frame(number, size=(1920, 1080)))
    killer = threading.Thread(target=lambda: os.kill(kit.wait_for(child_of_ours), signal.SIGKILL))
    killer.start()
    with pytest.raises(ChildFailed, match="signal 9"):
        shelf.render()
    killer.join()
    assert not shelf.video.exists() and not list(shelf.folder.glob("render-*"))


def test_a_rendering_nobody_wants_ends_at_once(shelf: Shelf, kit: SimpleNamespace) -> None:
    for number in range(1, 60):
        shelf.put(number, kit.frame(number, size=(1920, 1080)))
    with pytest.raises(Left):
        shelf.render(cancelled=child_of_ours)
    assert not child_of_ours() and not shelf.video.exists()


def child_of_ours() -> int:
    """The pid of an ffmpeg that this process has started, 0 = none."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, rest = path.read_text().split("(", 1)[1].rsplit(")", 1)
        except OSError:
            continue
        state, parent = rest.split()[:2]
        if name == "ffmpeg" and int(parent) == os.getpid() and state != "Z":
            return int(path.parent.name)
    return 0


def test_a_child_that_hangs_is_ended(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="no progress"):
        run(["sleep", "60"], tmp_path, lambda: False, stall_s=0.3)


def test_a_chatty_child_never_waits_for_a_reader(tmp_path: Path) -> None:
    script = "import sys; sys.stderr.write('words ' * 200_000); print('done')"
    assert run([os.sys.executable, "-c", script], tmp_path, lambda: False) == ["done"]


def test_it_works_at_the_lowest_priority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child, "NICE", ("nice", "-n", "19"))
    assert run(["nice"], tmp_path, lambda: False) == ["19"]


def test_a_missing_program_is_said(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed):
        run([str(tmp_path / "no-ffmpeg")], tmp_path, lambda: False)
