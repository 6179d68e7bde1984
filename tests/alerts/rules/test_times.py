"""Quiet hours and digests in local time, also where the clocks are changed."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.rules.times import clock_text, is_quiet, next_time
from core.alert_config import QuietConfig

NIGHT = QuietConfig(start=22 * 60, end=7 * 60)
NAP = QuietConfig(start=13 * 60, end=14 * 60 + 30)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("quiet", "clock", "wanted"),
    [
        (NIGHT, "21:59:59", False), (NIGHT, "22:00:00", True), (NIGHT, "00:00:00", True),
        (NIGHT, "06:59:59", True), (NIGHT, "07:00:00", False), (NAP, "12:59:59", False),
        (NAP, "13:00:00", True), (NAP, "14:29:59", True), (NAP, "14:30:00", False),
        (None, "03:00:00", False),
    ],
)  # fmt: skip
def test_quiet_hours(quiet: QuietConfig | None, clock: str, wanted: bool) -> None:
    assert is_quiet(quiet, at(f"2026-11-22T{clock}")) is wanted


@given(st.floats(1.7e9, 1.9e9), st.integers(0, 1439))
def test_the_next_time_is_within_a_day_and_is_that_time(after: float, minute: int) -> None:
    found = next_time(minute, after)
    assert 0 < found - after <= 86_400
    local = time.localtime(found)
    assert (local.tm_hour, local.tm_min, local.tm_sec) == (*divmod(minute, 60), 0)


@given(st.floats(1.7e9, 1.9e9), st.integers(0, 1439))
def test_also_across_summer_time(after: float, minute: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        found = next_time(minute, after)
        assert 0 < found - after <= 86_400 + 3600
        local = datetime.fromtimestamp(found, ZoneInfo("Europe/Berlin"))
        if divmod(minute, 60)[0] != 2:  # the hour that is left out, or comes twice
            assert (local.hour, local.minute) == divmod(minute, 60)
    time.tzset()


def test_times_are_told_with_their_day_when_it_was_another() -> None:
    now = at("2026-11-22T12:00:00")
    assert clock_text(now - 3600, now) == "11:00"
    assert clock_text(now - 90_000, now) == "21 Nov 11:00"
    assert clock_text(now + 3600, now) == "22 Nov 13:00"
