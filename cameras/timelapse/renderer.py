"""Makes the videos, one at a time, in the background. What is to be done is read from the store, so
a crash at any point leaves nothing that the next start does not go on with."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from cameras.timelapse import foreign
from cameras.timelapse.child import ChildFailed, Left
from cameras.timelapse.encoder import Tools
from cameras.timelapse.manifest import Manifest, RenderOptions, State
from cameras.timelapse.render import VIDEO, TooFew, Video, render
from cameras.timelapse.store import TimelapseStore
from core.camera_config import TimelapseConfig
from core.clock import Clock
from core.errors import FarmError, NotFound

logger = logging.getLogger(__name__)

_TICK_S = 60.0
_DAY_S = 86_400.0
_ABANDON_S = 10.0
_TOO_FEW = "Fewer than two good frames: there is nothing to make a video of."


class Renderer:
    """``start`` after the store is loaded."""

    def __init__(
        self, store: TimelapseStore, config: TimelapseConfig, tools: Callable[[], Tools],
        clock: Clock,
    ) -> None:  # fmt: skip
        """``tools`` is asked before each video. Raises FarmError where there is no ffmpeg."""
        self._store, self._config, self._tools, self._clock = store, config, tools, clock
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._current = ""
        self._progress = 0.0
        self._abandoned: set[str] = set()
        self._later: dict[str, float] = {}  # monotonic s before which it is not tried again
        self._thread = threading.Thread(target=self._run, name="timelapse:render", daemon=True)

    # -- any thread ------------------------------------------------------------------------------

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Ends a running ffmpeg; its video is made at the next start."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout)

    def wake(self) -> None:
        """Something waits for its video."""
        self._wake.set()

    def progress(self, timelapse_id: str) -> float | None:
        """0–1 while its video is being made, else None."""
        return self._progress if self._current == timelapse_id else None

    def abandon(self, timelapse_id: str) -> None:
        """Make no video of it; returns when none is being made."""
        with self._changed:
            self._abandoned.add(timelapse_id)
            self._changed.wait_for(lambda: self._current != timelapse_id, _ABANDON_S)

    def welcome(self, timelapse_id: str) -> None:
        """The opposite of ``abandon``."""
        with self._changed:
            self._abandoned.discard(timelapse_id)
            self._later.pop(timelapse_id, None)
        self.wake()

    # -- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._expire()
                if self._once():
                    continue
            except Exception:
                # The barrier of this thread: the others' videos are still to be made.
                logger.exception("Making timelapses failed and goes on")
            self._wake.wait(_TICK_S)

    def _once(self) -> bool:
        """Make the video that has waited longest; False when none waits."""
        timelapse = self._next()
        if timelapse is None:
            return False
        try:
            self._look(timelapse) if _is_new(timelapse) else self._make(timelapse)
        except NotFound:
            logger.info("%s: its timelapse was deleted", timelapse.printer_id)
        except FarmError as error:
            self._put_off(timelapse)
            logger.warning("%s: timelapse: %s", timelapse.printer_id, error.message)
        except Exception:
            self._put_off(timelapse)
            raise
        finally:
            with self._changed:
                self._current = ""
                self._changed.notify_all()
        return True

    def _next(self) -> Manifest | None:
        now = self._clock.monotonic()
        with self._changed:
            waiting = [
                one
                for one in self._store.all()
                if (one.state is State.WAITING or _is_new(one))
                and one.id not in self._abandoned
                and self._later.get(one.id, 0.0) <= now
            ]
            if not waiting:
                return None
            chosen = min(waiting, key=lambda one: (one.ended_at or 0.0, one.id))
            self._current, self._progress = chosen.id, 0.0
            return chosen

    def _put_off(self, timelapse: Manifest) -> None:
        """Not even its failure could be written."""
        self._later[timelapse.id] = self._clock.monotonic() + _TICK_S

    def _make(self, timelapse: Manifest) -> None:
        options = timelapse.options or options_of(self._config)
        try:
            video = render(
                self._store.folder(timelapse.id), self._store.frames(timelapse.id), options,
                timelapse.turn, self._tools(), self._advance, lambda: self._unwanted(timelapse.id),
            )  # fmt: skip
        except Left:
            return
        except TooFew:
            self._store.change(timelapse.id, state=State.FRAMES_ONLY, error=_TOO_FEW)
        except (ChildFailed, OSError, FarmError) as error:
            self._failed(timelapse, str(error))
        else:
            self._done(timelapse, video)

    def _look(self, timelapse: Manifest) -> None:
        """A printer's own video."""
        folder, name = self._store.folder(timelapse.id), timelapse.video
        try:
            seen = foreign.look(
                folder, name, self._tools(), self._advance, lambda: self._unwanted(timelapse.id)
            )
        except Left:
            return
        except (ChildFailed, OSError, FarmError) as error:
            text = f"This video of the printer cannot be shown: {error}"
            self._store.change(timelapse.id, seconds=0.0, error=text)
            return
        original = name if seen.video != name else ""
        self._store.change(
            timelapse.id, seconds=seen.seconds, bytes=seen.bytes, video=seen.video,
            original=original, error="",
        )  # fmt: skip

    def _unwanted(self, timelapse_id: str) -> bool:
        return self._stopping.is_set() or timelapse_id in self._abandoned

    def _advance(self, share: float) -> None:
        self._progress = share

    def _done(self, timelapse: Manifest, video: Video) -> None:
        """Frames go only when it is on the disk that the video is good."""
        kept = self._config.keep_frames
        self._store.change(
            timelapse.id, state=State.READY, video=VIDEO, seconds=video.seconds, bytes=video.bytes,
            error="", kept=kept,
        )  # fmt: skip
        if not kept:
            self._store.drop_frames(timelapse.id)
        logger.info("%s: the timelapse of %s is ready", timelapse.printer_id, timelapse.job)

    def _failed(self, timelapse: Manifest, text: str) -> None:
        """Frames stay. A former video does, too."""
        if self._unwanted(timelapse.id):
            return
        state = State.READY if timelapse.video else State.FAILED
        logger.warning("%s: no video of %s: %s", timelapse.printer_id, timelapse.job, text)
        self._store.change(timelapse.id, state=state, error=f"The video could not be made: {text}")

    def _expire(self) -> None:
        """Only age deletes: a full disk ends recordings, never what is already there."""
        if not self._config.keep_days:
            return
        oldest = self._clock.time() - self._config.keep_days * _DAY_S
        for one in self._store.all():
            over = one.state not in (State.RECORDING, State.WAITING)
            if over and _kept_since(one) < oldest:
                self._delete_old(one)

    def _delete_old(self, timelapse: Manifest) -> None:
        """What cannot be deleted must not keep the others from their videos."""
        try:
            self._store.delete(timelapse.id)
        except NotFound:
            return  # a person was faster
        except FarmError as error:
            logger.warning("%s: an old timelapse: %s", timelapse.printer_id, error.message)
        else:
            name = timelapse.printer_id
            logger.info("%s: the timelapse of %s was old enough", name, timelapse.job)


def _kept_since(timelapse: Manifest) -> float:
    """Epoch s. A printer's own video may be years old, or of a printer whose clock is wrong, when
    somebody fetches it to have it: its days count from then."""
    return max(timelapse.ended_at or timelapse.started_at, timelapse.fetched_at or 0.0)


def _is_new(timelapse: Manifest) -> bool:
    """Fetched from a printer and not looked at yet."""
    fetched = timelapse.origin == "printer" and timelapse.state is State.READY
    return fetched and timelapse.seconds is None


def options_of(config: TimelapseConfig) -> RenderOptions:
    return RenderOptions(
        fps=config.fps, max_s=config.max_s, hold_s=config.hold_s, deflicker=config.deflicker
    )
