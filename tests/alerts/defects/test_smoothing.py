"""Obico's formulas against the figures measured for them (alerts 3.3), and the votes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.defects.smoothing import SAFE_FRAMES, Rolling, Votes, in_thirds

EVERY_S = 10
CLEAN = 0.02


def settled() -> Rolling:
    """A printer with a long clean life, and a clean hour in this print."""
    rolling = Rolling(kept={"long": CLEAN, "life": 7200})
    for _ in range(360):
        judged = rolling.add(CLEAN)
        assert not (judged.suspected or judged.defect or judged.pause)
    return rolling


@pytest.mark.parametrize(
    ("p", "alert_s", "pause_s"),
    [(0.5, 100, None), (0.8, 50, 120), (1.0, 30, 70), (2.0, 20, 30)],
)
def test_the_golden_table(p: float, alert_s: int, pause_s: int | None) -> None:
    rolling, first = settled(), {"defect": None, "pause": None}
    for frame in range(1, 3600):
        judged = rolling.add(p)
        for name in first:
            if first[name] is None and getattr(judged, name):
                first[name] = frame * EVERY_S  # type: ignore[assignment]
    assert first == {"defect": alert_s, "pause": pause_s}


def test_how_fast_it_calms_down() -> None:
    rolling = Rolling()
    rolling._ewm = 1.0
    means = []
    for _ in range(6):
        rolling.add(0.0)
        means.append(rolling._ewm)
    assert means[0] > 0.78 > means[1], "below HIGH in 2 frames"
    assert means[4] > 0.38 > means[5], "below LOW in 6 frames"


def test_the_first_five_minutes_are_safe() -> None:
    rolling = Rolling(kept={"long": CLEAN, "life": 7200})
    judged = [rolling.add(2.0) for _ in range(SAFE_FRAMES + 1)]
    assert not any(one.defect or one.pause for one in judged[:-1])
    assert judged[-1].defect and judged[3].suspected


def test_a_reset_forgets_the_print_and_keeps_the_printers_life() -> None:
    rolling = settled()
    for _ in range(20):
        rolling.add(1.0)
    before = dict(rolling.dump())
    rolling.reset()
    assert rolling.dump() == before and before["life"] == 7200
    assert not rolling.add(1.0).defect
    again = Rolling(kept=before)
    assert again.dump() == before


@pytest.mark.parametrize("kept", [{}, {"long": "x", "life": None}, {"long": -1, "life": True}])
def test_a_damaged_memory_of_means_is_none(kept: dict[str, object]) -> None:
    assert Rolling(kept=kept).dump() == {"long": 0.0, "life": 0}


def test_less_sensitive_needs_more() -> None:
    dull = Rolling(0.5, {"long": CLEAN, "life": 7200})
    for _ in range(360):
        dull.add(CLEAN)
    assert not any(dull.add(0.5).defect for _ in range(360))


def test_thirds() -> None:
    assert in_thirds(-1) == 0 and in_thirds(0.38) == pytest.approx(1 / 3)
    assert in_thirds(0.78) == pytest.approx(2 / 3) and in_thirds(99) == 1


def test_two_of_three() -> None:
    votes = Votes(0.7, 2, 3)
    one = votes.add(0.9)
    assert one.suspected and not one.defect, "one picture alone is never a defect"
    two = votes.add(0.7)
    assert two.defect and two.pause and two.seen == "in 2 of 2 pictures"


def test_a_suspicion_that_cannot_be_confirmed_any_more_is_none() -> None:
    votes = Votes(0.7, 2, 3)
    votes.add(0.9)
    assert votes.add(0.1).suspected
    judged = votes.add(0.69)
    assert not judged.suspected and not judged.defect and not judged.clean
    assert votes.add(0.0).clean


def test_one_is_enough_where_it_is_set_so() -> None:
    assert Votes(0.7, 1, 1).add(0.7).defect
    assert Votes(0.7, 9, 3).add(0.9).defect is False


@given(st.lists(st.floats(0, 50, allow_nan=False), max_size=120), st.floats(0.5, 2))
def test_no_score_breaks_the_means(scores: list[float], sensitivity: float) -> None:
    rolling = Rolling(sensitivity)
    for p in scores:
        judged = rolling.add(p)
        assert 0 <= judged.score <= 1
        assert not judged.pause or judged.defect, "a pause without an alert"
