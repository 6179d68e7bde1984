"""Tables of the pure half: who may, who may not and why, who comes first, who is chosen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from job_queue.job import Job, JobError, JobState
from job_queue.matching.match import (
    Candidate,
    Match,
    Reason,
    assign,
    choose,
    explain,
    names_of,
    of_job,
    summary,
)
from job_queue.matching.ordering import AGE_STEP_S, in_order, rank_before, urgency
from job_queue.target import Target

NOW = 1_000_000.0
BUSY = Reason("printer_busy", "It is printing.")
WRONG = Reason("wrong_model", "The file is for another model.")
ASK = Reason("confirm_needed", "The file does not say its model.")


def job(number: int = 1, **changes: Any) -> Job:
    known = {"state": JobState.QUEUED, "from_queue": True, "rank": float(number),
             "waiting_since": NOW, "created_at": NOW}  # fmt: skip
    return Job(id=f"j-{number}", file_id="f", file_name="Gear", **{**known, **changes})


def printer(name: str, **changes: Any) -> Candidate:
    return Candidate(printer_id=name, name=name.capitalize(), **changes)


def never(job: Job, printer: Candidate) -> Reason | None:
    return None


def wrong_on(*names: str) -> Any:
    return lambda job, printer: WRONG if printer.printer_id in names else None


@pytest.mark.parametrize(
    ("target", "who"),
    [
        (Target(), "abc"),
        (Target.printer("b"), "b"),
        (Target("printer_ids", ("a", "c", "gone")), "ac"),
        (Target("model", ("x1 CARBON",)), "a"),
        (Target("model", ("BL-P001",)), "a"),
        (Target("tag", ("PLA",)), "bc"),
        (Target("tag", ("attic",)), "c"),
        (Target("model", ("x1",)), ""),
    ],
)
def test_targets(target: Target, who: str) -> None:
    farm = [
        printer("a", models=names_of("X1 Carbon", "BL-P001")),
        printer("b", models=names_of("P1S"), tags=names_of("pla")),
        printer("c", tags=names_of("Pla", "Attic")),
    ]
    matches = assign([job(target=target, copies=9)], farm, never, slots=9, now=NOW,
                     auto_assign=True)  # fmt: skip
    assert sorted(match.printer_id for match in matches) == sorted(who)
    found = explain(job(target=target), farm, never, now=NOW, auto_assign=True)
    assert [reason.code for reason in found] == ([] if who else ["no_printer"])


@pytest.mark.parametrize(
    ("changes", "auto", "code"),
    [
        ({}, True, ""),
        ({"state": JobState.HELD}, True, "held"),
        ({"not_before": NOW + 1}, True, "not_before"),
        ({"not_before": NOW}, True, ""),
        ({}, False, "auto_assign_off"),
        ({"target": Target.printer("a")}, False, ""),
        ({"target": Target("printer_ids", ("a",))}, False, "auto_assign_off"),
    ],
)
def test_what_keeps_a_job_from_every_printer(changes: Any, auto: bool, code: str) -> None:
    waiting = job(**changes)
    reason = of_job(waiting, NOW, auto_assign=auto)
    assert (reason.code if reason else "") == code
    matches = assign([waiting], [printer("a")], never, slots=1, now=NOW, auto_assign=auto)
    assert bool(matches) is not bool(code)


def test_a_held_job_says_what_went_wrong_before() -> None:
    held = job(state=JobState.HELD, error=JobError(code="c", text="No card."))
    reason = of_job(held, NOW, auto_assign=True)
    assert reason is not None and "No card." in reason.text


def test_reasons_name_the_file_first_and_alone_when_it_never_fits() -> None:
    farm = [
        printer("a"),
        printer("b", closed=BUSY),
        printer("c", closed=BUSY),
        printer("d", closed=Reason("printer_offline", "It is offline."), reports=False),
    ]

    def fits(job: Job, printer: Candidate) -> Reason | None:
        return {"b": WRONG, "c": ASK, "d": WRONG}.get(printer.printer_id)

    found = explain(job(), farm, fits, now=NOW, auto_assign=True)
    assert [(reason.printer_id, reason.code) for reason in found] == [
        ("b", "wrong_model"), ("c", "confirm_needed"), ("c", "printer_busy"),
        ("d", "printer_offline"),
    ]  # fmt: skip
    full = explain(job(), farm, fits, now=NOW, auto_assign=True, full=Reason("upload_slots", "4"))
    assert (full[0].printer_id, full[0].code) == ("a", "upload_slots")


@pytest.mark.parametrize(
    ("printers", "fits", "start"),
    [
        ([], never, "The farm has no printer for this job"),
        ([printer("a"), printer("b", closed=BUSY)], never, "Next in line."),
        ([printer("a", closed=BUSY)], never, "It is printing."),
        ([printer("a")], wrong_on("a"), "The file is for another model."),
        (
            [printer("a"), printer("b")],
            wrong_on("a", "b"),
            "None of 2 printers can take it: The file is for another model.",
        ),
        ([printer("a"), printer("b")], lambda job, printer: ASK, "Needs a yes: The file does not"),
        (
            [
                printer("a", closed=BUSY),
                printer("b", closed=BUSY),
                printer("c", closed=Reason("bed_not_clear", "Clear it.")),
                printer("d", closed=BUSY),
            ],
            wrong_on("d"),
            "Waits for one of 3 printers: 2 busy, 1 with a bed to clear.",
        ),
    ],
)  # fmt: skip
def test_one_sentence_for_a_waiting_job(printers: Any, fits: Any, start: str) -> None:
    assert summary(job(), printers, fits).text.startswith(start)


def test_the_longest_ready_is_chosen_then_the_least_used_then_by_lot() -> None:
    a, b = printer("a", ready_since=20.0), printer("b", ready_since=10.0)
    assert choose(job(), [a, b]) is b
    a, b = printer("a", hours=9.0), printer("b", hours=3.0)
    assert choose(job(), [a, b]) is b
    chosen = {choose(job(n), [printer("a"), printer("b")]).printer_id for n in range(50)}
    assert chosen == {"a", "b"}, "no name is always first"
    a, b = printer("a", hours=None), printer("b", hours=3.0)
    assert {choose(job(n), [a, b]).printer_id for n in range(50)} == {"a", "b"}, "unknown: skipped"


def test_one_match_per_printer_copies_side_by_side_and_the_cap() -> None:
    farm = [printer(name) for name in "abcd"]
    one = {"slots": 9, "now": NOW, "auto_assign": True}
    assert len(assign([job(copies=3)], farm, never, **one)) == 3  # type: ignore[arg-type]
    assert len(assign([job(copies=3, handed=2)], farm, never, **one)) == 1  # type: ignore[arg-type]
    many = assign([job(n) for n in range(9)], farm, never, **one)  # type: ignore[arg-type]
    assert [match.job_id for match in many] == ["j-0", "j-1", "j-2", "j-3"]
    assert len({match.printer_id for match in many}) == 4
    assert len(assign([job(copies=9)], farm, never, slots=2, now=NOW, auto_assign=True)) == 2
    assert assign([job()], farm, never, slots=0, now=NOW, auto_assign=True) == []
    assert assign([job()], farm, never, slots=-1, now=NOW, auto_assign=True) == []


def test_a_job_that_fits_nowhere_holds_up_nobody() -> None:
    picky, easy = job(1, target=Target.printer("b")), job(2, target=Target.printer("b"))
    fits = lambda job, printer: WRONG if job is picky else None  # noqa: E731
    picky = replace(picky, file_id="other")
    found = assign([picky, easy], [printer("b")], fits, slots=1, now=NOW, auto_assign=True)
    assert found == [Match("j-2", "b")]


# -- order -----------------------------------------------------------------------------------------


def test_priority_then_hand_then_arrival() -> None:
    jobs = [job(1), job(2, priority=1), job(3, rank=0.5), job(4, state=JobState.PRINTING)]
    assert [one.id for one in in_order(jobs, NOW)] == ["j-2", "j-3", "j-1"]


def test_nothing_starves() -> None:
    old = job(1, priority=-10, waiting_since=NOW - 21 * AGE_STEP_S)
    fresh = job(2, priority=10)
    assert in_order([fresh, old], NOW)[0] is old
    later = job(3, not_before=NOW + AGE_STEP_S * 50)
    assert urgency(later, NOW + AGE_STEP_S * 50.5) == 0, "a time set by hand is no waiting"


def test_no_room_between_two_asks_for_numbers_anew() -> None:
    first, second = job(1, rank=1.0), job(2, rank=1.0 + 1e-9)
    assert rank_before([first, second], second, NOW) is None
    assert rank_before([first, second], first, NOW) == 0.0
    assert rank_before([first, second], None, NOW) == pytest.approx(2.0)
