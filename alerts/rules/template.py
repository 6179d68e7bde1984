"""A rule's own words: plain names in braces, as core/alert_settings.py has checked them."""

from __future__ import annotations

from typing import Any

from alerts.ends import urgency
from alerts.model import Event
from alerts.rules.times import clock_text
from core.alert_settings import TEMPLATE_NAMES

MOST = 300  # characters of one value: some come from file names and printers


class _Values(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return ""  # not known of this event


def filled(template: str, event: Event, now: float) -> str:
    """Unknown values are empty. The template must have passed its check."""
    return template.format_map(_Values(_values(event, now))).strip()


def _values(event: Event, now: float) -> dict[str, str]:
    found: dict[str, Any] = {
        name: value for name, value in event.facts.items() if name in TEMPLATE_NAMES
    }
    left = found.get("left_s")
    found |= {
        "printer": event.printer or "The farm", "printer_id": event.printer_id,
        "group": event.group, "kind": event.kind.value, "level": urgency(event).value,
        "text": event.text, "time": clock_text(event.at, now),
        "left": duration(left) if isinstance(left, (int, float)) else "",
    }  # fmt: skip
    return {name: _shown(value) for name, value in found.items() if value is not None}


def _shown(value: Any) -> str:
    if isinstance(value, float):
        value = f"{value:.1f}".removesuffix(".0")
    return " ".join(str(value).split())[:MOST]


def duration(seconds: float) -> str:
    """ "3 h 20 min", "12 min"."""
    hours, minutes = divmod(max(0, round(seconds / 60)), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
