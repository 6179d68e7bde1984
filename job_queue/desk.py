"""What people do with the queue: add, edit, hold, order, try again. Every change has a revision."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.clock import Clock
from core.errors import BadRequest, Blocked, NotFound, Unusable
from job_queue.board import Board
from job_queue.draft import draft_of
from job_queue.job import Job, JobError, JobState, archived
from job_queue.matching import ordering
from job_queue.matching.fit import check_request
from job_queue.records import Pause
from job_queue.store.base import Transaction
from job_queue.target import Target, folded
from printers.fleet import Fleet
from slicer.gates.filament_wishes import FilamentWish, mistake_in
from slicer.library import FileLibrary, StoredFile

MOST_COPIES = 1000
FARTHEST_S = 366 * 86_400.0
EDITABLE = frozenset(
    {
        "plate", "copies", "target", "priority", "not_before", "deadline", "filament", "options",
        "ams_mapping", "confirm", "notes",
    }
)  # fmt: skip
_AS_FIELD = {"ams_mapping": "ams_wanted", "filament": "filaments"}


class Desk:
    """Thread-safe; every act is one durable write."""

    def __init__(self, board: Board, fleet: Fleet, library: FileLibrary, clock: Clock) -> None:
        self._board = board
        self._fleet = fleet
        self._library = library
        self._clock = clock

    def add(
        self,
        file_id: str,
        plate: int,
        target: Target,
        *,
        copies: int = 1,
        priority: int = 0,
        not_before: float | None = None,
        deadline: float | None = None,
        filament: Sequence[FilamentWish] = (),
        options: Mapping[str, bool] | None = None,
        ams_mapping: Sequence[int] | None = None,
        confirm: Collection[str] = (),
        held: bool = False,
        notes: str = "",
        created_by: str = "",
    ) -> Job:
        """See JobService.add."""
        stored = self._library.get(file_id)
        now = self._clock.time()
        job = replace(
            draft_of(stored, plate),
            state=JobState.HELD if held else JobState.QUEUED,
            from_queue=True,
            target=target,
            copies=copies,
            priority=priority,
            not_before=not_before,
            deadline=deadline,
            filaments=tuple(filament),
            options=dict(options or {}),
            ams_wanted=None if ams_mapping is None else tuple(ams_mapping),
            confirm=tuple(sorted(set(confirm))),
            notes=notes,
            created_at=now,
            created_by=created_by,
            waiting_since=now,
        )
        self._check(job, stored)
        self._check_deadline(job)
        with self._board.change() as tx:
            return tx.add(_at_the_end(tx, replace(job, id=tx.new_id())))

    def edit(self, job_id: str, rev: int, changes: Mapping[str, Any]) -> Job:
        """``changes``: of EDITABLE, in the types ``add`` takes. Raises Blocked ``stale`` or
        ``in_flight``, and what ``add`` raises."""
        unknown = sorted(set(changes) - EDITABLE)
        if unknown:
            raise BadRequest(f"A job has no field {unknown[0]!r} that can be changed.")
        fields = {_AS_FIELD.get(name, name): value for name, value in changes.items()}
        with self._board.change() as tx:
            job = self._waiting(tx, job_id, rev)
            stored = self._stored(job)
            if "plate" in fields:
                fresh = draft_of(stored, fields["plate"])
                fields |= {"seconds": fresh.seconds, "picture": fresh.picture}
            if _asks_anew(job, fields):
                fields["confirm"] = ()
            edited = replace(job, **fields)
            self._check(edited, stored, target_before=job.target)
            if fields.keys() & {"deadline", "not_before"}:
                self._check_deadline(edited)
            if edited.left < 1:
                raise Unusable(
                    f"{job.handed} copies of {job.file_name} are already on their way; "
                    f"it needs at least {job.handed + 1}.",
                    code="too_few_copies",
                )
            return job if edited == job else tx.touch(job.id, **fields)

    def hold(self, job_id: str, rev: int | None = None) -> Job:
        """It stays where it is until released."""
        with self._board.change() as tx:
            job = self._waiting(tx, job_id, rev)
            return job if job.state is JobState.HELD else tx.move(job.id, JobState.HELD)

    def release(self, job_id: str, rev: int | None = None) -> Job:
        """Waiting begins anew; former failures are forgiven."""
        with self._board.change() as tx:
            job = self._waiting(tx, job_id, rev)
            if job.state is JobState.QUEUED:
                return job
            now = self._clock.time()
            return tx.move(job.id, JobState.QUEUED, waiting_since=now, tries=0, error=None)

    def retry(self, job_id: str, rev: int | None = None) -> Job:
        """Another attempt of one that failed or was cancelled, at the end of the queue."""
        with self._board.change() as tx:
            job = _current(tx, job_id, rev)
            if job.state not in (JobState.FAILED, JobState.CANCELLED):
                raise Blocked(
                    f"{job.file_name} is {job.state.value}; only a job that failed or was "
                    "cancelled can be tried again.",
                    code="not_ended_badly",
                )
            stored = self._stored(job)
            now = self._clock.time()
            late = job.deadline is not None and job.deadline <= now
            again = replace(
                archived(job, job.state.value, now), from_queue=True, waiting_since=now, tries=0,
                not_before=None, deadline=None if late else job.deadline, by_hand=False,
                error=None, finished_at=None, result="",
            )  # fmt: skip
            self._check(again, stored, target_before=job.target)
            tx.move(job.id, JobState.QUEUED)
            return tx.add(_at_the_end(tx, replace(again, state=JobState.QUEUED, rev=job.rev + 1)))

    def duplicate(self, job_id: str, *, created_by: str = "") -> Job:
        """The same wishes as a new job, whatever became of the first."""
        job = self._board.store.view().jobs.get(job_id)
        if job is None:
            raise _no_job(job_id)
        self._stored(job)
        return self.add(
            job.file_id,
            job.plate,
            job.target,
            copies=job.copies,
            priority=job.priority,
            filament=job.filaments,
            options=job.options,
            ams_mapping=job.ams_wanted,
            confirm=job.confirm,
            notes=job.notes,
            created_by=created_by,
        )

    def remove(self, job_id: str, rev: int | None = None, *, by: str = "") -> Job:
        """Out of the queue: cancelled, with who did it. A job leaves no list without a trace."""
        now = self._clock.time()
        text = f"Removed from the queue by {by}." if by else "Removed from the queue."
        with self._board.change() as tx:
            job = self._waiting(tx, job_id, rev)
            error = JobError(code="removed", text=text)
            return tx.move(job.id, JobState.CANCELLED, finished_at=now, error=error, result=text)

    def place(self, job_id: str, before: str | None, rev: int | None = None) -> Job:
        """Put a waiting job right before another (None = at the end). It takes over that one's
        priority and waiting time, see matching/ordering.py."""
        now = self._clock.time()
        with self._board.change() as tx:
            job = self._waiting(tx, job_id, rev)
            others = [j for j in ordering.in_order(tx.jobs.values(), now) if j.id != job.id]
            other = None if before is None else self._waiting(tx, before, None)
            if other is job or not others:
                return job
            rank = ordering.rank_before(others, other, now)
            if rank is None:
                others = _renumbered(tx, others)
                other = next(j for j in others if j.id == before)
                rank = other.rank - 0.5
            near = other or others[-1]
            placed = replace(
                job, rank=rank, priority=near.priority, waiting_since=near.waiting_since,
                by_hand=True,
            )  # fmt: skip
            _require_place(others, placed, before, now)
            return tx.touch(
                job.id, rank=rank, priority=placed.priority, waiting_since=placed.waiting_since,
                by_hand=True,
            )  # fmt: skip

    def pause(self, on: bool, *, by: str = "") -> Pause:
        """Durable: the dispatcher sends nothing until resumed. Running transfers go on."""
        with self._board.change() as tx:
            if tx.pause.on is not on:
                tx.pause = Pause(on=on, by=by, at=self._clock.time())
            return tx.pause

    # -- checks --------------------------------------------------------------------------------

    def _waiting(self, tx: Transaction, job_id: str, rev: int | None) -> Job:
        job = _current(tx, job_id, rev)
        if job.state.holds_printer:
            name = self._name(job.printer_id)
            raise Blocked(
                f"{job.file_name} is on its way on {name} ({job.state.value}) and cannot be "
                "changed now.",
                code="in_flight",
                details={"state": job.state.value, "printer_id": job.printer_id},
            )
        if job.state.has_ended:
            raise Blocked(
                f"{job.file_name} has ended ({job.state.value}) and cannot be changed.",
                code="ended",
                details={"state": job.state.value},
            )
        return job

    def _stored(self, job: Job) -> StoredFile:
        try:
            return self._library.get(job.file_id)
        except NotFound as error:
            raise NotFound(
                f"{job.file_name} is not in the library any more. Upload it again, and send it "
                "from there.",
                code=error.error_code,
            ) from error

    def _name(self, printer_id: str) -> str:
        config = self._fleet.configs.get(printer_id)
        return config.name if config else printer_id

    def _check(self, job: Job, stored: StoredFile, target_before: Target | None = None) -> None:
        """Raises BadRequest, Unusable, or NotFound for what no dispatcher could ever work on. A
        target that stays as it is may have left the farm since: the queue says so, and another
        can be chosen there."""
        self._check_file(job, stored)
        check_request(job.target.text(), job.ams_wanted, job.options)
        if not 1 <= job.copies <= MOST_COPIES:
            raise Unusable(f"A job has 1 to {MOST_COPIES} copies.", code="copies")
        if not ordering.LOWEST <= job.priority <= ordering.HIGHEST:
            raise Unusable(
                f"The priority is {ordering.LOWEST} to {ordering.HIGHEST}.", code="priority"
            )
        if job.not_before is not None and job.not_before > self._clock.time() + FARTHEST_S:
            raise Unusable("A job can wait for a year at most.", code="not_before")
        if job.ams_wanted is not None and not job.target.one_printer:
            raise Unusable(
                "A filament mapping belongs to one printer. Choose the printer, or leave the "
                "mapping to the farm.",
                code="mapping_needs_printer",
            )
        if job.target != target_before:
            self._check_target(job.target)

    def _check_deadline(self, job: Job) -> None:
        """Only when it is set: a job that is late stays in the queue."""
        if job.deadline is None:
            return
        now = self._clock.time()
        if not now < job.deadline <= now + FARTHEST_S:
            raise Unusable("A deadline lies in the future, a year ahead at most.", code="deadline")
        begin = job.not_before or 0.0
        if begin + (job.seconds or 0) > job.deadline:
            raise Unusable(
                f"{job.file_name} cannot be done by then: it is not to start earlier than "
                "the time it needs before its deadline. Change one of the two times.",
                code="deadline_too_early",
            )

    def _check_file(self, job: Job, stored: StoredFile) -> None:
        if not stored.file.plates:
            raise Unusable(
                f"{stored.name} is a model, not a print file. Slice it first.", code="needs_slicing"
            )
        plate = stored.file.plate(job.plate)
        if plate is None:
            have = ", ".join(str(plate.index) for plate in stored.file.plates)
            raise Unusable(
                f"{stored.name} has no plate {job.plate}; it has {have}.", code="no_plate"
            )
        mistake = mistake_in(job.filaments, plate)
        if mistake is not None:
            raise Unusable(f"{stored.name}: {mistake[1]}", code=mistake[0])

    def _check_target(self, target: Target) -> None:
        configs = self._fleet.configs
        if target.kind in ("printer_id", "printer_ids"):
            for name in target.values:
                if name not in configs:
                    raise NotFound(
                        f"There is no printer with the id {name!r}. Choose another.",
                        code="printer_not_found",
                    )
                self._refuse_other_farms(name)
        elif target.kind == "tag":
            known = {tag for c in configs.values() for tag in (*c.tags, c.group) if tag}
            _require_known("tag", target.values[0], known)
        elif target.kind == "model":
            _require_known("model", target.values[0], self._models())

    def _refuse_other_farms(self, printer_id: str) -> None:
        status = self._fleet.snapshot(printer_id).status
        if status.shown_only:
            text = f"{status.name} is shown from another farm; send the job to that one."
            raise Unusable(text, code="feed")

    def _models(self) -> set[str]:
        own = [s.status for s in self._fleet.snapshots() if not s.status.shown_only]
        reported = {name for s in own for name in (s.machine.name, s.machine.code)}
        return (reported | {self._fleet.configs[s.printer_id].model for s in own}) - {""}


def _require_known(what: str, wanted: str, known: Collection[str]) -> None:
    if folded(wanted) not in {folded(name) for name in known}:
        have = ", ".join(sorted(known)) or "none"
        raise Unusable(
            f"No printer of the farm has the {what} {wanted!r}. There are: {have}.",
            code=f"unknown_{what}",
        )


def _asks_anew(job: Job, fields: Mapping[str, Any]) -> bool:
    """A yes was about this plate, these printers and this filament; for others it has to be given
    again."""
    changed = [
        name
        for name in ("plate", "target", "filaments", "ams_wanted")
        if fields.get(name, getattr(job, name)) != getattr(job, name)
    ]
    return bool(changed) and "confirm" not in fields


def _current(tx: Transaction, job_id: str, rev: int | None) -> Job:
    job = tx.jobs.get(job_id)
    if job is None:
        raise _no_job(job_id)
    if rev is not None and rev != job.rev:
        raise Blocked(
            f"{job.file_name} has changed since you looked. Look at it again.",
            code="stale",
            details={"rev": job.rev},
        )
    return job


def _no_job(job_id: str) -> NotFound:
    return NotFound(f"There is no job {job_id!r}.", code="job_not_found")


def _at_the_end(tx: Transaction, job: Job) -> Job:
    others = [other for other in tx.jobs.values() if other.id != job.id]
    return replace(job, rank=max(float(tx.next_id), ordering.last_rank(others) + 1.0))


def _require_place(others: Sequence[Job], placed: Job, before: str | None, now: float) -> None:
    """Raises Blocked when a deadline would put the job, or its neighbour, elsewhere."""
    order = ordering.in_order([*others, placed], now)
    after = order[order.index(placed) + 1 :]
    if (after[0].id if after else None) == before:
        return
    pressing = placed
    if not ordering.is_pressing(placed, now):
        pressing = next((job for job in order if ordering.is_pressing(job, now)), placed)
    raise Blocked(
        f"{pressing.file_name} has to start soon to be done by its deadline, so it stays before "
        "the others of its priority. Change its deadline, or the priority of what is to go first.",
        code="deadline_first",
        details={"job_id": pressing.id},
    )


def _renumbered(tx: Transaction, jobs: Sequence[Job]) -> list[Job]:
    """The same order with room between all ranks."""
    return [tx.touch(job.id, rank=float(number)) for number, job in enumerate(jobs, start=1)]
