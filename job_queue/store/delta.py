"""What changed between two states of the store, as JSON, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from job_queue.job import Job
from job_queue.records import QueueState
from job_queue.store.base import changed_jobs, open_jobs_of
from job_queue.store.codec import cleanup_of, job_of, pause_of, printer_of

_NUMBERS = ("next_token", "next_id")


def delta_of(before: QueueState, after: QueueState, touched: Iterable[str]) -> dict[str, Any]:
    """Only what is not the same object or value any more; ``apply`` undoes nothing of it.
    ``touched``: ids of all jobs that may differ."""
    jobs, gone = changed_jobs(before.jobs, after.jobs, touched)
    delta: dict[str, Any] = {}
    if jobs:
        delta["jobs"] = jobs
    if gone:
        delta["gone"] = [job.id for job in gone]
    if after.printers != before.printers:
        delta["printers"] = {
            name: record
            for name, record in after.printers.items()
            if before.printers.get(name) != record
        }
        delta["printers_gone"] = [name for name in before.printers if name not in after.printers]
    for name in ("cleanup", *_NUMBERS, "trouble", "pause"):
        value = getattr(after, name)
        if value != getattr(before, name):
            delta[name] = value
    return delta


class Replay:
    """A state under change by one delta after the other."""

    def __init__(self, state: QueueState) -> None:
        self._state = state
        self._jobs: dict[str, Job] = dict(state.jobs)

    def apply(self, delta: Mapping[str, Any]) -> None:
        """Raises KeyError, TypeError, ValueError or AttributeError for what is no delta."""
        for entry in delta.get("jobs", ()):
            job = job_of(entry)
            self._jobs[job.id] = job
        for job_id in delta.get("gone", ()):
            del self._jobs[job_id]
        changes: dict[str, Any] = {name: int(delta[name]) for name in _NUMBERS if name in delta}
        if "printers" in delta:
            gone = set(delta["printers_gone"])
            kept = {n: record for n, record in self._state.printers.items() if n not in gone}
            new = {str(name): printer_of(entry) for name, entry in delta["printers"].items()}
            changes["printers"] = kept | new
        if "cleanup" in delta:
            changes["cleanup"] = tuple(map(cleanup_of, delta["cleanup"]))
        if "trouble" in delta:
            changes["trouble"] = str(delta["trouble"])
        if "pause" in delta:
            changes["pause"] = pause_of(delta["pause"])
        self._state = replace(self._state, rev=self._state.rev + 1, **changes)

    def result(self) -> QueueState:
        """Raises Blocked when two open jobs would hold one printer."""
        return replace(self._state, jobs=self._jobs, open_jobs=open_jobs_of(self._jobs))
