"""The queue played forward: hand-made farms with exact times, and what must hold for any farm."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from job_queue.forecast import play
from job_queue.forecast.estimates import Figures, History, Spread
from job_queue.forecast.play import forecast
from job_queue.forecast.prediction import Forecast, Lane, Moment, PrinterNow, Running, Scene, latest
from job_queue.job import Job, JobState
from job_queue.matching.match import Candidate, Match, Reason, assign, names_of
from job_queue.matching.ordering import AGE_STEP_S, in_order
from job_queue.target import Target

NOW = 1_000_000.0
M = 60.0
H = 3600.0
WRONG = Reason("wrong_model", "The file is for another model.")


class Exact(Figures):
    """Prints take what was estimated and a person ten minutes, to the second."""

    def __init__(self, handover: float = 0.0) -> None:
        super().__init__(History(), 600)
        self.handover = Spread.exactly(handover)

    def duration(self, model: str, slicer: str, estimated: float | None) -> Spread | None:
        return None if estimated is None else Spread.exactly(estimated)

    def clear(self, waited: float = 0.0) -> Spread:
        return Spread.exactly(10 * M)


def job(number: int, minutes: float | None = 60, **changes: Any) -> Job:
    known = {"state": JobState.QUEUED, "from_queue": True, "rank": float(number),
             "waiting_since": NOW, "created_at": NOW, "file_id": "f"}  # fmt: skip
    seconds = None if minutes is None else int(minutes * M)
    return Job(id=f"j-{number}", file_name="Gear", seconds=seconds, **{**known, **changes})


def printer(name: str, free_in: float | None = 0.0, **changes: Any) -> PrinterNow:
    out = None if free_in is not None else Reason("printer_offline", f"{name} is offline.")
    closed = changes.pop("closed", out)
    candidate = Candidate(printer_id=name, name=name, closed=closed, **changes.pop("facts", {}))
    free = None if free_in is None else Spread.exactly(free_in * M)
    return PrinterNow(candidate=candidate, free_in=free, out=out, **changes)


def play_out(printers: list[PrinterNow], jobs: list[Job], **changes: Any) -> Forecast:
    known = {"figures": Exact(), "fits": lambda job, printer: None}
    return forecast(Scene(now=NOW, printers=printers, jobs=jobs, **{**known, **changes}))


def plan(found: Forecast) -> dict[str, list[tuple[str, float, float | None]]]:
    """By printer: (job, start, end), minutes from now."""
    return {
        lane.printer_id: [
            (p.job_id, (p.start - NOW) / M, None if p.end is None else (p.end - NOW) / M)
            for p in lane.planned
        ]
        for lane in found.lanes
    }


def test_one_printer_after_another_with_a_person_in_between() -> None:
    found = play_out([printer("a", 25)], [job(1), job(2, 30), job(3, 5)])
    assert plan(found) == {"a": [("j-1", 25, 85), ("j-2", 95, 125), ("j-3", 135, 140)]}
    assert found.all_done_at == found.all_done_p90 == NOW + 140 * M
    one = found.jobs["j-2"]
    assert (one.start, one.end, one.printers) == (NOW + 95 * M, NOW + 125 * M, ("a",))


def test_the_first_in_order_takes_the_first_free_printer() -> None:
    jobs = [job(1, 100), job(2, 10), job(3, 20, priority=1), job(4, 30)]
    found = play_out([printer("a", 5), printer("b", 0)], jobs)
    assert plan(found) == {
        "b": [("j-3", 0, 20), ("j-2", 30, 40), ("j-4", 50, 80)],
        "a": [("j-1", 5, 105)],
    }
    assert found.all_done_at == NOW + 105 * M


def test_what_runs_now_counts_for_the_end_of_all() -> None:
    running = Running(job_id="j-9", name="Vase", left=Spread.exactly(300 * M), began=True)
    busy = printer("a", 310, running=running)
    found = play_out([busy, printer("b")], [job(1)])
    assert plan(found)["b"] == [("j-1", 0, 60)]
    assert found.all_done_at == NOW + 300 * M, "not when its bed is clear"
    assert play_out([busy], []).all_done_at == NOW + 300 * M


def test_targets_files_and_copies() -> None:
    farm = [
        printer("a", facts={"models": names_of("P1S")}),
        printer("b", facts={"models": names_of("X1C")}),
    ]
    jobs = [
        job(1, 20, target=Target("model", ("p1s",)), copies=3, handed=1),
        job(2, 30, copies=2, file_id="x"),
        job(3, 40, target=Target.printer("b")),
    ]

    def fits(wanted: Job, candidate: Candidate) -> Reason | None:
        return WRONG if wanted.file_id == "x" and candidate.printer_id == "a" else None

    found = play_out(farm, jobs, fits=fits)
    assert plan(found) == {
        "a": [("j-1", 0, 20), ("j-1", 30, 50)],
        "b": [("j-2", 0, 30), ("j-2", 40, 70), ("j-3", 80, 120)],
    }
    copies = [p.copy for lane in found.lanes for p in lane.planned if p.job_id == "j-1"]
    assert copies == [2, 3], "the first one is a job of its own already"
    outcome = found.jobs["j-1"]
    assert (outcome.start, outcome.end) == (NOW, NOW + 50 * M), "first start, last end"


def test_not_before_leaves_the_printer_to_others_and_wakes_it_up() -> None:
    jobs = [job(1, 60, not_before=NOW + 100 * M), job(2, 20)]
    found = play_out([printer("a")], jobs)
    assert plan(found) == {"a": [("j-2", 0, 20), ("j-1", 100, 160)]}
    late = play_out([printer("a", 200)], jobs[:1])
    assert plan(late) == {"a": [("j-1", 200, 260)]}


def test_waiting_for_long_counts_later_as_it_will() -> None:
    """In an hour the old job is one step more urgent than the younger one of higher priority."""
    old = job(1, 10, waiting_since=NOW - 2 * AGE_STEP_S + 30 * M, rank=2.0)
    young = job(2, 10, priority=2, waiting_since=NOW - 30 * M, rank=3.0)
    assert [j.id for j in in_order([old, young], NOW)] == ["j-2", "j-1"]
    assert [j.id for j in in_order([old, young], NOW + H)] == ["j-1", "j-2"]
    assert [p[0] for p in plan(play_out([printer("a")], [old, young]))["a"]] == ["j-2", "j-1"]
    assert [p[0] for p in plan(play_out([printer("a", 60)], [old, young]))["a"]] == ["j-1", "j-2"]


def test_transfers_wait_for_one_another() -> None:
    farm = [printer("a"), printer("b"), printer("c")]
    jobs = [job(n, 60) for n in range(1, 4)]
    found = play_out(farm, jobs, figures=Exact(handover=2 * M), slots=2)
    starts = sorted((p.start - NOW) / M for lane in found.lanes for p in lane.planned)
    assert starts == [2, 2, 4]


def test_a_duration_nobody_knows_ends_what_can_be_told() -> None:
    found = play_out([printer("a")], [job(1, None), job(2)])
    assert plan(found) == {"a": [("j-1", 0, None)]}
    assert found.unknown == 1
    assert found.all_done_at is None, "there is no other"
    assert [(i, reason.code) for i, reason in found.never] == [("j-2", "unknown_time")]
    both = play_out([printer("a"), printer("b")], [job(1, None), job(2), job(3)])
    assert {p[0] for p in plan(both)["b"]} | {p[0] for p in plan(both)["a"]} == {
        "j-1", "j-2", "j-3",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": JobState.HELD}, "held"),
        ({"target": Target.printer("c")}, "printer_offline"),
        ({"target": Target.printer("gone")}, "no_printer"),
        ({"file_id": "x"}, "wrong_model"),
    ],
)
def test_jobs_that_nothing_will_start_say_why(changes: Mapping[str, Any], code: str) -> None:
    found = play_out(
        [printer("a"), printer("c", None)],
        [job(1, **changes), job(2)],
        fits=lambda wanted, _: WRONG if wanted.file_id == "x" else None,
    )
    assert plan(found)["a"] == [("j-2", 0, 60)], "and keep nobody else"
    ((name, reason),) = found.never
    assert (name, reason.code) == ("j-1", code)
    assert reason.text
    assert found.all_done_at == NOW + 60 * M


def test_switched_off_choosing_plans_only_for_chosen_printers() -> None:
    jobs = [job(1), job(2, target=Target.printer("a"))]
    found = play_out([printer("a")], jobs, auto_assign=False)
    assert plan(found)["a"] == [("j-2", 0, 60)]
    assert found.never[0][1].code == "auto_assign_off"


def test_the_far_end_is_less_certain_than_the_near_one() -> None:
    figures = Figures(History(), 600)
    found = forecast(
        Scene(now=NOW, printers=[printer("a")], jobs=[job(n) for n in range(1, 9)],
              figures=figures, fits=lambda job, printer: None)
    )  # fmt: skip
    widths = [p.end_p90 - p.end for p in found.lanes[0].planned if p.end and p.end_p90]
    assert widths == sorted(widths) and widths[0] < widths[-1] / 2
    first = found.lanes[0].planned[0]
    assert (first.end, first.end_p90) == (NOW + H, NOW + 1.2 * H)


def test_all_is_done_later_than_any_one_of_many_equals() -> None:
    one = Moment(NOW).plus(Spread(H, 1.2 * H, H))
    assert latest([one], 0.5) == pytest.approx(one.p50)
    assert latest([one], 0.9) == pytest.approx(one.p90, abs=2)
    many = [one] * 20
    assert latest(many, 0.5) > one.p90, "one of twenty is late"
    assert latest([Moment(5.0), Moment(9.0)], 0.9) == 9.0


def test_a_very_long_queue_is_forecast_as_far_as_that_makes_sense(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(play, "MOST_PLACED", 5)
    found = play_out([printer("a")], [job(1, copies=1000), job(2), job(3, file_id="x")],
                     fits=lambda wanted, _: WRONG if wanted.file_id == "x" else None)  # fmt: skip
    assert len(found.lanes[0].planned) == 5
    assert found.beyond == 1000 - 5 + 1 + 1, "what was never asked about is not called impossible"
    assert found.all_done_at is None
    outcome = found.jobs["j-1"]
    assert (outcome.placed, outcome.left, outcome.end) == (5, 1000, None)


# -- what holds for any farm ---------------------------------------------------------------------

FILES = ("f", "g", "h")
TARGETS = st.sampled_from(
    [Target(), Target.printer("p0"), Target("printer_ids", ("p0", "p1")), Target("tag", ("t",))]
)


@st.composite
def farms(draw: st.DrawFn) -> tuple[list[PrinterNow], list[Job], frozenset[tuple[str, str]]]:
    printers = [
        printer(
            f"p{n}",
            draw(st.none() | st.integers(0, 300)),
            facts={"tags": names_of("t") if draw(st.booleans()) else frozenset()},
        )
        for n in range(draw(st.integers(1, 4)))
    ]
    jobs = [
        job(
            n,
            draw(st.none() | st.integers(1, 400)) if n == 3 else draw(st.integers(1, 400)),
            file_id=draw(st.sampled_from(FILES)),
            target=draw(TARGETS),
            copies=draw(st.integers(1, 3)),
            priority=draw(st.integers(-2, 2)),
            rank=float(draw(st.integers(0, 5))),
            waiting_since=NOW - draw(st.integers(0, 30)) * H,
            not_before=draw(st.none() | st.integers(-100, 600).map(lambda m: NOW + m * M)),
            state=draw(st.sampled_from([JobState.QUEUED] * 5 + [JobState.HELD])),
        )
        for n in range(draw(st.integers(0, 9)))
    ]
    bad = draw(st.frozensets(st.tuples(st.sampled_from(FILES), st.sampled_from(["p0", "p1"]))))
    return printers, jobs, bad


def outcome_of(scene: tuple[list[PrinterNow], list[Job], frozenset[tuple[str, str]]]) -> Forecast:
    printers, jobs, bad = scene
    return play_out(printers, jobs, fits=lambda j, p: (
        WRONG if (j.file_id, p.printer_id) in bad else None))  # fmt: skip


@given(farms())
@settings(max_examples=300, deadline=None)
def test_any_farm_is_forecast_soundly(scene: Any) -> None:
    printers, jobs, bad = scene
    found = outcome_of(scene)
    by_id = {j.id: j for j in jobs}
    ready = {p.candidate.printer_id: p.free_in for p in printers}
    placed: dict[str, int] = {}
    for lane in found.lanes:
        _check_lane(lane, ready[lane.printer_id], by_id, bad)
        for item in lane.planned:
            placed[item.job_id] = placed.get(item.job_id, 0) + 1
    never = {name for name, _ in found.never}
    for one in jobs:
        total = placed.get(one.id, 0)
        assert total <= one.left, "no copy twice"
        if total < one.left:
            assert one.id in never, "every copy is planned or accounted for"
    assert found.beyond == 0
    ends = [p.end for lane in found.lanes for p in lane.planned]
    known = [end for end in ends if end is not None]
    if known:
        assert found.all_done_at == max(known)


def _check_lane(
    lane: Lane, free_in: Spread | None, jobs: Mapping[str, Job], bad: frozenset[tuple[str, str]]
) -> None:
    if free_in is None:
        assert not lane.planned
        return
    if lane.planned:
        assert lane.planned[0].start >= NOW + free_in.p50
    for former, later in pairwise(lane.planned):
        assert former.end is not None, "nothing behind an end nobody knows"
        assert later.start >= former.end + 10 * M - 1e-6, "one at a time, and a clear bed"
    for item in lane.planned:
        one = jobs[item.job_id]
        assert one.state is JobState.QUEUED
        assert (one.file_id, lane.printer_id) not in bad
        assert item.start >= (one.not_before or 0.0)
        if item.end is not None:
            assert one.seconds is not None
            assert item.end - item.start == pytest.approx(one.seconds)


@given(farms())
@settings(max_examples=200, deadline=None)
def test_the_first_starts_are_those_the_dispatcher_would_make_now(scene: Any) -> None:
    """The same function decides, asked about the same moment."""
    printers, jobs, bad = scene
    idle = [p for p in printers if p.free_in is not None and p.free_in.p50 == 0]
    expected: list[Match] = assign(
        in_order(jobs, NOW), [p.candidate for p in idle],
        lambda j, p: WRONG if (j.file_id, p.printer_id) in bad else None,
        slots=99, now=NOW, auto_assign=True,
    )  # fmt: skip
    found = outcome_of(scene)
    now = {(p.job_id, p.printer_id) for lane in found.lanes for p in lane.planned if p.start <= NOW}
    assert now == {(match.job_id, match.printer_id) for match in expected}
