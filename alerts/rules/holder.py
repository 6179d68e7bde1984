"""What waits to become a message: grouped, delayed by quiet hours, kept for a digest, summed up.

What waits here is owed in the log as well: after a restart it is put here again.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from alerts.ends import RESULTS
from alerts.model import Event, Kind, Level
from alerts.rules.times import is_quiet, next_time
from core.alert_config import RuleConfig
from core.clock import Clock

NOW_HOLD_S = 1.0
"""So long "now" waits for more of its kind: a power cut is one message …"""
NOW_MOST_S = 1.7
"""… and so long at most for its picture. It is with the channel's worker within two seconds."""
HOUR_S = 3600.0
LOOK_S = 30.0
"""What waits for a time of day is looked at so often: wall clocks jump."""
LIVE = frozenset(
    {
        Kind.STARTED, Kind.FILE_CHANGED, Kind.STATE_CHANGED, Kind.PROGRESS, Kind.PHOTO,
        Kind.RESUMED, Kind.DUE_SOON,
    }
)  # fmt: skip
"""News of a print that newer news of it makes worthless, in the one message that is edited."""
PASSING = frozenset({Kind.STATE_CHANGED, Kind.PROGRESS, Kind.DUE_SOON})
"""Of these, too, where nothing can be edited, only the newest is worth telling."""


class Why(StrEnum):
    """What makes several events one message."""

    GROUP = "group"  # of one kind, close together; or a single one
    QUIET = "quiet"  # quiet hours are over
    DIGEST = "digest"
    SURPLUS = "surplus"  # past the rule's limit


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event on its way to one channel."""

    event: Event
    channel: str
    rule: RuleConfig
    level: Level
    edits: bool  # the channel edits one message per print
    at: float  # epoch s it was taken
    since: float  # monotonic s it was put here

    @property
    def live(self) -> str:
        """Not "": newer news with the same takes its place."""
        kinds = LIVE if self.edits else PASSING
        event = self.event
        return f"{event.printer_id}|{event.run}" if event.run and event.kind in kinds else ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What becomes one message."""

    why: Why
    events: tuple[Waiting, ...]
    superseded: tuple[Waiting, ...] = ()  # older news of the same print that it makes worthless


@dataclass(slots=True)
class _Lane:
    """One rule's way to one channel."""

    rule: RuleConfig
    waiting: list[Waiting] = field(default_factory=list)
    sent: deque[float] = field(default_factory=deque)  # epoch s of messages of the last hour
    is_over: bool = False  # past its limit: what waits comes as one when there is room

    def room(self, now: float) -> bool:
        # also what "lies ahead": a clock that was set back must not silence a rule
        while self.sent and not 0 <= now - self.sent[0] < HOUR_S:
            self.sent.popleft()
        return not self.rule.per_hour or len(self.sent) < self.rule.per_hour

    def note(self, count: int, at: float) -> None:
        """So many messages; where there is no limit nobody will ask."""
        if self.rule.per_hour:
            self.sent.extend([at] * count)
            self.room(at)


