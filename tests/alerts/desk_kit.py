"""A desk on a disk in memory, with a clock of the test's, and what it has made of its events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alerts.desk import Desk
from alerts.incidents import IncidentBook
from alerts.log import AlertLog, Draft
from alerts.model import Event, Kind, Level
from alerts.mutes import Mutes
from core.alert_config import AlertsConfig, ChannelConfig, RuleConfig
from core.clock import ManualClock
from core.events import Bus
from core.secret import Secret
from tests.job_queue.store.disks import FOLDER, MemoryDisk

TELEGRAM = ChannelConfig(name="tele", type="telegram", token=Secret("1:a"), chat_id="1")
HOOK = ChannelConfig(name="hook", type="webhook", url=Secret("http://127.0.0.1:9"))
NOON = 1_800_014_400.0 - 1_800_014_400.0 % 86_400 + 43_200
"""Epoch s of a noon in UTC, which is the time of the tests."""


def config(*rules: RuleConfig, channels: Iterable[ChannelConfig] = (HOOK,)) -> AlertsConfig:
    return AlertsConfig(channels=tuple(channels), rules=rules, image_timeout_s=20.0)


def event(kind: Kind | str, printer: str = "alder", run: str = "j1", **more: Any) -> Event:
    kind = Kind(kind)
    name = printer.capitalize()
    text = more.pop("text", f"{name}: {kind.value}")
    more.setdefault("at", NOON)
    return Event(kind=kind, printer_id=printer, printer=name, run=run, text=text, **more)


class Recorder(AlertLog):
    """Remembers what messages were kept, and when by the clock that never jumps."""

    made: list[tuple[float, Draft]]

    def add_messages(self, drafts: Iterable[Draft]) -> None:
        drafts = list(drafts)
        super().add_messages(drafts)
        self.made.extend((self._clock.monotonic(), draft) for draft in drafts)


class Cameras:
    """AlertPhotos' place: pictures come when the test says so, or at once."""

    def __init__(self, *, slow: bool = False) -> None:
        self.slow = slow
        self.open: dict[str, Event] = {}
        self.wished: list[tuple[str, Level]] = []

    def wish(self, event: Event, level: Level) -> None:
        if event.photo:
            return
        self.wished.append((event.identity, level))
        if self.slow:
            self.open[event.identity] = event

    def is_done(self, identity: str) -> bool:
        return identity not in self.open

    def start(self, taken: object) -> None: ...

    def stop(self) -> None: ...

    def clear(self, wanted: frozenset[str]) -> int:
        return 0


class Office:
    """Desk, log and clock; ``restart`` is a kill, after which only the disk is left."""

    def __init__(
        self,
        settings: AlertsConfig,
        *,
        disk: MemoryDisk | None = None,
        slow_cameras: bool = False,
        clock: ManualClock | None = None,
    ) -> None:
        self.settings = settings
        self.disk = disk or MemoryDisk()
        self.clock = clock or ManualClock(NOON)
        self.bus = Bus()
        self.box = self.bus.subscribe()
        self.made: list[tuple[float, Draft]] = []
        self.slow_cameras = slow_cameras
        self.open()

    def open(self) -> None:
        self.log = Recorder(FOLDER, self.clock, fs=self.disk)
        self.log.made = self.made
        self.cameras = Cameras(slow=self.slow_cameras)
        self.book = IncidentBook(self.log, self.clock)
        self.mutes = Mutes(self.log, self.clock)
        self.desk = Desk(
            self.settings, self.log, self.book, self.mutes, self.cameras,  # type: ignore[arg-type]
            self.bus, self.clock,
        )  # fmt: skip

    def restart(self) -> None:
        self.disk = MemoryDisk(self.disk.now())
        self.open()

    def take(self, *events: Event) -> None:
        for one in events:
            assert self.desk.take(one)

    def run(self, seconds: float) -> None:
        """Time goes by, and the desk's thread wakes when it wants to."""
        left = seconds
        while True:
            wait = self.desk.step()
            if left <= 0:
                return
            self.clock.advance(min(wait, left))
            left -= wait

    def titles(self, channel: str = "hook") -> list[str]:
        return [d.message.title for _, d in self.made if d.message.channel == channel]

    def texts(self, channel: str = "hook") -> list[str]:
        return [d.message.text for _, d in self.made if d.message.channel == channel]

    def deliver(self, channel: str = "hook") -> list[str]:
        """What a worker does with all that is pending; ids in the order they were sent."""
        sent = []
        for message in self.log.pending(channel):
            if self.log.note(message.id, "sending"):
                sent.append(message.id)
                self.log.note(message.id, "sent")
        return sent


NAMES = ("alder", "birch", "cedar", "elm", "fir")


def results(kind: Kind = Kind.FINISHED, names: tuple[str, ...] = NAMES) -> list[Event]:
    """One of each printer."""
    return [event(kind, name) for name in names]
