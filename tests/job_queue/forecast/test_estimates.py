"""What is learned from real times: held by what was believed, not misled by wild ones."""

from __future__ import annotations

import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from job_queue.forecast.estimates import (
    CLEAR_PRIOR,
    KEPT,
    NO_HISTORY,
    Figures,
    History,
    Spread,
    quantile,
    shrunk,
    without_outliers,
)
from job_queue.forecast.prediction import Moment

HOUR = 3600.0


def learned(ratios: list[float], model: str = "P1S", slicer: str = "Orca") -> History:
    history = History()
    for ratio in ratios:
        history = history.with_print(model, slicer, HOUR, HOUR * ratio)
    return history


def test_nothing_known_is_the_estimate_itself() -> None:
    found = Figures(History(), 900).duration("P1S", "Orca", HOUR)
    assert found == NO_HISTORY.times(HOUR)
    assert found is not None and found.p50 == HOUR


def test_few_samples_move_it_little_and_many_nearly_all_the_way() -> None:
    p50 = [Figures(learned([1.3] * n), 900).ratio("P1S", "").p50 for n in (0, 1, 5, 20, 200)]
    assert p50 == sorted(p50)
    assert p50[0] == 1.0
    assert 1.04 < p50[1] < 1.06, "one sample in six of belief"
    assert p50[2] == pytest.approx(1.3**0.5)
    assert 1.28 < p50[4] <= 1.3


def test_p90_follows_the_width_of_what_happened() -> None:
    steady = Figures(learned([1.0, 1.01] * 40), 900).ratio("P1S", "")
    rng = random.Random(7)
    ratios = [rng.lognormvariate(0.0, 0.2) for _ in range(150)]
    wide = Figures(learned(ratios), 900).ratio("P1S", "")
    assert steady.p90 < 1.05
    share = sum(r <= wide.p90 for r in ratios) / len(ratios)
    assert 0.87 <= share <= 0.93


def test_wild_ones_change_next_to_nothing() -> None:
    calm = [1.1 + 0.01 * (n % 5) for n in range(30)]
    clean = Figures(learned(calm), 900).ratio("P1S", "")
    dirty = Figures(learned([*calm, 3.9, 3.5, 0.26]), 900).ratio("P1S", "")
    assert dirty.p50 == pytest.approx(clean.p50, rel=0.02)
    assert dirty.p90 == pytest.approx(clean.p90, rel=0.03)
    assert without_outliers([*calm, 3.9]) == calm


@pytest.mark.parametrize("real", [0.0, -5.0, 100.0, 5 * HOUR, 1e9])
def test_what_cannot_be_a_print_of_that_file_is_not_even_kept(real: float) -> None:
    history = learned([1.0])
    assert history.with_print("P1S", "Orca", HOUR, real) is history


def test_models_and_slicers_have_figures_of_their_own() -> None:
    history = learned([1.2] * 50, slicer="Orca")
    for _ in range(50):
        history = history.with_print("P1S", "Cura", HOUR, HOUR * 0.9)
        history = history.with_print("MK4", "Prusa", HOUR, HOUR * 1.0)
    figures = Figures(history, 900)
    assert figures.ratio("P1S", "Orca").p50 > 1.17
    assert figures.ratio("P1S", "Cura").p50 < 0.94
    assert figures.ratio("MK4", "Prusa").p50 == pytest.approx(1.0)
    unseen = figures.ratio("P1S", "Bambu")
    assert unseen == figures.ratio("P1S", ""), "a new slicer begins with its model's"


def test_an_unknown_estimate_is_the_models_own_history_or_unknown() -> None:
    history = History()
    for real in (HOUR, 2 * HOUR):
        history = history.with_print("P1S", "", None, real)
    assert Figures(history, 900).duration("P1S", "", None) is None, "two prints say nothing yet"
    history = history.with_print("P1S", "", None, 3 * HOUR)
    figures = Figures(history, 900)
    found = figures.duration("P1S", "", None)
    assert found is not None and (found.p50, found.mean) == (2 * HOUR, 2 * HOUR)
    assert figures.duration("A1", "", None) is None
    assert figures.ratio("P1S", "") == NO_HISTORY, "and it says nothing about estimates"


def test_clearing_a_bed_begins_with_the_configured_time() -> None:
    assert Figures(History(), 600).clear() == CLEAR_PRIOR.times(600)
    history = History()
    for n in range(60):
        history = history.with_clear(100.0 + n % 7)
    learned_clear = Figures(history, 600).clear()
    assert 100 < learned_clear.p50 < 125
    assert learned_clear.p90 < 160


def test_a_bed_that_has_waited_long_waits_as_such_beds_did() -> None:
    history = History()
    for seconds in [60.0] * 20 + [7200.0, 7300.0, 7400.0]:
        history = history.with_clear(seconds)
    figures = Figures(history, 900)
    assert figures.clear(3600).p50 == 7300 - 3600, "at night"
    assert figures.clear(9000) == figures.clear(), "nobody knows of any that waited longer"


def test_only_the_newest_count() -> None:
    history = learned([2.0] * KEPT + [1.0] * KEPT)
    assert len(history.prints["P1S"]) == KEPT
    assert Figures(history, 900).ratio("P1S", "Orca").p50 == pytest.approx(1.0)


@given(st.lists(st.floats(0.25, 4.0), max_size=60))
def test_a_spread_is_always_in_order_and_between_belief_and_samples(ratios: list[float]) -> None:
    found = shrunk(ratios, NO_HISTORY)
    assert 0 < found.p50 <= found.p90
    if ratios:
        middle = quantile(without_outliers(ratios), 0.5)
        low, high = sorted((1.0, middle))
        assert low - 1e-9 <= found.p50 <= high + 1e-9


def test_the_sum_of_many_leans_towards_their_mean_and_widens_with_the_root() -> None:
    """Against drawn sums of a skewed duration, clearings of beds."""
    rng = random.Random(3)
    single = [rng.expovariate(1 / 600) for _ in range(20_000)]
    spread = Spread(quantile(single, 0.5), quantile(single, 0.9), fmean(single))
    for count in (1, 2, 8, 30):
        moment = Moment(0.0)
        for _ in range(count):
            moment = moment.plus(spread)
        sums = [sum(rng.choices(single, k=count)) for _ in range(4000)]
        assert moment.p50 == pytest.approx(quantile(sums, 0.5), rel=0.05)
        covered = sum(total <= moment.p90 for total in sums) / len(sums)
        assert 0.87 <= covered <= 0.96, (count, covered)
