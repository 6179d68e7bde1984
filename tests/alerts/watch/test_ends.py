"""What the queue's records tell: ends of our jobs, and decisions."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from alerts.model import Event, Kind, Level
from alerts.watch.ends import Ends
from alerts.watch.memory import RESULTS, Memory
from job_queue.job import Job, JobError, JobState, archived
from tests.alerts.watch.scene import kind_of

NOW = 1_800_000_000.0
PLACES = {"alder": ("Alder", "north", False), "birch": ("Birch", "", True)}


def job(state: JobState = JobState.PRINTING, number: int = 1, **more: Any) -> Job:
    more.setdefault("printer_id", "alder")
    return Job(
        id=f"j-{number}", state=state, file_id="f", file_name="Gear.gcode.3mf", created_at=NOW,
        claimed_at=NOW, started_at=more.pop("started_at", NOW + 10), token=number, **more,
    )  # fmt: skip


def ended(state: JobState = JobState.FINISHED, number: int = 1, **more: Any) -> Job:
    more.setdefault("finished_at", NOW + 3610)
    return job(state, number, **more)


class Book:
    """The jobs, and what came of looking at them."""

    def __init__(self) -> None:
        self.memory = Memory(series="s1", ends_after=NOW)
        self.ends = self.reader()

    def reader(self) -> Ends:
        return Ends(self.memory, lambda p: PLACES.get(p, (p, "", False)), lambda *_: {1: 12.0})

    def see(self, *jobs: Job) -> list[Event]:
        return self.ends.see({one.id: one for one in jobs}, NOW + 4000)

    def restart(self, memory: Memory | None = None) -> None:
        self.memory = copy.deepcopy(memory or self.memory)
        self.ends = self.reader()


def kinds(events: Iterable[Event]) -> list[str]:
    return [kind_of(event) for event in events]


def test_a_finished_job_once_for_ever() -> None:
    book = Book()
    assert book.see(job()) == []
    (event,) = book.see(ended())
    assert (event.kind, event.run, event.group) == (Kind.FINISHED, "j-1-1", "north")
    assert event.text == "Alder finished Gear after 1 h."
    assert event.facts == {
        "job_id": "j-1", "file": "Gear.gcode.3mf", "result": "finished", "seconds": 3600,
        "percent": 100, "grams": 12.0,
    }  # fmt: skip
    assert book.see(ended()) == []
    book.restart()
    assert book.see(ended()) == []


def test_killed_before_it_was_written_the_identity_is_the_same() -> None:
    book = Book()
    before = copy.deepcopy(book.memory)
    first = [event.identity for event in book.see(ended())]
    book.restart(before)
    assert [event.identity for event in book.see(ended())] == first


def test_ends_before_the_first_start_of_the_watch_are_past() -> None:
    book = Book()
    assert book.see(ended(finished_at=NOW - 5)) == []


def test_a_clock_that_was_ahead_at_the_first_start_silences_nothing() -> None:
    """A board without a clock of its own: it is 2030 until the network tells."""
    book, ahead = Book(), NOW + 10**8
    book.restart(Memory(series="s1", ends_after=ahead))
    past = ended(number=7, finished_at=ahead - 60)
    assert book.see(past) == [], "what had ended before stays past"
    told = book.see(past, ended(number=1, finished_at=NOW + 3998))
    assert [event.run for event in told] == ["j-1-1"]
    book.restart()
    assert book.see(past, ended(number=1, finished_at=NOW + 3998)) == []


def test_a_failure_with_its_reason() -> None:
    failed = ended(
        JobState.FAILED, result="Gear failed at 45 %",
        error=JobError(code="0300-4002", text="The hotend fan is too slow"),
    )  # fmt: skip
    (event,) = Book().see(failed)
    assert event.urgency is Level.NOW
    assert event.text == "Alder: Gear failed at 45 %. The hotend fan is too slow."
    assert event.facts["code"] == "0300-4002"


def test_a_cancellation_is_no_failure() -> None:
    (event,) = Book().see(ended(JobState.CANCELLED, result="Gear was stopped at 45 %"))
    assert event.kind is Kind.CANCELLED and event.text == "Alder: Gear was stopped at 45 %."


def test_a_start_that_came_to_nothing() -> None:
    error = JobError(code="upload_failed", text="The connection broke")
    failed = ended(JobState.FAILED, started_at=None, error=error)
    (event,) = Book().see(failed)
    assert event.kind is Kind.FAILED and event.urgency is Level.SOON
    assert event.text == "Alder did not start Gear. The connection broke."
    assert Book().see(replace(failed, from_queue=True)) == []  # the queue tries again


@pytest.mark.parametrize(
    "quiet",
    [
        ended(JobState.FAILED, error=JobError(code="given_up", text="A person gave it up.")),
        ended(JobState.FAILED, error=JobError(code="end_unseen", text="Nobody saw.")),
        ended(JobState.CANCELLED, started_at=None, finished_at=NOW + 20),
        ended(JobState.CANCELLED, printer_id="", started_at=None),
    ],
)
def test_what_a_person_has_just_done_is_no_news(quiet: Job) -> None:
    assert Book().see(quiet) == []


def test_maintenance_mutes_ends_too() -> None:
    book = Book()
    assert book.see(ended(printer_id="birch")) == []
    assert book.see(ended(printer_id="birch")) == []


def test_every_attempt_has_its_own_end() -> None:
    book = Book()
    failed = ended(JobState.FAILED, result="Gear failed")
    again = replace(
        archived(failed, "failed", NOW + 3610), state=JobState.FINISHED, printer_id="alder",
        started_at=NOW + 4000, finished_at=NOW + 5000,
    )  # fmt: skip
    assert kinds(book.see(failed)) == ["failed"]
    assert [(kind_of(e), e.run) for e in book.see(again)] == [("finished", "j-1-2")]


def test_of_very_many_results_the_oldest_are_known_by_their_time() -> None:
    book = Book()
    many = [ended(number=n, finished_at=NOW + n) for n in range(1, RESULTS + 101)]
    assert len(book.see(*many)) == RESULTS + 100
    assert len(book.memory.results) == RESULTS
    book.restart()
    assert book.see(*many) == []


def test_a_job_in_doubt_needs_a_person_until_it_is_decided() -> None:
    book = Book()
    doubt = job(
        JobState.NEEDS_HUMAN,
        error=JobError(code="start_uncertain", text="Alder did not show the start"),
    )
    (event,) = book.see(doubt)
    assert (event.kind, event.printer_id, event.run) == (Kind.NEEDS_PERSON, "alder", "j-1-1")
    assert event.text == "Alder: Gear needs a decision. Alder did not show the start."
    assert book.see(doubt) == []
    book.restart()
    assert book.see(doubt) == []
    (over,) = book.see(job())
    assert over.ends and over.incident == event.incident
    (second,) = book.see(doubt)
    assert second.identity != event.identity
    (gone,) = book.see()
    assert gone.ends and gone.identity != over.identity


def test_a_job_set_aside_after_tries_that_came_to_nothing() -> None:
    book = Book()
    held = job(
        JobState.HELD, printer_id="", started_at=None, from_queue=True, tries=5,
        error=JobError(code="upload_failed", text="The connection broke"),
    )  # fmt: skip
    (event,) = book.see(held)
    assert event.kind is Kind.NEEDS_PERSON and event.urgency is Level.SOON
    assert event.text == "Gear waits for a person. The connection broke."
    assert kinds(book.see(replace(held, state=JobState.QUEUED, error=None))) == ["/needs_person"]


def test_a_job_that_a_person_holds_needs_nobody() -> None:
    assert Book().see(job(JobState.HELD, printer_id="", started_at=None)) == []


def test_the_end_of_a_doubt_is_of_the_printer_it_began_on() -> None:
    book = Book()
    doubt = job(JobState.NEEDS_HUMAN, error=JobError(code="start_uncertain", text="?"))
    (event,) = book.see(doubt)
    back = replace(archived(doubt, "not_started", NOW), state=JobState.QUEUED)
    (over,) = book.see(back)
    assert over.incident == event.incident
