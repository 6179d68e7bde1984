"""How far OrcaSlicer or Bambu Studio is: JSON lines from its pipe, else lines of its log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core import jsonio
from slicer import values
from slicer.engines.base import Step

_LOGGED = re.compile(
    r"(?:default|cli)_status_callback: percent=(-?\d{1,9})(?:, warning_step=(-?\d{1,9}))?, "
    r"message=(.*), message_type=(\d)"
)
_CRITICAL = "2"
_TEXT = 200


def step_of(line: str) -> Step | None:
    """The step a line tells, None when it is about something else.

    The pipe's lines are cut at 511 bytes, and their line feeds with them: the next one follows on
    the same line, and only that one is whole.
    """
    if '"plate_percent"' in line:
        start = line.rfind('{"')
        return _piped(line[start:]) if start >= 0 else None
    found = _LOGGED.search(line)
    if found is None:
        return None
    text = values.clean_text(found[3], _TEXT)
    if text and (found[4] == _CRITICAL or int(found[2] or -1) >= 0):
        return Step(percent=_percent(int(found[1])), warning=text)
    return Step(percent=_percent(int(found[1])), text=text)


def _piped(text: str) -> Step | None:
    try:
        data: Any = jsonio.loads(text)
    except ValueError:
        return None
    if not isinstance(data, Mapping):
        return None
    percent = data.get("total_percent", data.get("plate_percent"))
    return Step(
        percent=_percent(percent),
        text=values.clean_text(data.get("message"), _TEXT),
        warning=values.clean_text(data.get("warning"), _TEXT),
    )


def _percent(value: object) -> int | None:
    """Negative ones mean that nothing is known."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        return None
    return min(value, 100)
