"""``ai``, ``mqtt``, ``metrics``, ``feed``, and the environment variables of the small bridge."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.bridge_environment import NAMES, with_environment
from core.config import FarmConfig
from core.config_file import read_config
from core.environment import arguments, load_settings
from core.errors import ConfigError

TOKEN = "123456:ABC-def_secret"


def read(**sections: Any) -> FarmConfig:
    printers = [{"id": "alder", "type": "bambu", "model": "P1S", "simulate": True}]
    content = json.dumps({"printers": printers, **sections}).encode()
    return read_config(content, "config.json", Path("jobs"))


def test_whole_sections() -> None:
    config = read(
        ai={"provider": "obico", "base_url": "http://127.0.0.1:3333/", "api_key": "k",
            "public_url": "http://10.0.0.2:8000", "printers": ["alder"], "pause": True},
        mqtt={"enabled": True, "host": "broker", "user": "u", "password": "hush", "tls": True,
              "ca": "ca.pem", "prefix": "my/farm"},
        metrics={"token": "0123456789abcdef"},
        feed={"image_timeout_s": 30, "reconnect_min_s": 2, "reconnect_max_s": 20},
    )  # fmt: skip
    assert config.ai.enabled and config.ai.base_url == "http://127.0.0.1:3333"
    assert config.mqtt.prefix == "my/farm" and config.mqtt.password.reveal() == "hush"
    assert (config.feed.reconnect_min_s, config.feed.reconnect_max_s) == (2.0, 20.0)
    assert "hush" not in repr(config) and "0123456789abcdef" not in repr(config)


def test_all_is_off_that_leaves_the_farm() -> None:
    config = read()
    assert not config.ai.enabled and not config.mqtt.enabled and config.alerts.channels == ()


@pytest.mark.parametrize(
    ("section", "entry", "problem"),
    [
        ("ai", {"provider": "openia"}, 'Did you mean "openai"'),
        ("ai", {"threshold": 2}, "ai.threshold: must be a number"),
        ("ai", {"confirm_n": 3, "confirm_m": 2}, "ai.confirm_n: must not be more"),
        ("ai", {"printers": ["aldr"]}, 'Did you mean "alder"?'),
        ("ai", {"provider": "openai", "model": ""}, "ai.model: is missing"),
        ("ai", {"provider": "obico"}, "ai.base_url: is missing"),
        ("mqtt", {"prefix": "a/#"}, "mqtt.prefix: must be letters"),
        ("mqtt", {"host": "mqtt://x"}, "mqtt.host: must be a name"),
        ("mqtt", {"password": "x"}, "mqtt.user: is missing"),
        ("mqtt", {"prefix": "homeassistant"}, "mqtt.prefix: must not be the same"),
        ("mqtt", {"ca": "x"}, "mqtt.ca: has no effect"),
        ("metrics", {"token": "short"}, "metrics.token: must have at least 16"),
        ("feed", {"reconnect_min_s": 90}, "feed.reconnect_min_s: must not be more"),
        ("feed", {"reconect_min_s": 1}, 'Did you mean "reconnect_min_s"?'),
    ],
)
def test_mistakes_are_said(section: str, entry: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(**{section: entry})
    assert problem in str(caught.value)


def test_telegram_of_the_small_bridge() -> None:
    environ = {
        "TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "-100123", "TELEGRAM_THREAD_ID": "9",
        "PROGRESS_STEP": "10", "PHOTO_INTERVAL_SECONDS": "0", "IMAGE_TIMEOUT_SECONDS": "45",
        "RECONNECT_MIN_SECONDS": "0.5", "RECONNECT_MAX_SECONDS": "30",
    }  # fmt: skip
    config = with_environment(read(), environ)
    [channel] = config.alerts.channels
    assert (channel.name, channel.type, channel.problems) == ("telegram", "telegram", ())
    assert (channel.chat_id, channel.thread_id) == ("-100123", 9)
    assert channel.token.reveal() == TOKEN and TOKEN not in repr(config)
    [rule] = config.alerts.rules
    assert rule.events == () and rule.channels == ("telegram",)
    assert (config.alerts.progress_step, config.alerts.photo_interval_s) == (10, 0.0)
    assert config.feed.image_timeout_s == 45.0 and config.feed.reconnect_max_s == 30.0


def test_the_file_s_own_rules_and_channels_stay() -> None:
    own = {"name": "telegram", "type": "telegram", "token": "1:a", "chat_id": "1", "live": False}
    other = {"name": "hook", "type": "webhook", "url": "http://127.0.0.1:9"}
    environ = {"TELEGRAM_CHAT_ID": "@my_room"}
    config = with_environment(read(alerts={"channels": [own, other]}), environ).alerts
    assert [item.name for item in config.channels] == ["hook", "telegram"]
    changed = config.channels[1]
    assert (changed.chat_id, changed.live, changed.token.reveal()) == ("@my_room", False, "1:a")
    assert [rule.channels for rule in config.rules] == [("hook",), ("telegram",)]
    rules = [{"events": ["failed"]}]
    kept = with_environment(read(alerts={"channels": [own], "rules": rules}), environ)
    assert [rule.events for rule in kept.alerts.rules] == [("failed",)]


def test_another_channel_of_that_name_is_not_lost_in_silence() -> None:
    hook = {"name": "telegram", "type": "webhook", "url": "http://127.0.0.1:9/x-secret"}
    environ = {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "-100123"}
    config = with_environment(read(alerts={"channels": [hook]}), environ)
    assert [one.type for one in config.alerts.channels] == ["telegram"]
    [note] = [note for note in config.notes if "webhook" in note]
    assert "another name" in note and "secret" not in note


def test_half_a_telegram_is_shown_as_unusable() -> None:
    config = with_environment(read(), {"TELEGRAM_BOT_TOKEN": TOKEN})
    [channel] = config.alerts.channels
    assert channel.problems == ("TELEGRAM_CHAT_ID: is missing.",)
    assert any("TELEGRAM_CHAT_ID" in note for note in config.notes)


def test_the_key_switches_the_watch_on() -> None:
    environ = {
        "OPENROUTER_API_KEY": "sk-1", "OPENROUTER_BASE_URL": "http://127.0.0.1:1/v1",
        "AI_MODEL": "m", "AI_CHECK_INTERVAL_SECONDS": "120", "AI_CONFIDENCE_THRESHOLD": "0.8",
    }  # fmt: skip
    ai = with_environment(read(), environ).ai
    assert (ai.provider, ai.model, ai.interval_s, ai.threshold) == ("openai", "m", 120.0, 0.8)
    assert ai.api_key.reveal() == "sk-1" and ai.base_url == "http://127.0.0.1:1/v1"
    without = with_environment(read(), {"AI_MODEL": "m"}).ai
    assert without.provider == "" and without.model == "m"


def test_a_local_provider_of_the_file_is_not_sent_elsewhere() -> None:
    obico = {"provider": "obico", "base_url": "http://h:3333", "public_url": "http://10.0.0.2"}
    ai = with_environment(read(ai=obico), {"OPENROUTER_API_KEY": "sk-1"}).ai
    assert (ai.provider, ai.base_url, bool(ai.api_key)) == ("obico", "http://h:3333", False)


def test_every_wrong_variable_is_named() -> None:
    wrong = {
        "PROGRESS_STEP": "often", "AI_CONFIDENCE_THRESHOLD": "7", "RECONNECT_MIN_SECONDS": "100",
    }  # fmt: skip
    with pytest.raises(ConfigError) as caught:
        with_environment(read(), wrong)
    for name in wrong:
        assert f"{name}: " in str(caught.value)


def test_empty_variables_say_nothing() -> None:
    assert with_environment(read(), dict.fromkeys(NAMES, "")) == read()


def test_the_farm_s_settings_know_them(tmp_path: Path) -> None:
    args = arguments(["--demo", "1", "--data-dir", str(tmp_path)])
    assert load_settings(args, {"PROGRESS_STEP": "20"}, tmp_path).alerts.progress_step == 20


def test_the_example_s_values_are_the_defaults() -> None:
    example = Path(__file__).parents[2] / "config.example.json"
    config = read_config(example.read_bytes(), "config.example.json", Path("jobs"))
    bare = FarmConfig()
    for section in ("alerts", "ai", "mqtt", "metrics", "feed"):
        assert getattr(config, section) == getattr(bare, section), section
    assert config.notes == ()
