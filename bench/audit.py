"""Holds what the farm says of its jobs against what the machines really did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.people import Diary
from bench.records import all_tokens, token_of
from bench.workshop import Json
from job_queue.job import Job, JobState
from job_queue.records import QueueState


@dataclass(frozen=True)
class Real:
    """One physical print that carries a number of the farm's."""

    printer_id: str
    token: int
    on: str
    ended: float | None
    how: str


class Archive:
    """Every job ever seen on record, as it was last seen: the farm keeps only the latest ends."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.wanted: dict[str, int] = {}  # acknowledged with 201 or 202: id -> copies

    def take(self, state: QueueState) -> None:
        self.jobs.update(state.jobs)


def prints_of(truth: Mapping[str, Json]) -> list[Real]:
    """Of all machines. Prints that people started at the screen are left out."""
    found = []
    for name, machine in truth.items():
        for one in machine["prints"]:
            token = token_of(one["file"])
            if token is not None:
                found.append(Real(name, token, one["on"], one["ended"], one["how"]))
    return found


def violations(archive: Archive, truth: Mapping[str, Json], diary: Diary) -> list[str]:
    """Every broken promise, each beginning with its kind; [] is what the farm is built for."""
    prints = prints_of(truth)
    return [
        *_starts(archive, prints),
        *_beds(prints, diary),
        *_words(archive, prints),
        *_lost(archive),
    ]


def _starts(archive: Archive, prints: list[Real]) -> Iterator[str]:
    """No number printed twice, no copy printed twice, no print that nobody knows of."""
    for token, count in Counter(one.token for one in prints).items():
        if count > 1:
            yield f"double start: number {token} was printed {count} times"
    known = {token: job for job in archive.jobs.values() for token in all_tokens(job)}
    per_job = Counter(known[one.token].id for one in prints if one.token in known)
    for job_id, count in per_job.items():
        if count > 1:
            yield f"double start: {job_id} is one copy and was printed {count} times"
    for one in prints:
        if one.token not in known:
            yield f"print without a job: number {one.token} on {one.printer_id}"


def _beds(prints: list[Real], diary: Diary) -> Iterator[str]:
    for one in prints:
        if one.on:
            yield f"uncleared bed: number {one.token} began on {one.on} on {one.printer_id}"
    allowed = Counter(word.printer_id for word in (*diary.approvals, *diary.unanswered))
    for name, count in Counter(one.printer_id for one in prints).items():
        if count > allowed[name]:
            yield f"unapproved start: {count} prints on {name}, {allowed[name]} approvals"


def _words(archive: Archive, prints: list[Real]) -> Iterator[str]:
    """ "Done" was printed to its end; "not started" was never printed."""
    real = {one.token: one for one in prints}
    for job in archive.jobs.values():
        own = real.get(job.token)
        if job.state is JobState.FINISHED:
            if own is None or own.how != "finished":
                yield f"false done: {job.id} is finished, in truth {own.how if own else 'nothing'}"
            elif own.printer_id != job.printer_id:
                yield f"false done: {job.id} was printed on {own.printer_id}"
        if job.state.has_ended and job.started_at is None and own is not None:
            yield f"false 'not started': {job.id} was printed"
        for attempt in job.attempts:
            if attempt.outcome == "not_started" and attempt.token in real:
                yield f"false 'not started': {job.id}, attempt {attempt.number} was printed"


def _lost(archive: Archive) -> Iterator[str]:
    """Every copy that was taken is a job of its own, or still to be handed out."""
    for job_id, copies in archive.wanted.items():
        job = archive.jobs.get(job_id)
        if job is None:
            yield f"lost job: {job_id}"
            continue
        series = sum(other.series == job_id for other in archive.jobs.values())
        if copies != series + job.left:
            yield f"lost copies: {job_id} has {series} + {job.left} of {copies}"
    for job in archive.jobs.values():
        if job.state is JobState.NEEDS_HUMAN and not job.evidence:
            yield f"doubt without evidence: {job.id}"


def unsettled(archive: Archive) -> list[Job]:
    """Jobs that still hold a printer: when all is calm there should be none."""
    return [job for job in archive.jobs.values() if job.state.holds_printer]


def pessimism(archive: Archive, truth: Mapping[str, Json]) -> list[Job]:
    """Printed to the end and told to people as failed: safe, and still a loss of truth."""
    good = {one.token for one in prints_of(truth) if one.how == "finished"}
    return [job for job in archive.jobs.values()
            if job.state is JobState.FAILED and job.token in good]  # fmt: skip
