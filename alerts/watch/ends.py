"""What the queue's own records tell: how the farm's jobs ended, and which of them need a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from alerts.model import Event, Kind, Level
from alerts.watch.memory import Incident, Memory
from alerts.watch.plates import Grams
from alerts.watch.telling import Teller
from alerts.watch.words import duration, name_of, sentence
from cameras.final_photos import photo_name
from job_queue.history.attempts import Ended, ended_of
from job_queue.job import Job, JobState

_KINDS = {
    "finished": Kind.FINISHED,
    "failed": Kind.FAILED,
    "cancelled": Kind.CANCELLED,
    "not_started": Kind.FAILED,
}
_BY_PERSON = frozenset(
    {"given_up", "not_started", "end_unseen", "start_uncertain", "other_job", "printer_gone"}
)
"""A job fails with these only by the word of the person who was asked: that is no news."""
_NEEDS = "needs "
JUST_S = 5.0
"""What ended so shortly before the clock was seen to be set back may have ended after it was."""

Place = Callable[[str], tuple[str, str, bool]]
"""printer id -> its name, its group, and whether it is in maintenance."""


class Ends:
    """All jobs. ``see`` the queue's records after every change; each end is told once."""

    def __init__(self, memory: Memory, place: Place, grams: Grams) -> None:
        self._memory = memory
        self._place = place
        self._grams = grams
        self._farm = memory.printer("")
        self._known = set(memory.results)
        self._seen: dict[str, Job] = {}  # as they were when their ends were last looked at

    def see(self, jobs: Mapping[str, Job], now: float) -> list[Event]:
        told: list[Event] = []
        if now < self._memory.ends_after:
            self._set_back(jobs, now)
        for job in jobs.values():
            if self._seen.get(job.id) is not job:
                for ended in ended_of(job):
                    told += self._end(job, ended, now)
        self._seen = dict(jobs)
        return told + self._needs(jobs, now)

    # -- ends ----------------------------------------------------------------------------------

    def _set_back(self, jobs: Mapping[str, Job], now: float) -> None:
        """The clock was ahead: what had ended by then is past, what ends from now on is not."""
        for job in jobs.values():
            for ended in ended_of(job):
                run = photo_name(job.id, ended.number)
                if now < ended.ended_at <= self._memory.ends_after and run not in self._known:
                    self._known.add(run)
                    self._memory.note_result(run, now)
        self._memory.ends_after = now - JUST_S

    def _end(self, job: Job, ended: Ended, now: float) -> Iterator[Event]:
        run = photo_name(job.id, ended.number)
        if run in self._known or ended.ended_at <= self._memory.ends_after:
            return
        self._known.add(run)
        self._memory.note_result(run, ended.ended_at)
        self._known.intersection_update(self._memory.results)
        if not _is_news(job, ended):
            return
        teller = self._teller(ended.printer_id, now)
        text, facts = self._text(job, ended, teller.name), self._facts(job, ended)
        level = Level.SOON if ended.result == "not_started" else None
        teller.tell(_KINDS[ended.result], text, run=run, level=level, facts=facts)
        yield from teller.taken()

    def _text(self, job: Job, ended: Ended, printer: str) -> str:
        name = name_of(job.file_name)
        if ended.result == "not_started":
            why = ended.error.text if ended.error else ended.text
            return f"{printer} did not start {name}. {sentence(why)}".strip()
        if ended.result == "finished":
            took = _took(ended)
            return f"{printer} finished {name}{f' after {duration(took)}' if took else ''}."
        said = sentence(ended.text or f"{name} ended")
        why = ended.error.text if ended.error and ended.result == "failed" else ""
        return f"{printer}: {said} {sentence(why)}".strip()

    def _facts(self, job: Job, ended: Ended) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "job_id": job.id, "file": job.file_name, "result": ended.result,
        }  # fmt: skip
        if took := _took(ended):
            facts["seconds"] = round(took)
        if ended.result == "finished":
            facts["percent"] = 100
            if grams := sum(self._grams(job.file_id, job.plate).values()):
                facts["grams"] = round(grams, 1)
        elif ended.error is not None:
            facts |= {"reason": ended.error.text, "code": ended.error.code}
        return facts

    # -- decisions -----------------------------------------------------------------------------

    def _needs(self, jobs: Mapping[str, Job], now: float) -> list[Event]:
        asked = {_NEEDS + job.id: job for job in jobs.values() if _needs_person(job)}
        told: list[Event] = []
        for slot in [slot for slot in self._farm.open if slot.startswith(_NEEDS)]:
            incident = self._farm.open[slot]
            job = asked.get(slot)
            if job is None or _run(job) != incident.run:
                told += self._no_more(slot, incident, jobs, now)
        for slot, job in asked.items():
            if slot not in self._farm.open:
                told += self._ask(slot, job, now)
        return told

    def _ask(self, slot: str, job: Job, now: float) -> list[Event]:
        teller = self._teller(job.printer_id, now, maintenance=False)
        run, name, level = _run(job), name_of(job.file_name), None
        why = job.error.text if job.error else "It is not certain what became of it."
        text = f"{teller.name}: {name} needs a decision. {sentence(why)}"
        if job.state is JobState.HELD:
            text, level = f"{name} waits for a person. {sentence(why)}", Level.SOON
        count = f"{run} {Kind.NEEDS_PERSON}"
        number = self._farm.counts[count] = self._farm.counts.get(count, 0) + 1
        key = "" if number == 1 else str(number)
        kind = Kind.NEEDS_PERSON
        self._farm.open[slot] = Incident(
            kind=kind.value, run=run, key=key, since=now, file=job.file_name
        )
        facts = {"job_id": job.id, "file": job.file_name, "reason": why}
        facts |= {"code": job.error.code} if job.error else {}
        teller.tell(kind, text, run=run, key=key, level=level, facts=facts)
        return teller.taken()

    def _no_more(
        self, slot: str, incident: Incident, jobs: Mapping[str, Job], now: float
    ) -> list[Event]:
        job = jobs.get(slot.removeprefix(_NEEDS))
        teller = self._teller(_printer_of(job, incident.run), now, maintenance=False)
        teller.end(slot, f"{name_of(incident.file)} needs no decision any more.")
        return teller.taken()

    def _teller(self, printer_id: str, now: float, *, maintenance: bool = True) -> Teller:
        name, group, muted = self._place(printer_id)
        teller = Teller(self._farm, self._memory.series, printer_id=printer_id, group=group)
        teller.name, teller.now, teller.muted = name, now, muted and maintenance
        return teller


def _run(job: Job) -> str:
    return photo_name(job.id, job.attempt)


def _printer_of(job: Job | None, run: str) -> str:
    """Where the attempt of that run was made: an end must carry the same as its beginning."""
    if job is None:
        return ""
    if _run(job) == run:
        return job.printer_id
    return next((a.printer_id for a in job.attempts if photo_name(job.id, a.number) == run), "")


def _needs_person(job: Job) -> bool:
    """In doubt, or set aside after tries that came to nothing."""
    if job.state is JobState.NEEDS_HUMAN:
        return True
    return job.state is JobState.HELD and job.error is not None and job.tries > 0


def _is_news(job: Job, ended: Ended) -> bool:
    """Not what a person has just done or answered, nor a try that the queue repeats."""
    if ended.result not in _KINDS or not ended.printer_id:
        return False
    code = ended.error.code if ended.error else ""
    if ended.result == "not_started":
        return not job.from_queue and code not in _BY_PERSON
    if ended.result == "failed" and code in _BY_PERSON:
        return False
    return ended.started_at is not None


def _took(ended: Ended) -> float:
    return 0.0 if ended.started_at is None else max(0.0, ended.ended_at - ended.started_at)
