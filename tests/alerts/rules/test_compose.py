"""The words of messages."""

from __future__ import annotations

import pytest

from alerts.model import Event, Kind, Level
from alerts.rules.compose import MOST_LINES, WEEK_S, compose, plain
from alerts.rules.holder import Bundle, Waiting, Why
from alerts.rules.routing import level_of
from alerts.rules.template import filled
from core.alert_config import RuleConfig
from tests.alerts.desk_kit import NOON, event

FACTS = {
    "file": "cube\n.gcode", "percent": 45.0, "left_s": 8400, "layer": 12, "reason": "no filament",
}  # fmt: skip


def waiting(one: Event, rule: RuleConfig, *, edits: bool = False) -> Waiting:
    return Waiting(one, "hook", rule, level_of(one, rule), edits, NOON, 0.0)


def bundle(*events: Event, why: Why = Why.GROUP, rule: RuleConfig | None = None) -> Bundle:
    return Bundle(why, tuple(waiting(one, rule or RuleConfig()) for one in events))


@pytest.mark.parametrize(
    ("template", "wanted"),
    [
        ("{printer}: {text} ({percent} %)", "Alder: Alder: progress (45 %)"),
        ("{file} on {printer_id}, {left} left", "cube .gcode on alder, 2 h 20 min left"),
        ("{kind} {level} {time} {layer}/{layers}", "progress info 12:00 12/"),
        ("{{plain}}", "{plain}"),
    ],
)
def test_templates(template: str, wanted: str) -> None:
    assert filled(template, event(Kind.PROGRESS, facts=FACTS), NOON) == wanted


def test_a_long_value_is_cut_and_no_value_is_a_template() -> None:
    one = event(Kind.PROGRESS, facts={"file": "{printer.__class__}" + "x" * 1000})
    found = filled("{file}", one, NOON)
    assert found.startswith("{printer.__class__}xx") and len(found) == 300


def test_an_empty_template_result_falls_back_to_the_event_s_words() -> None:
    rule = RuleConfig(template="{reason}")
    assert compose(bundle(event(Kind.PAUSED), rule=rule), NOON).text == "Alder: paused"
    told = event(Kind.PAUSED, facts=FACTS)
    assert compose(bundle(told, rule=rule), NOON).text == "no filament"


def test_what_is_told_late_has_its_time() -> None:
    one = event(Kind.FINISHED)
    assert compose(bundle(one), NOON + 599).text == "Alder: finished"
    assert compose(bundle(one), NOON + 601).text == "12:00 Alder: finished"
    timed = RuleConfig(template="{time} {printer}")
    assert compose(bundle(one, rule=timed), NOON + 7200).text == "12:00 Alder"


@pytest.mark.parametrize(
    ("events", "title"),
    [
        ([event(Kind.FINISHED, name) for name in ("a", "b", "c")], "3 printers finished"),
        ([event(Kind.FAULT, key=key) for key in "xy"], "Alder: 2 alerts"),
        ([event(Kind.FAULT, n, key=k) for n, k in ("ax", "ay", "bz")], "3 × fault"),
        ([event(Kind.FAULT, n, ends=True) for n in "ab"], "2 × over: fault"),
        ([Event(kind=Kind.DISK_LOW, at=NOON, text="full", key=k) for k in "12"], "2 × disk low"),
        ([Event(kind=Kind.DISK_LOW, at=NOON, text="full")], "Print farm"),
        ([Event(kind=Kind.FAILED, at=NOON, text="", printer="A\nB")], "A B"),
    ],
)
def test_titles(events: list[Event], title: str) -> None:
    message = compose(bundle(*events), NOON)
    assert message.title == title and "\n" not in message.title and message.text


def test_every_kind_has_words() -> None:
    for kind in Kind:
        message = compose(bundle(*(event(kind, name) for name in "abc")), NOON)
        of_the_farm = {
            "photo",
            "queue_blocked",
            "disk_low",
            "channel_dead",
            "channel_moved",
            "test",
        }
        assert message.title.startswith("3 × " if kind in of_the_farm else "3 printers ")
        assert len(message.text.splitlines()) == 3


def test_a_long_list_is_cut_but_names_all_its_events() -> None:
    events = [event(Kind.FINISHED, f"p{n}") for n in range(100)]
    message = compose(bundle(*events), NOON)
    assert len(message.text.splitlines()) == MOST_LINES
    assert message.text.endswith("and 71 more") and len(message.events) == 100


def test_a_summary_begins_with_what_is_most_urgent() -> None:
    events = [event(Kind.STARTED, "a"), event(Kind.FINISHED, "b"), event(Kind.PAUSED, "c")]
    message = compose(bundle(*events, why=Why.QUIET), NOON)
    assert message.title == "3 alerts in quiet hours" and message.level is Level.NOW
    assert [line[6:] for line in message.text.splitlines()] == [
        "C: paused", "B: finished", "A: started",
    ]  # fmt: skip
    assert compose(bundle(*events, why=Why.SURPLUS), NOON).title == "3 more"
    assert compose(bundle(*events[:1], why=Why.DIGEST), NOON).title == "Digest: 1 alert"


def test_a_group_shows_one_picture_and_says_whose() -> None:
    events = [event(Kind.FINISHED, "a"), event(Kind.FINISHED, "b", photo="b.jpg")]
    message = compose(bundle(*events), NOON)
    assert message.photo == "b.jpg" and message.text.endswith("Picture: B")
    without = compose(bundle(*events, rule=RuleConfig(photo=False)), NOON)
    assert without.photo == "" and "Picture" not in without.text


def test_a_summary_of_a_print_is_not_its_one_message() -> None:
    one = waiting(event(Kind.PROGRESS), RuleConfig(), edits=True)
    assert compose(Bundle(Why.GROUP, (one,)), NOON).live == "alder|j1"
    assert compose(Bundle(Why.QUIET, (one,)), NOON).live == ""
    foreign = waiting(event(Kind.PROGRESS, run=""), RuleConfig(), edits=True)
    assert compose(Bundle(Why.GROUP, (foreign,)), NOON).live == ""


def test_delayed_news_are_still_worth_telling_when_their_time_comes() -> None:
    rule = RuleConfig(digest=480)
    assert compose(bundle(event(Kind.PROGRESS), rule=rule), NOON).expires_at == NOON + 90_000
    mixed = bundle(event(Kind.PROGRESS), event(Kind.FINISHED, "b"), why=Why.QUIET)
    assert compose(mixed, NOON).expires_at == NOON + WEEK_S


def test_the_plain_words() -> None:
    message = plain(bundle(event(Kind.FAILED), event(Kind.FINISHED, "b")), NOON)
    assert (message.level, message.text) == (Level.NOW, "Alder: failed\nB: finished")
    assert len(message.events) == 2
