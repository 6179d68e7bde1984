"""All tests of alerts: times of day are UTC's, whatever the machine's are."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def utc() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        _tzset()
        yield
    _tzset()


def _tzset() -> None:
    if hasattr(time, "tzset"):  # POSIX; where there is none the machine's own time is taken
        time.tzset()
