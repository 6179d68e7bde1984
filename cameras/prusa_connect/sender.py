"""One camera's way to Prusa Connect: when the next picture is due, and what became of the last."""

from __future__ import annotations

import hashlib
import logging
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cameras.book import CameraInfo
from cameras.frames import CameraFailed, Frame
from cameras.prusa_connect.answers import FLOOR_S, JITTER, SLOW_S, Verdict, judge
from cameras.prusa_connect.keys import fingerprint_problem, token_problem
from cameras.prusa_connect.picture import NARROWEST, WIDEST, Picture, UnusablePicture, fit
from cameras.prusa_connect.subject import Cameras, Find, Held, Printing
from core.clock import Clock
from core.errors import FarmError
from core.secret import Secret

if TYPE_CHECKING:
    from cameras.prusa_connect.client import ConnectClient

logger = logging.getLogger(__name__)

FRESH_S = 10.0
"""An older picture is not sent: it would be shown as how the printer looks now."""
_SLICE_S, _SLICES = 1.0, 15
"""How long a camera that was off may take to show something, and how soon an end is noticed."""
IDLE_LOOK_S = 5.0
INFO_RETRY_S = 600.0
_SHRINK = 0.66
_DICE = random.SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadStatus:
    """For the panel; nothing secret."""

    camera: str  # as the settings name it
    state: str
    """off, misconfigured, waiting, ok, unchanged, stale, or of answers.py: invalid, rejected,
    unknown_camera, conflict, too_large, slow_down, unreachable, redirected, server_error,
    unexpected."""
    text: str = ""  # no full stop; "" while all is well
    name: str = ""
    last_ok: float | None = None  # epoch s
    last_code: int | None = None  # of the last answer
    next_s: float | None = None  # seconds until it tries again
    sent: int = 0  # pictures that were taken
    failures: int = 0  # in a row


