"""A printer that answers a start with an error and prints all the same: nothing is made twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import PrinterRejected
from job_queue.job import JobState
from job_queue.target import Target
from printers.commands import StartPrint
from printers.status import JobProgress
from printers.status import PrinterState as P


def refuse(_: StartPrint) -> None:
    raise PrinterRejected("Birch refused: the macro failed.")


@pytest.fixture
def job(farm: Any) -> Any:
    """For any printer; Alder is busy, so Birch gets it, and refuses."""
    farm.start()
    farm.look()
    farm.printer("birch").on_start = refuse
    job = farm.add(Target())
    assert farm.dispatch_once() == [(job.id, "birch")]
    assert farm.job(job).state is JobState.QUEUED
    return job


def began(farm: Any) -> None:
    """What was refused shows on the printer."""
    farm.printer("birch").shows(farm.printer("birch").started[-1], P.PREPARING)


def see(farm: Any) -> None:
    farm.service.look_at(farm.registry.all())


def test_the_next_report_already_says_that_it_began(farm: Any) -> None:
    birch = farm.printer("birch")

    def begin(command: StartPrint) -> None:
        publish, birch.context = birch.context, _quiet(birch.context)
        birch.shows(command, P.PREPARING)
        birch.context = publish
        refuse(command)

    birch.on_start = begin
    job = farm.add(Target.printer("birch"))
    farm.dispatch_once()
    assert farm.job(job).state is JobState.PRINTING
    assert "the macro failed" in " ".join(e.text for e in farm.job(job).evidence)
    assert farm.bed("birch")[0] is False


def _quiet(context: Any) -> Any:
    return replace(context, publish=lambda _: None)


def test_it_is_held_and_not_printed_elsewhere(farm: Any, job: Any) -> None:
    began(farm)
    see(farm)
    held = farm.job(job)
    assert (held.state, held.error.code) == (JobState.HELD, "began_after_all")
    assert "Birch prints Gear.gcode.3mf after all" in held.error.text
    assert "the macro failed" in held.error.text and "Release" in held.error.text
    assert farm.bed("birch")[0] is False
    farm.finish()
    farm.wait(40)
    assert farm.dispatch_once() == [] and len(farm.printer().started) == 1
    see(farm)
    farm.service.desk.release(job.id)
    see(farm)
    assert farm.job(job).state is JobState.QUEUED, "a person has decided"


def test_its_transfer_to_another_printer_ends(farm: Any, job: Any) -> None:
    farm.finish()
    begun = []

    def during() -> None:
        if not begun:
            begun.append(True)
            began(farm)
            see(farm)

    farm.printer().during_upload = during
    assert farm.dispatch_once() == [(job.id, "alder")]
    held = farm.job(job)
    assert (held.state, held.error.code) == (JobState.HELD, "began_after_all")
    assert len(farm.printer().started) == 1
    assert farm.bed()[0] is True, "nothing was started there"


def test_when_it_runs_elsewhere_by_then_its_evidence_says_so(farm: Any, job: Any) -> None:
    farm.finish()
    assert farm.dispatch_once() == [(job.id, "alder")]
    began(farm)
    see(farm)
    running = farm.job(job)
    assert running.state is JobState.PRINTING and running.error is None
    assert "Birch prints Gear.gcode.3mf after all" in running.evidence[-1].text


def test_a_print_of_others_holds_nothing(farm: Any, job: Any) -> None:
    farm.printer("birch").shows_other(P.PRINTING)
    see(farm)
    assert farm.job(job).state is JobState.QUEUED


def test_somebody_starts_at_the_screen_what_was_being_sent(farm: Any) -> None:
    birch = farm.printer("birch")

    def at_the_screen() -> None:
        (name,) = birch.files
        birch.report(P.PRINTING, job=JobProgress(name=name, file=name))

    birch.during_upload = at_the_screen
    job = farm.add(Target.printer("birch"))
    farm.dispatch_once()
    assert not birch.started
    see(farm)
    assert (farm.job(job).state, farm.job(job).error.code) == (JobState.HELD, "began_after_all")


def test_a_print_that_was_stopped_and_is_asked_for_again_contradicts_nobody(farm: Any) -> None:
    """The printer shows it for a while yet, or somebody goes on there: the farm knows of it."""
    birch = farm.printer("birch")
    job = farm.add(Target.printer("birch"))
    farm.dispatch_once()
    began(farm)
    see(farm)
    assert farm.job(job).state is JobState.PRINTING
    birch.report(P.FAILED)
    see(farm)
    farm.wait(40)
    see(farm)
    assert farm.job(job).state is JobState.FAILED
    farm.service.desk.retry(job.id)
    began(farm)
    see(farm)
    again = farm.job(job)
    assert again.state is JobState.QUEUED and again.error is None
