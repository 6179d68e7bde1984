"""The default store: a readable queue.json and, in front of it, a journal of what came since.

A transition is durable as one line of the journal. queue.json is written anew when the journal has
grown, every so often, and at a clean stop; the journal then begins anew. Recipe:
reliability-and-security 4.4; the reasons: docs/adr/0007-journal.md; what is read at the start and
what damage leads to: restore.py. The folder's OS lock is held by whoever starts the farm.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from core.clock import Clock
from core.files import refused
from core.fs import (
    DISK,
    FULL,
    PATIENCE,
    TEMPORARY,
    FileSystem,
    Patience,
    Reserve,
    opened,
    put,
    replace_durably,
    stage,
)
from job_queue.records import QueueState, Seen
from job_queue.store import journal, last_seen
from job_queue.store.base import JobStore
from job_queue.store.codec import Encoder
from job_queue.store.delta import delta_of
from job_queue.store.restore import BACKUP, JOURNAL, QUEUE, Restored, Restorer

logger = logging.getLogger(__name__)

JOURNAL_BYTES = 64 * 1024
"""queue.json is written anew when the journal has this size, or its own if that is more."""
REWRITE_S = 5.0
"""Not more often than this otherwise …"""
BYTES_PER_S = 4_000
"""… and with a large queue so rarely that it comes to this much: memory cards wear out."""
RETRY_S = 15.0
"""After a write that the disk refused."""
RESERVE_BYTES = 256 * 1024
"""Some hundred transitions: those of the prints that are under way when the disk gets full."""


class JsonJobStore(JobStore):
    """``folder``/queue.json and queue.journal, each with a .bak beside it."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        fs: FileSystem = DISK,
        patience: Patience = PATIENCE,
    ) -> None:
        """Raises StorageError: the disk refuses, or a file of a later version (left as it is)."""
        self._folder, self._queue, self._journal = folder, folder / QUEUE, folder / JOURNAL
        self._clock, self._fs, self._patience = clock, fs, patience
        self._encoder = Encoder()
        self._reserve = Reserve(fs, folder / "queue.reserve", RESERVE_BYTES)
        self._degraded = ""
        self._is_full = False  # of space, and nothing else was wrong
        self._tail = False  # the journal may end in a part of a refused line
        self._unsure = False  # what is on the disk is not known: begin with new files
        self._retry_at = 0.0
        try:
            found = self._open()
        except OSError as error:
            raise refused(self._queue, error) from error
        super().__init__(found.state)
        self.notes = found.notes
        self._tend_reserve()

    # -- what others see -----------------------------------------------------------------------

    @property
    def trouble(self) -> str:
        return self._state.trouble or self._degraded

    def acknowledge(self) -> None:
        super().acknowledge()
        with self._writer:
            self._mend()
            if not self._unsure and self._reserve.held:
                self._degraded = ""

    def tend(self) -> None:
        """Write queue.json when it is time; try again what the disk refused."""
        now = self._clock.monotonic()
        if now < self._retry_at or not (self._degraded or self._is_due(now)):
            return
        with self._writer:
            if self._degraded:
                self._mend()
            elif self._is_due(now):
                self._try_rewrite()

    def close(self) -> None:
        with self._writer:
            if self._unsure or self._state.rev != self._base:
                self._try_rewrite()

    def seen(self) -> Mapping[str, Seen]:
        return last_seen.read(self._fs, self._folder)

    def keep_seen(self, seen: Mapping[str, Seen]) -> bool:
        return last_seen.write(self._fs, self._folder, seen, self._patience)

    # -- one transition ------------------------------------------------------------------------

    def _persist(self, state: QueueState) -> None:
        seq = state.rev - self._base
        delta = delta_of(self._state, state, self._touched)
        try:
            if self._unsure:
                self._rewrite(self._state)
                seq = state.rev - self._base
            line = journal.entry(seq, state.rev, self._clock.time(), delta)
            self._append_or_make_room(line)
        except OSError as error:
            self._refuse(self._journal, error)
            raise refused(self._journal, error) from error
        self._size += len(line)
        if self._size >= max(JOURNAL_BYTES, self._queue_bytes):
            self._due = True
            if self._clock.monotonic() >= self._retry_at:
                self._try_rewrite(state)

    def _append_or_make_room(self, line: bytes) -> None:
        try:
            self._append(line)
        except OSError as error:
            if self._unsure or error.errno not in FULL or not self._reserve.release():
                raise
            self._refuse(self._journal, error)
            self._append(line)

    def _append(self, line: bytes) -> None:
        """What a refused write left behind is cut off. A refused fsync is never trusted again:
        neither this line nor the file counts from then on."""
        fs = self._fs
        with opened(fs, fs.append_to(self._journal)) as descriptor:
            if self._tail:
                fs.truncate(descriptor, self._size)
            self._tail = True
            fs.write(descriptor, line)
            self._unsure = True
            fs.fsync(descriptor)
            self._tail = self._unsure = False

    # -- queue.json ----------------------------------------------------------------------------

    def _is_due(self, now: float) -> bool:
        if self._state.rev == self._base:
            return False
        pause = max(REWRITE_S, self._queue_bytes / BYTES_PER_S)
        return self._due or now - self._rewritten_at >= pause

    def _try_rewrite(self, state: QueueState | None = None) -> bool:
        """The journal holds everything: a refusal is told, and nothing is lost."""
        try:
            self._rewrite(state or self._state)
        except OSError as error:
            self._refuse(self._queue, error)
            return False
        return True

    def _rewrite(
        self, state: QueueState, *, queue_sound: bool = True, journal_sound: bool = True
    ) -> None:
        """queue.json is ``state``, then the journal goes on from it. Raises OSError."""
        content = self._encoder.encode(state, self._clock.time())
        replace_durably(self._fs, self._queue, content, backup=queue_sound, patience=self._patience)
        self._queue_bytes, self._rewritten_at = len(content), self._clock.monotonic()
        if not journal_sound:
            self._fs.unlink(self._journal.with_name(JOURNAL + BACKUP))
        self._begin_journal(state.rev, backup=journal_sound)
        self._due = False

    def _begin_journal(self, base: int, *, backup: bool) -> None:
        line = journal.head(base)
        new = stage(self._fs, self._journal, line, backup=backup, patience=self._patience)
        self._unsure = True
        put(self._fs, new, self._journal, self._patience)
        self._unsure = self._tail = False
        self._base, self._size = base, len(line)

    # -- the start -----------------------------------------------------------------------------

    def _open(self) -> Restored:
        fs = self._fs
        fs.make_folder(self._folder)
        names = fs.names(self._folder)
        for name in names:
            if name.startswith(".queue.") and name.endswith(TEMPORARY):
                fs.unlink(self._folder / name)
        found = Restorer(fs, self._folder, self._clock).restore()
        self._base, self._size = found.journal_base, found.journal_bytes
        self._queue_bytes, self._rewritten_at = found.queue_bytes, self._clock.monotonic()
        self._due = False
        if not found.clean:
            if JOURNAL not in names:  # first: a queue.json without one means that it was lost
                self._begin_journal(found.state.rev, backup=False)
                found = replace(found, journal_sound=False)
            self._rewrite(
                found.state, queue_sound=found.queue_sound, journal_sound=found.journal_sound
            )
        return found

    # -- a disk that refuses -------------------------------------------------------------------

    def _refuse(self, path: Path, error: OSError) -> None:
        """No start until a person, or room on the disk, has ended this; prints go on."""
        self._retry_at = self._clock.monotonic() + RETRY_S
        full = error.errno in FULL
        self._is_full = full and (self._is_full or not self._degraded)
        what = error.strerror or str(error)
        end = "Free space on it" if self._is_full else "Check the disk, then acknowledge this"
        text = f"The farm's disk refuses to keep {path.name} ({what}). {end}; nothing starts."
        if text != self._degraded:
            logger.error("jobs: %s", text)
        self._degraded = text

    def _mend(self) -> None:
        if not self._degraded:
            return
        if (not self._unsure and not self._due) or self._try_rewrite():
            self._tend_reserve()
            if self._is_full and self._reserve.held:
                self._degraded = ""
                logger.info("jobs: the disk has room again")

    def _tend_reserve(self) -> None:
        try:
            if not self._reserve.take():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            self._refuse(self._folder / "queue.reserve", error)
