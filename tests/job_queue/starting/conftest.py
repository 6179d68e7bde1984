"""Farms with a file sent ahead."""

from __future__ import annotations

from typing import Any

import pytest

from job_queue.job import Job
from job_queue.records import Cleanup
from tests.job_queue.starting.ahead_farm import ON, ahead, one_pass, prints


@pytest.fixture
def busy(farm: Any) -> Any:
    """Alder prints, ten minutes are left, and the switch is on. Birch takes nothing."""
    farm.dispatcher.config = ON
    farm.printing()
    prints(farm)
    return farm


@pytest.fixture
def staged(busy: Any) -> tuple[Any, Job, Cleanup]:
    """The next job's file lies on Alder."""
    job = busy.add()
    one_pass(busy)
    item = ahead(busy)
    assert item is not None and item.staged is not None and item.staged.ready
    return busy, job, item
