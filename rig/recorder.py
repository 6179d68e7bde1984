"""What is being recorded, and what clicks, layers and the farm's words do to it.

One thread uses it (rig/desk.py); ``snapshot`` may be read by any.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from rig.builder import Builder
from rig.clicks import ACTIONS
from rig.feed import Feed
from rig.following import AT_REST, Following
from rig.session import BUILDING, DONE, OPEN, PAUSED, RECORDING, Session, found
from rig.settings import Settings
from rig.shooting import Blinks, Shooter, Tell
from rig.triggers import REPLACE, SKIP, Triggers

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    state: str = "idle"  # recording, paused, building
    session: str = ""
    frames: int = 0
    error: str = ""
    name: str = ""  # of the print that is recorded, when the farm told it
    started_at: float | None = None  # epoch s by the rig's clock


class Recorder:
    def __init__(
        self,
        settings: Settings,
        feed: Feed,
        builder: Builder,
        lights: Blinks,
        tell: Tell,
        epoch: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._builder = settings, builder
        self._tell, self._epoch = tell, epoch
        self._shooter = Shooter(settings, feed, lights, tell)
        self._session: Session | None = None
        self._triggers = Triggers(settings.same_layer)
        self._following = Following(settings.follow)

    @property
    def snapshot(self) -> Snapshot:
        session, building = self._session, self._builder.waiting > 0
        if session is None:
            return Snapshot("building" if building else "idle", error=self._shooter.error)
        sheet = session.sheet
        return Snapshot(
            session.state, session.id, session.frames, self._shooter.error, sheet.name,
            sheet.started_at,
        )  # fmt: skip

    # --- after a restart ---------------------------------------------------------------------

    def recover(self) -> None:
        """Go on recording when that ended a short while ago; else build what lies there."""
        self._safely(self._builder.sweep)
        left = found(self._settings.photos)
        recent = [s for s in left if s.state in OPEN and self._is_recent(s)]
        if recent:
            self._session = recent[-1]
        for session in left:
            self._safely(partial(self._take_up, session))

    def _safely(self, work: Callable[[], object]) -> None:
        """One folder that the disk refuses must not keep the others waiting."""
        try:
            work()
        except OSError as error:
            self._shooter.refused(error)

    def _take_up(self, session: Session) -> None:
        """Raises OSError."""
        self._tell_again(session)
        if session is self._session:
            self._tell("session_resumed", session=session.id, frames=session.frames)
        elif session.state == DONE:
            session.remove()  # its video was verified before this word was written
        elif session.frames:
            self._builder.add(session)
        else:
            session.remove()

    def _tell_again(self, session: Session) -> None:
        """The plug may have been pulled before the farm's copy of these was on the disk."""
        if session.state in (*OPEN, BUILDING):
            self._tell_started(session)
        if session.state == BUILDING:
            self._tell_stopped(session, session.sheet.by)

    def _tell_started(self, session: Session) -> None:
        sheet = session.sheet
        self._tell(
            "session_started", key=f"{sheet.id} started", session=sheet.id, by=sheet.by,
            name=sheet.name,
        )  # fmt: skip

    def _tell_stopped(self, session: Session, by: str) -> None:
        self._tell(
            "session_stopped", key=f"{session.id} stopped", session=session.id,
            frames=session.frames, by=by,
        )  # fmt: skip

    def _is_recent(self, session: Session) -> bool:
        away = self._epoch() - session.last_activity()
        return away <= self._settings.resume_within

    # --- what happens ------------------------------------------------------------------------

    def clicks(self, count: int, at: float) -> None:
        """``at``: monotonic time of the first."""
        action = ACTIONS.get(count)
        if action is None:
            logger.info("%s clicks mean nothing and are ignored", count)
            return
        logger.info("%s click(s): %s", count, action)
        if action == "shot":
            self._pressed(at)
        elif action == "toggle":
            self.act("stop" if self._session else "start", "button")
        elif action == "pause":
            paused = self._session is not None and self._session.state == PAUSED
            self.act("resume" if paused else "pause", "button")
        else:
            self.act("discard", "button")

    def layer(self, job: str, layer: int, at: float) -> None:
        """The farm says that this layer has begun."""
        session = self._session
        if session is None or session.state != RECORDING:
            return
        if self._triggers.layer(job, layer, at) == SKIP:
            return
        picture = self._shooter.picture(at)
        if picture is None or self._shooter.save(lambda: session.add(picture, "layer", layer)):
            self._triggers.missed()

    def printer(self, state: str, job: str, name: str) -> None:
        """The farm says what the printer does."""
        if state in AT_REST:
            self._triggers.print_over()
        session = self._session
        if session is not None and session.sheet.job and self._following.ends:
            if state in AT_REST or (job and job != session.sheet.job):
                self.act("stop", "print")
        elif session is not None and state == "printing" and job and not session.sheet.job:
            session.change(job=job[:200], name=name[:200])
        if self._session is None and self._following.begins(state, job):
            self._start("print", name, job)

    def act(self, action: str, by: str = "farm", **facts: Any) -> tuple[bool, str]:
        """(done, why not) of start, stop, discard, pause, resume or shot."""
        try:
            why = self._act(action, by, facts)
        except OSError as error:
            why = self._shooter.refused(error)
        if why:
            logger.info("%s: %s", action, why)
        return not why, why

    def _act(self, action: str, by: str, facts: dict[str, Any]) -> str:
        session = self._session
        if action == "start":
            return "A recording runs already." if session else self._start(by, **facts)
        if action == "shot":
            return self._shooter.single() if session is None else self._extra(session)
        if session is None:
            return "Nothing is being recorded."
        if action in ("pause", "resume"):
            return self._pause(session, action == "pause")
        if action not in ("stop", "discard"):
            return f'The rig cannot "{action}".'
        self._end(session, by, keep=action == "stop" and session.frames > 0)
        return ""

    def _end(self, session: Session, by: str, *, keep: bool) -> None:
        """Raises OSError; what a full disk does not let end runs on, and can be ended again."""
        if keep:
            self._builder.add(session)
        else:
            session.remove()
        self._session = None
        self._following.over(session.sheet.job)
        if keep:
            self._tell_stopped(session, by)
        else:
            self._tell("session_discarded", session=session.id, frames=session.frames, by=by)

    def _start(self, by: str, name: str = "", job: str = "") -> str:
        self._session = Session.create(self._settings.photos, self._epoch(), by, name, job)
        self._triggers = Triggers(self._settings.same_layer)
        self._shooter.error = ""
        self._tell_started(self._session)
        return ""

    def _pause(self, session: Session, pause: bool) -> str:
        wanted = PAUSED if pause else RECORDING
        if session.state == wanted:
            return f"It is {wanted} already."
        session.change(state=wanted)
        word = "session_paused" if pause else "session_continued"
        self._tell(word, session=session.id, frames=session.frames)
        return ""

    # --- frames ------------------------------------------------------------------------------

    def _pressed(self, at: float) -> None:
        session = self._session
        if session is None:
            self.act("shot", "button")
            return
        if session.state != RECORDING:
            logger.info("A click while the recording is paused is ignored")
            return
        how = self._triggers.pressed(at)
        keep = session.replace if how == REPLACE else session.add
        picture = self._shooter.picture(at)
        if picture is None or self._shooter.save(lambda: keep(picture, "button")):
            self._triggers.missed()

    def _extra(self, session: Session) -> str:
        picture = self._shooter.picture(time.monotonic())
        if picture is None:
            return "The camera gives no picture."
        return self._shooter.save(lambda: session.add(picture, "farm"))