class Holder:
    """Not thread-safe; the desk's."""

    def __init__(
        self, clock: Clock, image_timeout_s: float, has_picture: Callable[[str], bool]
    ) -> None:
        """``has_picture``: whether the event of that identity waits for no picture any more."""
        self._clock, self._image_timeout_s = clock, image_timeout_s
        self._has_picture = has_picture
        self._lanes: dict[tuple[str, str], _Lane] = {}

    def put(self, waiting: Waiting) -> None:
        self._lane(waiting.rule, waiting.channel).waiting.append(waiting)

    def note_sent(self, rule: RuleConfig, channel: str, at: float) -> None:
        """A message of an earlier life, for the rule's limit."""
        self._lane(rule, channel).note(1, at)

    def waiting(self) -> tuple[Waiting, ...]:
        return tuple(one for lane in self._lanes.values() for one in lane.waiting)

    def _lane(self, rule: RuleConfig, channel: str) -> _Lane:
        return self._lanes.setdefault((rule.name, channel), _Lane(rule))

    def take_due(self, mono: float) -> list[Bundle]:
        """What is to be sent at monotonic ``mono``; it waits here no longer."""
        found: list[Bundle] = []
        for lane in self._lanes.values():
            if lane.waiting:
                found += self._due_of(lane, mono)
        return found

    def due_in(self, mono: float) -> float:
        """Seconds from the last ``take_due(mono)`` until there may be more; at most LOOK_S."""
        waits = [LOOK_S]
        for one in self.waiting():
            ripe_at = (one.since + self._hold_s(one), one.since + self._picture_s(one))
            waits += [at - mono for at in ripe_at if at > mono]
        return max(0.02, min(waits))

    # -- one lane ------------------------------------------------------------------------------

    def _due_of(self, lane: _Lane, mono: float) -> list[Bundle]:
        now = self._clock.time()
        urgent = [one for one in lane.waiting if one.level is Level.NOW]
        calm = [one for one in lane.waiting if one.level is not Level.NOW]
        found = [_newest(Why.GROUP, group) for group in self._ripe(urgent, mono)]
        lane.note(len(found), now)
        later = self._calm(lane, calm, now, mono)
        lane.note(len(later), now)
        gone = {
            id(one) for bundle in (*found, *later) for one in (*bundle.events, *bundle.superseded)
        }
        lane.waiting = [one for one in lane.waiting if id(one) not in gone]
        return found + later

    def _calm(self, lane: _Lane, calm: list[Waiting], now: float, mono: float) -> list[Bundle]:
        """Of what is not urgent: as one for a digest, after quiet hours, or past the limit."""
        rule = lane.rule
        if rule.digest is not None:
            due = [one for one in calm if next_time(rule.digest, one.at) <= now]
            return [_summary(Why.DIGEST, due)] if due else []
        if not calm or is_quiet(rule.quiet, now) or not lane.room(now):
            lane.is_over = lane.is_over or (bool(calm) and not lane.room(now))
            return []
        if lane.is_over:
            lane.is_over = False
            return [_summary(Why.SURPLUS, calm)]
        delayed = [one for one in calm if is_quiet(rule.quiet, one.at)]
        found = [_summary(Why.QUIET, delayed)] if delayed else []
        fresh = [one for one in calm if not is_quiet(rule.quiet, one.at)]
        found += [_newest(Why.GROUP, group) for group in self._ripe(fresh, mono)]
        room = rule.per_hour - len(lane.sent) if rule.per_hour else len(found)
        lane.is_over = len(found) > room
        return found[:room]

    def _ripe(self, waiting: Sequence[Waiting], mono: float) -> Iterable[tuple[Waiting, ...]]:
        """Groups whose first one has waited long enough, for its like and for its picture."""
        groups: dict[tuple[str, ...], list[Waiting]] = defaultdict(list)
        for one in waiting:
            groups[_group(one)].append(one)
        for group in groups.values():
            first = group[0]
            # compared as in due_in, to the last bit: else nobody may wake for it
            pictured = self._has_picture(first.event.identity)
            pictured = pictured or mono >= first.since + self._picture_s(first)
            if pictured and mono >= first.since + self._hold_s(first):
                yield tuple(group)

    def _hold_s(self, one: Waiting) -> float:
        if one.level is Level.NOW:
            return NOW_HOLD_S
        return 0.0 if _is_alone(one) else one.rule.group_s

    def _picture_s(self, one: Waiting) -> float:
        if not one.rule.photo:
            return 0.0
        return NOW_MOST_S if one.level is Level.NOW else self._image_timeout_s


def _is_alone(one: Waiting) -> bool:
    """A print's own message is about one print, an hourly photo shows one printer."""
    return (one.edits and bool(one.live)) or one.event.kind is Kind.PHOTO


def _group(one: Waiting) -> tuple[str, ...]:
    """What may become one message."""
    if one.edits and one.live:
        return ("live", one.live)
    if one.event.kind is Kind.PHOTO:
        return ("photo", one.event.identity)
    return (one.event.kind, "end" if one.event.ends else "")


def _newest(why: Why, waiting: Sequence[Waiting]) -> Bundle:
    """Without what newer news of the same print has made worthless."""
    last = {one.live: one for one in waiting if one.live}
    kept = tuple(one for one in waiting if not one.live or last[one.live] is one)
    dropped = tuple(one for one in waiting if one.live and last[one.live] is not one)
    return Bundle(why, kept, dropped)


def _summary(why: Why, waiting: Sequence[Waiting]) -> Bundle:
    """In a list of what has been, a print that has ended is told by its end alone."""
    ended = {
        (one.event.printer_id, one.event.run) for one in waiting if one.event.kind in RESULTS
    }  # fmt: skip
    told = [one for one in waiting if not (_passed(one) and _print_of(one) in ended)]
    bundle = _newest(why, told)
    gone = tuple(one for one in waiting if _passed(one) and _print_of(one) in ended)
    return Bundle(why, bundle.events, (*bundle.superseded, *gone))


def _passed(one: Waiting) -> bool:
    return bool(one.event.run) and one.event.kind in LIVE


def _print_of(one: Waiting) -> tuple[str, str]:
    return one.event.printer_id, one.event.run
