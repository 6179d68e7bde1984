"""One video: frames chosen, checked, numbered without gaps, encoded, counted, put in place."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cameras.configured import Turn
from cameras.timelapse import encoder, picture
from cameras.timelapse.child import Cancelled, ChildFailed, Left
from cameras.timelapse.encoder import Tools
from cameras.timelapse.manifest import RenderOptions
from cameras.timelapse.picture import BadPicture, Form
from cameras.timelapse.selection import MIN_FRAMES, common, hold_frames, most_frames, thinned
from cameras.timelapse.store import POSTER, WORK
from core.files import sync_folder, write_durably
from core.fs import DISK

VIDEO = "video.mp4"


@dataclass(frozen=True, slots=True)
class Video:
    """``seconds`` with the hold at its end."""

    frames: int
    seconds: float
    bytes: int


class TooFew(Exception):
    """Fewer than two good frames."""


@dataclass(frozen=True, slots=True)
class _Chosen:
    path: Path
    form: Form


def render(
    folder: Path,
    frames: Sequence[Path],
    options: RenderOptions,
    turn: Turn,
    tools: Tools,
    progress: Callable[[float], None],
    cancelled: Cancelled,
) -> Video:
    """Make ``folder``/video.mp4 and its poster; a former video stays until the new one is counted.

    Raises ChildFailed, Left, TooFew, OSError.
    """
    chosen = _good(thinned(_not_empty(frames), most_frames(options.fps, options.max_s)), cancelled)
    if len(chosen) < MIN_FRAMES:
        raise TooFew
    expected = len(chosen) + hold_frames(options.fps, options.hold_s)
    with work_folder(folder) as work:
        form = _lay_out(work, chosen, cancelled)
        encoder.encode(
            tools, work, form.size, options, turn,
            lambda done: progress(min(1.0, done / expected)), cancelled,
        )  # fmt: skip
        made = work / encoder.OUTPUT
        _verify(tools, made, expected, cancelled)
        size = put(made, folder / VIDEO)
    write_durably(folder / POSTER, picture.poster(chosen[-1].path, turn))
    return Video(expected, expected / options.fps, size)


def _not_empty(frames: Sequence[Path]) -> list[Path]:
    """Cheap, of all of them: so that what a full disk left behind does not take others' places."""
    return [path for path in frames if path.stat().st_size > picture.MIN_BYTES]


def _good(frames: Sequence[Path], cancelled: Cancelled) -> list[_Chosen]:
    chosen = []
    for path in frames:
        if cancelled():
            raise Left
        with contextlib.suppress(BadPicture):
            chosen.append(_Chosen(path, picture.check(path.read_bytes())))
    return chosen


@contextlib.contextmanager
def work_folder(folder: Path) -> Iterator[Path]:
    """A new name each time: whatever still writes into an older one harms nobody."""
    work = folder / (WORK + secrets.token_hex(4))
    work.mkdir(mode=0o700)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _lay_out(work: Path, chosen: Sequence[_Chosen], cancelled: Cancelled) -> Form:
    """Second names 000001.jpg …; frames of another form are drawn anew in the common one.

    ffmpeg builds its filters anew where the form changes, and forgets what they had held.
    """
    form = common([one.form for one in chosen])
    if not form.can_be_written:
        form = Form(form.size)
    for number, one in enumerate(chosen, 1):
        if cancelled():
            raise Left
        target = work / (encoder.PATTERN % number)
        if one.form == form:
            DISK.link(one.path, target)
        else:
            target.write_bytes(picture.fitted(one.path.read_bytes(), form))
    return form


def _verify(tools: Tools, made: Path, expected: int, cancelled: Cancelled) -> None:
    found = encoder.count_frames(tools, made, cancelled)
    if found != expected:
        raise ChildFailed(f"The video has {found} frames instead of {expected}.")


def put(made: Path, target: Path) -> int:
    """Durable under its final name; its size in bytes."""
    descriptor = os.open(made, os.O_RDWR)
    try:
        os.fsync(descriptor)
        size = os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)
    made.replace(target)
    sync_folder(target.parent)
    return size