GOOD = frozenset({"off", "waiting", "ok", "unchanged"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Who the camera is to Prusa Connect."""

    camera: str
    token: Secret
    fingerprint: Callable[[], str]
    """Raises StorageError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    interval_s: float = FLOOR_S  # never less than FLOOR_S
    idle_s: float = 20.0  # a camera whose next picture is due sooner stays on until then
    only_printing: bool = False


class Sender:
    """``turn()`` belongs to one thread; ``status()`` to all."""

    def __init__(
        self,
        keys: Keys,
        pace: Pace,
        client: ConnectClient,
        cameras: Cameras,
        find: Find,
        printing: Printing,
        clock: Clock,
        *,
        stop: threading.Event | None = None,
        first_in_s: float = 0.0,
        chance: Callable[[], float] = _DICE.random,
    ) -> None:
        """``chance``: 0 to 1, spreads the waits after failures."""
        self._keys = keys
        self._pace = pace
        self._client = client
        self._cameras = cameras
        self._find = find
        self._printing = printing
        self._clock = clock
        self._stop = stop or threading.Event()
        self._chance = chance
        self._status = UploadStatus(camera=keys.camera, state="waiting", text="Not sent yet")
        self._due = clock.monotonic() + first_in_s
        self._lease: Held | None = None
        self._watched = ""  # the camera whose pictures _seq counts
        self._seq = 0
        self._digest = b""
        self._widest = WIDEST
        self._told: tuple[str, int, int] | None = None
        self._tell_at = 0.0

    def status(self) -> UploadStatus:
        return replace(self._status, next_s=max(0.0, round(self._due - self._clock.monotonic(), 1)))

    def close(self) -> None:
        """Let go of the camera."""
        if self._lease is not None:
            self._lease.close()
            self._lease = None

    def turn(self) -> float:
        """Do what is due now; seconds until there is something to do again."""
        if self._due <= self._clock.monotonic():
            self._look()
            if self._due - self._clock.monotonic() >= self._pace.idle_s:
                self.close()
        return max(0.0, self._due - self._clock.monotonic())

    def broke(self) -> None:
        """A fault of ours ended the turn: say so, and try again later."""
        self.close()
        self._put_off("internal", "The upload failed in the farm; see the server's log", SLOW_S)

    # --- one turn --------------------------------------------------------------------------

    def _look(self) -> None:
        try:
            subject = self._find(self._keys.camera)
            fingerprint = self._keys.fingerprint()
        except CameraFailed as error:
            self._put_off("stale", f"No fresh picture: {error.message}", self._pace.interval_s)
            return
        except FarmError as error:
            self._put_off("misconfigured", error.message.rstrip("."), SLOW_S)
            return
        self._status = replace(self._status, name=subject.name)
        problem = (
            subject.problem
            or self._client.problem
            or token_problem(self._keys.token)
            or fingerprint_problem(fingerprint)
        )
        if problem:
            self._put_off("misconfigured", problem.rstrip("."), SLOW_S)
        elif self._pace.only_printing and not self._printing(subject.printer_id):
            self.close()
            self._put_off("waiting", "Waits for the next print", IDLE_LOOK_S)
        else:
            self._show(subject, fingerprint)

    def _show(self, subject: CameraInfo, fingerprint: str) -> None:
        self._watch(subject.id)
        frame = self._next_frame(subject.id)
        if self._stop.is_set():
            return
        if frame is None:
            why = self._cameras.status(subject.id).text or "no newer one came"
            self._put_off("stale", f"No fresh picture: {why}", self._pace.interval_s)
            return
        self._seq = frame.seq
        digest = hashlib.sha256(frame.jpeg).digest()
        if digest == self._digest:
            self._put_off("unchanged", "The picture has not changed", self._pace.interval_s)
            return
        try:
            picture = fit(frame.jpeg, subject.turn, self._widest)
        except UnusablePicture as error:
            self._put_off("stale", f"No fresh picture: {error}", self._pace.interval_s)
            return
        if self._send(picture, fingerprint):
            self._digest = digest
            self._introduce(subject.name, picture, fingerprint)

    def _watch(self, camera_id: str) -> None:
        """Keep the camera on. Asked for anew each time, for a printer may only now have one."""
        before = self._lease
        self._lease = self._cameras.hold(camera_id)
        if before is not None:
            before.close()
        if camera_id != self._watched:
            self._watched, self._seq, self._digest = camera_id, 0, b""

    def _next_frame(self, camera_id: str) -> Frame | None:
        """A picture newer than the last one tried, and fresh; None when none comes."""
        after = self._seq
        for _ in range(_SLICES):
            if self._stop.is_set():
                break
            began = self._clock.monotonic()
            frame = self._cameras.wait_frame(camera_id, after, _SLICE_S)
            now = self._clock.monotonic()
            if frame is not None:
                if now - frame.taken_mono <= FRESH_S:
                    return frame
                after = frame.seq
            elif self._cameras.status(camera_id).mode == "none":
                break
            elif now - began < _SLICE_S / 2:
                self._stop.wait(_SLICE_S)
        return None

    def _send(self, picture: Picture, fingerprint: str) -> bool:
        """True when Connect has the picture now."""
        answer = self._client.snapshot(self._keys.token, fingerprint, picture.jpeg)
        failures = self._status.failures + 1
        verdict = judge(answer, failures)
        before = self._status
        self._status = replace(
            before,
            last_code=answer.code if answer.code is not None else before.last_code,
            last_ok=self._clock.time() if verdict.state == "ok" else before.last_ok,
            sent=before.sent + (verdict.state == "ok"),
            failures=0 if verdict.taken else failures,
        )
        self._after(verdict, picture)
        return verdict.taken

    def _after(self, verdict: Verdict, picture: Picture) -> None:
        """Counted from the end of a request, so that two never arrive closer than the floor."""
        wait_s = verdict.wait_s * (1 + JITTER * self._chance())
        if verdict.shrink:
            if self._widest <= NARROWEST:
                wait_s = SLOW_S
            self._widest = max(NARROWEST, int(min(self._widest, picture.width) * _SHRINK))
        self._put_off(verdict.state, verdict.text, max(self._pace.interval_s, FLOOR_S, wait_s))

    def _introduce(self, name: str, picture: Picture, fingerprint: str) -> None:
        """Name and size, at the start and on change. After the first picture: that one binds the
        fingerprint to the token. Its failure is no reason to hold pictures back."""
        news = (name, picture.width, picture.height)
        if news == self._told or self._clock.monotonic() < self._tell_at:
            return
        config = {"name": name, "resolution": {"width": picture.width, "height": picture.height}}
        answer = self._client.info(self._keys.token, fingerprint, config)
        if judge(answer, 1).taken:
            self._told = news
        else:
            self._tell_at = self._clock.monotonic() + INFO_RETRY_S

    def _put_off(self, state: str, text: str, wait_s: float) -> None:
        """Note how it stands, and when to look again. An outage is logged once, its end too."""
        was_good = self._status.state in GOOD
        self._status = replace(self._status, state=state, text=text)
        self._due = self._clock.monotonic() + wait_s
        if state not in GOOD and was_good:
            logger.warning("Prusa Connect, %s: %s", self._keys.camera, text)
        elif state in ("ok", "unchanged") and not was_good:
            logger.info("Prusa Connect, %s: pictures arrive again", self._keys.camera)
