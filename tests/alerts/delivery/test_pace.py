"""The limits hold in every minute, and a quarter is kept for "now"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.pace import LAST_BACKOFF_S, WINDOW_S, Pace, backoff
from alerts.model import ChannelError, Level

ARRIVALS = st.lists(
    st.tuples(st.floats(0, 30), st.sampled_from([Level.NOW, Level.SOON, Level.INFO])), max_size=80
)


@given(st.integers(1, 30), ARRIVALS)
def test_never_more_than_allowed_in_any_minute(
    per_minute: int, steps: list[tuple[float, Level]]
) -> None:
    pace, now, sent = Pace(per_minute), 0.0, []
    for step, level in steps:
        now += step
        if pace.wait(level, now) == 0:
            pace.used(now)
            sent.append(now)
    for start in sent:
        assert sum(start <= at < start + WINDOW_S for at in sent) <= per_minute


@given(st.integers(1, 30), ARRIVALS)
def test_waiting_as_long_as_it_says_is_enough(
    per_minute: int, steps: list[tuple[float, Level]]
) -> None:
    pace, now = Pace(per_minute), 0.0
    for step, level in steps:
        now += step + pace.wait(level, now + step)
        assert pace.wait(level, now) <= 1e-6
        pace.used(now)


def test_a_burst_of_news_leaves_room_for_an_alarm() -> None:
    pace = Pace(20)
    for second in range(15):
        assert pace.wait(Level.INFO, second) == 0
        pace.used(second)
    assert pace.wait(Level.SOON, 15) == 45.0
    for second in range(15, 20):
        assert pace.wait(Level.NOW, second) == 0
        pace.used(second)
    assert pace.wait(Level.NOW, 20) == 40.0


def test_one_a_minute_is_one_of_any_level() -> None:
    pace = Pace(1)
    assert pace.wait(Level.INFO, 0) == 0
    pace.used(0)
    assert pace.wait(Level.NOW, 30) == 30.0


def test_waits_double_from_a_second_to_five_minutes() -> None:
    assert [backoff(n, 0.0) for n in range(1, 11)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert backoff(10_000, 1.0) == LAST_BACKOFF_S * 1.2


@pytest.mark.parametrize(
    ("asked", "waits"),
    [(None, None), (0.0, 0.0), (-5.0, 0.0), (30.0, 30.0), (1e12, 86_400.0),
     (float("inf"), 86_400.0), (float("nan"), 86_400.0)],
)  # fmt: skip
def test_no_service_silences_a_channel_for_years(asked: float | None, waits: float | None) -> None:
    assert ChannelError("slow down", retry_after_s=asked).retry_after_s == waits
