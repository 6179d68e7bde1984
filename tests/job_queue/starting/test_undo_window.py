"""Six seconds to think again: until then the queue starts nothing on that bed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import DispatchConfig
from core.errors import Blocked, StorageError
from job_queue.records import BedRecord
from job_queue.runner import Runner
from job_queue.target import Target
from job_queue.timing import Timing
from printers.adapters import ADAPTERS
from printers.status import JobProgress
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


@contextmanager
def before_the_next_write(farm: Any, act: Callable[[], object]) -> Iterator[None]:
    """``act`` happens while the next change waits for its turn at the disk."""
    waiting = farm.store._writer

    class Turn:
        def __enter__(self) -> None:
            farm.store._writer = waiting
            act()
            waiting.acquire()

        def __exit__(self, *_: object) -> None:
            waiting.release()

    farm.store._writer = Turn()
    try:
        yield
    finally:
        farm.store._writer = waiting


@pytest.mark.parametrize("seconds", [2.0, 5.9])
def test_a_pass_while_it_is_taken_back_starts_nothing(farm: Any, seconds: float) -> None:
    farm.add()
    farm.service.mark_clear("alder")
    farm.wait(seconds)
    sent = []

    def passes() -> None:
        farm.clock.advance(1.0)
        sent.append(farm.dispatch_once())

    with before_the_next_write(farm, passes):
        farm.service.mark_clear("alder", undo=True)
    assert sent == [[]] and len(farm.printer().started) == 1
    assert farm.bed()[0] is False
    assert farm.dispatch_once() == []


def test_it_can_be_taken_back_although_the_screen_has_told_more(farm: Any) -> None:
    """OctoPrint dates a print some seconds after its end."""
    printer, theirs = farm.printer(), JobProgress(name="vase", file="vase.gcode")
    printer.report(P.PRINTING, job=theirs)
    farm.look()
    printer.report(P.FINISHED, job=replace(theirs, ended="finished"))
    farm.look()
    farm.service.mark_clear("alder")
    printer.report(P.FINISHED, job=replace(theirs, ended="finished", task_id="date:1799999990"))
    farm.look()
    assert farm.bed()[0] is True
    farm.service.mark_clear("alder", undo=True)
    assert farm.bed()[0] is False


def test_a_disk_that_refuses_leaves_it_to_be_taken_back(
    farm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm.service.mark_clear("alder")
    with monkeypatch.context() as patch:
        patch.setattr(farm.store, "_persist", _refuse)
        with pytest.raises(StorageError):
            farm.service.mark_clear("alder", undo=True)
    assert farm.bed()[0] is True
    farm.service.mark_clear("alder", undo=True)
    assert farm.bed()[0] is False
    with pytest.raises(Blocked):
        farm.service.mark_clear("alder", undo=True)


def _refuse(_: object) -> None:
    raise StorageError("The disk refuses.")


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
