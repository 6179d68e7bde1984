"""What the farm has on record, read from its folder while it runs or after its death."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from core.clock import SystemClock
from job_queue.job import Job
from job_queue.json_store import JsonJobStore
from job_queue.records import QueueState

_TOKEN = re.compile(r"-(\d+)\.(?:gcode\.3mf|gcode|bgcode)$")


def records(data: Path) -> QueueState:
    """The durable state, through the farm's own loader, from a copy of its files."""
    with tempfile.TemporaryDirectory(prefix="records-") as folder:
        for pattern in ("queue*", "journal*"):
            for path in data.glob(pattern):
                if path.is_file():
                    shutil.copy2(path, folder)
        return JsonJobStore(Path(folder), SystemClock()).view()


def token_of(file: str) -> int | None:
    """The start number in the name under which the farm sent a file; None: not the farm's."""
    found = _TOKEN.search(file)
    return int(found[1]) if found else None


def all_tokens(job: Job) -> list[int]:
    """Of every attempt, the present one last."""
    return [attempt.token for attempt in job.attempts] + ([job.token] if job.token else [])
