"""One camera's owner: a thread that reads while somebody looks, and the latest picture."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

from cameras.frames import AgedPicture, CameraFailed, Cancelled, Frame
from cameras.slot import FrameSlot
from core.camera_config import CamerasConfig
from core.clock import Clock

logger = logging.getLogger(__name__)

MOST_FPS = 120
_BURST_S = 2.0
"""So much of it may come at once, after a network's pause."""

Open = Callable[[Cancelled], Iterator[bytes]]
"""Given "is it cancelled?", yields pictures; raises CameraFailed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    idle_s: float = 20.0  # without a reader: hang up
    stale_s: float = 30.0  # an older picture is never shown as live
    first_retry_s: float = 2.0
    last_retry_s: float = 60.0
    settled_s: float = 20.0  # a connection that lived this long counts as good


def timing_of(config: CamerasConfig) -> Timing:
    return Timing(idle_s=config.idle_s, stale_s=config.stale_s)


class CameraWorker:
    """Thread-safe. Its thread lives only while pictures are wanted."""

    def __init__(self, camera_id: str, open_camera: Open, clock: Clock, timing: Timing) -> None:
        self.slot = FrameSlot(clock, timing.stale_s)
        self._camera_id = camera_id
        self._open = open_camera
        self._clock = clock
        self._timing = timing
        self._changed = self.slot.changed
        self._thread: threading.Thread | None = None
        self._reading = False
        self._stopped = False
        self._pauses = 0
        self._problem: CameraFailed | None = None
        self._last_error: tuple[str, float | None] = ("", None)
        self._failures = 0
        self._restarts = 0
        self._retry_at = 0.0
        self._good_since: float | None = None  # first picture of this connection
        self._outage_logged = False
        self._paced_to = 0.0

    # --- readers ---------------------------------------------------------------------------

    def want(self) -> None:
        """Somebody looks: keep reading for another idle_s."""
        with self._changed:
            self.slot.want()
            if self._thread is None and not self._stopped:
                thread = threading.Thread(
                    target=self._run, name=f"camera:{self._camera_id}", daemon=True
                )
                thread.start()  # where it is refused, the next reader tries again
                self._thread = thread

    def hold(self) -> None:
        """Keep reading without anybody looking, until release(). Holds nest."""
        self.slot.hold()
        self.want()

    def release(self) -> None:
        self.slot.release()

    def wait(self, after_seq: int, timeout: float) -> Frame | None:
        """A live picture newer than ``after_seq``, None after ``timeout`` seconds."""
        return self.slot.wait(after_seq, timeout, lambda: self._stopped)

    # --- control ---------------------------------------------------------------------------

    def pause(self, timeout: float) -> bool:
        """Hang up and stay away; True when the connection is closed. Pauses nest."""
        with self._changed:
            self._pauses += 1
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._reading, timeout)

    def resume(self) -> None:
        with self._changed:
            self._pauses = max(0, self._pauses - 1)
            self._changed.notify_all()

    def stop(self) -> None:
        """End for good; join() waits for it."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self, timeout: float) -> None:
        thread = self._thread
        if thread is not None:
            thread.join(timeout)

    # --- for status ------------------------------------------------------------------------

    @property
    def problem(self) -> CameraFailed | None:
        return self._problem

    @property
    def failures(self) -> int:
        """Attempts that failed in a row, 0 while pictures come."""
        return self._failures if self._problem is not None else 0

    @property
    def paused(self) -> bool:
        return self._pauses > 0

    @property
    def running(self) -> bool:
        return self._thread is not None

    @property
    def restarts(self) -> int:
        """How often the camera was opened again after a failure."""
        return self._restarts

    @property
    def last_error(self) -> tuple[str, float | None]:
        """The last failure's sentence and when (epoch s), kept when pictures come again."""
        return self._last_error

    def retry_in(self) -> float | None:
        """Seconds to the next attempt, None while reading."""
        left = self._retry_at - self._clock.monotonic()
        return round(left, 1) if self._problem is not None and left > 0 else None

    # --- the thread ------------------------------------------------------------------------

    def _unwanted(self) -> bool:
        return self._stopped or not self.slot.is_wanted(self._timing.idle_s)

    def _leave(self) -> bool:
        """Hang up now? Asked by the reader a few times a second, without the lock."""
        return self._pauses > 0 or self._unwanted()

    def _run(self) -> None:
        while self._may_read():
            self._good_since = None
            try:
                self._read()
            except CameraFailed as error:
                self._failed(error)
            except Exception:
                # The barrier of this thread: a fault of ours must not end the camera for good.
                logger.exception("%s: camera reader failed", self._camera_id)
                self._failed(
                    CameraFailed("Camera reader failed; see the server's log", code="internal")
                )
            finally:
                with self._changed:
                    self._reading = False
                    self._changed.notify_all()

    def _may_read(self) -> bool:
        """Wait out pauses and back-off. False: nobody looks any more, the thread is done."""
        with self._changed:
            while not self._unwanted():
                wait = self._retry_at - self._clock.monotonic()
                if self._pauses == 0 and wait <= 0:
                    self._reading = True
                    self._restarts += self._failures > 0
                    return True
                self._changed.wait(min(max(wait, 0.05), 0.5) if self._pauses == 0 else 0.5)
            self._thread = None
            self.slot.clear()
            return False

    def _read(self) -> None:
        pictures = self._open(self._leave)
        closing = (
            contextlib.closing(pictures)
            if isinstance(pictures, Generator)
            else contextlib.nullcontext(pictures)
        )
        with closing as stream:
            for picture in stream:
                self._publish(picture)
                self._slow_down()
                if self._leave():
                    return
        if not self._leave():
            raise CameraFailed("Camera connection was lost", code="lost")

    def _slow_down(self) -> None:
        """Beyond MOST_FPS the camera waits for us, as TCP lets it: one that pours out tiny pictures
        would take the whole server's time, and every viewer's."""
        now = time.monotonic()  # the machine's time: it is the machine's work that is bounded
        self._paced_to = max(self._paced_to, now - _BURST_S) + 1 / MOST_FPS
        if self._paced_to > now:
            with self._changed:
                self._changed.wait(self._paced_to - now)

    def _publish(self, picture: bytes) -> None:
        with self._changed:
            age_s = picture.age_s if isinstance(picture, AgedPicture) else 0.0
            frame = self.slot.put(picture, age_s)
            self._problem = None
            if self._good_since is None:
                self._good_since = frame.taken_mono + age_s
        if self._settled():
            self._failures = 0
            if self._outage_logged:
                logger.info("%s: camera shows pictures again", self._camera_id)
                self._outage_logged = False

    def _settled(self) -> bool:
        since = self._good_since
        return since is not None and self._clock.monotonic() - since >= self._timing.settled_s

    def _failed(self, error: CameraFailed) -> None:
        """Remember why, and stay away for longer each time: two viewers must not fight."""
        timing = self._timing
        with self._changed:
            self._failures = 1 if self._settled() else self._failures + 1
            wait = min(timing.last_retry_s, timing.first_retry_s * 2 ** min(self._failures - 1, 10))
            self._retry_at = self._clock.monotonic() + wait
            if error.error_code == "lost" and self._failures > 1:
                error = CameraFailed(
                    "Camera hangs up again and again; another app may be using it", code="busy"
                )
            self._problem = error
            self._last_error = (error.message, self._clock.time())
            self._changed.notify_all()
        if not self._outage_logged:
            logger.warning("%s: %s (%s)", self._camera_id, error.message, error.error_code)
            self._outage_logged = True
