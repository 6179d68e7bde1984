"""The newest picture of one camera, shared by everybody who looks at it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from cameras.frames import Frame
from core.clock import Clock

FPS_WINDOW_S = 10.0
_MOST_TIMES = 1024


class FrameSlot:
    """Thread-safe. Holds one picture: a slow reader skips, nobody queues."""

    def __init__(self, clock: Clock, stale_s: float) -> None:
        """``stale_s``: an older picture is never shown as live."""
        self.changed = threading.Condition()
        """Held while the slot changes; its owner may guard its own state with it too."""
        self.stale_s = stale_s
        self._clock = clock
        self._frame: Frame | None = None
        self._seq = 0
        self._times: deque[float] = deque(maxlen=_MOST_TIMES)
        self._waiting = 0
        self._holds = 0
        self._wanted = -1e9

    # --- the owner's side ------------------------------------------------------------------

    def put(self, jpeg: bytes, age_s: float = 0.0) -> Frame:
        """Publish a whole picture that was taken ``age_s`` seconds ago (>= 0)."""
        with self.changed:
            self._seq += 1
            now = self._clock.monotonic()
            frame = Frame(jpeg, self._clock.time() - age_s, now - age_s, self._seq)
            self._frame = frame
            self._times.append(now)
            self.changed.notify_all()
            return frame

    def clear(self) -> None:
        """Forget the picture: nobody keeps it fresh any more."""
        with self.changed:
            self._frame = None
            self._times.clear()
            self.changed.notify_all()

    # --- the readers' side -----------------------------------------------------------------

    def latest(self) -> Frame | None:
        """The picture, when it is fresh enough to be called live."""
        return self.no_older_than(self.stale_s)

    def no_older_than(self, seconds: float) -> Frame | None:
        frame = self._frame
        return frame if frame is not None and self.age(frame) <= seconds else None

    def wait(
        self, after_seq: int, timeout: float, ended: Callable[[], bool] = lambda: False
    ) -> Frame | None:
        """A live picture newer than ``after_seq``; None after ``timeout`` seconds or once ended."""

        def ready() -> bool:
            frame = self.latest()
            return (frame is not None and frame.seq > after_seq) or ended()

        with self.changed:
            self._waiting += 1
            try:
                found = self.changed.wait_for(ready, timeout)
            finally:
                self._waiting -= 1
                self.want()
            return self._frame if found and not ended() else None

    def want(self) -> None:
        """Somebody looks."""
        self._wanted = self._clock.monotonic()

    def hold(self) -> None:
        """Somebody needs pictures without looking, until release(). Holds nest."""
        with self.changed:
            self._holds += 1

    def release(self) -> None:
        with self.changed:
            self._holds = max(0, self._holds - 1)
            self.changed.notify_all()

    # --- for status ------------------------------------------------------------------------

    @property
    def frame(self) -> Frame | None:
        """The latest picture, however old."""
        return self._frame

    @property
    def count(self) -> int:
        """Pictures so far."""
        return self._seq

    def age(self, frame: Frame) -> float:
        """Seconds. By the clock that runs on while the computer sleeps, too: what was taken before
        must not look fresh after. A wall clock that is set forward costs one picture."""
        awake = self._clock.monotonic() - frame.taken_mono
        return max(awake, self._clock.time() - frame.taken_at)

    @property
    def holds(self) -> int:
        return self._holds

    def idle_for(self) -> float:
        """Seconds since somebody last asked; 0 while somebody waits."""
        return 0.0 if self._waiting else self._clock.monotonic() - self._wanted

    def is_wanted(self, idle_s: float) -> bool:
        """Whether somebody holds it, waits, or has asked within ``idle_s``."""
        return self._holds > 0 or self.idle_for() <= idle_s

    def fps(self) -> float:
        """Pictures a second over the last ten seconds, 0 when none came."""
        now = self._clock.monotonic()
        with self.changed:
            while self._times and now - self._times[0] > FPS_WINDOW_S:
                self._times.popleft()
            times = self._times
            if len(times) < 2:
                return 0.0
            return (len(times) - 1) / max(now - times[0], 1e-3)
