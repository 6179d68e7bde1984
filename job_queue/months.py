"""The history's files: one per month, only ever appended to, each line with its own checksum.

    {"sum":"<16 hex digits of SHA-256>","record":{…}}
    {"sum":"<16 hex digits of SHA-256>","cleared":{…}}

The sum is of the bytes after it. Recipe: reliability-and-security 4.4. The folder's OS lock is held
by whoever starts the farm. A write that did not end (no newline) was never promised to anybody: it
is cut off. A whole line that is not what was written is damage: the file is kept aside as it is,
its good lines go on in a new one. The other months are not touched either way.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from core import jsonio
from core.clock import Clock
from core.errors import StorageError
from core.files import sync_folder
from job_queue.attempts import Cleared, Record, record_from, with_cleared

logger = logging.getLogger(__name__)

Place = tuple[str, int]
"""(month, byte): where a line begins; later ones are greater."""

_NAME = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2]))\.jsonl")
_HEAD, _SUM = b'{"sum":"', 16
_KIND = len(_HEAD) + _SUM + 2  # where what the sum is of begins
_LONGEST = 256 * 1024


class Damaged(Exception):
    """A line is not what was written."""


def encode(entry: Record | Cleared) -> bytes:
    """One line with its newline."""
    name = "record" if isinstance(entry, Record) else "cleared"
    body = b'"' + name.encode() + b'":' + jsonio.dumps(asdict(entry)) + b"}\n"
    return _HEAD + _digest(body) + b'",' + body


def decode(line: bytes) -> Record | Cleared | None:
    """None for what only a later version understands. Raises Damaged."""
    body = line[_KIND:]
    if not _is_good(line):
        raise Damaged("the checksum of a line is wrong")
    try:
        data = jsonio.loads(b"{" + body)
        if "cleared" in data:
            return Cleared(**data["cleared"])
        return record_from(data["record"])
    except (ValueError, KeyError, TypeError):
        return None


def _is_good(line: bytes) -> bool:
    return line.startswith(_HEAD) and line[len(_HEAD) : _KIND - 2] == _digest(line[_KIND:])


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:_SUM].encode()


class Months:
    """Thread-safe: one writes at a time, readers see what is durable and wait for nobody."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.RLock()
        self._sizes: dict[str, int] = {}  # durable bytes of each month
        self._problems: list[str] = []
        self.mended = 0  # files; places known from before are then worth nothing

    @property
    def problems(self) -> tuple[str, ...]:
        """What was found wrong since the farm started, in sentences for people."""
        return tuple(self._problems)

    def open(self) -> None:
        """Cut off what was being written when the machine stopped. Raises StorageError."""
        with self._lock:
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                for path in self._folder.iterdir():
                    if found := _NAME.fullmatch(path.name):
                        self._sizes[found[1]] = self._trimmed(path)
            except OSError as error:
                raise _refused(self._folder.name, error) from error

    def _trimmed(self, path: Path) -> int:
        """Its size once it ends with a whole line."""
        size = path.stat().st_size
        with path.open("r+b") as file:
            start = max(0, size - _LONGEST)
            file.seek(start)
            tail = file.read()
            end = start + tail.rfind(b"\n") + 1
            if end == size:
                return size
            file.truncate(end)
            os.fsync(file.fileno())
        self._tell(
            f"The last line of {path.name} was not written to its end and was cut off. "
            "The job it belongs to is written again if the queue still knows it."
        )
        return end

    def _tell(self, text: str) -> None:
        logger.warning("history: %s", text)
        self._problems.append(text)

    # -- writing -------------------------------------------------------------------------------

    def append(self, month: str, entries: Sequence[Record | Cleared]) -> list[Place]:
        """All of them durable when this returns. Raises StorageError: then none of them is."""
        lines = [encode(entry) for entry in entries]
        with self._lock:
            path, size = self._path(month), self._sizes.get(month, 0)
            try:
                self._write(path, size, b"".join(lines))
                if not size:
                    sync_folder(self._folder)
            except OSError as error:
                raise _refused(path.name, error) from error
            places = []
            for line in lines:
                places.append((month, size))
                size += len(line)
            self._sizes[month] = size
            return places

    @staticmethod
    def _write(path: Path, size: int, content: bytes) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
        try:
            if os.fstat(handle).st_size != size:
                os.ftruncate(handle, size)  # what an earlier write left that was refused
            os.lseek(handle, size, os.SEEK_SET)
            rest = memoryview(content)
            try:
                while rest:
                    rest = rest[os.write(handle, rest) :]
                os.fsync(handle)
            except OSError:
                with contextlib.suppress(OSError):
                    os.ftruncate(handle, size)
                raise
        finally:
            os.close(handle)

    # -- reading -------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The months there are, oldest first."""
        with self._lock:
            return sorted(month for month, size in self._sizes.items() if size)

    def size(self, month: str) -> int:
        """Bytes; changes with every entry."""
        return self._sizes.get(month, 0)

    def records(self, month: str) -> Iterator[tuple[Place, Record]]:
        """In the order of writing, a piece at a time, each with its bed's later approval.

        A damaged month is mended first, then read anew. Raises StorageError.
        """
        with self._lock:
            try:
                cleared = self._cleared(month)
            except Damaged as error:
                self._mend(month, str(error))
                cleared = self._cleared(month)
        for at, line in self._lines(month):
            entry = decode(line)
            if isinstance(entry, Record):
                yield (month, at), with_cleared(entry, cleared.get(entry.key))

    def _cleared(self, month: str) -> dict[tuple[str, int], Cleared]:
        """And every line checked on the way."""
        found: dict[tuple[str, int], Cleared] = {}
        for _, line in self._lines(month):
            if not _is_good(line):
                raise Damaged("the checksum of a line is wrong")
            entry = decode(line) if line.startswith(b'"cleared"', _KIND) else None
            if isinstance(entry, Cleared):
                found[entry.job_id, entry.attempt] = entry
        return found

    def _lines(self, month: str) -> Iterator[tuple[int, bytes]]:
        """Each with where it begins, up to what is durable now; a write that is under way lies
        behind that."""
        size, at = self._sizes.get(month, 0), 0
        if not size:
            return
        try:
            with self._path(month).open("rb") as file:
                while at < size and (line := file.readline(min(size - at, _LONGEST))):
                    yield at, line
                    at += len(line)
        except OSError as error:
            raise _refused(f"{month}.jsonl", error) from error

    def _path(self, month: str) -> Path:
        return self._folder / f"{month}.jsonl"

    # -- damage --------------------------------------------------------------------------------

    def _mend(self, month: str, why: str) -> None:
        """The file is kept aside; its good lines go on in a new one."""
        with self._lock:
            path = self._path(month)
            aside = _unused(path.with_name(f"{path.name}.corrupt-{int(self._clock.time())}"))
            fresh = path.with_name(f".{path.name}.mended")
            kept = lost = 0
            try:
                with fresh.open("wb") as file:
                    for _, line in self._lines(month):
                        good = _is_good(line)
                        kept, lost = kept + good, lost + (not good)
                        if good:
                            file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
                    size = file.tell()
                _keep_aside(path, aside)
                fresh.replace(path)
                sync_folder(self._folder)
            except OSError as error:
                raise _refused(path.name, error) from error
            self._sizes[month] = size
            self.mended += 1
        self._tell(
            f"{path.name} was damaged ({why}): {lost} of {kept + lost} lines could not be used. "
            f"The damaged file is kept as {aside.name}; nothing else of the history is touched."
        )


def _unused(path: Path) -> Path:
    names = (path.with_name(f"{path.name}-{number}") for number in range(1, 1000))
    return next((name for name in (path, *names) if not name.exists()), path)


def _keep_aside(path: Path, aside: Path) -> None:
    """Under a second name, so that a crash leaves no moment without the month."""
    try:
        os.link(path, aside)
    except OSError:
        shutil.copy2(path, aside)


def _refused(name: str, error: OSError) -> StorageError:
    return StorageError(
        f"The history ({name}) could not be written or read: {error.strerror or error}. "
        "Free disk space or check the folder's permissions; nothing of it is lost meanwhile."
    )
