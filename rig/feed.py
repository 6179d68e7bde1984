"""The camera's only owner. Preview, single photos and the recording share its pictures."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from rig.errors import CameraFailed
from rig.jpeg import NotJpeg, check

logger = logging.getLogger(__name__)

Open = Callable[[Callable[[], bool]], Generator[bytes, None, None]]
"""Given "is it cancelled?", yields JPEGs; raises CameraFailed."""
FIRST_RETRY_S, LAST_RETRY_S = 1.0, 30.0
_SETTLED = 20


@dataclass(frozen=True, slots=True)
class Picture:
    jpeg: bytes
    at: float  # epoch s
    mono: float  # when the rig had it
    seq: int
    size: tuple[int, int]


class Feed:
    """Thread-safe. One thread reads for the life of the program and comes back by itself."""

    def __init__(
        self,
        open_camera: Open,
        *,
        first_retry_s: float = FIRST_RETRY_S,
        monotonic: Callable[[], float] = time.monotonic,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        self._open = open_camera
        self._first_retry = first_retry_s
        self._mono, self._epoch = monotonic, epoch
        self._changed = threading.Condition()
        self._latest: Picture | None = None
        self._seq = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rig:camera", daemon=True)
        self.problem = ""
        self.broken = 0  # pictures thrown away
        self.on_picture: Callable[[], None] = lambda: None

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(timeout)

    def latest(self, max_age_s: float) -> Picture | None:
        """None when the newest picture is older: it is not what the camera sees now."""
        picture = self._latest
        fresh = picture is not None and self._mono() - picture.mono <= max_age_s
        return picture if fresh else None

    def after(self, mono: float, timeout: float) -> Picture | None:
        """A picture the rig got at or after ``mono``: the head is where it was then, or later."""

        def there() -> bool:
            return self._stopping.is_set() or (
                self._latest is not None and self._latest.mono >= mono
            )

        with self._changed:
            found = self._changed.wait_for(there, timeout)
        return self._latest if found and not self._stopping.is_set() else None

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            seen, why = self._seq, ""
            try:
                self._read()
            except CameraFailed as error:
                why = str(error)
            except Exception:
                # The barrier of this thread: a camera that trips us up must not end the rig.
                logger.exception("The camera's reader failed")
                why = "the reader failed; the log says why"
            failures = 1 if self._seq - seen >= _SETTLED else failures + 1
            self._wait(failures, why or "the camera ended")

    def _wait(self, failures: int, why: str) -> None:
        if self._stopping.is_set():
            return
        if why != self.problem:
            logger.warning("Camera: %s", why)
        self.problem = why
        self._stopping.wait(min(LAST_RETRY_S, self._first_retry * 2 ** min(failures - 1, 8)))

    def _read(self) -> None:
        source = self._open(self._stopping.is_set)
        try:
            for jpeg in source:
                self._take(jpeg)
                if self._stopping.is_set():
                    return
        finally:
            source.close()

    def _take(self, jpeg: bytes) -> None:
        """Only whole pictures become frames: an empty one would end a video early."""
        try:
            size = check(jpeg)
        except NotJpeg as error:
            self.broken += 1
            logger.debug("A broken picture was left out: %s", error)
            return
        with self._changed:
            self._seq += 1
            self._latest = Picture(jpeg, self._epoch(), self._mono(), self._seq, size)
            self._changed.notify_all()
        if self.problem:
            logger.info("Camera shows pictures again")
            self.problem = ""
        self.on_picture()
