"""One recording: a folder in Photos/ with numbered frames and a manifest that survive a crash.

Photos/<date>_<time>_<4 hex>/session.json   what it is and how far it has come
                             frames.jsonl   one line per frame: number, time, trigger, layer
                             000001.jpg …
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from rig import files
from rig.feed import Picture
from rig.jpeg import NotJpeg, check

logger = logging.getLogger(__name__)

RECORDING, PAUSED, BUILDING, DONE, FAILED = "recording", "paused", "building", "done", "failed"
OPEN = (RECORDING, PAUSED)
_FRAME = re.compile(r"\d{6}\.jpg")
_DRAWS = 1000
_ID = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[0-9a-f]{4}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """session.json."""

    id: str
    state: str
    started_at: float  # epoch s
    by: str  # "button", "farm", "print"
    name: str = ""  # of the print, when the farm told it
    job: str = ""
    video: str = ""  # file name, once it is finished
    error: str = ""


def is_id(text: str) -> bool:
    """Whether a recording can have this name: what has another in our folders is not ours."""
    return _ID.fullmatch(text) is not None


class Session:
    """One thread uses it at a time."""

    def __init__(self, folder: Path, sheet: Sheet) -> None:
        self.folder = folder
        self.sheet = sheet
        self.frames = sum(1 for _ in self._numbers())
        self._last = max(self._numbers(), default=0)

    @classmethod
    def create(cls, photos: Path, now: float, by: str, name: str = "", job: str = "") -> Session:
        """Raises OSError."""
        folder = _new_folder(photos, now)
        files.sync_folder(photos)
        session = cls(folder, Sheet(folder.name, RECORDING, now, by, name[:200], job[:200]))
        session._save()
        return session

    @property
    def id(self) -> str:
        return self.sheet.id

    @property
    def state(self) -> str:
        return self.sheet.state

    def change(self, **fields: str) -> None:
        """State, video or error, durably. Raises OSError; then nothing has changed."""
        before, self.sheet = self.sheet, Sheet(**{**asdict(self.sheet), **fields})
        try:
            self._save()
        except OSError:
            self.sheet = before
            raise

    def add(self, picture: Picture, trigger: str, layer: int = 0) -> int:
        """Save a frame; returns its number. Raises OSError; the recording is then as before."""
        number = self._last + 1
        files.write(self._path(number), picture.jpeg)
        self._last = number
        self.frames += 1
        self._note(number, picture, trigger, layer)
        return number

    def replace(self, picture: Picture, trigger: str) -> int:
        """A better picture of the last frame. Raises OSError."""
        if not self._last:
            return self.add(picture, trigger)
        files.write(self._path(self._last), picture.jpeg)
        self._note(self._last, picture, trigger, 0)
        return self._last

    def last_activity(self) -> float:
        """Epoch s of the last frame, else of the start."""
        path = self._path(self._last)
        return path.stat().st_mtime if self._last else self.sheet.started_at

    def good_frames(self) -> list[Path]:
        """In order, without those that a video could stumble over."""
        good = []
        for number in sorted(self._numbers()):
            path = self._path(number)
            try:
                check(path.read_bytes())
            except (OSError, NotJpeg) as error:
                logger.warning("%s: frame %s is left out (%s)", self.id, path.name, error)
            else:
                good.append(path)
        return good

    def remove(self) -> None:
        """The frames and all: after a verified video, or when nobody wants one."""
        shutil.rmtree(self.folder)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.jpg"

    def _numbers(self) -> Iterator[int]:
        if self.folder.is_dir():
            for path in self.folder.iterdir():
                if _FRAME.fullmatch(path.name):
                    yield int(path.stem)

    def _note(self, number: int, picture: Picture, trigger: str, layer: int) -> None:
        line = {"frame": number, "at": round(picture.at, 3), "trigger": trigger, "layer": layer}
        with (self.folder / "frames.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _save(self) -> None:
        files.write_json(self.folder / "session.json", asdict(self.sheet))


def found(photos: Path) -> list[Session]:
    """What an earlier life left behind, oldest first. Folders of other names belong to others
    (a person's pictures, a disk's lost+found) and are not even looked into."""
    sessions = []
    for folder in sorted(path for path in photos.iterdir() if is_id(path.name) and path.is_dir()):
        try:
            sessions.append(Session(folder, _sheet(folder)))
        except OSError as error:
            logger.error("%s cannot be read (%s) and is left alone", folder, error)
    return sessions


def _sheet(folder: Path) -> Sheet:
    """Without a readable one (the plug was pulled while it began, or its disk is damaged) the
    recording is over, and what is there becomes a video."""
    raw = files.read_json(folder / "session.json")
    texts = [value for name, value in raw.items() if name != "started_at"]
    whole = isinstance(raw.get("started_at"), (int, float)) and raw.get("id") == folder.name
    try:
        if whole and all(isinstance(text, str) for text in texts):
            return Sheet(**raw)
    except TypeError:
        logger.warning("%s: its session.json is of another version", folder.name)
    return Sheet(folder.name, BUILDING, folder.stat().st_mtime, "found")


def _new_folder(photos: Path, now: float) -> Path:
    """Several recordings may begin within one second, and two of them draw alike."""
    stamp = time.strftime("%Y-%m-%d_%H-%M-%S", time.localtime(now))
    photos.mkdir(parents=True, exist_ok=True)
    for _ in range(_DRAWS):
        with suppress(FileExistsError):
            folder = photos / f"{stamp}_{secrets.token_hex(2)}"
            folder.mkdir()
            return folder
    raise FileExistsError(f"{photos} has no free name of {stamp} left")
