"""What was sliced goes straight into the queue, when a person asked for that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from job_queue.service import JobService
from job_queue.target import Target
from slicer.library import StoredFile


def enqueue_with(jobs: JobService) -> Callable[[StoredFile, Mapping[str, Any], str], str]:
    """(print file, {"target", "copies"}, who asked) -> the job's id; raises FarmError."""

    def enqueue(stored: StoredFile, wanted: Mapping[str, Any], by: str) -> str:
        job = jobs.add(
            stored.id,
            stored.file.plates[0].index,
            Target.of(wanted["target"]),
            copies=wanted["copies"],
            created_by=by,
        )
        return job.id

    return enqueue
