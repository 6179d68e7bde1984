"""The folder of all timelapses: data_dir/timelapses/<id>/{manifest.json, frames/, video.mp4,
poster.jpg}.

What is on the disk is the truth: frames are counted there, and a start-up reads every manifest and
sweeps away what a crash left half done.
"""

from __future__ import annotations

import logging
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cameras.timelapse import manifest as manifests
from cameras.timelapse.manifest import Manifest, State
from core.clock import Clock
from core.errors import Blocked, FarmError, NotFound, StorageError
from core.files import sync_folder, write_durably
from core.fs import TEMPORARY

logger = logging.getLogger(__name__)

MANIFEST, FRAMES, POSTER = "manifest.json", "frames", "poster.jpg"
WORK = "render-"
"""How the folders of renderings begin; none of them outlives its rendering."""
GONE = "timelapse_not_found"
_SUFFIX = re.compile(r"\.[a-z0-9]{1,4}")
_DELETED = ".deleted-"
_LOST = "Its manifest cannot be read; the frames are there. Render it again, or delete it."
_LOST_BUT_VIDEO = "Its manifest cannot be read; the video is there."
_NO_VIDEO = "Its video is missing on the disk."


class TimelapseStore:
    """Thread-safe. Each timelapse has one writer at a time; readers wait for nobody."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self.on_adopted: Callable[[], None] = lambda: None
        self._lock = threading.Lock()  # of the two dicts, never held while writing
        self._known: dict[str, Manifest] = {}
        self._writing: dict[str, threading.Lock] = {}
        self._next: dict[str, int] = {}  # number of the next frame

    # -- reading ---------------------------------------------------------------------------------

    def all(self) -> list[Manifest]:
        """Newest first."""
        with self._lock:
            return [self._known[key] for key in sorted(self._known, reverse=True)]

    def page(self, printer_id: str = "", limit: int = 50, before: str = "") -> list[Manifest]:
        """Newest first; ``before``: the id after which the former page ended."""
        wanted = (
            one
            for one in self.all()
            if (not printer_id or one.printer_id == printer_id) and (not before or one.id < before)
        )
        return [one for one, _ in zip(wanted, range(limit), strict=False)]

    def get(self, timelapse_id: str) -> Manifest:
        """Raises NotFound."""
        found = self._known.get(timelapse_id)
        if found is None:
            raise NotFound("There is no such timelapse.", code=GONE)
        return found

    def folder(self, timelapse_id: str) -> Path:
        """Raises NotFound."""
        return self._folder / self.get(timelapse_id).id

    def frames(self, timelapse_id: str) -> list[Path]:
        """In order of their numbers; only names of our own making."""
        folder = self.folder(timelapse_id) / FRAMES
        return sorted(p for p in folder.glob("*.jpg") if p.stem.isdigit())

    def video(self, timelapse_id: str, *, original: bool = False) -> Path:
        """``original``: as it came from the printer. Raises NotFound while there is none."""
        found = self.get(timelapse_id)
        name = found.original if original and found.original else found.video
        path = self.folder(timelapse_id) / name
        if not name or not path.is_file():
            raise NotFound("This timelapse has no video yet.", code="no_video")
        return path

    def poster(self, timelapse_id: str) -> Path:
        """The poster, else the newest frame. Raises NotFound when there is neither."""
        poster = self.folder(timelapse_id) / POSTER
        if poster.is_file():
            return poster
        frames = self.frames(timelapse_id)
        if not frames:
            raise NotFound("This timelapse has no picture yet.", code="no_picture")
        return frames[-1]

    def free_bytes(self) -> int:
        """Room on its disk. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return shutil.disk_usage(self._folder).free

    # -- writing ---------------------------------------------------------------------------------

    def create(self, **values: Any) -> Manifest:
        """A new timelapse; ``values`` as of Manifest without id. Raises StorageError."""
        made = Manifest(id=self._new_id(values["started_at"]), **values)
        folder = self._folder / made.id
        try:
            (folder / FRAMES).mkdir(mode=0o700, parents=True)
        except OSError as error:
            raise StorageError(f"A timelapse could not be begun: {error.strerror}.") from error
        try:
            write_durably(folder / MANIFEST, manifests.encode(made))
            sync_folder(self._folder)
        except (FarmError, OSError):
            shutil.rmtree(folder, ignore_errors=True)  # it is tried again all the time
            raise
        with self._lock:
            self._known[made.id] = made
            self._writing[made.id] = threading.Lock()
            self._next[made.id] = 1
        return made

    def change(self, timelapse_id: str, **changes: Any) -> Manifest:
        """Durable when it returns. Raises NotFound, StorageError (then nothing has changed)."""
        with self._writer(timelapse_id):
            return self._put(replace(self.get(timelapse_id), **changes))

    def add_frame(self, timelapse_id: str, jpeg: bytes, **changes: Any) -> Manifest:
        """A whole frame under the next number, then the manifest. Raises NotFound, StorageError."""
        with self._writer(timelapse_id):
            before = self.get(timelapse_id)
            number = self._next[timelapse_id]
            self._next[timelapse_id] = number + 1  # never twice, also when the write fails
            path = self._folder / timelapse_id / FRAMES / f"{number:06d}.jpg"
            write_durably(path, jpeg)
            return self._put(replace(before, frames=before.frames + 1, **changes))

    def drop_frames(self, timelapse_id: str) -> None:
        """After a verified video."""
        with self._writer(timelapse_id):
            shutil.rmtree(self._folder / timelapse_id / FRAMES, ignore_errors=True)

    def delete(self, timelapse_id: str) -> None:
        """With everything. Raises NotFound; Blocked while it is recorded; StorageError."""
        with self._writer(timelapse_id):
            if self.get(timelapse_id).state is State.RECORDING:
                raise Blocked(
                    "This print is still being recorded. Stop the recording first.",
                    code="recording",
                )
            gone = self._folder / (_DELETED + timelapse_id)
            try:
                (self._folder / timelapse_id).rename(gone)
                sync_folder(self._folder)
            except OSError as error:
                raise StorageError(f"It could not be deleted: {error.strerror}.") from error
            with self._lock:
                del self._known[timelapse_id], self._writing[timelapse_id]
                del self._next[timelapse_id]
        shutil.rmtree(gone, ignore_errors=True)  # what is left goes at the next start

    def adopt(
        self, video_path: Path, *, printer_id: str, name: str, taken_at: float,
        origin: str = "printer", printer: str = "",
    ) -> Manifest:  # fmt: skip
        """Take over a whole, checked video file: it is moved. Raises StorageError.

        ``taken_at``: epoch s; ``name``: what people call the print.
        """
        made = self.create(
            printer_id=printer_id, printer=printer or printer_id, state=State.FAILED, job=name,
            origin=origin, started_at=taken_at, ended_at=taken_at, error=_NO_VIDEO,
            fetched_at=self._clock.time(),
        )  # fmt: skip
        suffix = video_path.suffix.lower()
        known = suffix if _SUFFIX.fullmatch(suffix) else ""
        target = self._folder / made.id / f"video{known}"
        try:
            shutil.move(video_path, target)
            size = target.stat().st_size
            sync_folder(target.parent)
        except OSError as error:
            self.delete(made.id)
            raise StorageError(f"{name} could not be kept: {error.strerror}.") from error
        kept = self.change(made.id, state=State.READY, video=target.name, bytes=size, error="")
        self.on_adopted()
        return kept

    def _put(self, manifest: Manifest) -> Manifest:
        write_durably(self._folder / manifest.id / MANIFEST, manifests.encode(manifest))
        with self._lock:
            self._known[manifest.id] = manifest
        return manifest

    def _writer(self, timelapse_id: str) -> threading.Lock:
        with self._lock:
            lock = self._writing.get(timelapse_id)
        if lock is None:
            raise NotFound("There is no such timelapse.", code=GONE)
        return lock

    def _new_id(self, at: float) -> str:
        """Sorts by time: seconds, then 4096ths of one, then 12 random bits. Not in use yet."""
        try:
            moment = datetime.fromtimestamp(at, UTC)
        except (ValueError, OverflowError, OSError):
            moment = datetime.fromtimestamp(self._clock.time(), UTC)
        part = moment.microsecond * 4096 // 1_000_000
        while True:
            made = f"{moment:%Y%m%d-%H%M%S}-{part:03x}{secrets.randbelow(4096):03x}"
            if made not in self._known:
                return made

    # -- start-up --------------------------------------------------------------------------------

    def load(self) -> None:
        """Read everything and sweep; once, before anybody asks. Raises StorageError."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            entries = sorted(self._folder.iterdir())
        except OSError as error:
            raise StorageError(f"Timelapses cannot be read: {error.strerror}.") from error
        for entry in entries:
            if entry.name.startswith(_DELETED):
                shutil.rmtree(entry, ignore_errors=True)
            elif entry.is_dir() and manifests.is_id(entry.name):
                self._load_one(entry)

    def _load_one(self, folder: Path) -> None:
        """One damaged folder costs only itself."""
        try:
            _sweep(folder)
            found = _read(folder)
        except (OSError, FarmError):
            logger.exception("%s cannot be read", folder)
            return
        if found is None:
            return
        numbers = [int(p.stem) for p in (folder / FRAMES).glob("*.jpg") if p.stem.isdigit()]
        with self._lock:
            self._known[found.id] = found
            self._writing[found.id] = threading.Lock()
            self._next[found.id] = max(numbers, default=0) + 1


def _sweep(folder: Path) -> None:
    """Half renderings and half written files. A renderer that outlived its server loses its
    frames with this, and ends."""
    for path in (*folder.glob(WORK + "*"), *folder.glob(".*" + TEMPORARY)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (folder / FRAMES).glob(".*" + TEMPORARY):
        path.unlink()


def _read(folder: Path) -> Manifest | None:
    """None: there is nothing in it, and it is removed."""
    count = len(_numbered(folder))
    try:
        found = manifests.decode((folder / MANIFEST).read_bytes())
        if found.id != folder.name:
            raise ValueError("of another timelapse")
    except FileNotFoundError:
        if not count and not _video_in(folder):
            shutil.rmtree(folder)
            return None
        found = _unreadable(folder, count)
    except ValueError as error:
        logger.error("%s: manifest %s", folder, error)
        found = _unreadable(folder, count)
    if found.state is State.RECORDING and count == found.frames + 1:
        # died between a frame and its manifest, which would shoot the same layer again
        max(_numbered(folder), key=lambda path: int(path.stem)).unlink()
        count -= 1
    if found.state is State.READY and not (folder / found.video).is_file():
        return replace(found, state=State.FAILED, error=_NO_VIDEO, frames=count)
    if found.state is State.READY and not found.kept:
        shutil.rmtree(folder / FRAMES, ignore_errors=True)  # died between the video and this
        return found
    return replace(found, frames=count)


def _numbered(folder: Path) -> Sequence[Path]:
    return [path for path in (folder / FRAMES).glob("*.jpg") if path.stem.isdigit()]


def _video_in(folder: Path) -> str:
    """The name of one to play, "" = none."""
    found = {path.name for path in folder.glob("video.*") if path.stat().st_size}
    return next((name for name in ("video.mp4", "video.avi") if name in found), "")


def _begun(folder: Path) -> float:
    """Epoch s, by its name; a folder that somebody named may stand for no day at all."""
    try:
        return datetime.strptime(folder.name[:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return folder.stat().st_mtime


def _unreadable(folder: Path, frames: int) -> Manifest:
    """Of what its files show. A video is shown and never thrown away, its frames neither."""
    begun, video = _begun(folder), _video_in(folder)
    return Manifest(
        id=folder.name, printer_id="", printer="", frames=frames, started_at=begun, ended_at=begun,
        state=State.READY if video else State.FAILED, video=video, kept=bool(video and frames),
        bytes=(folder / video).stat().st_size if video else None,
        error=_LOST_BUT_VIDEO if video else _LOST,
    )  # fmt: skip
