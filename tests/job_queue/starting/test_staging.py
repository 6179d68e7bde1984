"""Files sent ahead: when, to whom, and what becomes of those that nothing takes."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from core.config import DispatchConfig
from core.errors import PrinterOffline, UploadFailed
from job_queue.job import Job, JobState
from job_queue.records import Cleanup
from job_queue.starting.start import SENT_AHEAD
from job_queue.target import Target
from job_queue.timing import Timing
from printers.status import Fault, PrinterState, Severity

P = PrinterState
ON = DispatchConfig(prestage=("simulated",))


def prints(farm: Any, left_min: int | None = 10, state: P = P.PRINTING) -> None:
    """Alder works on what was last started there."""
    farm.printer().shows(farm.printer().started[-1], state, remaining_min=left_min)
    look(farm)


def look(farm: Any) -> None:
    farm.service.look_at(farm.registry.all())


def one_pass(farm: Any) -> None:
    farm.dispatcher.once()
    farm.join()
    look(farm)


def ahead(farm: Any) -> Cleanup | None:
    found = farm.service.staged()
    assert len(found) < 2
    return found[0] if found else None


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


# -- what becomes of a file that nothing takes -----------------------------------------------------


def goes(farm: Any, item: Cleanup) -> None:
    """It is off the record, and off the printer as soon as that is at rest."""
    left = [i for i in farm.store.view().cleanup if i.remote_name == item.remote_name]
    assert [i.staged for i in left] in ([], [None])
    farm.printer().shows(farm.printer().started[-1], P.FINISHED)
    farm.wait(10)
    assert item.remote_name not in farm.printer().files
    assert item.remote_name not in [c.remote_name for c in farm.printer().started]


def test_cancelled(staged: Any) -> None:
    farm, job, item = staged
    farm.service.remove(job.id)
    one_pass(farm)
    goes(farm, item)


def test_edited_to_go_elsewhere(staged: Any) -> None:
    farm, job, item = staged
    farm.service.desk.edit(job.id, farm.job(job).rev, {"target": Target.printer("birch")})
    one_pass(farm)
    goes(farm, item)


def test_edited_to_another_plate_that_does_not_fit(staged: Any) -> None:
    farm, job, item = staged
    farm.service.desk.edit(job.id, farm.job(job).rev, {"plate": 2})
    one_pass(farm)
    goes(farm, item)


def test_held(staged: Any) -> None:
    farm, job, item = staged
    farm.service.desk.hold(job.id)
    one_pass(farm)
    goes(farm, item)


def test_another_job_of_the_same_file_may_use_it(staged: Any) -> None:
    farm, job, item = staged
    other = farm.add()
    farm.service.remove(job.id)
    one_pass(farm)
    assert ahead(farm) == item
    farm.finish()
    one_pass(farm)
    assert farm.job(other).remote_name == item.remote_name


def test_after_a_time(staged: Any) -> None:
    farm, _, item = staged
    keep = Timing().keep_staged_s
    for _ in range(int(keep / 30) + 1):
        farm.clock.advance(30)
        farm.printer().report()
        look(farm)
    farm.service.tick()
    goes(farm, item)


def test_after_a_restart(staged: Any) -> None:
    """A farm that was away cannot say what somebody did with the file meanwhile."""
    farm, job, item = staged
    farm.reboot()
    farm.printer().shows(farm.printer().started[-1], P.PRINTING)
    assert farm.service.staged() == []
    goes(farm, item)
    assert farm.job(job).state is JobState.QUEUED


def test_after_an_hour_without_a_report(staged: Any) -> None:
    farm, _, item = staged
    farm.printer().report(P.OFFLINE)
    look(farm)
    farm.clock.advance(61.0)
    prints(farm)
    goes(farm, item)


def test_a_short_gap_is_none(staged: Any) -> None:
    farm, job, item = staged
    farm.printer().report(P.OFFLINE)
    look(farm)
    farm.clock.advance(59.0)
    prints(farm)
    farm.finish()
    one_pass(farm)
    assert farm.job(job).remote_name == item.remote_name


def test_started_at_the_screen(staged: Any) -> None:
    """Its name proves nothing any more."""
    farm, _job, item = staged
    command = farm.printer().started[-1]
    foreign = replace(command, remote_name=item.remote_name, token=item.staged.token)
    farm.printer().shows(foreign, P.PRINTING)
    look(farm)
    assert farm.service.staged() == []
    farm.printer().shows(foreign, P.FINISHED)
    farm.wait(15)
    assert item.remote_name not in farm.printer().files


def test_a_start_by_hand_of_another_plate_takes_the_same_file(staged: Any) -> None:
    farm, _, item = staged
    farm.finish()
    job = farm.service.start_file("alder", "f" * 32, plate=3, confirm=["all"])
    farm.join()
    assert farm.job(job).remote_name == item.remote_name, "the file is the same for every plate"


def test_a_failed_transfer_is_left_alone_for_a_while(busy: Any) -> None:
    busy.printer().upload_error = UploadFailed("The card is full.")
    job = busy.add()
    one_pass(busy)
    assert ahead(busy) is None
    assert busy.job(job).tries == 0 and busy.job(job).state is JobState.QUEUED
    busy.printer().upload_error = None
    prints(busy)
    one_pass(busy)
    assert ahead(busy) is None
    busy.clock.advance(Timing().stage_rest_s + 1)
    prints(busy)
    one_pass(busy)
    assert ahead(busy) is not None


def test_a_cut_file_is_never_ready(busy: Any) -> None:
    busy.printer().cut_bytes = 3
    busy.add()
    one_pass(busy)
    assert ahead(busy) is None


def test_two_files_left_behind_are_enough(busy: Any) -> None:
    with busy.store.transaction() as tx:
        for number in range(2):
            tx.add_cleanup(Cleanup(printer_id="alder", remote_name=f"x-{number}.gcode", due_at=0))
    busy.add()
    one_pass(busy)
    assert ahead(busy) is None


# -- the name is one attempt's ---------------------------------------------------------------------


def test_a_doubtful_start_takes_the_name_with_it(staged: Any) -> None:
    """The fence deletes it, and the retry has another."""
    farm, job, item = staged
    farm.finish()
    farm.printer().on_start = lambda command: None
    one_pass(farm)
    farm.wait(Timing().evidence_s + 5)
    doubtful = farm.job(job)
    assert doubtful.state is JobState.NEEDS_HUMAN
    assert doubtful.remote_name == item.remote_name
    farm.printer().report(P.FINISHED)
    for wait in (Timing().quiet_s + 1, 0):
        try:
            farm.service.resolve(job.id, "not_started", farm.job(job).rev)
        except Exception as refused:  # noqa: BLE001 - said twice: the fence, then the end
            assert wait, refused
            farm.wait(wait)
    again = farm.job(job)
    assert again.state is JobState.QUEUED and not again.staged and again.remote_name == ""
    assert item.remote_name not in farm.printer().files
    farm.printer().on_start = farm.printer().begin
    farm.service.mark_clear("alder")
    one_pass(farm)
    assert farm.job(job).remote_name not in ("", item.remote_name)
    assert farm.job(job).token != item.staged.token


def test_a_claim_that_comes_to_nothing_removes_it(staged: Any) -> None:
    """Nothing was sent in this attempt, and yet a file lies there."""
    farm, job, item = staged
    farm.finish()
    farm.library._path.write_bytes(b"other bytes")
    farm.dispatcher.once()
    farm.join()
    assert farm.job(job).state is JobState.HELD and not farm.job(job).staged
    farm.wait(2)
    assert item.remote_name not in farm.printer().files
    assert item.remote_name not in [i.remote_name for i in farm.store.view().cleanup]
