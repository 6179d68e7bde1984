"""What happened, what is to be sent of it, and what became of that: one durable log.

Every change is one fsynced line before anybody sees it, so that a restart loses none and repeats
none. Where the disk refuses, alerts go on from memory and ``trouble`` says so: a message that
cannot be written down is still sent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from alerts.log_file import LogFile
from alerts.log_state import (
    FINAL,
    Mute,
    Note,
    State,
    Taken,
    event_line,
    message_line,
    mute_line,
)
from alerts.model import Event, Level, Message
from core.clock import Clock
from core.fs import DISK, FileSystem

DAY_S = 86_400.0
_ORDER = {Level.NOW: 0, Level.SOON: 1, Level.INFO: 2}


@dataclass(frozen=True, slots=True)
class Owed:
    """An event of which a channel has no message yet."""

    event: Event
    channel: str
    at: float  # epoch s it was taken


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to keep, and what is settled by it."""

    message: Message
    rule: str = ""
    also: tuple[str, ...] = ()  # identities of events that it stands for without naming them


@dataclass(frozen=True, slots=True)
class Record:
    """A message with what became of it."""

    message: Message
    state: str  # the newest outcome, or "waiting"
    notes: tuple[Note, ...]
    rule: str


class AlertLog:
    """Thread-safe. No call waits for a channel; a call waits for the disk."""

    def __init__(
        self, folder: Path, clock: Clock, *, keep_days: int = 90, fs: FileSystem = DISK
    ) -> None:
        """``folder``: for alerts.log. Never refuses: what cannot be read is set aside."""
        self._clock, self._keep_days = clock, keep_days
        self._changed = threading.Condition(threading.RLock())
        self._state = State()
        self._file = LogFile(folder, clock, fs)
        self._closed = False
        with self._changed:
            self._file.read(self._state.apply)
            self._rewrite()
            self._doubtful = {i for i, post in self._state.open.items() if post.state == "sending"}

    # -- events ------------------------------------------------------------------------------------

    def add_event(self, event: Event, to: Iterable[str] = (), *, muted: bool = False) -> bool:
        """Keep it, owed to the channels ``to``; False for one whose identity is known."""
        with self._changed:
            if event.identity in self._state.events:
                return False
            self._write([event_line(event, self._clock.time(), dict.fromkeys(to), muted=muted)])
            return True

    def known(self, identity: str) -> bool:
        with self._changed:
            return identity in self._state.events

    def taken(self, identity: str) -> Taken | None:
        """The event with where it goes; its photo may have come since it was taken."""
        with self._changed:
            found = self._state.events.get(identity)
            return replace(found, owed=set(found.owed)) if found else None

    def last(self, count: int) -> tuple[Event, ...]:
        """The newest events, newest first."""
        with self._changed:
            newest = islice(reversed(self._state.events.values()), count)
            return tuple(taken.event for taken in newest)

    def events(self) -> tuple[Event, ...]:
        """All that are kept, oldest first."""
        with self._changed:
            return tuple(taken.event for taken in self._state.events.values())

    def set_photo(self, identity: str, file: str) -> None:
        """The event's picture: its file name in the photo folder."""
        with self._changed:
            if identity in self._state.events:
                self._write([{"t": "photo", "id": identity, "file": file}])

    def photos(self) -> frozenset[str]:
        """File names that something here still points to."""
        with self._changed:
            of_events = {taken.event.photo for taken in self._state.events.values()}
            of_messages = {post.message.photo for post in self._state.open.values()}
            return frozenset(of_events | of_messages) - {""}

    def owed(self) -> tuple[Owed, ...]:
        """What has no message yet, oldest first."""
        with self._changed:
            return tuple(
                Owed(taken.event, channel, taken.at)
                for taken in self._state.events.values()
                for channel in taken.to
                if channel in taken.owed
            )

    def settle(self, identities: Iterable[str], channel: str, why: str) -> None:
        """There will be no message of these to ``channel``."""
        with self._changed:
            self._write([{"t": "settle", "ids": list(identities), "channel": channel, "why": why}])

    # -- messages ----------------------------------------------------------------------------------

    def add_message(self, message: Message, rule: str = "", also: Iterable[str] = ()) -> None:
        self.add_messages([Draft(message, rule, tuple(also))])

    def add_messages(self, drafts: Iterable[Draft]) -> None:
        """Keep them, with one write for all: a farm's whole power cut is as quick as one message.
        Each of one print takes the place of older news of it not yet sent."""
        with self._changed:
            lines: list[dict[str, Any]] = []
            for draft in drafts:
                if draft.message.id not in self._state.posts:
                    replaced = self._replaced_by(draft.message)
                    line = message_line(draft.message, draft.rule, draft.also, replaced)
                    self._state.apply(line)  # the next one may replace it
                    lines.append(line)
            self._file.append(lines)
            if self._file.wants_rewrite:
                self._rewrite()
            self._changed.notify_all()

    def _replaced_by(self, message: Message) -> list[str]:
        if not message.live:
            return []
        return [
            message_id
            for message_id, post in self._state.open.items()
            if post.state == "waiting"
            and post.message.channel == message.channel
            and post.message.live == message.live
            and not post.message.ends_live
        ]

    def pending(self, channel: str) -> tuple[Message, ...]:
        """What is to be sent now: the most urgent first, then the oldest."""
        with self._changed:
            now = self._clock.time()
            found = [m for m in self._open_of(channel) if m.not_before <= now]
        return tuple(sorted(found, key=lambda m: (_ORDER[m.level], m.created_at)))

    def wait_pending(self, channel: str, timeout: float) -> bool:
        """Wait up to ``timeout`` s for ``pending`` to hold something; at once False when closed."""
        deadline = self._clock.monotonic() + timeout
        with self._changed:
            while not self._closed:
                if self.pending(channel):
                    return True
                left = deadline - self._clock.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, self._due_in(channel)))
            return False

    def _due_in(self, channel: str) -> float:
        waits = [m.not_before - self._clock.time() for m in self._open_of(channel)]
        return max(0.01, min(waits, default=3600.0))

    def _open_of(self, channel: str) -> list[Message]:
        posts = self._state.open.values()
        return [post.message for post in posts if post.message.channel == channel]

    def note(self, message_id: str, outcome: str, text: str = "", at: float | None = None) -> bool:
        """Keep what became of a message: "sending" before an attempt, "waiting" when it ended
        without having been sent, or one of FINAL. False: it is done with already, do not send it.
        """
        with self._changed:
            if message_id not in self._state.open:
                return False
            when = self._clock.time() if at is None else at
            self._write(
                [{"t": "note", "id": message_id, "outcome": outcome, "text": text, "at": when}]
            )
            if outcome != "sending":
                self._doubtful.discard(message_id)
            return True

    def doubtful(self, message_id: str) -> bool:
        """The server was stopped while it sent this; it may have arrived. Until it is noted."""
        with self._changed:
            return message_id in self._doubtful

    def outcomes(self, message_id: str) -> tuple[Note, ...]:
        """Oldest first."""
        with self._changed:
            post = self._state.posts.get(message_id)
            return post.notes if post else ()

    def record(self, message_id: str) -> Record | None:
        with self._changed:
            post = self._state.posts.get(message_id)
            return Record(post.message, post.state, post.notes, post.rule) if post else None

    def messages(self, count: int) -> tuple[Record, ...]:
        """The newest messages of all channels, newest first."""
        with self._changed:
            newest = islice(reversed(self._state.posts.values()), count)
            return tuple(Record(p.message, p.state, p.notes, p.rule) for p in newest)

    def counters(self) -> dict[tuple[str, str], int]:
        """(channel, outcome) -> messages since the log began; never goes down."""
        with self._changed:
            return dict(self._state.counts)

    def unsent(self) -> tuple[Message, ...]:
        """What is not done with, of all channels, oldest first."""
        with self._changed:
            return tuple(post.message for post in self._state.open.values())

    def waiting(self) -> int:
        """Messages that are not done with, of all channels."""
        with self._changed:
            return len(self._state.open)

    # -- what channels and people leave here -------------------------------------------------------

    def memo(self, channel: str, live: str) -> Mapping[str, Any]:
        """What the channel kept of that print's live message; {} = nothing."""
        with self._changed:
            return self._state.memos.get((channel, live), ({}, 0.0))[0]

    def set_memo(self, channel: str, live: str, memo: Mapping[str, Any]) -> None:
        with self._changed:
            if self.memo(channel, live) != memo:
                line = {"t": "memo", "channel": channel, "live": live, "memo": dict(memo)}
                self._write([{**line, "at": self._clock.time()}])

    def ack(self, incident: str, by: str) -> None:
        """A person has seen it."""
        with self._changed:
            at = self._clock.time()
            self._write([{"t": "ack", "incident": incident, "by": by, "at": at}])

    def acks(self) -> dict[str, tuple[str, float]]:
        """Incident -> by whom and when."""
        with self._changed:
            return dict(self._state.acks)

    def mute(self, mute: Mute) -> None:
        with self._changed:
            self._write([mute_line(mute)])

    def unmute(self, printer_id: str) -> None:
        with self._changed:
            if printer_id in self._state.mutes:
                self._write([{"t": "unmute", "printer": printer_id}])

    def mutes(self) -> dict[str, Mute]:
        """Of printers, as they were given: whether one is over is for the reader to see."""
        with self._changed:
            return dict(self._state.mutes)

    # -- the disk ----------------------------------------------------------------------------------

    @property
    def trouble(self) -> str:
        """For the operator; "" = none."""
        return self._file.trouble

    def acknowledge(self) -> None:
        """A person has read of the damage."""
        with self._changed:
            self._file.damage = ""

    def tend(self) -> None:
        """Try again what the disk refused; to be called now and then."""
        with self._changed:
            if self._file.refused:
                self._write([])

    def close(self) -> None:
        """Nobody waits any more. Everything is on the disk already."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _write(self, lines: list[dict[str, Any]]) -> None:
        """The lines are part of the state, and of the file unless the disk refuses."""
        self._file.append(lines)
        for line in lines:
            self._state.apply(line)
        if self._file.wants_rewrite:
            self._rewrite()

    def _rewrite(self) -> None:
        oldest = self._clock.time() - self._keep_days * DAY_S
        lines = list(self._state.lines(oldest))
        if self._file.rewrite(lines):
            self._state = State()
            for line in lines:
                self._state.apply(line)


__all__ = ["FINAL", "AlertLog", "Draft", "Mute", "Note", "Owed", "Record"]
