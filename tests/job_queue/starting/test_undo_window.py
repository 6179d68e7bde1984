"""Six seconds to think again: until then the queue starts nothing on that bed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import DispatchConfig
from core.errors import Blocked
from job_queue.records import BedRecord
from job_queue.runner import Runner
from job_queue.target import Target
from job_queue.timing import Timing
from printers.adapters import ADAPTERS
from printers.status import PrinterState as P
from tests.job_queue.conftest import FakePrinter, Farm
from tests.job_queue.test_runner import wait_for


@pytest.fixture
def farm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """With a finished print on Alder, and the next job waiting for it."""
    monkeypatch.setitem(ADAPTERS, "fake", FakePrinter)
    farm = Farm(tmp_path)
    farm.timing = Timing()
    farm.boot()
    farm.open()
    farm.add()
    farm.dispatch_once()
    farm.printer().shows(farm.printer().started[-1], P.FINISHED)
    farm.wait(3)
    yield farm
    farm.join()


def test_it_waits_says_so_and_starts_once(farm: Any) -> None:
    job = farm.add()
    farm.service.mark_clear("alder")
    assert farm.dispatch_once() == []
    assert farm.dispatcher.once().again_in == pytest.approx(6.0)
    [reason] = farm.dispatcher.explain(farm.job(job))
    assert (reason.code, reason.printer_id) == ("just_cleared", "alder")
    farm.wait(5.5)
    assert farm.dispatch_once() == []
    farm.wait(0.6)
    assert farm.dispatch_once() == [(job.id, "alder")]
    farm.add()
    assert farm.dispatch_once() == [], "one approval, one start"


def test_taken_back_in_time_nothing_starts(farm: Any) -> None:
    farm.add()
    farm.service.mark_clear("alder")
    farm.dispatch_once()
    farm.wait(5)
    farm.service.mark_clear("alder", undo=True)
    farm.wait(10)
    assert farm.dispatch_once() == [] and len(farm.printer().started) == 1
    assert farm.bed()[0] is False


def test_after_that_it_is_too_late(farm: Any) -> None:
    farm.service.mark_clear("alder")
    farm.wait(7)
    with pytest.raises(Blocked) as refused:
        farm.service.mark_clear("alder", undo=True)
    assert refused.value.error_code == "undo_expired"


def test_who_starts_by_hand_does_not_wait(farm: Any) -> None:
    farm.service.mark_clear("alder")
    farm.start()
    assert len(farm.printer().started) == 2


def test_the_other_printers_go_on(farm: Any) -> None:
    farm.service.mark_clear("alder")
    job = farm.add(Target())
    assert farm.dispatch_once() == [(job.id, "birch")]


def test_the_runner_comes_back_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ADAPTERS, "fake", FakePrinter)
    farm = Farm(tmp_path)
    farm.timing = Timing(undo_s=0.6)
    farm.clock = SystemClock()  # type: ignore[assignment]
    farm.boot()
    farm.open()
    farm.dispatcher.config = DispatchConfig(interval_s=3600)
    with farm.store.transaction() as tx:
        tx.set_bed("alder", BedRecord(since=farm.clock.time()))
    farm.service.recover()
    runner = Runner(farm.dispatcher, farm.bus, farm.clock)
    runner.start()
    try:
        farm.add()
        farm.service.mark_clear("alder")
        wait_for(lambda: farm.printer().started)
    finally:
        runner.stop()
        farm.join()
