"""What happens (Event), and what is sent of it (Message): the words that all of alerts/ shares.

watchers → Event → desk (durable, each key once) → rules → Message → outbox → channel worker
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol


class Level(StrEnum):
    """How soon a person should know (alerts 6)."""

    NOW = "now"  # act now: sound, at any hour
    SOON = "soon"  # soon: sound, may wait out the night
    INFO = "info"  # information: silent


class Kind(StrEnum):
    """Everything that can be told. The values are used in config.json and in the API."""

    STARTED = "started"
    FILE_CHANGED = "file_changed"  # another file than before on a printer that kept printing
    STATE_CHANGED = "state_changed"
    PROGRESS = "progress"  # every progress_step percent
    PHOTO = "photo"  # every photo_interval_s while printing
    PAUSED = "paused"
    RESUMED = "resumed"
    FILAMENT_OUT = "filament_out"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    BED_WAITING = "bed_waiting"  # a part lies on the bed, and nobody has cleared it
    DUE_SOON = "due_soon"  # due_min before its end
    FAULT = "fault"  # faults and HMS messages, with their text
    OFFLINE_PRINTING = "offline_printing"
    OFFLINE = "offline"
    ONLINE = "online"
    NEEDS_PERSON = "needs_person"  # a job waits for a decision
    QUEUE_BLOCKED = "queue_blocked"
    SPOOL_SHORT = "spool_short"
    DISK_LOW = "disk_low"
    CAMERA_DEAD = "camera_dead"
    DEFECT = "defect"
    WATCH_BLIND = "watch_blind"  # the defect watch cannot see while the printer prints
    CHANNEL_DEAD = "channel_dead"  # a channel of alerts fails; told on the others
    CHANNEL_MOVED = "channel_moved"  # a chat has another id than the settings name
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Trait:
    """What is true of all events of a kind unless a rule says otherwise."""

    level: Level
    incident: bool = False
    """It stays open in the panel until an event of the same incident with ``ends`` closes it."""
    photo: bool = False  # with a picture of that moment, where there is a camera
    default: bool = True  # sent by a rule that names no events


TRAITS: Mapping[Kind, Trait] = {
    Kind.STARTED: Trait(Level.INFO, photo=True),
    Kind.FILE_CHANGED: Trait(Level.INFO),
    Kind.STATE_CHANGED: Trait(Level.INFO, default=False),
    Kind.PROGRESS: Trait(Level.INFO, photo=True),
    Kind.PHOTO: Trait(Level.INFO, photo=True),
    Kind.PAUSED: Trait(Level.NOW, incident=True, photo=True),
    Kind.RESUMED: Trait(Level.INFO),
    Kind.FILAMENT_OUT: Trait(Level.NOW, incident=True, photo=True),
    Kind.FINISHED: Trait(Level.SOON, photo=True),
    Kind.FAILED: Trait(Level.NOW, photo=True),
    Kind.CANCELLED: Trait(Level.SOON, photo=True),
    Kind.BED_WAITING: Trait(Level.SOON, incident=True),
    Kind.DUE_SOON: Trait(Level.INFO),
    Kind.FAULT: Trait(Level.NOW, incident=True, photo=True),
    Kind.OFFLINE_PRINTING: Trait(Level.NOW, incident=True),
    Kind.OFFLINE: Trait(Level.INFO, default=False),
    Kind.ONLINE: Trait(Level.INFO),
    Kind.NEEDS_PERSON: Trait(Level.NOW, incident=True, photo=True),
    Kind.QUEUE_BLOCKED: Trait(Level.SOON, incident=True),
    Kind.SPOOL_SHORT: Trait(Level.SOON, incident=True),
    Kind.DISK_LOW: Trait(Level.NOW, incident=True),
    Kind.CAMERA_DEAD: Trait(Level.SOON, incident=True),
    Kind.DEFECT: Trait(Level.NOW, incident=True, photo=True),
    Kind.WATCH_BLIND: Trait(Level.SOON, incident=True),
    Kind.CHANNEL_DEAD: Trait(Level.SOON, incident=True),
    Kind.CHANNEL_MOVED: Trait(Level.SOON, incident=True),
    Kind.TEST: Trait(Level.SOON, default=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. Two with the same ``identity`` are the same, also over restarts."""

    kind: Kind
    at: float  # epoch s
    text: str  # one sentence for the operator, with the printer's name
    printer_id: str = ""  # "" = the farm
    printer: str = ""  # its name
    group: str = ""  # its group in the configuration
    run: str = (
        ""  # which print: the farm's job id and attempt, else the fingerprint of a foreign one
    )
    key: str = (
        ""  # what else tells two of a kind apart: a percentage, a fault's code, "2" = 2nd time
    )
    repeat: int = 0  # the n-th reminder of an incident that is still open
    ends: bool = False  # what began with the same incident is over
    level: Level | None = None  # other than the kind's
    facts: Mapping[str, Any] = field(default_factory=dict)
    """For templates and webhooks, of: job_id, file, percent, left_s, layer, layers, reason, code,
    nozzle, bed, seconds, grams, result, state. JSON values only."""
    photo: str = ""  # file name in the alerts' photo folder, once there is a picture

    @property
    def identity(self) -> str:
        """Told at most once."""
        again = f"again {self.repeat}" if self.repeat else ""
        last = "end" if self.ends else again
        return "|".join((self.printer_id, self.run, self.kind, self.key, last))

    @property
    def incident(self) -> str:
        """What a reminder repeats and an end closes: the same without either."""
        return "|".join((self.printer_id, self.run, self.kind, self.key))

    @property
    def urgency(self) -> Level:
        return self.level or TRAITS[self.kind].level


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What one channel is to send, once. Made by the rules, kept on the disk until it is done."""

    id: str  # unique for ever; also the webhook's delivery id and the e-mail's Message-ID
    channel: str  # its name in config.json
    level: Level
    title: str  # "Alder", "3 printers finished"; no line feeds
    text: str  # plain text, what was said besides the title
    created_at: float  # epoch s
    not_before: float = 0.0  # epoch s: quiet hours, digests
    expires_at: float = 0.0  # epoch s after which it is worth nothing; 0 = never
    silent: bool = False  # no sound where the channel can
    photo: str = ""  # file name in the alerts' photo folder
    live: str = ""
    """Not "": news of one print (printer and run) for the one message about it that is edited,
    where the channel can; others send it as it is."""
    ends_live: bool = False  # the print is over: the result is a new message, the live one rests
    rests: bool = False
    """Only a last edit of the live message, at once; nothing where there is none. Never kept on
    the disk: the worker makes it when a result is out."""
    events: tuple[Event, ...] = ()

    @property
    def may_edit(self) -> bool:
        """Whether it may be told by an edit. Edits make no sound: what is to be heard, and a
        print's result, are new messages."""
        quiet = self.silent or self.level is Level.INFO
        return bool(self.live) and not self.ends_live and quiet


