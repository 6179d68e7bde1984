"""Death on the way of a file that is sent ahead of its start, to the start that uses it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.crash.ahead import AheadTrial, cases
from tests.crash.cases import Bench, Case, Verdict
from tests.crash.conftest import AT_ONCE

CASES = [*cases("moonraker", "Voron 2.4"), *cases("bambu", "P1S")]


@pytest.fixture(scope="module")
def ahead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Case, Verdict]]:
    """What every case came to, each make by itself."""
    found: dict[Case, Verdict] = {}
    for make in dict.fromkeys(case.make for case in CASES):
        own = [case for case in CASES if case.make == make]
        bench = Bench(tmp_path_factory.mktemp(make), make, own[0].model, len(own))
        try:
            bench.stock()
            trials = [AheadTrial(bench, number, case) for number, case in enumerate(own)]
            with ThreadPoolExecutor(AT_ONCE) as pool:
                found.update(zip(own, pool.map(lambda trial: trial.run({}), trials), strict=True))
        finally:
            bench.close()
    yield found


@pytest.mark.kills
def test_a_farm_that_forgets_what_it_sent_is_found_out(tmp_path: Path) -> None:
    bench = Bench(tmp_path, "moonraker", "Voron 2.4", 1)
    try:
        bench.stock()
        case = Case("moonraker", "Voron 2.4", "after ready", "delivered")
        verdict = AheadTrial(bench, 0, case, patience_s=15.0).run({"CARELESS": "ahead"})
    finally:
        bench.close()
    assert verdict.died
    assert [text.split(":")[0] for text in verdict.violations] == ["left behind"]


@pytest.mark.kills
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.make}: {case}")
def test_both_jobs_are_printed_once_and_nothing_is_left(
    case: Case, ahead: dict[Case, Verdict]
) -> None:
    verdict = ahead[case]
    assert verdict.died, "the point was never reached"
    assert verdict.violations == []
    assert verdict.prints == 2 and verdict.end == "finished"
    uncertain = case.point == "after intent ahead" or (case.point, case.fate) == (
        "after publish ahead", "lost",
    )  # fmt: skip
    assert verdict.answers["not_started"] == uncertain, "a person decides about that alone"
