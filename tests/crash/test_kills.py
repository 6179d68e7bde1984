"""A hundred times kill -9 under load: nothing twice, nothing on a part, nothing lost, no lie."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.soak import soak, table

KILLS = 100
FARMS = 6


@pytest.mark.kills
def test_a_hundred_kills_break_no_promise(tmp_path: Path) -> None:
    began = time.monotonic()
    outcomes = list(soak(KILLS, FARMS, 1000, tmp_path, per_farm=17))
    sys.stdout.write(table(outcomes, time.monotonic() - began) + "\n")  # shown when it fails
    assert [text for one in outcomes for text in one.violations] == []
    assert sum(one.kills for one in outcomes) >= KILLS
    at: Counter[str] = sum((one.at for one in outcomes), Counter())
    assert {"uploading", "uploaded", "starting", "printing"} <= set(at), "was it under load?"
    assert sum(one.prints for one in outcomes) > KILLS / 3
