"""What is released when, without a desk around it."""

from __future__ import annotations

import pytest

from alerts.model import Event, Kind, Level
from alerts.rules.holder import LOOK_S, Bundle, Holder, Waiting, Why
from alerts.rules.routing import level_of
from core.alert_config import QuietConfig, RuleConfig
from core.clock import ManualClock
from tests.alerts.desk_kit import NOON, event


class Bench:
    def __init__(self, rule: RuleConfig, *, edits: bool = False) -> None:
        self.clock, self.rule, self.edits = ManualClock(NOON), rule, edits
        self.no_picture: set[str] = set()
        self.holder = Holder(self.clock, 20.0, lambda one: one not in self.no_picture)

    def put(self, *events: Event) -> None:
        now, mono = self.clock.time(), self.clock.monotonic()
        for one in events:
            level = level_of(one, self.rule)
            self.holder.put(Waiting(one, "hook", self.rule, level, self.edits, now, mono))

    def due(self, after: float = 0.0) -> list[Bundle]:
        self.clock.advance(after)
        return self.holder.take_due(self.clock.monotonic())

    def due_in(self) -> float:
        return self.holder.due_in(self.clock.monotonic())


def test_kinds_are_grouped_apart() -> None:
    bench = Bench(RuleConfig(group_s=25.0))
    bench.put(*(event(kind, name) for kind in ("finished", "cancelled") for name in "ab"))
    assert bench.due(24.9) == [] and bench.due_in() == pytest.approx(0.1)
    found = bench.due(0.2)
    assert [len(bundle.events) for bundle in found] == [2, 2]
    assert bench.holder.waiting() == () and bench.due_in() == LOOK_S


def test_two_messages_at_once_and_room_for_one() -> None:
    bench = Bench(RuleConfig(group_s=0.0, per_hour=1))
    bench.put(event("finished", "a"), event("cancelled", "b"))
    assert [one.event.kind for bundle in bench.due() for one in bundle.events] == ["finished"]
    bench.put(event("finished", "c"))
    assert bench.due(3599.0) == []
    [surplus] = bench.due(2.0)
    assert surplus.why is Why.SURPLUS and len(surplus.events) == 2


def test_messages_of_long_ago_are_not_counted_for_ever() -> None:
    for rule in (RuleConfig(group_s=0.0), RuleConfig(group_s=0.0, per_hour=9)):
        bench = Bench(rule)
        for number in range(100):
            bench.put(event("failed", f"p{number}"))
            assert len(bench.due(60.0)) == 1
        [lane] = bench.holder._lanes.values()
        assert len(lane.sent) == (60 if rule.per_hour else 0)


def test_an_urgent_message_takes_room_but_needs_none() -> None:
    bench = Bench(RuleConfig(group_s=0.0, per_hour=1))
    for name in "abc":
        bench.put(event("failed", name))
        assert len(bench.due(1.0)) == 1
    bench.put(event("finished", "d"))
    assert bench.due(1.0) == []
    assert len(bench.due(3600.0)) == 1


def test_a_clock_that_was_set_back_silences_nobody() -> None:
    bench = Bench(RuleConfig(group_s=0.0, per_hour=1))
    bench.put(event("finished", "a"))
    assert bench.due()
    bench.clock.jump(-86_400.0)
    bench.put(event("finished", "b"))
    assert bench.due()


def test_quiet_hours_that_begin_while_something_waits() -> None:
    quiet = QuietConfig(start=12 * 60 + 1, end=13 * 60)
    bench = Bench(RuleConfig(group_s=25.0, quiet=quiet))
    bench.clock.advance(50.0)
    bench.put(event("finished", "a"))
    bench.clock.advance(20.0)
    bench.put(event("finished", "b"))
    assert bench.due(10.0) == []
    found = bench.due(3600.0)
    assert sorted(len(bundle.events) for bundle in found) == [1, 1]
    assert {bundle.why for bundle in found} == {Why.QUIET, Why.GROUP}


def test_news_of_one_print_pass_each_other_only() -> None:
    bench = Bench(RuleConfig(), edits=True)
    bench.put(event("started", "a"), event("progress", "a"), event("progress", "b"))
    [first, second] = bench.due()
    assert [one.event.kind for one in first.events] == ["progress"]
    assert [one.event.kind for one in first.superseded] == ["started"]
    assert [one.event.printer_id for one in second.events] == ["b"]


def test_without_edits_a_start_is_not_passed_by_progress() -> None:
    bench = Bench(RuleConfig())
    bench.put(
        event("started", "a"), event("progress", "a", key="5"), event("progress", "a", key="10")
    )
    found = bench.due(25.0)
    assert [[one.event.key for one in bundle.events] for bundle in found] == [[""], ["10"]]


def test_hourly_photos_are_never_grouped_and_wait_for_their_picture() -> None:
    bench = Bench(RuleConfig())
    bench.put(event("photo", "a"), event("photo", "b"))
    bench.no_picture = {event("photo", "b").identity}
    assert len(bench.due(0.0)) == 1
    assert bench.due(19.9) == [] and len(bench.due(0.2)) == 1


def test_a_rule_may_make_anything_urgent() -> None:
    bench = Bench(RuleConfig(level="now", digest=0, quiet=QuietConfig(start=0, end=1439)))
    bench.put(event(Kind.STARTED))
    [bundle] = bench.due(1.0)
    assert bundle.events[0].level is Level.NOW
