"""A disk in memory that refuses calls on demand and, when the power goes, keeps what it must.

It is as unkind as POSIX allows. Without fsync any part of what was written may be missing; without
fsync of the folder any of the names since may be, in any combination. A refused fsync marks the
data as written although it is not, as Linux does, so that a second fsync proves nothing.
"""

from __future__ import annotations

import errno
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from core.fs import FileSystem

FOLDER = Path("/farm/jobs")


class PowerCut(BaseException):
    """Stands for the end of everything: not an Exception, so nobody handles it."""


@dataclass
class Inode:
    data: bytes = b""
    synced: bytes = b""
    doubtful: bool = False  # an fsync was refused: what was written then is never synced

    def outcomes(self) -> list[bytes]:
        """What may be there after the power was cut."""
        if self.data == self.synced:
            return [self.data]
        size = _alike(self.data, self.synced)
        same, new = self.data[:size], self.data[size:]
        cuts = {0, 1, len(new) // 2, len(new) - 1, len(new)} if new else {0}
        found = {same + new[:cut] for cut in cuts} | {self.synced}
        return sorted(found)


Fault = Callable[[str, int], "str | int | None"]
"""(call, its number from 1) -> None, or an errno, or "cut"; see MemoryDisk.fault."""


class MemoryDisk(FileSystem):
    """One folder. ``fault`` is asked before every call; a negative errno lets the call happen (of a
    write: half of it) before it is refused."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        self.durable = {name: Inode(raw, raw) for name, raw in (files or {}).items()}
        self.names_now = dict(self.durable)
        self.pending: list[dict[str, Inode | None]] = []
        self.open: dict[int, Inode] = {}
        self.calls = 0
        self.log: list[str] = []
        self.fault: Fault = lambda call, number: None
        self.dead = False

    # -- the calls -----------------------------------------------------------------------------

    def _called(
        self, call: str, act: Callable[[], object], half: Callable[[], object] | None = None
    ) -> None:
        if self.dead:
            raise PowerCut
        self.calls += 1
        self.log.append(call)
        fault = self.fault(call, self.calls)
        if fault == "cut":
            self.dead = True
            raise PowerCut
        if fault is None:
            act()
            return
        assert isinstance(fault, int)
        if fault < 0:
            (half or act)()
        raise OSError(abs(fault), os.strerror(abs(fault)))

    def _change(self, changes: dict[str, Inode | None]) -> None:
        self.pending.append(changes)
        for name, inode in changes.items():
            if inode is None:
                self.names_now.pop(name, None)
            else:
                self.names_now[name] = inode

    def _inode(self, path: Path) -> Inode:
        found = self.names_now.get(path.name)
        if found is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return found

    def _opened(self, inode: Inode) -> int:
        descriptor = len(self.open) + 100
        while descriptor in self.open:
            descriptor += 1
        self.open[descriptor] = inode
        return descriptor

    def create(self, path: Path) -> int:
        inode = Inode()

        def act() -> None:
            if path.name in self.names_now:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
            self._change({path.name: inode})

        self._called("create", act)
        return self._opened(inode)

    def append_to(self, path: Path) -> int:
        self._called("append_to", lambda: self._inode(path))
        return self._opened(self._inode(path))

    def write(self, descriptor: int, content: bytes) -> None:
        inode = self.open[descriptor]

        def put(part: bytes) -> None:
            inode.data += part

        self._called("write", lambda: put(content), lambda: put(content[: len(content) // 2]))

    def truncate(self, descriptor: int, size: int) -> None:
        inode = self.open[descriptor]

        def act() -> None:
            inode.data = inode.data[:size]

        self._called("truncate", act)

    def fsync(self, descriptor: int) -> None:
        inode = self.open[descriptor]

        def act() -> None:
            if not inode.doubtful:
                inode.synced = inode.data

        try:
            self._called("fsync", act)
        except OSError:
            inode.doubtful = inode.data != inode.synced
            raise

    def close(self, descriptor: int) -> None:
        del self.open[descriptor]

    def read(self, path: Path) -> bytes:
        self._called("read", lambda: self._inode(path))
        return self._inode(path).data

    def names(self, folder: Path) -> frozenset[str]:
        self._called("names", lambda: None)
        return frozenset(self.names_now)

    def make_folder(self, folder: Path) -> None:
        self._called("make_folder", lambda: None)

    def link(self, source: Path, target: Path) -> None:
        self._called("link", lambda: self._change({target.name: self._inode(source)}))

    def replace(self, source: Path, target: Path) -> None:
        def act() -> None:
            inode = self._inode(source)
            if self.names_now.get(target.name) is not inode:  # POSIX: two names of one file stay
                self._change({target.name: inode, source.name: None})

        self._called("replace", act)

    def unlink(self, path: Path) -> None:
        def act() -> None:
            if path.name in self.names_now:
                self._change({path.name: None})

        self._called("unlink", act)

    def fsync_dir(self, folder: Path) -> None:
        def act() -> None:
            self.durable = dict(self.names_now)
            self.pending.clear()

        self._called("fsync_dir", act)

    # -- after the power was cut ---------------------------------------------------------------

    def now(self) -> dict[str, bytes]:
        """As a process that is killed leaves it."""
        return {name: inode.data for name, inode in self.names_now.items()}

    def outcomes(self) -> Iterator[dict[str, bytes]]:
        """Every different folder that may be found when the power comes back."""
        seen = set()
        for kept in _choices(self.pending):
            entries: dict[str, Inode] = dict(self.durable)
            for changes in kept:
                for name, inode in changes.items():
                    if inode is None:
                        entries.pop(name, None)
                    else:
                        entries[name] = inode
            inodes = list({id(inode): inode for inode in entries.values()}.values())
            for contents in itertools.product(*(inode.outcomes() for inode in inodes)):
                by_id = {id(inode): raw for inode, raw in zip(inodes, contents, strict=True)}
                found = {name: by_id[id(inode)] for name, inode in entries.items()}
                key = tuple(sorted(found.items()))
                if key not in seen:
                    seen.add(key)
                    yield found


def _alike(one: bytes, other: bytes) -> int:
    """How many of the first bytes are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _choices(pending: list[dict[str, Inode | None]]) -> Iterator[list[dict[str, Inode | None]]]:
    """Any of them; of very many the first ones, or all but one."""
    if len(pending) <= 7:
        for mask in range(2 ** len(pending)):
            yield [change for bit, change in enumerate(pending) if mask >> bit & 1]
        return
    for count in range(len(pending) + 1):
        yield pending[:count]
        yield pending[:count] + pending[count + 1 :]
