"""One video at a time, in a thread of its own: no click and no message waits for ffmpeg."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rig.errors import BuildFailed
from rig.session import BUILDING, DONE, FAILED, Session, is_id
from rig.settings import Settings
from rig.video import build, checksum_of

logger = logging.getLogger(__name__)
_DAY_S = 86_400
_STEP_S = 60.0


@dataclass(frozen=True, slots=True)
class Built:
    """What became of a session; ``error`` is "" when the video is there."""

    session: str
    name: str = ""
    size: int = 0  # bytes
    sha256: str = ""
    frames: int = 0  # of the video
    error: str = ""


class Builder:
    def __init__(
        self,
        settings: Settings,
        announce: Callable[[Built], None],
        changed: Callable[[], None] = lambda: None,
        epoch: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``announce`` must be durable: the frames go after it. It may come twice for one video
        when the plug is pulled in between. ``changed``: a build has ended, however."""
        self._settings, self._announce, self._changed = settings, announce, changed
        self._epoch, self._mono = epoch, monotonic
        self._began = epoch()
        self._offset = self._began - monotonic()
        self._queue: queue.Queue[Session | None] = queue.Queue()
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rig:build", daemon=True)
        self.waiting = 0
        self.progress: float | None = None  # 0–1 of the one under way

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """A build under way is given up and done again after the next start."""
        self._cancelled.set()
        self._queue.put(None)
        self._thread.join(timeout)

    def add(self, session: Session) -> None:
        """Take over a session. Raises OSError when the disk refuses."""
        session.change(state=BUILDING)
        self.waiting += 1
        self._queue.put(session)

    def _run(self) -> None:
        while (session := self._queue.get()) is not None and not self._cancelled.is_set():
            try:
                self._one(session)
            except Exception:
                # The barrier of this thread; the frames are still there.
                logger.exception("%s: the video failed", session.id)
                self._announce(Built(session.id, error="an error of the rig; see its log"))
            self.waiting -= 1
            self.progress = None
            self._changed()

    def _one(self, session: Session) -> None:
        try:
            self._build(session)
            self.sweep()
        except (BuildFailed, OSError) as error:
            if self._cancelled.is_set():
                return  # the rig stops; it is done after the next start
            logger.warning("%s: no video: %s. Its frames are kept.", session.id, error)
            session.change(state=FAILED, error=str(error)[:500])
            self._announce(Built(session.id, error=str(error)[:500]))

    def _build(self, session: Session) -> None:
        target = self._settings.timelapses / f"{session.id}.mp4"
        frames = 0
        if not checksum_of(target).exists():  # else: it died between the video and its frames

            def progress(share: float) -> None:
                self.progress = share

            frames = build(
                session.good_frames(), target, self._settings.video, progress, self._cancelled
            )
        digest = checksum_of(target).read_text().split()[0]
        self._announce(Built(session.id, target.name, target.stat().st_size, digest, frames))
        session.change(state=DONE, video=target.name)
        session.remove()

    def sweep(self) -> None:
        """Forget our videos older than keep_days, the checksum first: half a pair is not offered.
        Others in that folder are somebody's."""
        if not self._settings.keep_days:
            return
        self._mend_times()
        edge = self._epoch() - self._settings.keep_days * _DAY_S
        for video in self._videos():
            if video.stat().st_mtime < edge:
                checksum_of(video).unlink(missing_ok=True)
                video.unlink()
                logger.info("%s was older than %s days", video.name, self._settings.keep_days)

    def _videos(self) -> list[Path]:
        return [path for path in self._settings.timelapses.glob("*.mp4") if is_id(path.stem)]

    def _mend_times(self) -> None:
        """A Pi has no clock of its own: it starts with yesterday's time, or last year's, until the
        network tells it. What was made meanwhile is as young as it is, or it would go at once."""
        step = self._epoch() - self._mono() - self._offset
        if abs(step) < _STEP_S:
            return
        before = self._epoch() - step
        for video in self._videos():
            if self._began <= (made := video.stat().st_mtime) <= before:
                os.utime(video, (made + step, made + step))
        self._began += step
        self._offset += step
