"""The older dashboard's queue.json: taken over once, the original kept, what cannot be is listed.

``{"jobs": [{"id","filename","filepath","status","created_at","started_at","finished_at",
"printer_id","assigned_printer_id","plate","auto_assign","error"}]}``; times in epoch seconds, paths
absolute or from the program's folder, of Windows or POSIX. The store has put it aside (restore.py).
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any

from core.clock import Clock
from core.errors import DiskFull, FarmError, StorageError
from core.fs import DISK, keep_aside
from job_queue.draft import draft_of
from job_queue.job import Evidence, Job, JobError, JobState
from job_queue.store.base import JobStore
from job_queue.store.restore import OLDER, QUEUE, older_jobs
from job_queue.target import Target
from slicer.library import FileLibrary, StoredFile

logger = logging.getLogger(__name__)

CREATED_BY = "the older dashboard"
_SHOWN = 10
_LONGEST = 200
_STATES: Mapping[str, JobState] = {
    **dict.fromkeys(("queued", "pending", "waiting", "new"), JobState.QUEUED),
    **dict.fromkeys(("done", "finished", "completed", "complete", "success"), JobState.FINISHED),
    **dict.fromkeys(("failed", "error"), JobState.FAILED),
    **dict.fromkeys(("cancelled", "canceled", "stopped", "aborted"), JobState.CANCELLED),
}
"""Any other (it was being sent, or printed) is for a person to look at: held."""


class _Unreadable(Exception):
    """Why an entry is not taken over, for the operator."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One job of the older dashboard, checked."""

    number: int  # its place in the file, from 1
    name: str
    path: str
    status: str
    printer_id: str  # wanted
    assigned: str  # chosen by the older dashboard
    plate: int
    created_at: float
    started_at: float | None
    finished_at: float | None
    error: str

    @property
    def state(self) -> JobState:
        return _STATES.get(self.status, JobState.HELD)


def take_over_older(folder: Path, store: JobStore, library: FileLibrary, clock: Clock) -> None:
    """Nothing happens without such a file. A crash in between is no harm: none is taken over twice.
    Raises StorageError or DiskFull."""
    path = folder / OLDER
    if not path.exists():
        return
    now = clock.time()
    try:
        entries, refused = _read(path.read_bytes())
        jobs = []
        for entry in entries:
            try:
                jobs.append(_job(entry, _stored(entry, folder, library), now))
            except _Unreadable as error:
                refused.append(f"{entry.number} ({entry.name}): {error}")
        kept = f"imported-{time.strftime('%Y-%m-%d', time.gmtime(now))}"
        _add(store, jobs, refused, f"{QUEUE}.{kept}")
        keep_aside(DISK, path, kept, called=QUEUE)
        DISK.unlink(path)
        DISK.fsync_dir(folder)
    except OSError as error:
        raise StorageError(
            f"{path.name} cannot be taken over ({error.strerror or error}). "
            "Check the folder's permissions."
        ) from error


def _add(store: JobStore, jobs: list[Job], refused: list[str], kept: str) -> None:
    for line in refused:
        logger.warning("jobs: not taken over from the older queue: entry %s", line)
    with store.transaction() as tx:
        if any(job.created_by == CREATED_BY for job in tx.jobs.values()):
            return  # the start before this one ended between this write and the renaming
        for job in jobs:
            tx.add(replace(job, rank=float(tx.next_id), id=tx.new_id()))
        tx.trouble = " ".join(filter(None, (tx.trouble, _told(len(jobs), refused, kept))))
    logger.info("jobs: %d taken over from the older queue, %d not", len(jobs), len(refused))


def _told(taken: int, refused: list[str], kept: str) -> str:
    text = f"{taken} jobs of the older dashboard's queue were taken over; its file is now {kept}."
    if refused:
        shown = "; ".join(refused[:_SHOWN])
        more = f"; and {len(refused) - _SHOWN} more (see the log)" if len(refused) > _SHOWN else ""
        text += f" Not taken over: entry {shown}{more}."
    return f"{text} Look through the queue, then acknowledge this. No job starts until then."


# -- reading ---------------------------------------------------------------------------------------


def _read(raw: bytes) -> tuple[list[_Entry], list[str]]:
    """The entries, and which cannot be read and why."""
    found = older_jobs(raw)
    if found is None:
        return [], ["all: it is no list of jobs"]
    entries, refused = [], []
    for number, item in enumerate(found, 1):
        try:
            entries.append(_entry(number, item))
        except _Unreadable as error:
            refused.append(f"{number}: {error}")
    return entries, refused


