"""The process dies before or after each step on the disk; the next goes on from what is there."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cameras.timelapse import encoder
from cameras.timelapse import render as render_module
from cameras.timelapse import renderer as renderer_module
from cameras.timelapse import store as store_module
from cameras.timelapse.encoder import Tools
from cameras.timelapse.manifest import State
from cameras.timelapse.renderer import Renderer
from cameras.timelapse.store import TimelapseStore
from core.camera_config import TimelapseConfig
from core.clock import SystemClock

FRAMES = 3
CLOCK = SystemClock()
CONFIG = TimelapseConfig(hold_s=0, reserve_mb=0)
STEPS: tuple[tuple[Any, str], ...] = (
    (store_module, "write_durably"),  # frames and manifests
    (store_module, "sync_folder"),
    (render_module, "write_durably"),  # the poster
    (render_module, "sync_folder"),
    (render_module, "_lay_out"),
    (render_module, "_verify"),
    (renderer_module, "render"),
    (TimelapseStore, "drop_frames"),
)


class Death(BaseException):
    """kill -9: nobody catches it."""


class Reaper:
    """Counts the steps, and strikes before (``after`` False) or after the n-th."""

    def __init__(self, patch: pytest.MonkeyPatch, number: int, *, after: bool) -> None:
        self.steps = 0
        self._number, self._after = number, after
        for owner, name in STEPS:
            patch.setattr(owner, name, self._watched(getattr(owner, name)))

    def _watched(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **more: Any) -> Any:
            self.steps += 1
            mine = self.steps == self._number
            if mine and not self._after:
                raise Death
            result = step(*args, **more)
            if mine:
                raise Death
            return result

        return watched


def live(store: TimelapseStore, tools: Tools, frame: Callable[[int], bytes]) -> None:
    """A print from its first frame to its video, as far as it is not done yet."""
    store.load()
    if not store.all():
        store.create(
            printer_id="alder", printer="Alder", state=State.RECORDING, started_at=CLOCK.time()
        )
    (one,) = store.all()
    if one.state is State.RECORDING:
        for number in range(one.frames, FRAMES):
            store.add_frame(one.id, frame(number), layer=number + 1)
        store.change(one.id, state=State.WAITING, ended_at=CLOCK.time())
    while Renderer(store, CONFIG, lambda: tools, CLOCK)._once():
        continue


@pytest.mark.parametrize("after", [False, True])
def test_the_video_comes_whenever_it_dies(
    tmp_path: Path, tools: Tools, kit: SimpleNamespace, after: bool
) -> None:
    for number in itertools.count(1):
        folder = tmp_path / str(number)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(encoder, "encode", pretend_to_encode)
            patch.setattr(encoder, "count_frames", lambda *_: FRAMES)
            reaper = Reaper(patch, number, after=after)
            with contextlib.suppress(Death):
                live(TimelapseStore(folder, CLOCK), tools, kit.frame)
        if reaper.steps < number:
            break  # it lived to its end
        live(TimelapseStore(folder, CLOCK), tools, kit.frame)
        judge(folder, kit, f"death {number}")
    assert number > 15, "so many steps there are at least"


def pretend_to_encode(_tools: Tools, folder: Path, *_: Any) -> None:
    """The first life is about its steps on the disk; the second makes the video."""
    (folder / encoder.OUTPUT).write_bytes(b"as good as a video")


def judge(folder: Path, kit: SimpleNamespace, where: str) -> None:
    store = TimelapseStore(folder, CLOCK)
    store.load()
    (one,) = store.all()
    assert (one.state, one.error, one.kept) == (State.READY, "", False), where
    if store.video(one.id).read_bytes() != b"as good as a video":
        assert kit.probe(store.video(one.id))["nb_read_frames"] == str(FRAMES), where
    names = {path.name for path in store.folder(one.id).iterdir()}
    assert names == {"manifest.json", "video.mp4", "poster.jpg"}, where
    assert [path.name for path in folder.iterdir()] == [one.id], where
