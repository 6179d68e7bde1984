"""One printer's camera as the watch uses it: on while a picture is wanted, and never waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from alerts.defects.pictures import STALE_S, Picture, Sameness, prepare
from cameras.book import CameraInfo
from cameras.frames import CameraStatus, Frame
from cameras.prusa_connect.picture import UnusablePicture
from core.clock import Clock
from core.errors import FarmError

PATIENCE_S = 20.0
"""For the first picture of a camera that was off."""
WARM_S = 30.0
"""A camera whose next picture is due sooner stays on."""


class Held(Protocol):
    def close(self) -> None: ...


class Cameras(Protocol):
    """What is needed of the CameraHub."""

    def hold(self, camera_id: str) -> Held: ...

    def frame(self, camera_id: str) -> Frame | None: ...

    def status(self, camera_id: str) -> CameraStatus: ...


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look has given: a picture to judge, or why there is none (no full stop)."""

    picture: Picture | None = None
    taken_mono: float = 0.0
    taken_at: float = 0.0  # epoch s
    problem: str = ""
    same: bool = False  # nothing is wrong, but it is the picture of the last look
    blank: bool = False  # this printer has no camera


class Eye:
    """Used by one thread."""

    def __init__(
        self, cameras: Cameras, find: Callable[[], CameraInfo | None], clock: Clock
    ) -> None:
        """``find``: the main camera of this printer, None = it has none now."""
        self._cameras, self._find, self._clock = cameras, find, clock
        self._since: float | None = None
        self._lease: Held | None = None
        self._camera = ""
        self._seq = 0
        self._sameness = Sameness()

    def look(self) -> Sight | None:
        """None: ask again in a second. Never waits."""
        now = self._clock.monotonic()
        if self._since is None:
            self._since = now
        try:
            info = self._find()
            if info is None:
                return self._done(Sight(blank=True))
            frame = self._frame(info)
        except FarmError as error:
            return self._done(Sight(problem=error.message.rstrip(".")))
        if frame is not None:
            return self._done(self._judge(frame, info))
        if now - self._since < PATIENCE_S:
            return None
        why = self._cameras.status(info.id).text or "No newer picture came"
        return self._done(Sight(problem=why))

    def close(self) -> None:
        """Let go of the camera."""
        self._since = None
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.close()

    def _frame(self, info: CameraInfo) -> Frame | None:
        """A fresh one that was not looked at yet. Raises FarmError."""
        if self._lease is None or info.id != self._camera:
            before, self._lease = self._lease, self._cameras.hold(info.id)
            if before is not None:
                before.close()
        if info.id != self._camera:
            self._camera, self._seq, self._sameness = info.id, 0, Sameness()
        frame = self._cameras.frame(info.id)
        if frame is None or frame.seq <= self._seq or self._age(frame) > STALE_S:
            return None
        return frame

    def _age(self, frame: Frame) -> float:
        """Seconds, also by the clock that runs on while the computer sleeps."""
        awake = self._clock.monotonic() - frame.taken_mono
        return max(awake, self._clock.time() - frame.taken_at)

    def _judge(self, frame: Frame, info: CameraInfo) -> Sight:
        self._seq = frame.seq
        try:
            picture = prepare(frame.jpeg, info.turn)
        except UnusablePicture as error:
            return Sight(problem=str(error))
        if not self._sameness.is_new(picture):
            frozen = "The picture does not change any more" if self._sameness.frozen else ""
            return Sight(problem=frozen, same=True)
        return Sight(picture, frame.taken_mono, frame.taken_at)

    def _done(self, sight: Sight) -> Sight:
        self._since = None
        return sight
