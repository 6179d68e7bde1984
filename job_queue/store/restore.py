"""What the files of the default store say at the start, and what is wrong with them.

The state is the newest sound one of queue.json and queue.json.bak, with the journal's lines after
it. A damaged file is kept under a name of its own, and trouble is told: nothing starts before a
person acknowledges it. Nothing here changes a file but by adding such names.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core import jsonio
from core.clock import Clock
from core.errors import Blocked, StorageError
from core.fs import FileSystem, keep_aside
from job_queue.job import Job, JobState
from job_queue.records import BedRecord, PrinterRecord, QueueState
from job_queue.store import journal
from job_queue.store.base import first_token
from job_queue.store.codec import SCHEMA, Damaged, Newer, decode, schema_of
from job_queue.store.delta import Replay
from job_queue.store.first_id import first_id
from job_queue.store.journal import Journal

logger = logging.getLogger(__name__)

QUEUE = "queue.json"
JOURNAL = "queue.journal"
BACKUP = ".bak"
OLDER = "queue.json.older"
"""The older dashboard's queue, until it is taken over (older_queue.py)."""
SKIPPED = 1000
"""Revisions, tokens and ids that a lost part of the journal may have used."""
_THIS_SCHEMA = b'\n  "schema": %d,\n' % SCHEMA  # as codec writes it: spares reading all twice
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LOOK = "Look at every printer and its bed, then acknowledge this. No job starts until then."


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    state: QueueState
    queue_sound: bool  # queue.json may become the .bak
    journal_sound: bool  # so may the journal
    clean: bool  # the files are as the store left them: it may go on with them
    journal_base: int = 0  # of a sound journal
    journal_bytes: int = 0
    queue_bytes: int = 0
    notes: tuple[str, ...] = ()  # for the operator, what was found


