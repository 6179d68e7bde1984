"""Staggered heating: what counts, what is refused with which words, and a farm that obeys."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.config import HeatingConfig, PrinterConfig
from job_queue.job import JobState
from job_queue.matching.heating import HELD_SHARE, UNKNOWN_W, Heat, Load, heats, watts_of
from job_queue.matching.match import Candidate, assign, explain, summary
from job_queue.target import Target
from printers.status import Heater, PrinterState, PrinterStatus
from tests.job_queue.matching.test_matching import NOW, job

P = PrinterState
ANY = Target()


def load(name: str, **more: Any) -> Load:
    return Load(name=name.capitalize(), circuit="bench", watts=1000.0, **more)


def candidate(name: str) -> Candidate:
    return Candidate(printer_id=name, name=name.capitalize())


def status(state: P = P.IDLE, *heaters: Heater, at: float | None = 100.0) -> PrinterStatus:
    return PrinterStatus(printer_id="a", name="A", kind="bambu", state=state, heaters=heaters,
                         observed_mono=at)  # fmt: skip


def heater(current: float, target: float | None) -> Heater:
    return Heater(name="bed", current=current, target=target, maximum=100)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (status(P.PRINTING, heater(55, 60)), False),
        (status(P.PRINTING, heater(54, 60)), True),
        (status(P.IDLE, heater(54, 60)), True),
        (status(P.IDLE, heater(25, 0)), False),
        (status(P.IDLE, heater(25, None)), False),
        (status(P.PREPARING), True),
        (status(P.PREPARING, at=None), False),
        (status(P.OFFLINE, heater(20, 60), at=100.0), True),
        (status(P.OFFLINE, heater(20, 60), at=-900.0), False),
    ],
)
def test_what_heats_by_its_own_report(said: PrinterStatus, answer: bool) -> None:
    assert heats(said, 101.0) is answer


@pytest.mark.parametrize(
    ("model", "own", "watts"),
    [
        ("A1 mini", None, 150.0),
        ("a1MINI", None, 150.0),
        ("Voron 2.4", None, 1000.0),
        ("Never heard of", None, UNKNOWN_W),
        ("A1 mini", 77.0, 77.0),
    ],
)
def test_watts(model: str, own: float | None, watts: float) -> None:
    config = PrinterConfig(id="a", name="A", type="bambu", model=model, heating_w=own)
    assert watts_of(status(), config) == watts


def test_so_many_at_once() -> None:
    loads = {"a": load("a", heats=True), "b": load("b"), "c": load("c")}
    heat = Heat(HeatingConfig(most=2), loads)
    assert heat.against(candidate("b")) is None
    heat.begin("b")
    reason = heat.against(candidate("c"))
    assert reason is not None and (reason.code, reason.text) == (
        "heating", "A, B heat; 2 may at once.",
    )  # fmt: skip
    assert heat.against(candidate("unknown")) is None


@pytest.mark.parametrize(
    ("budget", "others", "code"),
    [
        (1000, [], ""),
        (999, [], "circuit_too_small"),
        (2000, [load("x", heats=True)], ""),
        (1999, [load("x", heats=True)], "heating"),
        (1000 + 1000 * HELD_SHARE, [load("x", runs=True)], ""),
        (999 + 1000 * HELD_SHARE, [load("x", runs=True)], "heating"),
        (1000, [load("x")], ""),
        (1000, [replace(load("x", heats=True), circuit="attic")], ""),
    ],
)
def test_watts_of_a_circuit(budget: float, others: list[Load], code: str) -> None:
    loads = {"a": load("a"), **{f"o{n}": other for n, other in enumerate(others)}}
    heat = Heat(HeatingConfig(circuits={"bench": budget}), loads)
    reason = heat.against(candidate("a"))
    assert (reason.code if reason else "") == code
    free = Heat(HeatingConfig(circuits={"attic": 1.0}), {"a": load("a")})
    assert free.against(candidate("a")) is None, "on a circuit that nobody limits"


def test_every_start_of_a_pass_counts_at_once_and_the_rest_are_told() -> None:
    farm = [candidate(name) for name in "abc"]
    loads = {name: load(name) for name in "abc"}

    def heat() -> Heat:
        return Heat(HeatingConfig(circuits={"bench": 2000}), loads)

    nothing = lambda _job, _printer: None  # noqa: E731
    found = assign([job(n) for n in range(3)], farm, nothing, slots=9, now=NOW, auto_assign=True,
                   gate=heat())  # fmt: skip
    assert len(found) == 2
    full = heat()
    for match in found:
        full.begin(match.printer_id)
    left = [p for p in farm if p.printer_id not in {m.printer_id for m in found}]
    [reason] = explain(job(), left, nothing, now=NOW, auto_assign=True, gate=full)
    assert (reason.code, reason.printer_id) == ("heating", left[0].printer_id)
    assert "3000 of its 2000 W" in reason.text
    assert summary(job(), left, nothing, full).text == reason.text
    told = summary(job(), [*left, replace(left[0], printer_id=left[0].printer_id)], nothing, full)
    assert told.text == "Waits for one of 2 printers: 2 waiting for others to heat up."


def test_a_farm_heats_one_after_the_other(farm: Any) -> None:
    farm.dispatcher.config = replace(farm.dispatch, heating=HeatingConfig(most=1))
    first, second = farm.add(ANY), farm.add(ANY)
    [(started, where)] = farm.dispatch_once()
    assert started == first.id
    other = {"alder": "birch", "birch": "alder"}[where]
    assert farm.dispatch_once() == []
    reasons = {r.printer_id: r for r in farm.dispatcher.explain(farm.job(second))}
    name = where.capitalize()
    assert (
        reasons[other].code == "heating" and reasons[other].text == f"{name} heats; 1 may at once."
    )
    printer = farm.printer(where)
    printer.shows(printer.started[0], P.PRINTING)
    printer.report(heaters=(heater(30, 60),))
    farm.wait(200)
    assert farm.dispatch_once() == [], "its bed is still cold"
    printer.report(heaters=(heater(60, 60),))
    farm.look()
    assert farm.dispatch_once() == [(second.id, other)]
    assert farm.job(first).state is JobState.PRINTING


def test_a_person_heats_when_they_want_and_it_counts(farm: Any) -> None:
    farm.dispatcher.config = replace(farm.dispatch, heating=HeatingConfig(most=1))
    farm.printer("birch").report(heaters=(heater(20, 60),))
    farm.look()
    job = farm.add()
    assert farm.dispatch_once() == []
    assert farm.service.outlook(job.id).why[0].code == "heating"
    assert farm.printing().printer_id == "alder", "a start by hand is not refused"
