"""The room's door: start a file, follow it, answer for the bed. See docs/ARCHITECTURE.md."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from core.clock import Clock
from core.errors import Blocked, NotFound, StorageError
from core.events import Bus
from job_queue.approval import Approval
from job_queue.board import Board
from job_queue.cleanup import Sweeper
from job_queue.doubt import Doubt
from job_queue.fit import PrinterFit, check_request, require_start
from job_queue.fitting import Fitting
from job_queue.identity import baseline_of, shown_ids
from job_queue.job import Job, JobError
from job_queue.naming import remote_name
from job_queue.start import StartRun
from job_queue.store import JobStore
from job_queue.timing import Timing
from job_queue.watch import RESTARTED, Watch
from printers import safety
from printers.commands import Command, EmergencyStop, Stop
from printers.fleet import Fleet
from printers.registry import TOPIC as PRINTER_TOPIC
from printers.registry import Registry, Snapshot
from printers.status import PrinterStatus
from slicer.library import FileLibrary

logger = logging.getLogger(__name__)


class JobService:
    """Direct starts with the durable protocol. Thread-safe; ``start`` before use."""

    def __init__(
        self,
        store: JobStore,
        fleet: Fleet,
        registry: Registry,
        library: FileLibrary,
        bus: Bus,
        clock: Clock,
        timing: Timing | None = None,
    ) -> None:
        timing = timing or Timing()
        self._store = store
        self._fleet = fleet
        self._registry = registry
        self._library = library
        self._bus = bus
        self._clock = clock
        self._timing = timing
        self._fitting = Fitting(library, clock)
        self._board = Board(store, registry, bus, clock)
        self._watch = Watch(self._board, clock, timing, fleet.is_simulated)
        self._approval = Approval(self._board, fleet, clock, timing)
        self._sweeper = Sweeper(self._board, fleet, clock, timing)
        self._doubt = Doubt(self._board, fleet, self._watch, clock, timing)
        self._runs: dict[str, StartRun] = {}
        self._runs_lock = threading.Lock()
        self._mailbox = bus.subscribe(PRINTER_TOPIC)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="jobs:watcher", daemon=True)
        library.protect(self._why_file_stays)

    # -- life ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Reconcile what a restart left open, hand out conditions, begin to watch."""
        self.recover()
        self._thread.start()

    def recover(self) -> None:
        """The first half of ``start``. Raises StorageError when nothing can be written."""
        self._watch.reconcile()
        self._board.announce_all()
        self.look_at(self._registry.all())

    def stop(self, timeout: float = 5.0) -> None:
        """End transfers (their jobs say so) and the watcher. Prints go on by themselves."""
        self._stopping.set()
        for run in self._running():
            run.cancel(JobError(code="farm_stopped", text=RESTARTED))
        for run in self._running():
            run.thread.join(timeout)
        self._bus.unsubscribe(self._mailbox)
        if self._thread.is_alive():
            self._thread.join(timeout)
        self._sweeper.join(timeout)

    def _follow(self) -> None:
        last_tick = self._clock.monotonic()
        while not self._stopping.is_set():
            try:
                slots = self._mailbox.take(self._timing.tick_s)
                self.look_at(value for value in slots.values() if isinstance(value, Snapshot))
                if self._clock.monotonic() - last_tick >= self._timing.tick_s:
                    last_tick = self._clock.monotonic()
                    self.tick()
            except Exception:
                logger.exception("jobs: a look at the printers failed")
            self._stopping.wait(self._timing.batch_s)

    def look_at(self, snapshots: Iterable[Snapshot]) -> None:
        """Each in its own barrier: one printer's trouble must not hide another's report."""
        for snapshot in snapshots:
            try:
                self._watch.look(snapshot)
            except StorageError as error:
                logger.error("%s: %s", snapshot.status.printer_id, error.message)
            except Exception:
                name = snapshot.status.printer_id
                logger.exception("%s: its report could not be judged", name)

    def tick(self) -> None:
        """Once a second: time-outs and settling of open jobs, clean-up."""
        view = self._store.view()
        concerned = set(view.open_jobs) | self._watch.stopping()
        self.look_at(s for s in map(self._registry.get, concerned) if s is not None)
        self._end_orphans()
        self._sweeper.kick()

    def _end_orphans(self) -> None:
        """A job before its start whose thread is gone (the disk refused its end) ends now."""
        with self._runs_lock:
            for job_id in [i for i, run in self._runs.items() if not run.thread.is_alive()]:
                del self._runs[job_id]
            alive = set(self._runs)
        self._watch.end_orphans(alive)

    def _running(self) -> list[StartRun]:
        with self._runs_lock:
            return [run for run in self._runs.values() if run.thread.is_alive()]

    def _why_file_stays(self, file_id: str) -> str:
        for job in self._store.view().open_jobs.values():
            if job.file_id == file_id and job.state.is_before_start:
                name = self._fleet.snapshot(job.printer_id).status.name
                return f"{job.file_name} is being sent to {name}."
        return ""

    # -- reading -------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """Grows with every durable change."""
        return self._store.view().rev

    @property
    def trouble(self) -> str:
        """Why nothing may start until a person acknowledges; "" when all is well."""
        return self._store.trouble

    def acknowledge(self) -> None:
        """A person has read the trouble and looked at the printers."""
        self._store.acknowledge()

    def jobs(self) -> list[Job]:
        """Live and recent jobs, oldest first."""
        return [self._board.shown(job) for job in self._store.view().jobs.values()]

    def job(self, job_id: str) -> Job:
        """Raises NotFound."""
        job = self._store.view().jobs.get(job_id)
        if job is None:
            raise NotFound(f"There is no job {job_id!r}.", code="job_not_found")
        return self._board.shown(job)

    def fit(self, file_id: str, plate: int = 1) -> list[PrinterFit]:
        """Every printer's answer to this plate, by the functions that a start uses."""
        stored = self._library.get(file_id)
        return [self._fitting.of_printer(stored, plate, s) for s in self._registry.all()]

    # -- starting ------------------------------------------------------------------------------

    def start_file(
        self,
        printer_id: str,
        file_id: str,
        plate: int = 1,
        *,
        ams_mapping: Sequence[int] | None = None,
        options: Mapping[str, bool] | None = None,
        confirm: Collection[str] = (),
        created_by: str = "",
    ) -> Job:
        """Claim the printer (W1) and begin the transfer in the job's own thread.

        Raises Blocked (state, bed, an open job, what still needs a yes), Unusable (the file does
        not fit), BadRequest, NotFound, PrinterOffline. Nothing has happened then.
        """
        if self._store.trouble:
            raise Blocked(self._store.trouble, code="store_trouble")
        chosen = dict(options or {})
        snapshot = self._fleet.snapshot(printer_id)
        stored = self._library.get(file_id)
        check_request(snapshot.status.name, ams_mapping, chosen)
        self._require_free(snapshot)
        fit = self._fitting.of_file(
            stored, plate, snapshot.status, ams_mapping=ams_mapping, options=chosen
        )
        require_start(fit, confirm)
        chosen_plate = stored.file.plate(plate)
        draft = Job(
            id="",
            file_id=file_id,
            file_name=stored.name,
            kind=stored.file.kind,
            sha256=stored.sha256,
            md5=stored.md5,
            size_bytes=stored.size_bytes,
            plate=plate,
            plates=len(stored.file.plates),
            seconds=chosen_plate.seconds if chosen_plate else None,
            picture=bool(chosen_plate and chosen_plate.has_thumbnail),
            printer_id=printer_id,
            target=printer_id,
            created_at=self._clock.time(),
            created_by=created_by,
            ams_mapping=fit.ams_mapping,
            options=chosen,
            confirm=tuple(sorted(confirm)),
            baseline=baseline_of(snapshot.status),
        )
        return self._launch(draft, snapshot.status)

    def _require_free(self, snapshot: Snapshot) -> None:
        job = self._store.view().open_jobs.get(snapshot.status.printer_id)
        if job is not None:
            raise Blocked(
                f"{job.file_name} is still open on {snapshot.status.name}.",
                code="job_open",
                details={"job_id": job.id},
            )
        safety.check_act("start", snapshot, self._clock.monotonic())

    def _launch(self, draft: Job, status: PrinterStatus) -> Job:
        source = self._library.path(draft.file_id)
        with self._runs_lock:  # the run is known before the watcher could call it an orphan
            job = self._claim(draft, status)
            run = StartRun(job, source, self._board, self._fleet, self._clock, self._recheck)
            self._runs[job.id] = run
            run.thread.start()
        return job

    def _claim(self, draft: Job, status: PrinterStatus) -> Job:
        """W1: the printer is reserved, or somebody was faster."""
        with self._board.change() as tx:
            bed = tx.bed(draft.printer_id)
            if tx.trouble:
                raise Blocked(tx.trouble, code="store_trouble")
            other = tx.open_job(draft.printer_id)
            if other is not None:
                raise Blocked(f"{other.file_name} is still open on {status.name}.", code="job_open")
            if bed is None or not bed.clear:
                raise Blocked(
                    f"The bed of {status.name} is not marked clear.", code="bed_not_clear"
                )
            token = tx.new_token(shown_ids(status.job))
            name = remote_name(draft.file_name, token, draft.kind)
            return tx.add(replace(draft, id=tx.new_id(), token=token, remote_name=name))

    def _recheck(self, job: Job, status: PrinterStatus) -> None:
        """The last look's repetition: trays or nozzle may have changed during the transfer."""
        stored = self._library.get(job.file_id)
        fit = self._fitting.of_file(
            stored, job.plate, status, ams_mapping=job.ams_mapping, options=job.options
        )
        require_start(fit, job.confirm)

    def cancel_upload(self, printer_id: str) -> None:
        """End the transfer to a printer. Raises Blocked when there is none, or too late."""
        name = self._fleet.snapshot(printer_id).status.name
        job = self._store.view().open_jobs.get(printer_id)
        if job is None:
            raise Blocked(f"Nothing is being sent to {name}.", code="no_upload")
        with self._runs_lock:
            run = self._runs.get(job.id)
        error = JobError(code="cancelled", text="The transfer was cancelled. Nothing was started.")
        if run is None or not job.state.is_before_start or not run.cancel(error):
            raise Blocked(
                f"{job.file_name} has been sent to {name}; use Stop to end the print.",
                code="too_late",
            )

    # -- people --------------------------------------------------------------------------------

    def resolve(self, job_id: str, outcome: str, rev: int) -> Job:
        """Answer an uncertain start: "printing", "not_started" or "give_up"."""
        return self._doubt.resolve(self.job(job_id), outcome, rev)

    def mark_clear(self, printer_id: str, *, undo: bool = False) -> None:
        """A person vouches for the bed, or takes it back within 6 s."""
        if undo:
            self._approval.undo(printer_id)
        else:
            self._approval.mark_clear(printer_id)

    def set_maintenance(self, printer_id: str, on: bool, note: str = "") -> None:
        self._approval.set_maintenance(printer_id, on, note)

    def note_command(self, printer_id: str, command: Command, snapshot: Snapshot) -> None:
        """Fleet's observer: a Stop of ours makes the end a cancellation."""
        if isinstance(command, (Stop, EmergencyStop)) and snapshot.status.state.has_job:
            self._watch.stop_sent(printer_id)
