"""Death after every write and effect of the start protocol, on the way to a Bambu printer."""

from __future__ import annotations

import pytest

from tests.crash.cases import Case, Verdict, cases
from tests.crash.judging import holds

MAKE, MODEL = "bambu", "P1S"


@pytest.mark.kills
@pytest.mark.parametrize("case", cases(MAKE, MODEL), ids=str)
def test_the_job_is_printed_once(case: Case, verdicts: dict[Case, Verdict]) -> None:
    holds(verdicts[case], names_its_end=True)
