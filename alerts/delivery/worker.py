"""One channel's worker: takes what waits in the log, sends it, and notes what became of it.

"sending" is on the disk before a message leaves, its outcome after; what a crash leaves between
the two is in doubt (doubt.py, ADR 0013).
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from alerts.channels import scrub
from alerts.delivery import doubt, resting
from alerts.delivery.choice import NEWER, first, sift
from alerts.delivery.courier import Courier, NeverLeft, Stopped
from alerts.delivery.health import Health
from alerts.delivery.outbox import Outbox
from alerts.delivery.pace import backoff
from alerts.delivery.waits import Waits
from alerts.model import (
    Channel,
    ChannelError,
    Event,
    Later,
    Message,
    Refused,
    Sent,
)
from core.clock import Clock

logger = logging.getLogger(__name__)

IDLE_S = 1.0
"""So soon a stop is noticed while there is nothing to do."""
HELD_S = 0.25
"""So soon a new "now" is noticed while other messages have to wait."""
GRACE_S = 2.0
"""So long a message under way may go on at a stop."""
FAULT_S = 5.0
OUTAGE = 3
"""So many failures in a row were the channel's, and not those of one message."""
MOST_TRIES = 8
"""A message that failed so often, while others went out, is one that its service cannot take."""
_DICE = random.SystemRandom()
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """For the panel; nothing secret."""

    state: str  # "ok", "failing", "dead"
    text: str  # why not, "" while all is well
    pending: int
    last_sent: float | None  # epoch s
    next_s: float  # until it tries again, 0 = now or when there is something


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How one channel is used."""

    per_minute: int = 20
    limit_s: float = 120.0  # one message, with all its requests
    edits: bool = False


class Worker:
    """``turn`` belongs to its own thread; the rest to all."""

    def __init__(
        self,
        name: str,
        make: Callable[[], Channel],
        terms: Terms,
        outbox: Outbox,
        photos: Path,
        clock: Clock,
        tell: Callable[[Event], object],
        *,
        chance: Callable[[], float] = _DICE.random,
    ) -> None:
        """``photos``: folder of the messages' pictures; ``chance``: 0 to 1, spreads the waits."""
        self.name = name
        self._edits = terms.edits
        self._outbox = outbox
        self._photos = photos
        self._clock = clock
        self._chance = chance
        self._courier = Courier(name, make, terms.limit_s)
        self._health = Health(name, outbox, clock, tell)
        self._waits = Waits(terms.per_minute)
        self._last_sent: tuple[float, float] | None = None  # epoch s, monotonic s
        self._mended = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"alert:{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Within 3 s, also while the channel hangs."""
        self.begin_stop()
        if self._thread.is_alive():
            self._thread.join(GRACE_S + 0.5)

    def begin_stop(self) -> None:
        """So that several workers can end at the same time."""
        if not self._stop.is_set():
            self._stop.set()
            threading.Thread(
                target=self._courier.let_go, args=(GRACE_S,), name=f"alert:{self.name}:stop",
                daemon=True,
            ).start()  # fmt: skip

    def nudge(self) -> None:
        """A person has mended something: try again at once, unless the service asked for time."""
        self._mended.set()

    def status(self) -> WorkerStatus:
        health, now = self._health, self._clock.monotonic()
        state = "dead" if health.dead else "failing" if health.failures else "ok"
        return WorkerStatus(
            state=state,
            text=health.reason,
            pending=len(self._outbox.pending(self.name)),
            last_sent=self._last_sent[0] if self._last_sent else None,
            next_s=round(self._waits.next_s(now), 1) if health.failures else 0.0,
        )

    # --- the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        self._guarded(self.resume)
        while not self._stop.is_set():
            wait_s = self._guarded(self.turn)
            if wait_s is None:
                self._stop.wait(FAULT_S)
            elif wait_s > 0:
                self._guarded(partial(self._rest, wait_s))

    def _guarded(self, step: Callable[[], _T]) -> _T | None:
        try:
            return step()
        except Exception:
            logger.exception("alerts: the worker of channel %s stumbled", self.name)
            return None

    def _rest(self, wait_s: float) -> None:
        if self._outbox.pending(self.name):
            self._stop.wait(min(wait_s, HELD_S))
        elif not self._outbox.wait_pending(self.name, IDLE_S):
            self._stop.wait(0.02)  # a closed log returns at once

    def resume(self) -> None:
        """At the start: what was under way when the server was stopped."""
        self._health.resume()
        for message in self._outbox.pending(self.name):
            if not self._outbox.doubtful(message.id):
                continue
            is_edit = self._is_edit(message)
            given_up = doubt.after_stop(message, is_edit=is_edit)
            if given_up:
                self._outbox.note(message.id, "unclear", given_up)
            else:
                self._outbox.note(message.id, "waiting", "" if is_edit else doubt.STOPPED)

    def turn(self) -> float:
        """Send one message, if there is one that may go; seconds until the next may."""
        self._health.look()
        if self._mended.is_set():
            self._mended.clear()
            self._waits.end_outage()
        mono = self._clock.monotonic()
        pending = self._outbox.pending(self.name)
        self._waits.keep({message.id for message in pending})
        found = sift(pending, self._waits.until, self._clock.time(), mono)
        for message, outcome, why in found.done:
            self._end(message, outcome, why)
        chosen = first(found.ready, self._waits.tried, self._waits.last_failed)
        if chosen is None:
            return found.next_s
        held = self._waits.held(chosen, mono)
        if held > 0:
            return held
        self._send(chosen)
        return 0.0

    # --- one message -----------------------------------------------------------------------

    def _send(self, message: Message) -> None:
        if not self._outbox.note(message.id, "sending"):
            self._waits.forget(message)  # newer news has taken its place
            return
        notes = self._outbox.outcomes(message.id)
        is_edit = self._is_edit(message)
        said = message if is_edit else doubt.with_doubt(message, doubt.doubt_of(notes))
        photo = self._photos / message.photo if message.photo else None
        began = self._clock.monotonic()
        try:
            sent = self._courier.send(said, photo, self._memo(message))
        except NeverLeft:
            self._outbox.note(message.id, "waiting")
            return
        except Stopped:
            return  # its note stays "sending": in doubt at the next start
        except Later as later:
            self._wait(message, later.text, later.retry_after_s or 1.0)
            return
        except Refused as refused:
            self._end(message, "failed", refused.text)
            self._channel_failed(message, refused)
        except ChannelError as error:
            self._after_failure(message, error, is_edit=is_edit)
            self._channel_failed(message, error)
        else:
            self._after_success(message, sent)
        self._waits.attempt(began)

    def _after_success(self, message: Message, sent: Sent) -> None:
        if message.live and not message.ends_live and sent.memo:
            self._outbox.set_memo(self.name, message.live, sent.memo)
        self._end(message, "sent", sent.text)
        self._let_rest(message)
        self._last_sent = self._clock.time(), self._clock.monotonic()
        self._waits.worked()
        if self._health.failures >= OUTAGE:
            self._waits.end_outage()
        self._health.works()

    def _let_rest(self, message: Message) -> None:
        """The live messages of prints that are over; their older news are worth nothing."""
        over = dict(resting.ended_by(message))
        for older in self._outbox.pending(self.name) if over else ():
            if older.live in over and not older.ends_live:
                self._end(older, "superseded", NEWER)
        for live, event in over.items():
            memo = self._outbox.memo(self.name, live)
            if memo and self._edits:
                self._edit_once(resting.last_words(message, live, event), memo)
            self._outbox.set_memo(self.name, live, {})
        if message.live and message.ends_live:
            self._outbox.set_memo(self.name, message.live, {})

    def _edit_once(self, message: Message, memo: Mapping[str, Any]) -> None:
        """The result itself has arrived: what fails here is not worth a second try."""
        try:
            self._courier.send(message, None, memo)
        except (ChannelError, Stopped) as error:
            why = scrub.clean(str(error))
            logger.info("alerts: %s: a live message was left as it was: %s", self.name, why)
        self._waits.attempt(self._clock.monotonic())

    def _after_failure(self, message: Message, error: ChannelError, *, is_edit: bool) -> None:
        """It waits for its next try, unless there is to be none."""
        count, since = self._waits.count(message, self._clock.monotonic())
        notes = self._outbox.outcomes(message.id)
        worry, wait_s = doubt.doubt_of(notes), backoff(count, self._chance())
        if error.maybe:
            patience = doubt.after_silence(message, notes, is_edit=is_edit)
            if patience is None:
                self._end(message, "unclear", f"{doubt.UNCLEAR_NO_ANSWER} {error.text}")
                return
            wait_s = max(wait_s, patience)
            worry = worry or ("" if is_edit else doubt.NO_ANSWER)
        if count >= MOST_TRIES and self._last_sent and self._last_sent[1] > since:
            self._end(message, "failed", f"Given up after {count} tries: {error.text}")
            return
        outage = not error.maybe and error.retry_after_s is None
        text = f"{worry} {error.text}".strip()
        self._wait(message, text, error.retry_after_s or wait_s, by_outage=outage)

    def _channel_failed(self, message: Message, error: ChannelError) -> None:
        self._health.failed(scrub.clean(error.text), counts=error.retry_after_s is None)
        now, failures = self._clock.monotonic(), self._health.failures
        self._waits.failed(message, error, failures, now, self._chance())

    def _wait(self, message: Message, text: str, wait_s: float, *, by_outage: bool = False) -> None:
        self._waits.defer(message, self._clock.monotonic() + wait_s, by_outage=by_outage)
        self._outbox.note(message.id, "waiting", scrub.clean(text))

    def _end(self, message: Message, outcome: str, text: str) -> None:
        self._outbox.note(message.id, outcome, scrub.clean(text))
        self._waits.forget(message)

    def _memo(self, message: Message) -> Mapping[str, Any]:
        return self._outbox.memo(self.name, message.live) if message.live else {}

    def _is_edit(self, message: Message) -> bool:
        """Sending it once more would change nothing that people see."""
        return self._edits and message.may_edit and bool(self._memo(message))
