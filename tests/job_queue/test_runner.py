"""When passes happen: on what matters, by the timer, after a failure, and never after the stop."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import apscheduler.schedulers.base
import pytest

from core.clock import SystemClock
from job_queue.dispatcher import Pass
from job_queue.job import JobState
from job_queue.runner import Runner
from printers.status import PrinterState as P
from tests.waiting import wait_for


@pytest.fixture
def runner(farm: Any) -> Any:
    """Woken by events only: its timer is an hour away."""
    farm.dispatcher.config = replace(farm.dispatch, interval_s=3600.0)
    made = Runner(farm.dispatcher, farm.bus, farm.clock)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def passes(farm: Any, monkeypatch: pytest.MonkeyPatch) -> list[Pass]:
    done: list[Pass] = []
    once = farm.dispatcher.once

    def counted() -> Pass:
        done.append(once())
        return done[-1]

    monkeypatch.setattr(farm.dispatcher, "once", counted)
    return done


def test_a_new_job_is_sent_at_once_and_a_cleared_bed_is_used(farm: Any, runner: Any) -> None:
    first, second = farm.add(), farm.add()
    wait_for(lambda: farm.printer().started)
    farm.look()
    farm.printer().shows(farm.printer().started[-1], P.FINISHED)
    farm.wait(3)
    assert farm.job(first).state is JobState.FINISHED
    farm.service.mark_clear("alder")
    wait_for(lambda: len(farm.printer().started) == 2)
    assert farm.job(second).state is not JobState.QUEUED


def test_what_a_pass_has_told_a_job_is_no_reason_for_another(farm: Any) -> None:
    farm.open()
    runner = Runner(farm.dispatcher, farm.bus, farm.clock)

    def news() -> list[bool]:
        slots = runner._box.take(0)
        return [runner._matters(k, value) for k, value in slots.items() if k[0] == "job"]

    farm.service.desk.hold(farm.add().id)
    assert news() == [True]
    farm.dispatch_once()
    assert news() == [False], "it was told that it is held"
    farm.service.desk.release("j-1")
    assert news() == [True]
    runner.stop()


def test_a_percent_or_a_temperature_is_no_reason_to_pass(farm: Any) -> None:
    runner = Runner(farm.dispatcher, farm.bus, farm.clock)

    def matters(**changes: Any) -> bool:
        farm.printer().report(**changes)
        snapshot = farm.fleet.snapshot("alder")
        return runner._matters(("printer", "alder"), snapshot)

    assert matters(), "seen for the first time"
    assert not matters(wifi_dbm=-40)
    assert matters(state=P.OFFLINE)
    assert matters(state=P.IDLE)
    assert matters(external=()), "other filament is loaded"
    job = replace(farm.add(), state=JobState.UPLOADING, upload_percent=50)
    assert not runner._matters(("job", job.id), job)
    for state in (JobState.STARTING, JobState.QUEUED, JobState.FAILED):
        assert runner._matters(("job", job.id), replace(job, state=state))
    runner.stop()


def test_the_timer_passes_without_any_event(farm: Any, passes: list[Pass]) -> None:
    farm.dispatcher.config = replace(farm.dispatch, interval_s=0.2)
    runner = Runner(farm.dispatcher, farm.bus, SystemClock())
    runner.start()
    try:
        wait_for(lambda: len(passes) >= 3)
    finally:
        runner.stop()
    assert runner.once_guarded() is None, "nothing is sent after the stop"
    names = {thread.name for thread in threading.enumerate()}
    assert "jobs:dispatch" not in names and "APScheduler" not in names


def test_a_clock_that_was_set_back_stops_no_passes(
    farm: Any, passes: list[Pass], monkeypatch: pytest.MonkeyPatch
) -> None:
    """APScheduler would wait until the wall clock is again where it was."""

    class AnHourAgo(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) - timedelta(hours=1)

    farm.dispatcher.config = replace(farm.dispatch, interval_s=0.2)
    runner = Runner(farm.dispatcher, farm.bus, SystemClock())
    runner.start()
    try:
        wait_for(lambda: len(passes) >= 2)
        monkeypatch.setattr(apscheduler.schedulers.base, "datetime", AnHourAgo)
        before = len(passes)
        wait_for(lambda: len(passes) >= before + 4)
    finally:
        runner.stop()


def test_reports_that_matter_to_nobody_do_not_put_off_a_pass(
    farm: Any, passes: list[Pass], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy farm reports all the time, and a bed opens by itself after its six seconds."""
    monkeypatch.setattr(farm.service, "revocable_beds", lambda: {"alder": 0.5})
    farm.add()
    farm.dispatcher.config = replace(farm.dispatch, interval_s=3600.0)
    runner = Runner(farm.dispatcher, farm.bus, SystemClock())
    stop = threading.Event()

    def chatter() -> None:
        while not stop.wait(0.02):
            farm.printer("birch").report(wifi_dbm=-40)

    talking = threading.Thread(target=chatter)
    runner.start()
    talking.start()
    try:
        wait_for(lambda: len(passes) >= 4)
    finally:
        stop.set()
        talking.join()
        runner.stop()


def test_a_pass_that_fails_is_followed_by_others(
    farm: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    once, failures = farm.dispatcher.once, [RuntimeError("boom"), RuntimeError("boom")]

    def broken() -> Pass:
        if failures:
            raise failures.pop()
        return once()  # type: ignore[no-any-return]

    monkeypatch.setattr(farm.dispatcher, "once", broken)
    farm.dispatcher.config = replace(farm.dispatch, interval_s=0.2)
    runner = Runner(farm.dispatcher, farm.bus, farm.clock)
    runner.start()
    try:
        job = farm.add()
        wait_for(lambda: farm.printer().started)
    finally:
        runner.stop()
    assert farm.job(job).state is not JobState.QUEUED
    assert "a pass failed" in caplog.text


def test_a_file_that_has_been_read_is_judged_anew(farm: Any, runner: Any) -> None:
    moves, farm.library.moves = farm.library.moves, None
    job = farm.add()
    wait_for(lambda: "reading" in farm.service.outlook(job.id).text)
    farm.library.moves = moves
    farm.bus.publish(("file", job.file_id), farm.library.stored)
    wait_for(lambda: farm.printer().started)
