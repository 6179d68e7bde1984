"""The forecast keeps the limits of heating: so many printers at once, so many watts per circuit."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from core.config import HeatingConfig
from job_queue.forecast import lanes
from job_queue.forecast.estimates import Spread
from job_queue.forecast.heat import HEATS_S
from job_queue.forecast.prediction import Forecast, PrinterNow, Running
from job_queue.matching.heating import HELD_SHARE, Load
from tests.job_queue.forecast.test_forecast import NOW, Exact, H, M, job, plan, play_out, printer

HEATS_M = HEATS_S / M


def loads(names: str, circuit: str = "", watts: float = 1000.0, **changes: Any) -> dict[str, Load]:
    return {name: Load(name=name, circuit=circuit, watts=watts, **changes) for name in names}


def starts(found: Forecast) -> dict[str, float]:
    """By printer: its first start, minutes from now."""
    return {lane: jobs[0][1] for lane, jobs in plan(found).items() if jobs}


def farm(names: str, limits: HeatingConfig, **changes: Any) -> Forecast:
    known = {"loads": loads(names), "heating": limits}
    jobs = [job(number) for number in range(1, len(names) + 1)]
    return play_out([printer(name) for name in names], jobs, **{**known, **changes})


def test_without_limits_all_start_at_once() -> None:
    assert set(starts(farm("abcd", HeatingConfig())).values()) == {0}


def test_as_many_heat_as_may() -> None:
    found = farm("abcde", HeatingConfig(most=2))
    assert sorted(starts(found).values()) == [0, 0, HEATS_M, HEATS_M, 2 * HEATS_M]


def test_the_transfer_counts_as_heating_because_the_claim_does() -> None:
    found = farm("abc", HeatingConfig(most=1), figures=Exact(handover=2 * M))
    turn = HEATS_M + 2
    assert sorted(starts(found).values()) == [2, 2 + turn, 2 + 2 * turn]


def test_what_heats_already_counts() -> None:
    busy = PrinterNow(
        candidate=printer("a").candidate,
        running=Running(name="cup", left=Spread.exactly(H)),
        free_in=Spread.exactly(H + 10 * M),
    )
    known = loads("a", heats=True, runs=True) | loads("b")
    found = play_out([busy, printer("b")], [job(1)], heating=HeatingConfig(most=1), loads=known)
    assert starts(found) == {"b": HEATS_M}


def test_a_circuit_bears_what_heats_and_what_holds_its_heat() -> None:
    limits = HeatingConfig(circuits={"west": 2300.0})
    found = farm("abcd", limits, loads=loads("abcd", "west"))
    assert 2 * 1000 + 2 * HELD_SHARE * 1000 > 2300 >= 1000 + 3 * HELD_SHARE * 1000
    assert sorted(starts(found).values()) == [0, 0, HEATS_M, 2 * HEATS_M]


def test_circuits_do_not_wait_for_each_other() -> None:
    limits = HeatingConfig(circuits={"west": 1000.0, "east": 1000.0})
    found = farm("ab", limits, loads=loads("a", "west") | loads("b", "east"))
    assert set(starts(found).values()) == {0}


def test_a_full_circuit_waits_for_the_end_of_a_print() -> None:
    limits = HeatingConfig(circuits={"west": 1100.0})
    found = farm("ab", limits, loads=loads("ab", "west"))
    assert sorted(starts(found).values()) == [0, 60], "1,000 W and 200 W are too much"


def test_a_printer_that_its_circuit_cannot_bear_is_told_and_gets_nothing() -> None:
    limits, known = HeatingConfig(circuits={"west": 800.0}), loads("a", "west")
    barred = lanes.on_circuit(printer("a"), limits, known)
    found = play_out([barred], [job(1)], heating=limits, loads=known)
    assert not starts(found)
    assert [(name, why.code) for name, why in found.never] == [("j-1", "circuit_too_small")]
    assert found.lanes[0].out is not None and "800 W" in found.lanes[0].out.text
    assert lanes.on_circuit(printer("b"), limits, known).out is None


@pytest.mark.parametrize("most", [1, 2, 3])
def test_never_more_at_once_whatever_comes_later(most: int) -> None:
    """Prints of other lengths and beds that get free at other times."""
    printers = [
        printer(name, minutes) for name, minutes in zip("abcdef", (0, 0, 3, 4, 70, 9), strict=True)
    ]
    jobs = [job(number, 7 * number) for number in range(1, 40)]
    found = play_out(printers, jobs, heating=HeatingConfig(most=most), loads=loads("abcdef"))
    begins = [start for jobs in plan(found).values() for _, start, _ in jobs]
    assert len(begins) == 39
    for group in combinations(sorted(begins), most + 1):
        assert group[-1] - group[0] >= HEATS_M - 1e-6
    assert found.at == NOW
