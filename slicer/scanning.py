"""Reads where every print file's moves go, one child at a time, newest file first.

Runs as the thread "files:scan". Results stay in memory and beside the file (bounds/runner.py);
one that ended by this machine's limits stays in memory only and is tried again after a restart.
"""

from __future__ import annotations

import logging
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from core.clock import Clock
from core.errors import StorageError
from slicer import children
from slicer.bounds import runner
from slicer.bounds.runner import Bounds
from slicer.sidecars import StoredFile

logger = logging.getLogger(__name__)

THREAD = "files:scan"


class BoundsScanner:
    """Thread-safe. Without ``start`` whoever waits for a file reads it in the own thread."""

    def __init__(self, folder: Path, clock: Clock, done: Callable[[StoredFile], None]) -> None:
        """``done`` is called, without a lock held, when a file's bounds have come."""
        self._folder = folder
        self._clock = clock
        self._done = done
        self._state = threading.Condition()
        self._found: dict[str, Bounds] = {}
        self._waiting: dict[str, StoredFile] = {}
        self._urgent: dict[str, None] = {}  # waited for, in the order of asking
        self._one_child = threading.Lock()
        self._current = ""  # the file being read
        self._child: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False

    def take_over(self, files: Sequence[StoredFile]) -> None:
        """Files of an earlier run: what is known of them is read, the others wait."""
        ids = {stored.id for stored in files}
        for cache in self._folder.glob("*.bounds.json"):
            if cache.name.partition(".")[0] not in ids:
                cache.unlink(missing_ok=True)
        for stored in files:
            known = runner.load(runner.cache_path(self._folder, stored.id), stored.sha256)
            if known is None:
                self.add(stored)
            else:
                self._found[stored.id] = known

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the child too; whoever waits gets None."""
        with self._state:
            self._stopped = True
            self._end_child()
            self._state.notify_all()
        if self._thread is not None:
            self._thread.join()

    def add(self, stored: StoredFile) -> None:
        """Read this file when its turn comes. Models have no moves."""
        if stored.file.is_model:
            return
        with self._state:
            self._waiting[stored.id] = stored
            self._state.notify_all()

    def forget(self, file_id: str) -> None:
        """A deleted file: its reading ends, its result goes. Raises OSError."""
        with self._state:
            self._found.pop(file_id, None)
            self._waiting.pop(file_id, None)
            self._urgent.pop(file_id, None)
            if self._current == file_id:
                self._current = ""
                self._end_child()
            self._state.notify_all()
        runner.cache_path(self._folder, file_id).unlink(missing_ok=True)

    def get(self, file_id: str) -> Bounds | None:
        """None while they are not known."""
        with self._state:
            return self._found.get(file_id)

    def wait(self, stored: StoredFile, timeout_s: float) -> Bounds | None:
        """Before all others; None when it takes longer, or the file was deleted meanwhile."""
        with self._state:
            if stored.id in self._waiting:
                self._urgent.setdefault(stored.id)
            if self._thread is not None or self._stopped:
                deadline = self._clock.monotonic() + timeout_s
                while self._is_pending(stored.id):
                    left = deadline - self._clock.monotonic()
                    if left <= 0 or not self._state.wait(left):
                        break
                return self._found.get(stored.id)
        with self._one_child:
            self._read_waiting(stored.id)
        return self.get(stored.id)

    def _is_pending(self, file_id: str) -> bool:
        return not self._stopped and (file_id in self._waiting or file_id == self._current)

    # -- reading -------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._state:
                while not self._waiting and not self._stopped:
                    self._state.wait()
                if self._stopped:
                    return
                file_id = self._next()
            with self._one_child:
                self._read_waiting(file_id)

    def _next(self) -> str:
        for file_id in self._urgent:
            return file_id
        return max(self._waiting.values(), key=lambda stored: (stored.added_at, stored.id)).id

    def _read_waiting(self, file_id: str) -> None:
        """Read that file unless another thread has, or it was deleted."""
        with self._state:
            stored = self._waiting.pop(file_id, None)
            self._urgent.pop(file_id, None)
            if stored is None:
                return
            self._current = file_id
        found = self._read(stored)
        with self._state:
            is_wanted = self._current == file_id and not self._stopped
            self._current = ""
            if is_wanted:
                self._found[file_id] = found
            self._state.notify_all()
        if is_wanted:
            self._remember(stored, found)
            self._done(stored)

    def _read(self, stored: StoredFile) -> Bounds:
        try:
            return runner.scan_file(
                self._folder / f"{stored.id}{stored.suffix}", started=self._hold
            )
        except Exception:  # the thread must live, and no file may stay unread for ever
            logger.exception("bounds: %s could not be read", stored.name)
            return runner.failed("crashed")
        finally:
            with self._state:
                self._child = None

    def _hold(self, child: subprocess.Popen[bytes]) -> None:
        """From here on ``stop`` and ``forget`` can end the child."""
        with self._state:
            self._child = child
            if self._stopped or not self._current:
                self._end_child()

    def _end_child(self) -> None:
        if self._child is not None:
            children.end(self._child)

    def _remember(self, stored: StoredFile, found: Bounds) -> None:
        cache = runner.cache_path(self._folder, stored.id)
        try:
            runner.keep(cache, stored.sha256, found)
        except StorageError as error:
            logger.warning("bounds: of %s will be read again: %s", stored.name, error.message)
        if self.get(stored.id) is None:  # deleted while it was written
            cache.unlink(missing_ok=True)
