"""A worker on a log of its own, with a channel that does as it is told and a clock that stands."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.worker import Terms, Worker
from alerts.log import AlertLog
from alerts.model import ChannelError, Event, Level, Message, Sent
from core.clock import ManualClock


@dataclass
class Scripted:
    """``script``: what becomes of the next messages, errors are raised; Sent() after that."""

    script: deque[Sent | Exception] = field(default_factory=deque)
    always: Exception | None = None
    got: list[tuple[Message, Path | None, Mapping[str, Any]]] = field(default_factory=list)
    name: str = "out"
    kind: str = "webhook"
    edits: bool = False

    @property
    def ids(self) -> list[str]:
        return [message.id for message, _, _ in self.got]

    def send(self, message: Message, photo: Path | None, memo: Mapping[str, Any]) -> Sent:
        self.got.append((message, photo, memo))
        found = self.always or (self.script.popleft() if self.script else Sent())
        if isinstance(found, Exception):
            raise found
        return found

    def test(self) -> str:
        return "fine"

    def describe(self) -> str:
        return "Nowhere"

    def close(self) -> None:
        self.closed = True


@dataclass
class Bench:
    """Everything around one worker. ``turns`` runs it until it has to wait."""

    folder: Path
    clock: ManualClock = field(default_factory=ManualClock)
    channel: Scripted = field(default_factory=Scripted)
    told: list[Event] = field(default_factory=list)
    terms: Terms = field(default_factory=Terms)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """As at a start of the server."""
        self.log = AlertLog(self.folder, self.clock)
        self.worker = Worker(
            "out", lambda: self.channel, self.terms, self.log, self.folder / "photos",
            self.clock, self.told.append, chance=lambda: 0.0,
        )  # fmt: skip
        self.worker.resume()

    def add(self, level: Level = Level.SOON, **more: Any) -> Message:
        self.clock.advance(0.001)  # no two of the same age
        number = next(self._numbers)
        given: dict[str, Any] = {
            "id": f"m{number}", "channel": "out", "level": level, "title": "Alder",
            "text": f"text {number}", "created_at": self.clock.time(),
        }  # fmt: skip
        message = Message(**(given | more))
        self.log.add_message(message)
        return message

    def turns(self) -> float:
        """Seconds until the worker would do something again."""
        for _ in range(1000):
            wait_s = self.worker.turn()
            if wait_s > 0:
                return wait_s
        raise AssertionError("it never rests")

    def run(self, seconds: float, step_s: float = 1.0) -> None:
        """Let so much time pass, with a turn whenever one is due."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            wait_s = self.turns()
            self.clock.advance(
                min(max(wait_s, 0.001), step_s, end - self.clock.monotonic() + 0.001)
            )
        self.turns()

    def state(self, message: Message) -> str:
        record = self.log.record(message.id)
        assert record is not None
        return record.state

    def last_note(self, message: Message) -> str:
        return self.log.outcomes(message.id)[-1].text


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path)
    yield found
    found.worker.stop()


def broken(text: str = "no connection") -> ChannelError:
    return ChannelError(text)


def silent(text: str = "no answer") -> ChannelError:
    return ChannelError(text, maybe=True)


def as_edit(message: Message, live: str = "alder|job-1.1") -> Message:
    return replace(message, live=live)