class Sink(Protocol):
    """Where watchers put their events: the desk."""

    def take(self, event: Event) -> bool:
        """Keep it durably; False for one that is known. Never waits for a channel."""


LONGEST_WAIT_S = 86_400.0
"""No service is given more time than this, whatever it asks for."""


class ChannelError(Exception):
    """Sending failed; the text is for the operator, without any secret."""

    def __init__(
        self, text: str, *, retry_after_s: float | None = None, maybe: bool = False
    ) -> None:
        """``retry_after_s``: what the service asked for, a day at most; None = the worker's own
        back-off.
        ``maybe``: it was sent whole, only the answer is missing; it may have arrived."""
        super().__init__(text)
        self.text = text
        asked = retry_after_s
        if asked is not None:  # nobody's slip may silence a channel for years; not a number: a day
            asked = max(0.0, asked) if asked < LONGEST_WAIT_S else LONGEST_WAIT_S
        self.retry_after_s = asked
        self.maybe = maybe


class Refused(ChannelError):
    """The service will never take this message: trying again is of no use."""


class Later(ChannelError):
    """No failure: nothing was sent, because this message may wait ``retry_after_s`` (an edit too
    soon after the last one). Others go first; a newer one may replace it meanwhile."""


@dataclass(frozen=True, slots=True)
class Sent:
    """It is with the service."""

    text: str = ""  # what the service said, "" = plainly accepted
    memo: Mapping[str, Any] = field(default_factory=dict)
    """Kept with the message's ``live`` key, given back with the next one: Telegram's message id."""


class Channel(Protocol):
    """One way out. Used by one thread only (its worker); may be slow, must have time-outs."""

    name: str
    kind: str  # "telegram", "apprise", "webhook", "web_push"
    edits: bool  # it can edit one message per print

    def send(self, message: Message, photo: Path | None, memo: Mapping[str, Any]) -> Sent:
        """Raises ChannelError, Refused. ``memo``: of the live message, {} = there is none yet."""

    def test(self) -> str:
        """Send a real message with a picture; what became of it. Raises ChannelError."""

    def describe(self) -> str:
        """Where it goes, without secrets: "Telegram chat -100123, topic 12"."""

    def close(self) -> None:
        """Let go of connections."""
