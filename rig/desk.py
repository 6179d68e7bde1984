"""The one thread that decides: clicks, layers and orders come in here, one after the other."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

from rig.clicks import ClickCounter
from rig.recorder import Recorder

logger = logging.getLogger(__name__)

Work = Callable[[], object]
_MOST = 1000


class Desk:
    def __init__(self, recorder: Recorder, gap_s: float, changed: Callable[[], None]) -> None:
        self._recorder = recorder
        self._changed = changed
        self._clicks = ClickCounter(gap_s, time.monotonic)
        self._work: queue.Queue[Work | None] = queue.Queue(_MOST)
        self._thread = threading.Thread(target=self._run, name="rig:desk", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        self._work.put(None)
        self._thread.join(timeout)

    def do(self, work: Work) -> None:
        """Run ``work`` here; from any thread, never waits."""
        try:
            self._work.put_nowait(work)
        except queue.Full:
            logger.error("The rig has more to do than it can; something was left out")

    def pressed(self, at: float) -> None:
        """The button went down at monotonic ``at``."""
        self.do(lambda: self._clicks.press(at))

    def _run(self) -> None:
        self._guarded(self._recorder.recover)
        while True:
            try:
                work = self._work.get(timeout=self._clicks.wait_s())
            except queue.Empty:
                work = self._dispatch
            if work is None:
                return
            self._guarded(work)

    def _dispatch(self) -> None:
        count, first = self._clicks.take()
        if count:
            self._recorder.clicks(count, first)

    def _guarded(self, work: Work) -> None:
        try:
            work()
        except Exception:
            logger.exception("The rig failed at something and goes on")  # this thread's barrier
        self._changed()
