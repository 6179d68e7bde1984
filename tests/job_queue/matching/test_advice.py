"""The one action that frees the most work: what counts as stuck, what one act is enough for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from job_queue.job import Job, JobState
from job_queue.matching.advice import Advice, best, resume
from job_queue.matching.match import Candidate, Reason
from job_queue.target import Target
from printers.status import AmsUnit, Tray
from printers.status import PrinterState as P
from slicer.gates.filament_wishes import FAMILY, FilamentWish, Need

NOW = 1_000_000.0
BLACK_PETG = Need(type="PETG", family="black")
PETG, PLA = Need(type="PETG", hint="black"), Need(type="PLA", hint="white")
ANY = Target()


def job(number: int, file: str = "f", **changes: Any) -> Job:
    known = {"state": JobState.QUEUED, "seconds": 7200, "target": ANY}
    return Job(id=f"j-{number}", file_id=file, file_name="Gear", **{**known, **changes})


def printer(name: str, closed: str = "", **changes: Any) -> Candidate:
    why = Reason(closed, f"{name} is closed.") if closed else None
    return Candidate(printer_id=name, name=name.capitalize(), closed=why, **changes)


def lacks(**needs: tuple[Need, ...] | None) -> Any:
    """By file: the spools that are missing on every printer; None: it fits no printer at all."""

    def missing(one: Job, _printer: Candidate) -> tuple[Reason | None, tuple[Need, ...]]:
        if one.file_id not in needs:
            return None, ()
        return Reason("filament_not_loaded", "It is not loaded."), needs[one.file_id] or ()

    return missing


def advised(jobs: list[Job], farm: list[Candidate], missing: Any) -> Advice | None:
    return best(jobs, farm, missing, now=NOW, auto_assign=True)


def text(jobs: list[Job], farm: list[Candidate], missing: Any) -> str:
    found = advised(jobs, farm, missing)
    return found.text if found else ""


def test_the_example_of_the_issue() -> None:
    jobs = [job(n, "black", seconds=8400) for n in range(6)] + [job(9, "white", seconds=3600)]
    found = advised(jobs, [printer("birch")], lacks(black=(BLACK_PETG,), white=(PLA,)))
    assert found is not None and found.text == "Load black PETG on Birch: 6 jobs, 14 h"
    assert (found.code, found.printer_id, found.jobs) == ("load", "birch", 6)
    assert found.seconds == 6 * 8400 and found.stuck
    assert found.job_ids == tuple(f"j-{n}" for n in range(6))


@pytest.mark.parametrize(
    ("closed", "text_"),
    [
        ("bed_not_clear", "Clear the bed of A: 1 job, 2 h"),
        ("maintenance", "End the maintenance of A: 1 job, 2 h"),
        ("printer_fault", "Clear the fault of A: 1 job, 2 h"),
        ("printer_busy", ""),
        ("resting", ""),
        ("just_cleared", ""),
        ("developer_mode_off", ""),
        ("", ""),
    ],
)
def test_what_keeps_the_only_printer_closed(closed: str, text_: str) -> None:
    assert text([job(1)], [printer("a", closed)], lacks()) == text_


def test_a_printer_that_is_off() -> None:
    off = printer("a", "printer_offline", reports=False)
    assert text([job(1)], [off], lacks(f=(PLA,))) == "Switch on A: 1 job, 2 h"


def test_two_acts_are_not_one() -> None:
    assert text([job(1)], [printer("a", "bed_not_clear")], lacks(f=(PLA,))) == ""
    assert text([job(1)], [printer("a", "printer_busy")], lacks(f=(PLA,))) == (
        "Load white PLA on A: 1 job, 2 h"
    ), "a print that ends by itself is no act"
    assert text([job(1)], [printer("a")], lacks(f=None)) == "", "no spool helps there"


def test_who_can_go_somewhere_is_not_stuck() -> None:
    farm = [printer("a", "bed_not_clear"), printer("b", "printer_busy")]
    found = advised([job(1)], farm, lacks())
    assert found is not None and not found.stuck, "b takes it later; a could take it now"
    assert text([job(1)], [printer("a", "bed_not_clear"), printer("b")], lacks()) == ""
    farm = [printer("a", "printer_busy"), printer("b", "bed_not_clear")]
    stuck = job(2, seconds=60, target=Target.printer("b"))
    many = [job(n, target=Target("printer_ids", ("a", "b")), copies=90) for n in range(3, 9)]
    found = advised([*many, stuck], farm, lacks())
    assert found is not None and (found.stuck, found.jobs) == (True, 1), "stuck ones come first"


def test_the_bed_that_has_waited_longest_among_equals() -> None:
    farm = [
        printer("a", "bed_not_clear", ready_since=20.0),
        printer("b", "bed_not_clear", ready_since=10.0),
    ]
    found = advised([job(1)], farm, lacks())
    assert found is not None and found.printer_id == "b"


def test_one_spool_for_several_kinds_of_jobs() -> None:
    jobs = [job(1, "black"), job(2, "any"), job(3, "other", seconds=3000)]
    needs = lacks(black=(BLACK_PETG,), any=(PETG,), other=(PLA,))
    assert text(jobs, [printer("a")], needs) == "Load black PETG on A: 2 jobs, 4 h"
    red = replace(PETG, hint="red")
    mixed = lacks(one=(PETG,), two=(red,))
    assert text([job(1, "one"), job(2, "two")], [printer("a")], mixed) == (
        "Load PETG on A: 2 jobs, 4 h"
    )
    both = lacks(f=(BLACK_PETG, PLA))
    assert text([job(1)], [printer("a")], both) == (
        "Load black PETG and white PLA on A: 1 job, 2 h"
    )


def test_who_waits_on_purpose_is_not_counted() -> None:
    asleep = job(1, state=JobState.HELD), job(2, not_before=NOW + 60)
    assert advised([*asleep], [printer("a", "bed_not_clear")], lacks()) is None
    assert resume(asleep, now=NOW, auto_assign=True) is None


@pytest.mark.parametrize(
    ("seconds", "copies", "words"),
    [
        (None, 1, "1 job"),
        (5, 1, "1 job, 1 min"),
        (3600, 1, "1 job, 60 min"),
        (5400, 2, "1 job, 3 h"),
    ],
)
def test_how_much_it_is(seconds: int | None, copies: int, words: str) -> None:
    one = job(1, seconds=seconds, copies=copies)
    found = resume([one], now=NOW, auto_assign=True)
    assert found is not None and found.text == f"Resume the queue: {words}"


# -- of a farm ---------------------------------------------------------------------------------


def test_the_farm_asks_for_the_spool_and_then_for_nothing(farm: Any) -> None:
    wish = (FilamentWish(match=FAMILY, color="C1121F"),)
    farm.add(ANY, filament=wish, copies=4)
    farm.dispatch_once()
    advice = farm.dispatcher.advice()
    assert advice is not None and advice.code == "load" and advice.stuck
    assert advice.text in {f"Load red PLA on {name}: 1 job, 4 h" for name in ("Alder", "Birch")}
    red = AmsUnit(id=0, label="A", kind="AMS", trays=(Tray(slot="A1", index=0, type="PLA",
                                                           color="C1121F"),))  # fmt: skip
    farm.printer(advice.printer_id).report(ams=(red,))
    farm.look()
    assert farm.dispatcher.advice() is None
    assert [where for _, where in farm.dispatch_once()] == [advice.printer_id]


def test_a_paused_queue_wants_to_be_resumed_and_a_bed_to_be_cleared(farm: Any) -> None:
    farm.add()
    farm.dispatch_once()
    farm.add()
    farm.printer().shows(farm.printer().started[-1], P.FINISHED)
    farm.wait(3)
    advice = farm.dispatcher.advice()
    assert advice is not None and advice.text == "Clear the bed of Alder: 1 job, 60 min"
    farm.service.desk.pause(True)
    advice = farm.dispatcher.advice()
    assert advice is not None and (advice.code, advice.printer_id) == ("paused", "")