class Restorer:
    """One reading of ``folder``."""

    def __init__(self, fs: FileSystem, folder: Path, clock: Clock) -> None:
        self._fs = fs
        self._folder = folder
        self._now = clock.time()
        self._names = fs.names(folder)
        self._notes: list[str] = []
        self._journal_bytes = 0

    def restore(self) -> Restored:
        """Raises StorageError when a file cannot be read, or is of a later version (all are left
        as they are then)."""
        ours = {QUEUE, QUEUE + BACKUP, JOURNAL, JOURNAL + BACKUP} & self._names
        live = self._journal(JOURNAL)
        if not ours - {JOURNAL} and self._is_new(ours, live):
            return self._fresh(self._first())
        if self._is_new(ours, live) and older_jobs(self._read(QUEUE)) is not None:
            return self._from_older_dashboard()
        why = "it is missing"
        if QUEUE in self._names:
            try:
                return self._from_queue(live)
            except Damaged as error:
                why = str(error)
                self._quarantine(QUEUE, why)
        return self._from_backup(live, f"The farm's job file {QUEUE} could not be used: {why}.")

    # -- the ways ------------------------------------------------------------------------------

    def _first(self) -> QueueState:
        return QueueState(
            next_token=first_token(self._now), next_id=first_id(self._folder, self._now)
        )

    def _fresh(self, state: QueueState) -> Restored:
        return Restored(
            state=state, queue_sound=False, journal_sound=False, clean=False,
            notes=tuple(self._notes),
        )  # fmt: skip

    def _is_new(self, ours: set[str], live: Journal | None) -> bool:
        """No store has ever been here, or a crash ended its first start at the first write."""
        if ours - {QUEUE, JOURNAL}:
            return False
        return live is None or (live.base, live.end, live.damage) == (0, 0, "")

    def _from_older_dashboard(self) -> Restored:
        if OLDER not in self._names:
            kept = keep_aside(self._fs, self._folder / QUEUE, OLDER.removeprefix(QUEUE + "."))
            logger.info("jobs: the older dashboard's %s is kept as %s", QUEUE, kept.name)
        return self._fresh(self._first())

    def _from_queue(self, live: Journal | None) -> Restored:
        raw = self._read(QUEUE)
        snapshot = _decode(QUEUE, raw)
        older = _THIS_SCHEMA not in raw and schema_of(raw) != SCHEMA
        if older:
            self._keep_older()
            live = live or Journal(snapshot.rev)
        state, problem = self._go_on(snapshot, live)
        if problem:
            self._quarantine_journals(problem)
            text = f"{problem} What {QUEUE} itself says is in use. {_LOOK}"
            state = self._troubled(distrusted(state, self._now), text)
        torn = live is not None and live.torn
        return Restored(
            state=state,
            queue_sound=True,
            journal_sound=not problem and JOURNAL in self._names,
            clean=not (problem or older or torn),
            journal_base=live.base if live else 0,
            journal_bytes=self._journal_bytes,
            queue_bytes=len(raw),
            notes=tuple(self._notes),
        )

    def _from_backup(self, live: Journal | None, head: str) -> Restored:
        name = QUEUE + BACKUP
        snapshot = None
        try:
            snapshot = _decode(name, self._read(name)) if name in self._names else None
        except Damaged as error:
            self._quarantine(name, str(error))
        # every journal began with an empty queue once; while that one is there, nothing is lost
        first = self._first()
        state, problem = self._go_on(snapshot or first, live)
        if snapshot is None and state.rev == 0:
            self._quarantine_journals("there is no file it goes on from")
            text = f"{head} There was no usable copy, so the farm begins without jobs. {_LOOK}"
            return self._fresh(self._troubled(replace(first, rev=self._beyond(live)), text))
        if problem:
            self._quarantine_journals(problem)
            text = f"{head} {problem} An earlier copy is in use. {_LOOK}"
            state = self._troubled(distrusted(state, self._now), text)
        else:
            text = f"{head} All of it was found again in {JOURNAL} and older copies. {_LOOK}"
            state = self._troubled(replace(state, rev=state.rev + 1), text)
        return Restored(
            state=state, queue_sound=False, journal_sound=not problem, clean=False,
            notes=tuple(self._notes),
        )  # fmt: skip

    # -- the journal ---------------------------------------------------------------------------

    def _journal(self, name: str) -> Journal | None:
        if name not in self._names:
            return None
        raw = self._read(name)
        found = journal.read(raw)
        if name == JOURNAL:
            self._journal_bytes = len(raw)
            if found.torn and not found.damage:
                self._note(
                    f"The last change in {name} was cut short when the farm stopped. It was never "
                    "confirmed to anybody and is dropped."
                )
        return found

    def _go_on(self, state: QueueState, live: Journal | None) -> tuple[QueueState, str]:
        """``state`` with what the journals add, and why that may not be all ("" = it is)."""
        if live is None:
            return state, f"{JOURNAL} is missing."
        if live.base < 0:
            return state, f"{JOURNAL} could not be used: {live.damage}."
        replay = Replay(state)
        try:
            rev, problem = state.rev, ""
            if live.base > rev:
                for delta in self._between(rev, live.base):
                    replay.apply(delta)
                    rev += 1
            if live.base > rev:
                problem = f"The changes between {QUEUE} and {JOURNAL} are missing."
            elif live.end < rev:
                problem = f"{JOURNAL} ends before {QUEUE} was written."
            else:
                for delta in live.after(rev):
                    replay.apply(delta)
                problem = f"{JOURNAL} could not be used: {live.damage}." if live.damage else ""
            return replay.result(), problem
        except (KeyError, TypeError, ValueError, AttributeError, Blocked) as error:
            return state, f"{JOURNAL} could not be used ({type(error).__name__}: {error})."

    def _between(self, rev: int, until: int) -> Sequence[Mapping[str, Any]]:
        """What the journal before this one says on the way from ``rev`` to ``until``."""
        past = self._journal(JOURNAL + BACKUP)
        if past is None or not 0 <= past.base <= rev or past.end < until:
            return ()
        return past.after(rev)[: until - rev]

    def _beyond(self, live: Journal | None) -> int:
        """A revision that no journal leads to or on from."""
        past = self._journal(JOURNAL + BACKUP)
        return max(found.end for found in (live, past, Journal(0)) if found) + SKIPPED

    # -- files ---------------------------------------------------------------------------------

    def _read(self, name: str) -> bytes:
        try:
            return self._fs.read(self._folder / name)
        except OSError as error:
            raise StorageError(
                f"{name} cannot be read ({error.strerror or error}). Check its permissions."
            ) from error

    def _keep_older(self) -> None:
        """A file of an older schema is kept beside as it was."""
        if f"{QUEUE}.pre-v{SCHEMA}" not in self._names:
            keep_aside(self._fs, self._folder / QUEUE, f"pre-v{SCHEMA}")
        logger.info("jobs: %s is taken over into schema %d", QUEUE, SCHEMA)

    def _quarantine_journals(self, why: str) -> None:
        for name in (JOURNAL, JOURNAL + BACKUP):
            if name in self._names:
                self._quarantine(name, why)

    def _quarantine(self, name: str, why: str) -> None:
        """Give a damaged file one more name, under which it stays; it is never deleted."""
        try:
            kept = keep_aside(self._fs, self._folder / name, f"corrupt-{int(self._now)}")
        except OSError as error:
            raise StorageError(f"{name} is damaged and cannot be kept: {error}") from error
        logger.error("jobs: %s is damaged (%s), kept as %s", name, why, kept.name)
        self._note(f"{name} was damaged ({why}) and is kept as {kept.name}.")

    def _note(self, text: str) -> None:
        self._notes.append(text)
        logger.warning("jobs: %s", text)

    def _troubled(self, state: QueueState, text: str) -> QueueState:
        logger.error("jobs: %s", text)
        return replace(state, trouble=text)


