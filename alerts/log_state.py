"""What the lines of the log say, all together. Pure: no disk, no clock, no locks.

Lines, by "t": head, counts, event, photo, message, note, settle, memo, ack, mute, unmute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from alerts.codec import event_from_json, event_to_json, message_from_json, message_to_json
from alerts.ends import still_open
from alerts.model import Event, Message

VERSION = 1
MOST_EVENTS = 5000
MOST_MESSAGES = 1000
"""Kept of what is done with, the newest. What still waits is always kept."""
MOST_NOTES = 20
FINAL = frozenset({"sent", "failed", "expired", "unclear", "superseded"})
"""Outcomes after which a message is done with; the others are "sending" and "waiting"."""


@dataclass(frozen=True, slots=True)
class Note:
    """What became of a message, or of one attempt."""

    outcome: str
    text: str
    at: float  # epoch s


@dataclass(frozen=True, slots=True)
class Mute:
    """A printer of which nothing is sent; the page goes on."""

    printer_id: str
    until: float = 0.0  # epoch s; 0 = until a person ends it
    print_end: bool = False  # until its print ends
    by: str = ""
    at: float = 0.0
    run: str = ""  # the print that ran when it was given


@dataclass(slots=True)
class Taken:
    """An event, and the channels it goes to."""

    event: Event
    at: float  # epoch s it was taken
    to: tuple[str, ...] = ()
    owed: set[str] = field(default_factory=set)  # channels that have no message of it yet
    muted: bool = False


@dataclass(slots=True)
class Post:
    """A message on its way or done."""

    message: Message
    rule: str = ""
    state: str = "waiting"
    notes: tuple[Note, ...] = ()

    @property
    def open(self) -> bool:
        return self.state not in FINAL


class State:
    """Fold of the lines, in their order. Not thread-safe."""

    def __init__(self) -> None:
        self.events: dict[str, Taken] = {}
        self.posts: dict[str, Post] = {}
        self.open: dict[str, Post] = {}  # of ``posts`` those that are not done
        self.memos: dict[tuple[str, str], tuple[dict[str, Any], float]] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        self.acks: dict[str, tuple[str, float]] = {}  # incident -> by whom, when
        self.mutes: dict[str, Mute] = {}

    def apply(self, line: Mapping[str, Any]) -> None:
        """Raises KeyError, TypeError or ValueError for a line that is none of ours."""
        getattr(self, _LINES[line["t"]])(line)

    def message_event(self, identity: str) -> Event | None:
        taken = self.events.get(identity)
        return taken.event if taken else None

    # -- the lines ---------------------------------------------------------------------------------

    def _head(self, line: Mapping[str, Any]) -> None:
        if line["v"] != VERSION:
            raise ValueError("a later version's log")

    def _counts(self, line: Mapping[str, Any]) -> None:
        self.counts.update({(channel, outcome): n for channel, outcome, n in line["of"]})

    def _event(self, line: Mapping[str, Any]) -> None:
        event = event_from_json(line["e"])
        to = tuple(line.get("to", ()))
        owed = set(line.get("owed", to))
        self.events[event.identity] = Taken(event, line["at"], to, owed, line.get("muted", False))

    def _photo(self, line: Mapping[str, Any]) -> None:
        taken = self.events.get(line["id"])
        if taken is not None:
            taken.event = replace(taken.event, photo=line["file"])

    def _message(self, line: Mapping[str, Any]) -> None:
        message = message_from_json(line["m"], self.message_event)
        post = Post(message, line.get("rule", ""), line.get("state", "waiting"))
        post.notes = tuple(Note(*note) for note in line.get("notes", ()))
        self.posts[message.id] = post
        if post.open:
            self.open[message.id] = post
        self._settled((*line["m"]["events"], *line.get("also", ())), message.channel)
        for old in line.get("replaces", ()):
            self._done(old, Note("superseded", "", message.created_at))

    def _note(self, line: Mapping[str, Any]) -> None:
        self._done(line["id"], Note(line["outcome"], line["text"], line["at"]))

    def _done(self, message_id: str, note: Note) -> None:
        post = self.posts.get(message_id)
        if post is None or not post.open:
            return
        post.state, post.notes = note.outcome, (*post.notes, note)[-MOST_NOTES:]
        if note.outcome in FINAL:
            self.counts[(post.message.channel, note.outcome)] += 1
            del self.open[message_id]

    def _settle(self, line: Mapping[str, Any]) -> None:
        self._settled(line["ids"], line["channel"])

    def _settled(self, identities: Iterable[str], channel: str) -> None:
        for identity in identities:
            if identity in self.events:
                self.events[identity].owed.discard(channel)

    def _memo(self, line: Mapping[str, Any]) -> None:
        self.memos[(line["channel"], line["live"])] = (line["memo"], line["at"])

    def _ack(self, line: Mapping[str, Any]) -> None:
        self.acks[line["incident"]] = (line["by"], line["at"])

    def _mute(self, line: Mapping[str, Any]) -> None:
        mute = Mute(
            line["printer"], line["until"], line["print"], line["by"], line["at"],
            line.get("run", ""),
        )  # fmt: skip
        self.mutes[mute.printer_id] = mute

    def _unmute(self, line: Mapping[str, Any]) -> None:
        self.mutes.pop(line["printer"], None)

    # -- all of it anew ----------------------------------------------------------------------------

    def lines(self, oldest: float) -> Iterator[dict[str, Any]]:
        """A shorter log of the same meaning, without what is done and older than ``oldest``."""
        yield {"t": "head", "v": VERSION}
        yield {"t": "counts", "of": [[*key, n] for key, n in self.counts.items()]}
        posts = self._kept_posts(oldest)
        events = self._kept_events(posts, oldest)
        yield from (_event_line(taken) for taken in events)
        yield from (_post_line(post) for post in posts)
        for (channel, live), (memo, at) in self.memos.items():
            if memo and at >= oldest:
                yield {"t": "memo", "channel": channel, "live": live, "memo": memo, "at": at}
        incidents = {taken.event.incident for taken in events}
        for incident, (by, at) in self.acks.items():
            if incident in incidents:
                yield {"t": "ack", "incident": incident, "by": by, "at": at}
        yield from (mute_line(mute) for mute in self.mutes.values())

    def _kept_posts(self, oldest: float) -> list[Post]:
        done = (
            post for post in reversed(self.posts.values())
            if not post.open and post.message.created_at >= oldest
        )  # fmt: skip
        kept = {post.message.id for post in islice(done, MOST_MESSAGES)} | self.open.keys()
        return [post for message_id, post in self.posts.items() if message_id in kept]

    def _kept_events(self, posts: list[Post], oldest: float) -> list[Taken]:
        recent = (identity for identity, taken in reversed(self.events.items()))
        kept = {
            identity for identity in islice(recent, MOST_EVENTS)
            if self.events[identity].at >= oldest
        }  # fmt: skip
        kept |= {event.identity for post in posts if post.open for event in post.message.events}
        kept |= {identity for identity, taken in self.events.items() if taken.owed}
        opened = still_open(taken.event for taken in self.events.values())
        kept |= {event.identity for event in opened.values()}
        return [taken for identity, taken in self.events.items() if identity in kept]


_LINES = {
    name: f"_{name}"
    for name in (
        "head", "counts", "event", "photo", "message", "note", "settle", "memo", "ack", "mute",
        "unmute",
    )
}  # fmt: skip


def event_line(event: Event, at: float, to: Iterable[str], *, muted: bool) -> dict[str, Any]:
    line = {"t": "event", "e": event_to_json(event), "at": at, "to": list(to)}
    return {**line, "muted": True} if muted else line


def _event_line(taken: Taken) -> dict[str, Any]:
    line = event_line(taken.event, taken.at, taken.to, muted=taken.muted)
    return {**line, "owed": [channel for channel in taken.to if channel in taken.owed]}


def message_line(
    message: Message, rule: str, also: Iterable[str], replaces: Iterable[str]
) -> dict[str, Any]:
    line: dict[str, Any] = {"t": "message", "m": message_to_json(message), "rule": rule}
    return {**line, "also": list(also), "replaces": list(replaces)}


def _post_line(post: Post) -> dict[str, Any]:
    return {
        "t": "message", "m": message_to_json(post.message), "rule": post.rule,
        "state": post.state, "notes": [[n.outcome, n.text, n.at] for n in post.notes],
    }  # fmt: skip


def mute_line(mute: Mute) -> dict[str, Any]:
    return {
        "t": "mute", "printer": mute.printer_id, "until": mute.until, "print": mute.print_end,
        "by": mute.by, "at": mute.at, "run": mute.run,
    }  # fmt: skip
