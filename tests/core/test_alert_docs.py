"""The operator's pages name every setting and variable, and their examples work as they stand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from core import alert_settings, bridge_environment, bridge_settings
from core.config_file import read_config

DOCS = Path(__file__).parents[2] / "docs"
ALERTS, CONFIGURATION = (
    (DOCS / name).read_text("utf-8") for name in ("alerts.md", "configuration.md")
)
EXAMPLES = re.findall(r"```json\n(.*?)```", ALERTS, re.DOTALL)


def rows(text: str, heading: str) -> set[str]:
    """What stands in backticks in the first cells below a heading."""
    part = text.split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_examples_are_read_without_a_complaint(example: str) -> None:
    found = read_config(json.dumps(json.loads(example)).encode(), "config.json", Path("jobs"))
    assert found.alerts.channels and found.notes == ()


def test_alerts() -> None:
    assert len(EXAMPLES) == 3
    assert rows(ALERTS, "## All settings of `alerts`") == set(alert_settings._ALERTS)
    channel = set(alert_settings._EVERY).union(*alert_settings._CHANNEL.values())
    assert rows(ALERTS, "## Channels") == channel
    assert rows(ALERTS, "## Rules") == set(alert_settings._RULE)
    assert rows(ALERTS, "## What is told") == set(alert_settings.KINDS)
    assert rows(ALERTS, "## Environment variables of the small bridge") == set(
        bridge_environment.NAMES
    )
    for name in alert_settings.TEMPLATE_NAMES:
        assert f"`{name}`" in ALERTS


@pytest.mark.parametrize(
    ("section", "checks"),
    [
        ("ai", bridge_settings.AI), ("mqtt", bridge_settings._MQTT),
        ("metrics", bridge_settings._METRICS), ("feed", bridge_settings.FEED),
    ],
)  # fmt: skip
def test_configuration(section: str, checks: dict[str, object]) -> None:
    assert rows(CONFIGURATION, f"## `{section}`") == set(checks)
