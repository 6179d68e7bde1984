"""The queue as people use it: add, edit, hold, order, try again; every change has a revision."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import BadRequest, Blocked, FarmError, NotFound, Unusable
from job_queue.job import JobState
from job_queue.target import Target
from slicer.gates.filament_wishes import FilamentWish

FILE_ID = "f" * 32
ANY = Target()


def test_a_job_waits_with_all_its_wishes(farm: Any) -> None:
    job = farm.add(copies=3, priority=2, options={"timelapse": True}, notes="for Lena",
                   confirm=("unknown_model",), ams_mapping=(0, -1), created_by="ann")  # fmt: skip
    assert (job.state, job.printer_id, job.from_queue) == (JobState.QUEUED, "", True)
    assert (job.copies, job.made, job.priority) == (3, 0, 2)
    assert job.options == {"timelapse": True} and job.ams_wanted == (0, -1)
    farm.reboot()
    assert farm.job(job) == job, "the same after a restart"


@pytest.mark.parametrize(
    ("wishes", "kind", "code"),
    [
        ({"plate": 9}, Unusable, "no_plate"),
        ({"copies": 0}, Unusable, "copies"),
        ({"priority": 11}, Unusable, "priority"),
        ({"not_before": 9e12}, Unusable, "not_before"),
        ({"target": ANY, "ams_mapping": (0, -1)}, Unusable, "mapping_needs_printer"),
        ({"target": Target.printer("aldr")}, NotFound, "printer_not_found"),
        ({"target": Target("printer_ids", ("alder", "brich"))}, NotFound, "printer_not_found"),
        ({"target": Target("tag", ("petg",))}, Unusable, "unknown_tag"),
        ({"target": Target("model", ("X9",))}, Unusable, "unknown_model"),
        ({"options": {"turbo": True}}, BadRequest, "bad_request"),
    ],
)  # fmt: skip
def test_what_no_dispatcher_could_work_on_is_refused(
    farm: Any, wishes: dict[str, Any], kind: type[FarmError], code: str
) -> None:
    with pytest.raises(kind) as refused:
        farm.add(**wishes)
    assert refused.value.error_code == code
    assert farm.service.jobs() == []


def test_a_stale_revision_changes_nothing(farm: Any) -> None:
    job = farm.add()
    edited = farm.service.desk.edit(job.id, job.rev, {"copies": 2})
    assert edited.rev > job.rev
    for act in (
        lambda: farm.service.desk.edit(job.id, job.rev, {"copies": 5}),
        lambda: farm.service.desk.hold(job.id, job.rev),
        lambda: farm.service.remove(job.id, job.rev),
        lambda: farm.service.desk.place(job.id, None, job.rev),
    ):
        with pytest.raises(Blocked) as stale:
            act()
        assert stale.value.error_code == "stale" and stale.value.details["rev"] == edited.rev
    assert farm.job(job) == edited


def test_a_job_in_flight_is_not_edited(farm: Any) -> None:
    job = farm.add()
    farm.dispatch_once()
    desk = farm.service.desk
    for act in (
        lambda: desk.edit(job.id, farm.job(job).rev, {"copies": 2}),
        lambda: desk.hold(job.id),
        lambda: farm.service.remove(job.id),
        lambda: desk.place(job.id, None),
        lambda: desk.retry(job.id),
    ):
        with pytest.raises(Blocked) as refused:
            act()
        assert refused.value.error_code in ("in_flight", "not_ended_badly")


def test_held_jobs_wait_for_a_person(farm: Any) -> None:
    job = farm.add()
    farm.service.desk.hold(job.id)
    assert farm.dispatch_once() == []
    assert farm.service.outlook(job.id).why[0].code == "held"
    farm.service.desk.release(job.id)
    assert farm.dispatch_once() == [(job.id, "alder")]


def test_a_removed_job_leaves_a_trace_and_can_come_back(farm: Any) -> None:
    job = farm.add()
    gone = farm.service.remove(job.id, by="ann")
    assert gone.state is JobState.CANCELLED and gone.error.text == "Removed from the queue by ann."
    assert farm.dispatch_once() == []
    again = farm.service.desk.retry(job.id)
    assert (again.state, again.attempt, again.error) == (JobState.QUEUED, 1, None)
    assert farm.dispatch_once() == [(job.id, "alder")]


def test_a_failed_print_is_tried_again_with_its_past_kept(farm: Any) -> None:
    from printers.status import PrinterState as P

    job = farm.add()
    farm.dispatch_once()
    first = farm.job(job)
    farm.printer().shows(farm.printer().started[-1], P.FAILED)
    farm.wait(3)
    assert farm.job(job).state is JobState.PRINTING, "a fault may still be told"
    farm.wait(1)
    assert farm.job(job).state is JobState.FAILED
    again = farm.service.desk.retry(job.id)
    assert (again.attempt, again.printer_id, again.token) == (2, "", 0)
    (past,) = again.attempts
    assert (past.number, past.printer_id, past.token) == (1, "alder", first.token)
    assert past.outcome == "failed" and past.evidence and past.error is not None
    assert farm.dispatch_once() == [], "the bed still carries the first part"
    farm.service.mark_clear("alder")
    assert farm.dispatch_once() == [(job.id, "alder")]
    assert farm.job(job).token != first.token, "a start number of its own"
    farm.reboot()
    assert farm.job(job).attempts == (past,)


def test_a_direct_start_that_failed_can_be_queued(farm: Any) -> None:
    farm.printer().upload_error = Unusable("The card is full.")
    job = farm.start()
    assert job.state is JobState.FAILED
    assert farm.dispatch_once() == [], "direct starts are never repeated by the farm itself"
    farm.printer().upload_error = None
    farm.service.desk.retry(job.id)
    assert farm.dispatch_once() == [(job.id, "alder")]


def test_a_duplicate_is_a_job_of_its_own(farm: Any) -> None:
    job = farm.add(copies=2, priority=3, options={"timelapse": True}, notes="n")
    twin = farm.service.desk.duplicate(job.id, created_by="bob")
    assert twin.id != job.id and twin.created_by == "bob"
    assert (twin.copies, twin.priority, twin.options) == (2, 3, {"timelapse": True})
    assert twin.rank > job.rank


def test_order_by_hand(farm: Any) -> None:
    a, b, c = farm.add(), farm.add(), farm.add()
    desk = farm.service.desk
    desk.place(c.id, a.id)
    assert queue(farm) == [c.id, a.id, b.id]
    desk.place(c.id, None)
    assert queue(farm) == [a.id, b.id, c.id]
    desk.place(a.id, c.id)
    assert queue(farm) == [b.id, a.id, c.id]
    urgent = farm.add(priority=5)
    assert queue(farm)[0] == urgent.id
    moved = desk.place(c.id, urgent.id)
    assert queue(farm)[0] == c.id and moved.priority == 5, "before it means: as urgent as it"


def test_there_is_always_room_between_two(farm: Any) -> None:
    a, b, c = farm.add(), farm.add(), farm.add()
    for _ in range(60):
        farm.service.desk.place(c.id, b.id)
        assert queue(farm) == [a.id, c.id, b.id]
        farm.service.desk.place(b.id, c.id)
        assert queue(farm) == [a.id, b.id, c.id]


def test_fewer_copies_than_are_on_their_way_is_refused(farm: Any) -> None:
    job = farm.add(ANY, copies=5)
    farm.dispatch_once()
    rev = farm.job(job).rev
    with pytest.raises(Unusable) as refused:
        farm.service.desk.edit(job.id, rev, {"copies": 2})
    assert refused.value.error_code == "too_few_copies"
    assert farm.service.desk.edit(job.id, rev, {"copies": 3}).left == 1


def test_a_file_in_the_queue_stays(farm: Any) -> None:
    job = farm.add()
    (guard,) = farm.library.guards
    assert guard(FILE_ID) == "Gear.gcode.3mf is in the queue."
    farm.service.remove(job.id)
    assert guard(FILE_ID) == ""


def queue(farm: Any) -> list[str]:
    from job_queue.matching.ordering import in_order

    return [job.id for job in in_order(farm.service.jobs(), farm.clock.time())]


@pytest.mark.parametrize(
    "changes",
    [
        {"plate": 3},
        {"target": ANY},
        {"filament": (FilamentWish(match="family", color="000000"),)},
        {"ams_mapping": (1, -1)},
    ],
    ids=["plate", "printer", "filament", "slots"],
)
def test_a_yes_was_about_this_plate_printer_and_filament(
    farm: Any, changes: dict[str, Any]
) -> None:
    job = farm.add(confirm=("unknown_model",))
    edit = farm.service.desk.edit
    same = edit(job.id, job.rev, {"plate": 1, "target": Target.printer("alder"), "copies": 2})
    assert same.confirm == ("unknown_model",)
    moved = edit(job.id, same.rev, changes)
    assert moved.confirm == ()
    back = edit(
        job.id,
        moved.rev,
        {"plate": 1, "ams_mapping": None, "target": ANY, "confirm": ("other_model",)},
    )
    assert back.confirm == ("other_model",)
