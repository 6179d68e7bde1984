"""What left the configuration leaves the broker and Home Assistant, over restarts too."""

from __future__ import annotations

from typing import Any

import pytest

from mqtt_out.topics import Topics
from tests.mqtt_out import samples
from tests.mqtt_out.conftest import Client, Farm
from tests.mqtt_out.home_assistant_rules import violations
from tests.waiting import wait_for

TOPICS = Topics("farm", "homeassistant")


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mqtt_out.desk.GONE_AFTER_S", 0.5)
    monkeypatch.setattr("mqtt_out.service.SAVE_S", 0.5)


def test_what_left_the_configuration_leaves_home_assistant(
    farm: Any, client: Any, soon: None
) -> None:
    """Also when it left while the farm was off; and so do buttons that are offered no more."""
    first: Farm = farm("alder", "oak", commands=True)
    samples.publish(first.registry, samples.rich())
    samples.publish(first.registry, samples.plain())
    ears: Client = client("#")
    assert "stop" in ears.wait(TOPICS.config("oak"))["cmps"]
    ears.wait(TOPICS.config("alder"))
    first.room.stop()
    second: Farm = farm("oak", commands=False, pictures=False)
    samples.publish(second.registry, samples.plain())
    for topic in (TOPICS.config("alder"), "farm/printer/alder/state", "farm/printer/oak/image"):
        wait_for(lambda t=topic: ears.texts(t)[-1:] == [""] or t.endswith("image"))
    order = [topic for topic, heard in ears.heard.items() if heard[-1].payload == b""]
    order.sort(key=lambda topic: ears.heard[topic][-1].timestamp)
    assert order[0] == TOPICS.config("alder"), "the device goes before its values do"
    parts = ears.wait(TOPICS.config("oak"), lambda one: one["cmps"]["stop"] == {"p": "button"})
    assert violations(TOPICS.config("oak"), parts) == []
    late: Client = client("#")
    late.wait(TOPICS.config("oak"))
    late.wait("farm/status")
    assert not [topic for topic in late.heard if "alder" in topic]
    wait_for(lambda: "alder" not in _known(second), "the end of its memory")


def _known(farm: Farm) -> str:
    return (farm.folder / "known.json").read_text()


def test_another_prefix_takes_the_old_one_away(farm: Any, client: Any, soon: None) -> None:
    first: Farm = farm("oak")
    samples.publish(first.registry, samples.plain())
    client("#").wait(TOPICS.config("oak"))
    first.room.stop()
    second: Farm = farm("oak", prefix="hall/2", discovery=False)
    samples.publish(second.registry, samples.plain())
    ears: Client = client("#")
    ears.wait("hall/2/printer/oak/state")
    late = wait_for(lambda: _only(client("#"), "hall/2/"), "the end of the old topics")
    assert not [topic for topic in late.heard if topic.startswith("homeassistant/")]


def _only(ears: Client, prefix: str) -> Client | None:
    ears.wait(f"{prefix}status")
    return ears if all(topic.startswith(prefix) for topic in ears.heard) else None