def _entry(number: int, item: Any) -> _Entry:
    if not isinstance(item, dict):
        raise _Unreadable("it is not an object")
    path = _text(item, "filepath")
    name = _text(item, "filename") or PureWindowsPath(path).name
    if not name:
        raise _Unreadable("it names no file")
    anywhere = item.get("auto_assign") is True
    return _Entry(
        number=number,
        name=name,
        path=path or name,
        status=_text(item, "status").strip().lower() or "queued",
        printer_id="" if anywhere else _text(item, "printer_id"),
        assigned=_text(item, "assigned_printer_id") or _text(item, "printer_id"),
        plate=_plate(item),
        created_at=_time(item, "created_at") or 0.0,
        started_at=_time(item, "started_at"),
        finished_at=_time(item, "finished_at"),
        error=_text(item, "error")[:_LONGEST],
    )


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise _Unreadable(f"its field {name!r} is no text")
    return str(value)


def _plate(item: Mapping[str, Any]) -> int:
    """Of a file with one plate none is named; any other word for it must not become plate 1."""
    named = _text(item, "plate").strip()
    if not named:
        return 1
    if not named.isascii() or not named.isdigit() or len(named) > 9 or int(named) < 1:
        raise _Unreadable("its field 'plate' is no number of a plate")
    return int(named)


def _time(item: Mapping[str, Any], name: str) -> float | None:
    value = item.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _Unreadable(f"its field {name!r} is no time")
    return float(value)


# -- files -----------------------------------------------------------------------------------------


def _stored(entry: _Entry, folder: Path, library: FileLibrary) -> StoredFile | None:
    """Its file in the library; None for a job that has ended without leaving one that is of use.
    Raises _Unreadable, or what stops all of it: DiskFull and StorageError."""
    try:
        for path in _places(entry, folder):
            if path.is_file():
                with path.open("rb") as stream:
                    return _with_plate(library.add(stream, entry.name), entry)
        raise _Unreadable(f"there is no file {entry.path}")
    except (DiskFull, StorageError):
        raise
    except (FarmError, OSError, ValueError) as error:
        if not entry.state.has_ended:
            raise _Unreadable(str(error)) from error
    except _Unreadable:
        if not entry.state.has_ended:
            raise
    return None


def _with_plate(stored: StoredFile, entry: _Entry) -> StoredFile:
    if stored.file.is_model or stored.file.plate(entry.plate) is None:
        raise _Unreadable(f"the file has no plate {entry.plate} to print")
    return stored


def _places(entry: _Entry, folder: Path) -> Iterator[Path]:
    """Where the file may lie: as told; from the folder the program ran in; by its name alone, when
    the whole has moved, perhaps from another system."""
    told = entry.path
    if Path(told).is_absolute():
        yield Path(told)
    elif not PureWindowsPath(told).is_absolute():
        yield folder.parent / told.replace("\\", "/")
    yield folder / "files" / PureWindowsPath(told).name  # takes both kinds of slashes


# -- the job ---------------------------------------------------------------------------------------


def _job(entry: _Entry, stored: StoredFile | None, now: float) -> Job:
    draft = draft_of(stored, entry.plate) if stored else _without_file(entry)
    state = entry.state
    job = replace(
        draft,
        state=state,
        from_queue=True,
        file_name=entry.name,
        target=Target.printer(entry.printer_id) if entry.printer_id else Target(),
        created_at=entry.created_at or now,
        created_by=CREATED_BY,
        waiting_since=now,
        made=1 if state is JobState.FINISHED else 0,
    )
    if state.has_ended:
        return _ended(job, entry, now)
    return _held(job, entry, now) if state is JobState.HELD else job


def _without_file(entry: _Entry) -> Job:
    return Job(id="", file_id="", file_name=entry.name, plate=entry.plate, picture=False)


def _held(job: Job, entry: _Entry, now: float) -> Job:
    where = f" on {entry.assigned}" if entry.assigned else ""
    text = (
        f"The older dashboard left it as “{entry.status}”{where}: it may have been printed. "
        "Release it only if it was not."
    )
    return replace(job, evidence=(Evidence(at=now, text=text),), notes=text)


def _ended(job: Job, entry: _Entry, now: float) -> Job:
    failed = job.state is JobState.FAILED
    why = entry.error or "The older dashboard gave no reason."
    return replace(
        job,
        printer_id=entry.assigned,
        started_at=entry.started_at,
        finished_at=entry.finished_at or entry.started_at or entry.created_at or now,
        error=JobError(code="older_dashboard", text=why) if failed else None,
        result=f"Taken over from the older dashboard: {entry.status}",
    )
