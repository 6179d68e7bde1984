"""A job as its file makes it, before it is anybody's."""

from __future__ import annotations

from job_queue.job import Job
from slicer.library import StoredFile


def draft_of(stored: StoredFile, plate: int) -> Job:
    """What a job takes from its file; id and everything else are still missing."""
    chosen = stored.file.plate(plate)
    return Job(
        id="",
        file_id=stored.id,
        file_name=stored.name,
        kind=stored.file.kind,
        sha256=stored.sha256,
        md5=stored.md5,
        size_bytes=stored.size_bytes,
        plate=plate,
        plates=len(stored.file.plates),
        seconds=chosen.seconds if chosen else None,
        picture=bool(chosen and chosen.has_thumbnail),
    )
