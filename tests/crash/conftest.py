"""The cases of a file run side by side, each with a printer of its own; then each is judged."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.crash.cases import Bench, Case, Verdict, cases

AT_ONCE = 8


@pytest.fixture(scope="module")
def verdicts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Case, Verdict]]:
    """What every case of the module's MAKE came to."""
    make, model = request.module.MAKE, request.module.MODEL
    wanted = cases(make, model)
    bench = Bench(tmp_path_factory.mktemp(make), make, model, len(wanted))
    try:
        bench.stock()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = list(pool.map(bench.run, range(len(wanted)), wanted))
    finally:
        bench.close()
    yield dict(zip(wanted, found, strict=True))
