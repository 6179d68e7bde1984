"""The thread beside a running ffmpeg: carries its bytes, and ends it when it must end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from cameras.frames import CameraFailed, Cancelled
from cameras.sources.patience import POLL_S
from cameras.sources.video.child import Child

logger = logging.getLogger(__name__)
_LAST_WORDS_S = 2.0

Work = Callable[[Callable[[], bool]], None]
"""Runs until told to leave, or until there is nothing left to do."""


class Minder:
    """Kills the child when nobody looks any more, or when no picture came for too long."""

    def __init__(
        self, child: Child, work: Work | None, cancelled: Cancelled, first_s: float, stall_s: float
    ) -> None:
        """``first_s``: how long the first picture may take, ``stall_s``: each after it."""
        self._child = child
        self._work = work or self._only_watch
        self._cancelled = cancelled
        self._stall_s = stall_s
        self._patience_s = first_s
        self._deadline = time.monotonic() + first_s
        self._over = threading.Event()
        self.stalled = False
        self.left = False
        name = f"{threading.current_thread().name}:minder"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def seen(self) -> None:
        """A picture has come."""
        self._patience_s = self._stall_s
        self._deadline = time.monotonic() + self._stall_s

    def join(self) -> None:
        """After the child has ended or is to be ended."""
        self._over.set()
        self._child.kill()
        self._thread.join()

    def explain(self) -> CameraFailed | None:
        """Why it was ended, if it was this that did it."""
        if not self.stalled:
            return None
        return CameraFailed(f"No frame for {self._patience_s:.0f} s", code="stalled")

    def _run(self) -> None:
        try:
            self._work(self._leave)
        except Exception:
            # The barrier of this thread: its fault must end this ffmpeg, or nobody ever would.
            logger.exception("%s failed", self._thread.name)
        if not self._must_end():  # a stream that ended: hear what it has to say
            self._child.wait(_LAST_WORDS_S)
        self._child.kill()

    def _only_watch(self, leave: Callable[[], bool]) -> None:
        while not leave():
            self._over.wait(POLL_S)

    def _leave(self) -> bool:
        if self._cancelled():
            self.left = True
        elif time.monotonic() > self._deadline:
            self.stalled = True
        return self._must_end()

    def _must_end(self) -> bool:
        return self.left or self.stalled or self._over.is_set()
