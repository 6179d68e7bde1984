"""The picture of every print's end: taken when it ends, kept beside the history.

A photo is never an old picture: it must have been taken after the end, or there is none.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cameras.frames import Frame
from cameras.hub import CameraHub
from cameras.shrinking import scaled
from core.clock import Clock
from core.errors import FarmError, StorageError
from core.files import require_space, write_durably

logger = logging.getLogger(__name__)

WAIT_S = 20.0
"""For a picture taken after the end; a video camera that was off needs a few seconds."""
LATE_S = 60.0
"""An end that was noticed later than this shows another scene by now: no photo."""
WAITING = 64
KEPT = 2000
"""Photos, the newest; some 60 kB each."""
WIDTH = 960
MOST_BYTES = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9._-]{1,80}")


def photo_name(job_id: str, attempt: int) -> str:
    """Under which the photo of an attempt is kept."""
    return f"{job_id}-{attempt}"


@dataclass(frozen=True, slots=True)
class _Wish:
    printer_id: str
    name: str
    ended_at: float  # epoch s


class FinalPhotos:
    """Thread-safe; ``start`` before use. One photo after the other: an end waits for nobody."""

    def __init__(
        self,
        folder: Path,
        hub: CameraHub,
        main_camera: Callable[[str], str | None],
        clock: Clock,
    ) -> None:
        """``main_camera``: CameraBook.main_of."""
        self._folder = folder
        self._hub = hub
        self._main_camera = main_camera
        self._clock = clock
        self._wishes: queue.Queue[_Wish | None] = queue.Queue(WAITING)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history:photos", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        self._stopping.set()
        try:
            self._wishes.put_nowait(None)
        except queue.Full:
            logger.debug("the photographer is busy and will see that it is over")
        if self._thread.is_alive():
            self._thread.join(timeout)

    def ended(self, printer_id: str, name: str, ended_at: float) -> None:
        """A print ended there at ``ended_at``; its photo is to be kept as ``name``. Returns at
        once; too many ends at a time lose their photos, not their records."""
        if self._clock.time() - ended_at > LATE_S or not _NAME.fullmatch(name):
            return
        try:
            self._wishes.put_nowait(_Wish(printer_id, name, ended_at))
        except queue.Full:
            logger.warning("%s: no time for a photo of %s", printer_id, name)

    def path(self, name: str) -> Path | None:
        """The photo, None when there is none."""
        if not _NAME.fullmatch(name):
            return None
        path = self._folder / f"{name}.jpg"
        return path if path.is_file() else None

    def _run(self) -> None:
        while not self._stopping.is_set():
            wish = self._wishes.get()
            if wish is None:
                return
            try:
                self._take(wish)
            except FarmError as error:
                logger.info("%s: no photo of its print's end: %s", wish.printer_id, error.message)
            except Exception:
                # The barrier of this thread: one photo less, the next end gets its own.
                logger.exception("%s: the photo of its print's end failed", wish.printer_id)

    def _take(self, wish: _Wish) -> None:
        """Raises StorageError, NotFound."""
        frame = self._frame_after(wish)
        if frame is None:
            return
        content = scaled(frame.jpeg, WIDTH)
        if len(content) > MOST_BYTES:  # no decoder could make it smaller
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"The folder {self._folder} cannot be made: {error}.") from error
        require_space(self._folder, len(content))
        write_durably(self._folder / f"{wish.name}.jpg", content)
        self._forget_oldest()

    def _frame_after(self, wish: _Wish) -> Frame | None:
        """None: the camera is off, gone, or too slow."""
        camera_id = self._main_camera(wish.printer_id)
        if camera_id is None:
            return None
        deadline = self._clock.monotonic() + WAIT_S
        seq = 0
        while not self._stopping.is_set():
            left = deadline - self._clock.monotonic()
            frame = self._hub.wait_frame(camera_id, seq, left) if left > 0 else None
            if frame is None or frame.taken_at >= wish.ended_at:
                return frame
            seq = frame.seq
        return None

    def _forget_oldest(self) -> None:
        photos = sorted(self._folder.glob("*.jpg"), key=lambda path: path.stat().st_mtime)
        for path in photos[:-KEPT]:
            path.unlink(missing_ok=True)