def _decode(name: str, raw: bytes) -> QueueState:
    try:
        return decode(raw)
    except Newer as error:
        raise StorageError(
            f"{name} was written by a later version of the farm ({error}). "
            "Start that version, or use another data folder."
        ) from error
    except Blocked as error:
        raise Damaged("two open jobs hold one printer") from error


def older_jobs(raw: bytes) -> list[Any] | None:
    """The entries of the older dashboard's file: {"jobs": […]} or the bare list, with neither
    schema nor checksum, also as Windows' editor saves it. None: it is no such file."""
    try:
        data = jsonio.loads(raw.removeprefix(_BYTE_ORDER_MARK))
    except jsonio.JSONDecodeError:
        return None
    if isinstance(data, dict) and not {"schema", "sha256", "rev"} & set(data):
        data = data.get("jobs")
    return data if isinstance(data, list) else None


def distrusted(state: QueueState, now: float) -> QueueState:
    """A copy from some changes earlier: a start may have happened that it does not know of."""
    bed = BedRecord(since=now, why="The farm's job file was damaged")
    jobs = {job.id: _doubted(job, now) for job in state.jobs.values()}
    return replace(
        state,
        rev=state.rev + SKIPPED,
        jobs=jobs,
        open_jobs={job.printer_id: job for job in jobs.values() if job.state.holds_printer},
        printers={
            name: PrinterRecord(bed=bed, maintenance=record.maintenance)
            for name, record in state.printers.items()
        },
        next_token=max(state.next_token + SKIPPED, first_token(now)),
        next_id=state.next_id + SKIPPED,
    )


def _doubted(job: Job, now: float) -> Job:
    """One that waits may have been printed meanwhile, so a person releases it."""
    if not job.state.is_before_start and job.state is not JobState.QUEUED:
        return job
    waits = job.state is JobState.QUEUED
    state = JobState.HELD if waits else JobState.NEEDS_HUMAN
    doubtful = replace(job, state=state, rev=job.rev + 1)
    text = f"The farm's job file was damaged; the last sure state is {job.state.value}"
    return doubtful.noted(now, text)
