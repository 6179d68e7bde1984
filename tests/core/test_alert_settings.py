"""Channels and rules in config.json: a mistake makes that one unusable, with its path."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from alerts.model import Kind
from core.alert_config import QuietConfig
from core.alert_settings import KINDS
from core.config import FarmConfig
from core.config_file import read_config
from core.errors import ConfigError

PRINTER = {"id": "alder", "type": "bambu", "model": "P1S", "simulate": True, "group": "Window"}
TOKEN = "123456:ABC-def_secret"
TELEGRAM = {"type": "telegram", "token": TOKEN, "chat_id": "-100123"}


def read(**sections: Any) -> FarmConfig:
    content = json.dumps({"printers": [PRINTER], **sections}).encode()
    return read_config(content, "config.json", Path("jobs"))


def channel(**entry: Any) -> tuple[str, ...]:
    [one] = read(alerts={"channels": [entry]}).alerts.channels
    return one.problems


def rule(**entry: Any) -> tuple[str, ...]:
    [one] = read(alerts={"channels": [TELEGRAM], "rules": [entry]}).alerts.rules
    return one.problems


def test_rules_may_name_every_kind_but_the_test() -> None:
    assert set(KINDS) == set(Kind) - {Kind.TEST}


def test_a_whole_section() -> None:
    config = read(
        alerts={
            "progress_step": 0, "photo_interval_s": 0, "due_min": 5, "bed_reminders_min": [10, 60],
            "channels": [
                {**TELEGRAM, "chat_id": -100123, "thread_id": 7, "topics": {"alder": 12},
                 "allowed_chats": [5, "@us_here"], "two_way": True},
                {"name": "phone", "type": "apprise", "url": "ntfy://topic"},
                {"type": "webhook", "url": "http://127.0.0.1:9/x", "secret": "x" * 16},
                {"type": "web_push", "contact": "mailto:me@example.org"},
            ],
            "rules": [
                {"events": ["now", "finished"], "channels": ["phone"], "printers": ["alder"],
                 "quiet": {"start": "22:30", "end": "7:00"}, "digest": "08:15",
                 "template": "{printer}: {text} ({percent} %)", "per_hour": 30, "group_s": 0},
            ],
        }
    ).alerts  # fmt: skip
    assert [item.problems for item in config.channels] == [()] * 4
    assert [item.name for item in config.channels] == ["telegram", "phone", "webhook", "web_push"]
    assert config.channels[0].chat_id == "-100123" and config.channels[0].topics == {"alder": 12}
    assert config.channels[0].allowed_chats == ("5", "@us_here")
    [only] = config.rules
    assert only.quiet == QuietConfig(start=1350, end=420) and only.digest == 495
    assert (config.progress_step, config.photo_interval_s, only.problems) == (0, 0.0, ())
    assert TOKEN not in repr(config) and "ntfy" not in repr(config)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (TELEGRAM, ""),
        ({**TELEGRAM, "token": "no colon"}, "token: must be as BotFather gave it"),
        ({"type": "telegram", "token": TOKEN}, "chat_id: is missing"),
        ({**TELEGRAM, "chat_id": "us"}, 'chat_id: must be a number like "-1001234567890"'),
        ({**TELEGRAM, "thread_id": "7"}, "thread_id: must be a number"),
        ({**TELEGRAM, "topics": {"aldr": 3}}, 'no printer "aldr". Did you mean "alder"?'),
        ({**TELEGRAM, "api": "ftp://x"}, "api: must be an address"),
        ({**TELEGRAM, "url": "ntfy://x"}, 'unknown setting "url"'),
        ({**TELEGRAM, "per_minute": 0}, "per_minute: must be a whole number"),
        ({**TELEGRAM, "name": "a b"}, "name: must be 1 to 64"),
        ({"type": "telegramm"}, 'Did you mean "telegram"?'),
        ({"type": "apprise", "url": "tgram://1:a/2"}, 'own here: "type": "telegram"'),
        ({"type": "apprise", "url": "ntfy"}, "url: must be an Apprise URL"),
        ({"type": "apprise"}, "url: is missing"),
        ({"type": "webhook", "url": "http://"}, "url: must be an address"),
        ({"type": "webhook", "url": "http://[::1"}, "url: must be an address"),
        ({"type": "webhook", "url": "https://a.b", "secret": "short"}, "at least 16 characters"),
        ({"type": "web_push", "contact": "me"}, "contact: must be like"),
    ],
)
def test_a_wrong_channel_is_unusable_and_says_why(entry: dict[str, Any], problem: str) -> None:
    problems = channel(**entry)
    if problem:
        assert len(problems) == 1 and problem in problems[0]
    else:
        assert problems == ()


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({}, ""),
        ({"events": ["finnished"]}, 'no event or level "finnished". Did you mean "finished"?'),
        ({"channels": ["phone"]}, 'no channel "phone"'),
        ({"printers": ["aldr"]}, 'Did you mean "alder"?'),
        ({"groups": ["Widow"]}, 'no group "Widow". Did you mean "Window"?'),
        ({"level": "later"}, "level: must be one of now, soon, info"),
        ({"quiet": {"start": "22:00"}}, "quiet: must be like"),
        ({"quiet": {"start": "25:00", "end": "07:00"}}, 'must be a time of day like "22:30"'),
        ({"digest": 8}, "digest: must be a text"),
        ({"template": "{printer.id}"}, 'template: knows no "{printer.id}"'),
        ({"template": "{percent:1000000}"}, 'takes a plain "{percent}"'),
        ({"template": "{"}, "template: "),
        ({"group_s": 31}, "group_s: must be a number from 0 to 30"),
        ({"chanels": []}, 'Did you mean "channels"?'),
    ],
)
def test_a_wrong_rule_is_unusable_and_says_why(entry: dict[str, Any], problem: str) -> None:
    problems = rule(**entry)
    if problem:
        assert len(problems) == 1 and problem in problems[0]
    else:
        assert problems == ()


def test_what_is_unusable_is_said_at_the_start_without_its_secret() -> None:
    config = read(alerts={"channels": [{"type": "apprise", "url": "tgram://12:sesame/3"}]})
    [note] = config.notes
    assert note.startswith("Not used: alerts.channels[0].url:") and "sesame" not in note


def test_a_wrong_setting_of_all_alerts_stops_the_start() -> None:
    with pytest.raises(ConfigError) as caught:
        read(alerts={"progress_stepp": 5, "due_min": 0.5, "bed_reminders_min": [60, 10]})
    assert 'Did you mean "progress_step"?' in str(caught.value)
    assert "due_min: must be a number from 1 to 240, or 0 = off" in str(caught.value)
    assert "rising numbers" in str(caught.value)


def test_rules_of_one_name_are_told_apart_and_all_used() -> None:
    """By its name is counted what a rule has sent, and kept what it holds back."""
    names = ({"name": "a"}, {"name": "rule-4"}, {"name": "a"}, {}, {"name": "a-3"})
    rules = read(alerts={"channels": [TELEGRAM], "rules": list(names)}).alerts.rules
    assert [one.name for one in rules] == ["a", "rule-4", "a-3", "rule-4-4", "a-3-5"]
    assert not any(one.problems for one in rules)


def test_two_channels_of_one_name() -> None:
    first, second = read(alerts={"channels": [TELEGRAM, TELEGRAM]}).alerts.channels
    assert first.problems == () and "used twice" in second.problems[0]
    assert first.name != second.name
