"""Which of the waiting messages is next. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from alerts.model import Kind, Level, Message

ABOUT_ITSELF = "It is about this channel itself"
TOO_OLD = "It was worth nothing any more"
NEWER = "Newer news of the same print has come"
_ORDER = {Level.NOW: 0, Level.SOON: 1, Level.INFO: 2}


@dataclass(frozen=True, slots=True)
class Sorted:
    """``ready``: may be sent; ``next_s``: when the next of the others may; ``done``: never will
    be: (message, outcome, why)."""

    ready: tuple[Message, ...]
    next_s: float
    done: tuple[tuple[Message, str, str], ...]


def sift(
    pending: Sequence[Message], deferred: Mapping[str, float], now: float, mono: float
) -> Sorted:
    """``deferred``: message id -> monotonic s before which it is not tried; ``now``: epoch s."""
    ready, done, waits = [], [], [3600.0]
    by_age = sorted(pending, key=lambda message: message.created_at)
    newest = {message.live: message.created_at for message in by_age if message.live}
    for message in pending:
        if message.expires_at and message.expires_at <= now:
            done.append((message, "expired", TOO_OLD))
        elif _is_about(message, message.channel):
            done.append((message, "expired", ABOUT_ITSELF))
        elif message.live and not message.ends_live and message.created_at < newest[message.live]:
            done.append((message, "superseded", NEWER))
        elif (wait_s := deferred.get(message.id, 0.0) - mono) > 0:
            waits.append(wait_s)
        else:
            ready.append(message)
    return Sorted(tuple(ready), min(waits), tuple(done))


def first(ready: Sequence[Message], tried: Collection[str], last_failed: str) -> Message | None:
    """The most urgent, of those one that was not tried, of those the oldest. The one that failed
    last lets all others go first, so that what a service cannot take holds nothing up."""

    def rank(message: Message) -> tuple[bool, int, bool]:
        return message.id == last_failed, _ORDER[message.level], message.id in tried

    return min(ready, key=rank, default=None)


def _is_about(message: Message, channel: str) -> bool:
    """Whether it says that ``channel`` fails, or works again: told on the others only."""
    return bool(message.events) and all(
        event.kind is Kind.CHANNEL_DEAD and event.key.partition(" ")[0] == channel
        for event in message.events
    )
