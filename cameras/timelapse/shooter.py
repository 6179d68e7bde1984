"""Takes the frames of one recording, in a thread of its own: a dead camera costs only itself."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from cameras.frames import CameraStatus, Frame
from cameras.timelapse import picture
from cameras.timelapse.manifest import Manifest, State
from cameras.timelapse.picture import BadPicture
from cameras.timelapse.selection import MIN_FRAMES
from cameras.timelapse.store import GONE, TimelapseStore
from core.camera_config import TimelapseConfig
from core.clock import Clock
from core.errors import FarmError, NotFound, StorageError

logger = logging.getLogger(__name__)

PATIENCE_S = 15.0
"""For a frame newer than the moment it was wanted at; then it is a gap."""
LAST_PATIENCE_S = 3.0
"""The same once the print is over: the head leaves."""
_SLICE_S = 0.5
_AGAIN_S = 5.0  # after a refused write of the end
_MB = 1_000_000


class Lease(Protocol):
    def close(self) -> None: ...


class Pictures(Protocol):
    """What is asked of the camera hub."""

    def hold(self, camera_id: str) -> Lease: ...
    def wait_frame(self, camera_id: str, after_seq: int, timeout: float) -> Frame | None: ...
    def status(self, camera_id: str) -> CameraStatus: ...


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame is wanted that was taken no earlier than ``due`` (monotonic s)."""

    due: float
    changes: Mapping[str, Any] = field(default_factory=dict)  # of the manifest, with the frame


@dataclass(frozen=True, slots=True)
class End:
    result: str
    at: float  # epoch s
    changes: Mapping[str, Any] = field(default_factory=dict)


