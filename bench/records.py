"""What the farm has on record, read from its folder while it runs or after its death."""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from pathlib import Path

from core.clock import SystemClock
from job_queue.job import Job
from job_queue.records import QueueState
from job_queue.store.json_store import JsonJobStore

_TRIES = 50
_TOKEN = re.compile(r"-(\d+)\.(?:gcode\.3mf|gcode|bgcode)$")


def records(data: Path) -> QueueState:
    """The durable state, through the farm's own loader, from a copy of its files.

    Of a farm that runs, the copy is taken anew until no file was replaced meanwhile.
    """
    for _ in range(_TRIES):
        with tempfile.TemporaryDirectory(prefix="records-") as folder:
            before = _versions(data)
            for name in before:
                with contextlib.suppress(FileNotFoundError):
                    shutil.copy2(data / name, folder)
            if _versions(data) != before:
                continue
            store = JsonJobStore(Path(folder), SystemClock())
            state = store.view()
            store.close()
            return state
    raise RuntimeError(f"{data} is being rewritten all the time")


def _versions(data: Path) -> dict[str, int]:
    """Replaced files have other numbers; a journal that only grew is the same file."""
    found = {}
    for path in data.glob("queue.*"):
        with contextlib.suppress(FileNotFoundError):
            if path.suffix != ".reserve":
                found[path.name] = path.stat().st_ino
    return found


def token_of(file: str) -> int | None:
    """The start number in the name under which the farm sent a file; None: not the farm's."""
    found = _TOKEN.search(file)
    return int(found[1]) if found else None


def all_tokens(job: Job) -> list[int]:
    """Of every attempt, the present one last."""
    return [attempt.token for attempt in job.attempts] + ([job.token] if job.token else [])
