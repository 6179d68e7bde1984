"""Which channels an event goes to, and by which rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.model import TRAITS, Event, Kind, Level
from alerts.rules.routing import DEFAULT, channels_of, level_of, rule_for, rules_of, targets
from core.alert_config import AlertsConfig, RuleConfig
from tests.alerts.desk_kit import HOOK, TELEGRAM, config, event

BOTH = (HOOK, TELEGRAM)


def told(one: Event, *rules: RuleConfig) -> dict[str, str]:
    found = targets(one, config(*rules, channels=BOTH))
    return {channel: rule.name for channel, rule in found.items()}


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.TEST])
def test_without_rules_what_needs_somebody_goes_everywhere(kind: Kind) -> None:
    wanted = TRAITS[kind].level is not Level.INFO
    assert set(told(event(kind))) == ({"hook", "tele"} if wanted else set())


def test_a_rule_without_events_takes_what_is_sent_by_default() -> None:
    rule = RuleConfig(name="all")
    sent = {kind for kind in Kind if told(event(kind), rule)}
    assert sent == {kind for kind in Kind if TRAITS[kind].default}


def test_kinds_levels_and_what_must_be_named() -> None:
    assert told(event(Kind.STARTED), RuleConfig(events=("info",)))
    assert not told(event(Kind.STATE_CHANGED), RuleConfig(events=("info",)))
    assert told(event(Kind.STATE_CHANGED), RuleConfig(events=("info", "state_changed")))
    assert told(event(Kind.FAULT, level=Level.INFO), RuleConfig(events=("info",)))
    assert not told(event(Kind.FAULT, level=Level.INFO), RuleConfig(events=("now",)))
    assert not told(event(Kind.TEST), RuleConfig(events=("soon",)))


def test_printers_groups_and_the_farm() -> None:
    mine = RuleConfig(printers=("alder",), groups=("Window",))
    assert told(event(Kind.FAILED), mine)
    assert not told(event(Kind.FAILED, "birch"), mine)
    assert told(event(Kind.FAILED, "birch", group="Window"), mine)
    farm = Event(kind=Kind.DISK_LOW, at=0.0, text="The disk is full.")
    assert not told(farm, mine) and told(farm, RuleConfig())
    assert not told(event(Kind.FAILED, "birch"), RuleConfig(groups=("",)))


def test_the_first_rule_that_names_it_counts_for_each_channel() -> None:
    rules = (
        RuleConfig(name="hook", events=("failed",), channels=("hook",)),
        RuleConfig(name="all"),
        RuleConfig(name="never", channels=("hook", "tele")),
    )
    assert told(event(Kind.FAILED), *rules) == {"hook": "hook", "tele": "all"}
    assert told(event(Kind.PAUSED), *rules) == {"hook": "all", "tele": "all"}


def test_what_cannot_be_used_is_not_and_the_default_stands_in_for_bad_rules() -> None:
    bad = RuleConfig(name="bad", problems=("x",))
    assert rules_of(config(bad)) == (DEFAULT,)
    assert rules_of(config(bad, RuleConfig(name="good"))) == (RuleConfig(name="good"),)
    broken = replace(HOOK, problems=("x",))
    assert list(channels_of(config(channels=(broken, TELEGRAM)))) == ["tele"]
    assert channels_of(AlertsConfig(enabled=False, channels=BOTH)) == {}
    assert told(event(Kind.FAILED), RuleConfig(channels=("gone",))) == {}


def test_that_a_channel_is_dead_is_told_on_the_others() -> None:
    dead = Event(kind=Kind.CHANNEL_DEAD, at=0.0, text="hook fails", key="hook 17")
    assert set(told(dead)) == {"tele"}
    found = targets(replace(dead, ends=True), config(channels=BOTH), ("tele",))
    assert set(found) == {"tele"}


def test_ends_go_where_the_beginning_went_unless_another_kind_tells_them() -> None:
    gone = event(Kind.FAULT, key="E1", ends=True)
    settings = config(RuleConfig(events=("failed",)), channels=BOTH)
    assert targets(gone, settings) == {} and set(targets(gone, settings, ("hook",))) == {"hook"}
    assert targets(gone, settings, ("another",)) == {}
    for kind in (Kind.PAUSED, Kind.OFFLINE_PRINTING, Kind.BED_WAITING, Kind.NEEDS_PERSON):
        assert targets(event(kind, ends=True), settings, ("hook",)) == {}


def test_the_level_is_the_rule_s_but_an_end_is_information() -> None:
    loud = RuleConfig(level="now")
    assert level_of(event(Kind.STARTED), loud) is Level.NOW
    assert level_of(event(Kind.FAULT, ends=True), loud) is Level.INFO
    assert level_of(event(Kind.FAULT), RuleConfig()) is Level.NOW
    assert level_of(event(Kind.FAULT, level=Level.SOON), RuleConfig()) is Level.SOON


def test_for_what_was_taken_under_other_rules_the_nearest_serves() -> None:
    hook = RuleConfig(name="hook", channels=("hook",), printers=("birch",))
    tele = RuleConfig(name="tele", channels=("tele",), events=("failed",))
    settings = config(hook, tele, channels=BOTH)
    assert rule_for(event(Kind.STARTED), "tele", settings).name == "tele"
    assert rule_for(event(Kind.STARTED), "hook", settings).name == "hook"
    assert rule_for(event(Kind.STARTED), "new", settings) == DEFAULT