class Shooter:
    """``request``, ``rest``, ``end`` and ``leave`` never wait. The thread is the only writer of
    its manifest while it lives."""

    def __init__(
        self, timelapse: Manifest, store: TimelapseStore, cameras: Pictures,
        config: TimelapseConfig, clock: Clock, *, keep_warm: bool, on_end: Callable[[], None],
    ) -> None:  # fmt: skip
        """``keep_warm``: the camera stays on between shots. ``on_end``: the end is on the disk."""
        self._id = timelapse.id
        self._camera = timelapse.camera_id
        self._printer = timelapse.printer_id
        self._store, self._cameras, self._config = store, cameras, config
        self._clock = clock
        self._keep_warm = keep_warm
        self._on_end = on_end
        self._changed = threading.Condition()
        self._shot: Shot | None = None
        self._end: End | None = None
        self._resting = False
        self._left = threading.Event()
        self._outrun = 0  # shots that a newer one took the place of
        self._troubled = False
        self._lease: Lease | None = None
        self._thread = threading.Thread(
            target=self._run, name=f"timelapse:{self._printer}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def request(self, shot: Shot) -> None:
        """A newer request takes the place of one that has not begun."""
        with self._changed:
            self._outrun += self._shot is not None
            self._shot = shot
            self._changed.notify_all()

    def rest(self, resting: bool) -> None:
        """The print is paused: the camera need not stay on."""
        with self._changed:
            self._resting = resting
            self._changed.notify_all()

    def end(self, end: End) -> None:
        """The print is over: take what is due, write the end, and be gone."""
        with self._changed:
            self._end = end
            self._changed.notify_all()

    def leave(self) -> None:
        """The server stops; the recording goes on when it is back."""
        with self._changed:
            self._left.set()
            self._changed.notify_all()

    @property
    def lives(self) -> bool:
        return self._thread.is_alive()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    # -- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._left.is_set() and not self._step():
                continue
        finally:
            self._warm(False)

    def _step(self) -> bool:
        """One shot, or the end; True when there is nothing more to do."""
        try:
            shot = self._next()
            if shot is None:
                return self._end is not None and self._finish(self._end)
            self._take_safely(shot)
        except NotFound as error:
            logger.warning("%s: %s", self._printer, error.message)
            return True
        except Exception:
            # The barrier of this thread: what comes later may still be kept.
            logger.exception("%s: the timelapse's recording failed and goes on", self._printer)
            self._left.wait(_AGAIN_S)
        return False

    def _next(self) -> Shot | None:
        """The next shot; None when the recording is over or the thread is to leave."""
        while True:
            wanted = self._wants_warmth()
            self._warm(wanted)
            with self._changed:
                if self._left.is_set():
                    return None
                if self._shot is not None:
                    shot, self._shot = self._shot, None
                    return shot
                if self._end is not None:
                    return None
                if wanted == self._wants_warmth():
                    self._changed.wait()

    def _wants_warmth(self) -> bool:
        return self._keep_warm and not self._resting and self._end is None

    def _warm(self, wanted: bool) -> None:
        """Hold the camera, or let it go."""
        if wanted == (self._lease is not None):
            return
        if self._lease is not None:
            self._lease.close()
            self._lease = None
            return
        with contextlib.suppress(FarmError):  # the shot will say what is wrong
            self._lease = self._cameras.hold(self._camera)

    def _take_safely(self, shot: Shot) -> None:
        try:
            self._take(shot)
        except FarmError as error:
            if error.error_code == GONE:
                raise
            self._gap(error.message)
        except Exception:
            logger.exception("%s: a frame of its timelapse failed", self._printer)
            self._gap("A frame could not be kept; see the server's log.")

    def _take(self, shot: Shot) -> None:
        self._wait_until(shot.due)
        if full := self._no_room():
            self._gap(full)
            return
        after, bad = 0, ""
        while (frame := self._newer(shot.due, after)) is not None:
            after = frame.seq
            try:
                form = picture.check(frame.jpeg)
            except BadPicture as error:
                bad = f"The camera's picture {error}"
                continue
            self._keep(frame.jpeg, form.size, shot)
            return
        if not self._left.is_set():
            self._gap(bad or self._why_no_picture())

    def _keep(self, jpeg: bytes, size: tuple[int, int], shot: Shot) -> None:
        changes = dict(shot.changes, reason="")
        if not self._store.get(self._id).width:
            changes.update(width=size[0], height=size[1])
        self._store.add_frame(self._id, jpeg, **changes)
        self._outrun = 0  # the camera is alive, it was only slower than the layers
        if self._troubled:
            logger.info("%s: its timelapse is recorded again", self._printer)
            self._troubled = False

    def _wait_until(self, due: float) -> None:
        while (left := due - self._clock.monotonic()) > 0 and not self._left.is_set():
            self._left.wait(min(left, _SLICE_S))

    def _newer(self, due: float, after: int) -> Frame | None:
        """A frame taken at ``due`` or later, and behind ``after``; None when patience ends."""
        while not self._left.is_set():
            patience = PATIENCE_S if self._end is None else LAST_PATIENCE_S
            left = due + patience - self._clock.monotonic()
            if left <= 0:
                return None
            began = time.monotonic()
            frame = self._cameras.wait_frame(self._camera, after, min(left, _SLICE_S))
            if frame is not None and frame.taken_mono >= due:
                return frame
            if frame is not None:
                after = frame.seq
            elif time.monotonic() - began < _SLICE_S / 2:
                self._left.wait(_SLICE_S)  # it has nothing to wait for and says so at once
        return None

    # -- what goes wrong -------------------------------------------------------------------------

    def _no_room(self) -> str:
        try:
            free = self._store.free_bytes() // _MB
        except OSError as error:
            return f"The disk cannot be asked for its room: {error.strerror}."
        if free >= self._config.reserve_mb:
            return ""
        return (
            f"The farm's disk has {free} MB left and keeps {self._config.reserve_mb} MB in "
            "reserve: no frames are recorded until there is room."
        )

    def _why_no_picture(self) -> str:
        try:
            text = self._cameras.status(self._camera).text
        except FarmError as error:
            text = error.message.rstrip(".")
        return f"The camera gave no picture: {text or 'nothing new came in time'}."

    def _gap(self, reason: str) -> None:
        if not self._troubled:
            logger.warning("%s: a frame of its timelapse is missing: %s", self._printer, reason)
            self._troubled = True
        gaps = self._store.get(self._id).gaps + 1 + self._outrun
        self._outrun = 0
        with contextlib.suppress(StorageError):  # the disk is the trouble; nothing is lost by it
            self._store.change(self._id, gaps=gaps, reason=reason)

    # -- the end ---------------------------------------------------------------------------------

    def _finish(self, end: End) -> bool:
        """False: the disk refused, and it is to be tried again."""
        timelapse = self._store.get(self._id)
        wanted = end.result != "cancelled" or self._config.render_cancelled
        enough = timelapse.frames >= MIN_FRAMES
        state = State.WAITING if wanted and enough else State.FRAMES_ONLY
        try:
            self._store.change(
                self._id, **{**end.changes, "state": state, "ended_at": end.at,
                             "result": end.result},
            )  # fmt: skip
            if not timelapse.frames and not timelapse.gaps:
                self._store.delete(self._id)  # nothing was due: there is nothing to tell
        except StorageError as error:
            logger.warning("%s: the end of its timelapse: %s", self._printer, error.message)
            self._left.wait(_AGAIN_S)
            return False
        self._on_end()
        return True
