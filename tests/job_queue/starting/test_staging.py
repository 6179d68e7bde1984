"""Files sent ahead: when, to whom, and how a start uses one."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from core.config import DispatchConfig
from core.errors import PrinterOffline
from job_queue.job import Job, JobState
from job_queue.matching.ahead import is_switched_on
from job_queue.starting.start import SENT_AHEAD
from job_queue.target import Target
from printers.status import Fault, Severity
from tests.job_queue.starting.ahead_farm import ON, P, ahead, look, one_pass, prints


def test_the_next_file_is_sent_while_the_printer_prints(staged: Any) -> None:
    farm, job, item = staged
    printer = farm.printer()
    assert printer.files[item.remote_name] == job.size_bytes
    assert str(item.staged.token) in item.remote_name
    assert len(printer.started) == 1 and farm.job(job).state is JobState.QUEUED
    assert farm.service.outlook(job.id).staged_on == ""
    one_pass(farm)
    assert farm.service.outlook(job.id).staged_on == "alder"
    one_pass(farm)
    assert ahead(farm) == item, "once is enough"


def test_the_start_uses_it_once(staged: Any) -> None:
    farm, job, item = staged
    farm.printer().upload_error = AssertionError("sent twice")
    farm.finish()
    one_pass(farm)
    now = farm.job(job)
    assert now.state is JobState.PRINTING and now.staged
    assert (now.token, now.remote_name) == (item.staged.token, item.remote_name)
    assert farm.printer().started[-1].remote_name == item.remote_name
    assert any(e.text == SENT_AHEAD for e in now.evidence)
    assert ahead(farm) is None
    assert item.remote_name not in [i.remote_name for i in farm.store.view().cleanup]
    assert [c.token for c in farm.printer().started] == sorted(
        {c.token for c in farm.printer().started}
    )


def test_it_is_removed_with_the_job(staged: Any) -> None:
    farm, _job, item = staged
    farm.finish()
    one_pass(farm)
    farm.finish()
    farm.wait(10)
    assert item.remote_name not in farm.printer().files
    assert farm.store.view().cleanup == ()


@pytest.mark.parametrize("size", [None, 7])
def test_what_is_not_there_any_more_is_sent_anew(staged: Any, size: int | None) -> None:
    farm, job, item = staged
    if size is None:
        del farm.printer().files[item.remote_name]
    else:
        farm.printer().files[item.remote_name] = size
    farm.finish()
    one_pass(farm)
    now = farm.job(job)
    assert now.state is JobState.PRINTING
    assert farm.printer().files[now.remote_name] == job.size_bytes
    assert not any(e.text == SENT_AHEAD for e in now.evidence)


def test_without_proof_it_is_sent_anew(staged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    farm, job, _item = staged

    def silent(_name: str) -> int:
        raise PrinterOffline("No answer.")

    monkeypatch.setattr(farm.printer(), "remote_size", silent)
    farm.finish()
    one_pass(farm)
    now = farm.job(job)
    assert now.state is JobState.PRINTING
    assert not any(e.text == SENT_AHEAD for e in now.evidence)


# -- when nothing is sent ahead --------------------------------------------------------------------


def test_it_is_off_until_switched_on(farm: Any) -> None:
    farm.printing()
    prints(farm)
    farm.add()
    one_pass(farm)
    assert ahead(farm) is None
    farm.dispatcher.config = DispatchConfig(prestage=("octoprint", "A1"))
    one_pass(farm)
    assert ahead(farm) is None
    farm.dispatcher.config = DispatchConfig(prestage=("p1 s",))
    one_pass(farm)
    assert ahead(farm) is not None


FAULT = Fault(code="0300-0001", text="Hot.", severity=Severity.SERIOUS)


@pytest.mark.parametrize(
    "change",
    [
        lambda f: prints(f, state=P.PAUSED),
        lambda f: prints(f, state=P.PREPARING),
        lambda f: prints(f, left_min=31),
        lambda f: prints(f, left_min=None),
        lambda f: f.printer().report(P.FAULT, faults=(FAULT,)),
        lambda f: f.printer().report(faults=(FAULT,)),
        lambda f: f.printer().report(storage="abnormal"),
        lambda f: f.printer().report(P.OFFLINE),
        lambda f: f.clock.advance(16.0),
        lambda f: f.service.set_maintenance("alder", True),
        lambda f: f.service.desk.pause(True),
        lambda f: f.printer().shows_other(P.PRINTING),
    ],
    ids=["paused", "preparing", "too early", "no estimate", "fault state", "fault", "storage",
         "offline", "stale", "maintenance", "queue paused", "someone else's print"],
)  # fmt: skip
def test_not_now(busy: Any, change: Any) -> None:
    change(busy)
    look(busy)
    busy.add()
    one_pass(busy)
    assert ahead(busy) is None and len(busy.printer().files) == 1


def test_real_starts_have_all_the_slots(busy: Any) -> None:
    busy.dispatcher.config = replace(ON, max_uploads=1)
    go, begun = threading.Event(), threading.Event()
    birch = busy.printer("birch")

    def slow() -> None:
        begun.set()
        assert go.wait(10)

    birch.during_upload = slow
    busy.add(Target.printer("birch"))
    busy.add()
    busy.dispatcher.once()
    assert begun.wait(10)
    busy.dispatcher.once()
    assert ahead(busy) is None, "the one slot is a start's"
    go.set()
    busy.join()
    one_pass(busy)
    assert ahead(busy) is not None


def in_transfer(farm: Any) -> tuple[threading.Event, Job]:
    """A file is on its way ahead, until the event."""
    go, begun = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        assert go.wait(10)

    farm.printer().during_upload = slow
    job = farm.add()
    farm.dispatcher.once()
    assert begun.wait(10)
    return go, job


def test_a_transfer_ahead_gives_way_to_a_start(busy: Any) -> None:
    busy.dispatcher.config = replace(ON, max_uploads=1)
    go, _ = in_transfer(busy)
    busy.add(Target.printer("birch"))
    busy.dispatcher.once()
    assert len(busy.printer("birch").files) or busy.store.view().open_jobs.get("birch")
    go.set()
    busy.join()
    item = next(i for i in busy.store.view().cleanup if i.printer_id == "alder")
    assert item.staged is None, "cancelled, and to be removed"


def test_a_start_there_does_not_take_half_a_file(busy: Any) -> None:
    go, job = in_transfer(busy)
    name = busy.service.staged()[0].remote_name
    busy.printer().shows(busy.printer().started[-1], P.FINISHED)
    look(busy)
    busy.clock.advance(3.0)
    busy.printer().report()
    look(busy)
    busy.service.mark_clear("alder")
    busy.dispatcher.once()
    go.set()
    busy.join()
    now = busy.job(job)
    assert now.remote_name not in ("", name) and not now.staged
    assert busy.printer().started[-1].remote_name == now.remote_name
    assert [i.staged for i in busy.store.view().cleanup if i.remote_name == name] == [None]


# -- which job is next -----------------------------------------------------------------------------


def test_who_is_free_first_gets_the_first_job(busy: Any) -> None:
    birch = busy.printer("birch")
    busy.add(Target.printer("birch"))
    busy.dispatch_once()
    birch.shows(birch.started[-1], P.PRINTING, remaining_min=5)
    look(busy)
    first, second = busy.add(Target()), busy.add(Target())
    one_pass(busy)
    found = {item.printer_id: item.staged.job_id for item in busy.service.staged()}
    assert found == {"birch": first.id, "alder": second.id}


def test_a_job_for_later_is_not_next(busy: Any) -> None:
    busy.add(not_before=busy.clock.time() + 3600)
    held = busy.add(held=True)
    one_pass(busy)
    assert ahead(busy) is None
    busy.service.desk.release(held.id)
    one_pass(busy)
    assert ahead(busy).staged.job_id == held.id


def test_a_file_that_fits_nowhere_is_not_sent(busy: Any) -> None:
    busy.add(plate=2)
    one_pass(busy)
    assert ahead(busy) is None


def test_after_the_end_too_until_the_bed_is_clear(farm: Any) -> None:
    farm.dispatcher.config = ON
    farm.printing()
    farm.printer().shows(farm.printer().started[-1], P.FINISHED)
    farm.wait(3)
    farm.add()
    one_pass(farm)
    assert ahead(farm) is not None


@pytest.mark.parametrize(
    ("words", "on"),
    [((), False), (("fake",), True), (("P1S",), True), (("simulated",), True), (("X1C",), False),
     (("p1",), False), (("",), False)],
)  # fmt: skip
def test_the_switch_names_makes_and_models(farm: Any, words: tuple[str, ...], on: bool) -> None:
    snapshot = farm.fleet.snapshot("alder")
    assert is_switched_on(words, snapshot, farm.fleet.configs["alder"]) is on
