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
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from core import jsonio
from core.clock import Clock
from core.errors import StorageError
from core.fs import DISK, TEMPORARY, FileSystem, keep_aside, opened, temporary_for
from job_queue.history.attempts import Cleared, Record, record_from, with_cleared

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
    body = b'"' + name.encode() + b'":' + jsonio.dumps(entry) + b"}\n"
    return _HEAD + _digest(body) + b'",' + body


def decode(line: bytes) -> Record | Cleared | None:
    """Of a line that is good; None for what only a later version understands."""
    try:
        data = jsonio.loads(b"{" + line[_KIND:])
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

    def __init__(self, folder: Path, clock: Clock, fs: FileSystem = DISK) -> None:
        self._folder = folder
        self._clock = clock
        self._fs = fs
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
                self._fs.make_folder(self._folder)
                for name in sorted(self._fs.names(self._folder)):
                    if found := _NAME.fullmatch(name):
                        self._sizes[found[1]] = self._trimmed(self._folder / name)
                    elif name.endswith(TEMPORARY):
                        self._fs.unlink(self._folder / name)
            except OSError as error:
                raise _refused(self._folder.name, error) from error

    def _trimmed(self, path: Path) -> int:
        """Its size once it ends with a whole line."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = max(0, size - _LONGEST)
            file.seek(start)
            end = start + file.read().rfind(b"\n") + 1
        if end == size:
            return size
        with opened(self._fs, self._fs.append_to(path)) as handle:
            self._fs.truncate(handle, end)
            self._fs.fsync(handle)
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
            except OSError as error:
                raise _refused(path.name, error) from error
            places = []
            for line in lines:
                places.append((month, size))
                size += len(line)
            self._sizes[month] = size
            return places

    def _write(self, path: Path, size: int, content: bytes) -> None:
        fs = self._fs
        is_there = path.name in fs.names(self._folder)
        with opened(fs, fs.append_to(path) if is_there else fs.create(path)) as handle:
            if os.fstat(handle).st_size != size:
                fs.truncate(handle, size)  # what an earlier write left that was refused
            try:
                fs.write(handle, content)
                fs.fsync(handle)
                if not size:
                    fs.fsync_dir(self._folder)
            except OSError:
                with contextlib.suppress(OSError):  # else the next write or start does it
                    fs.truncate(handle, size)
                raise

    # -- reading -------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """The months there are, oldest first."""
        with self._lock:
            return sorted(month for month, size in self._sizes.items() if size)

    def size(self, month: str) -> int:
        """Bytes; changes with every entry."""
        return self._sizes.get(month, 0)

    def records(
        self, month: str, start: int = 0, end: int | None = None
    ) -> Iterator[tuple[Place, Record]]:
        """In the order of writing, a piece at a time, each with its bed's later approval; those
        between two sizes that the month had.

        A damaged month is mended first, then read anew. Raises StorageError.
        """
        with self._lock:
            try:
                cleared = self._cleared(month, start)
            except Damaged as error:
                self._mend(month, str(error))
                cleared = self._cleared(month, start)
        for at, line in self._lines(month, start, end):
            entry = decode(line)
            if isinstance(entry, Record):
                yield (month, at), with_cleared(entry, cleared.get(entry.key))

    def _cleared(self, month: str, start: int) -> dict[tuple[str, int], Cleared]:
        """And every line checked on the way."""
        found: dict[tuple[str, int], Cleared] = {}
        for _, line in self._lines(month, start):
            if not _is_good(line):
                raise Damaged("the checksum of a line is wrong")
            entry = decode(line) if line.startswith(b'"cleared"', _KIND) else None
            if isinstance(entry, Cleared):
                found[entry.job_id, entry.attempt] = entry
        return found

    def _lines(
        self, month: str, start: int = 0, end: int | None = None
    ) -> Iterator[tuple[int, bytes]]:
        """Each with where it begins, up to what is durable now; a write that is under way lies
        behind that."""
        size, at = self._sizes.get(month, 0), start
        size = size if end is None else min(size, end)
        if at >= size:
            return
        try:
            with self._path(month).open("rb") as file:
                file.seek(at)
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
            label = f"corrupt-{int(self._clock.time())}"
            try:
                fresh = temporary_for(path)
                kept, lost = self._copy_good(month, fresh)
                aside = keep_aside(self._fs, path, label)
                self._fs.replace(fresh, path)
                self._fs.fsync_dir(self._folder)
                size = path.stat().st_size
            except OSError as error:
                raise _refused(path.name, error) from error
            self._sizes[month] = size
            self.mended += 1
        self._tell(
            f"{path.name} was damaged ({why}): {lost} of {kept + lost} lines could not be used. "
            f"The damaged file is kept as {aside.name}; nothing else of the history is touched."
        )

    def _copy_good(self, month: str, fresh: Path) -> tuple[int, int]:
        """Lines that were good, and that were not. Raises OSError."""
        kept = lost = 0
        with opened(self._fs, self._fs.create(fresh)) as handle:
            for _, line in self._lines(month):
                if _is_good(line):
                    kept += 1
                    self._fs.write(handle, line)
                else:
                    lost += 1
            self._fs.fsync(handle)
        return kept, lost


def _refused(name: str, error: OSError) -> StorageError:
    return StorageError(
        f"The history ({name}) could not be written or read: {error.strerror or error}. "
        "Free disk space or check the folder's permissions; nothing of it is lost meanwhile."
    )
