"""Deadlines: when a job begins to press, whom it overtakes, and what a hand may still do."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Blocked, Unusable
from job_queue.job import Job, JobState
from job_queue.matching.match import Candidate, assign
from job_queue.matching.ordering import (
    AGE_STEP_S,
    HEADROOM_S,
    equals,
    in_order,
    latest_start,
    rank_before,
)
from job_queue.target import Target

NOW = 1_000_000.0
H = 3600.0
ANY = Target()


def job(number: int = 1, **changes: Any) -> Job:
    known = {"state": JobState.QUEUED, "from_queue": True, "rank": float(number),
             "waiting_since": NOW, "created_at": NOW, "seconds": 3600, "file_id": "f"}  # fmt: skip
    return Job(id=f"j-{number}", file_name="Gear", **{**known, **changes})


def order(*jobs: Job, now: float = NOW) -> list[str]:
    return [one.id for one in in_order(jobs, now)]


@pytest.mark.parametrize(
    ("changes", "latest"),
    [
        ({}, None),
        ({"deadline": NOW + 9 * H}, NOW + 8 * H),
        ({"deadline": NOW + 9 * H, "seconds": None}, NOW + 9 * H),
        ({"deadline": NOW + 9 * H, "copies": 3}, NOW + 8 * H),
        ({"deadline": NOW + 9 * H, "copies": 3, "target": Target.printer("a")}, NOW + 6 * H),
        (
            {"deadline": NOW + 9 * H, "copies": 3, "handed": 2, "target": Target.printer("a")},
            NOW + 8 * H,
        ),
    ],
)
def test_the_latest_start(changes: Any, latest: float | None) -> None:
    assert latest_start(job(**changes)) == latest


def test_a_deadline_changes_nothing_before_it_presses() -> None:
    first, late = job(1), job(2, deadline=NOW + HEADROOM_S + 2 * H)
    assert order(first, late) == ["j-1", "j-2"]
    assert order(first, late, now=NOW + H - 1) == ["j-1", "j-2"]
    assert order(first, late, now=NOW + H) == ["j-2", "j-1"]


def test_pressing_jobs_go_by_their_latest_start_within_their_priority() -> None:
    soon, sooner = job(2, deadline=NOW + 3 * H), job(3, deadline=NOW + 4 * H, seconds=3 * 3600)
    above, past = job(4, priority=1), job(5, deadline=NOW - H)
    assert order(job(1), soon, sooner, above, past) == ["j-4", "j-5", "j-3", "j-2", "j-1"]


def test_the_age_of_others_of_its_priority_does_not_hold_a_pressing_job_up() -> None:
    old = job(1, waiting_since=NOW - 5 * AGE_STEP_S)
    lower = job(2, priority=-1, waiting_since=NOW - 5 * AGE_STEP_S)
    pressing = job(3, deadline=NOW + 2 * H)
    assert order(old, lower, pressing) == ["j-3", "j-1", "j-2"]
    higher = job(4, priority=1, waiting_since=NOW - 5 * AGE_STEP_S)
    assert order(higher, old, pressing)[0] == "j-4", "another priority's age does"


def test_who_may_overtake_whom() -> None:
    a, b = job(1), job(2)
    assert equals(a, NOW) == equals(b, NOW)
    assert equals(a, NOW) != equals(job(3, by_hand=True), NOW)
    assert equals(a, NOW) != equals(job(4, deadline=NOW + H), NOW)
    assert equals(a, NOW) == equals(job(5, deadline=NOW + 90 * H), NOW)
    assert equals(a, NOW) != equals(job(6, priority=1), NOW)


def test_the_loaded_filament_decides_only_among_equals() -> None:
    red, blue = job(1, file_id="red"), job(2, file_id="blue")
    here = [Candidate(printer_id="a", name="A")]

    def first(*jobs: Job) -> str:
        found = assign(
            in_order(jobs, NOW), here, lambda _job, _printer: None, slots=1, now=NOW,
            auto_assign=True, changes=lambda one, _printer: one.file_id == "red",
            equals=lambda one: equals(one, NOW),
        )  # fmt: skip
        return found[0].job_id

    assert first(red, blue) == "j-2"
    assert first(red) == "j-1", "a change is no reason to wait"
    assert first(job(1, file_id="red", deadline=NOW + H), blue) == "j-1"
    assert first(job(1, file_id="red", by_hand=True), blue) == "j-1"
    assert first(job(1, file_id="red", priority=1), blue) == "j-1"


def test_copies_go_where_the_filament_is_and_then_everywhere() -> None:
    farm = [Candidate(printer_id=name, name=name, ready_since=n) for n, name in enumerate("abc")]
    found = assign(
        [job(1, copies=3)], farm, lambda _job, _printer: None, slots=9, now=NOW, auto_assign=True,
        changes=lambda _job, printer: printer.printer_id != "c",
    )  # fmt: skip
    assert [match.printer_id for match in found] == ["c", "a", "b"]


def test_no_rank_lies_between_a_pressing_job_and_the_rest() -> None:
    pressing, plain = job(9, deadline=NOW + H), job(1)
    assert rank_before([pressing, plain], plain, NOW) == 0.0


# -- through the desk --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deadline", "not_before", "code"),
    [
        (0.0, None, "deadline"),
        (-1.0, None, "deadline"),
        (400 * 86_400.0, None, "deadline"),
        (60.0, None, ""),
        (2 * H, 1.5 * H, "deadline_too_early"),
        (2 * H, 0.5 * H, ""),
    ],
)
def test_which_deadlines_are_taken(
    farm: Any, deadline: float, not_before: float | None, code: str
) -> None:
    now = farm.clock.time()
    wishes = {"deadline": now + deadline}
    if not_before is not None:
        wishes["not_before"] = now + not_before
    if not code:
        assert farm.add(**wishes).deadline == now + deadline
        return
    with pytest.raises(Unusable) as refused:
        farm.add(**wishes)
    assert refused.value.error_code == code


def test_a_job_that_is_late_stays_and_can_be_edited(farm: Any) -> None:
    job = farm.add(deadline=farm.clock.time() + 60)
    farm.clock.advance(120)
    edited = farm.service.desk.edit(job.id, job.rev, {"notes": "late"})
    assert edited.deadline == job.deadline
    with pytest.raises(Unusable):
        farm.service.desk.edit(job.id, edited.rev, {"deadline": job.deadline + 1})
    farm.service.desk.edit(job.id, edited.rev, {"deadline": None})
    assert farm.job(job).deadline is None


def test_a_retry_keeps_a_deadline_that_is_still_to_come(farm: Any) -> None:
    soon, far = (farm.add(deadline=farm.clock.time() + s) for s in (60, 6000))
    for job in (soon, far):
        farm.service.remove(job.id)
    farm.clock.advance(120)
    assert farm.service.desk.retry(soon.id).deadline is None
    assert farm.service.desk.retry(far.id).deadline == far.deadline
    assert farm.service.desk.duplicate(far.id).deadline is None


def test_the_pressing_job_is_sent_first(farm: Any) -> None:
    farm.add()
    pressing = farm.add(deadline=farm.clock.time() + 2 * H)
    assert farm.dispatch_once() == [(pressing.id, "alder")]


def test_a_hand_does_not_undo_a_deadline_and_is_told_so(farm: Any) -> None:
    plain, other = farm.add(), farm.add()
    pressing = farm.add(deadline=farm.clock.time() + 2 * H, notes="for noon")
    for job_id, before in ((pressing.id, None), (plain.id, pressing.id)):
        rev = farm.service.revision
        with pytest.raises(Blocked) as refused:
            farm.service.desk.place(job_id, before)
        assert refused.value.error_code == "deadline_first"
        assert refused.value.details == {"job_id": pressing.id}
        assert farm.service.revision == rev, "nothing was written"
    farm.service.desk.place(other.id, plain.id)
    ids = [one.id for one in in_order(farm.service.jobs(), farm.clock.time())]
    assert ids == [pressing.id, other.id, plain.id]
    assert farm.job(other).by_hand and not farm.job(plain).by_hand
