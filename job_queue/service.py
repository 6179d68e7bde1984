"""The room's door: start a file, follow it, answer for the bed. See docs/ARCHITECTURE.md."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence

from core.clock import Clock
from core.errors import Blocked, NotFound, StorageError
from core.events import Bus
from job_queue.board import Board
from job_queue.desk import Desk
from job_queue.job import Job, JobError
from job_queue.matching.fit import PrinterFit
from job_queue.matching.fitting import Fitting
from job_queue.matching.match import Outlook
from job_queue.records import Cleanup, QueueState
from job_queue.starting.approval import Approval
from job_queue.starting.belied import Belied
from job_queue.starting.cleanup import Sweeper
from job_queue.starting.doubt import Doubt
from job_queue.starting.launch import Launcher
from job_queue.starting.staging import Stager, Useful
from job_queue.starting.watch import RESTARTED, Watch
from job_queue.store.base import JobStore
from job_queue.target import Target
from job_queue.timing import Timing
from printers.commands import Command, EmergencyStop, Stop
from printers.fleet import Fleet
from printers.registry import TOPIC as PRINTER_TOPIC
from printers.registry import Registry, Snapshot
from slicer.confirmations import Confirmations
from slicer.gates.filament_wishes import FilamentWish
from slicer.library import FileLibrary

logger = logging.getLogger(__name__)


class JobService:
    """Starts with the durable protocol, and the queue. Thread-safe; ``start`` before use."""

    def __init__(
        self,
        store: JobStore,
        fleet: Fleet,
        registry: Registry,
        library: FileLibrary,
        bus: Bus,
        clock: Clock,
        timing: Timing | None = None,
        confirmations: Confirmations | None = None,
    ) -> None:
        timing = timing or Timing()
        self._store = store
        self._fleet = fleet
        self._registry = registry
        self._library = library
        self._bus = bus
        self._clock = clock
        self._timing = timing
        plates = {name: config.build_plate for name, config in fleet.configs.items()}
        self.fitting = Fitting(library, clock, confirmations, plates)
        self._board = Board(store, registry, bus, clock)
        self._watch = Watch(self._board, clock, timing, fleet.is_simulated, fleet.machine_of)
        self._sweeper = Sweeper(self._board, fleet, clock, timing)
        self._doubt = Doubt(self._board, fleet, self._watch, clock, timing)
        see = self._watch.see_bed
        self._approval = Approval(self._board, fleet, clock, timing, see)
        self._stager = Stager(self._board, fleet, library, clock, timing)
        self._launcher = Launcher(
            self._board, fleet, library, self.fitting, clock, see, self._stager
        )
        self._belied = Belied(self._board, clock, self._launcher.cancel)
        self.desk = Desk(self._board, fleet, library, clock)
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
        self._stager.recover()
        self._board.announce_all()
        self.look_at(self._registry.all())

    def stop(self, timeout: float = 5.0) -> None:
        """End transfers and the watcher. Prints go on by themselves."""
        self._stopping.set()
        self.end_transfers(timeout)
        self._bus.unsubscribe(self._mailbox)
        if self._thread.is_alive():
            self._thread.join(timeout)
        self._sweeper.join(timeout)
        self._watch.close()

    def end_transfers(self, timeout: float = 5.0) -> None:
        """Their jobs say so; those of the queue are queued again. Before the connections end, so
        that nobody takes that for a printer's fault."""
        self._stager.stop(timeout)
        for run in self._launcher.running():
            run.cancel(JobError(code="farm_stopped", text=RESTARTED))
        for run in self._launcher.running():
            run.thread.join(timeout)

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
                self._belied.look(snapshot.status)
                self._stager.look(snapshot)
            except StorageError as error:
                logger.error("%s: %s", snapshot.status.printer_id, error.message)
            except Exception:
                name = snapshot.status.printer_id
                logger.exception("%s: its report could not be judged", name)

    def tick(self) -> None:
        """Once a second: time-outs and settling of open jobs, clean-up, the store's own work."""
        self._store.tend()
        self._watch.tend()
        view = self._store.view()
        concerned = set(view.open_jobs) | self._watch.stopping()
        self.look_at(s for s in map(self._registry.get, concerned) if s is not None)
        self._end_orphans()
        self._stager.tend()
        self._sweeper.kick()

    def _end_orphans(self) -> None:
        """A job before its start whose thread is gone (the disk refused its end) ends now."""
        suspects = self._watch.in_transfer()  # before asking who is alive: a new one is not here
        alive = self._launcher.alive()
        for job in suspects:
            if job.id not in alive:
                self._watch.end_orphan(job)

    def _why_file_stays(self, file_id: str) -> str:
        for job in self._store.view().jobs.values():
            if job.file_id != file_id:
                continue
            if job.state.is_waiting:
                return f"{job.file_name} is in the queue."
            if job.state.is_before_start:
                name = self._fleet.snapshot(job.printer_id).status.name
                return f"{job.file_name} is being sent to {name}."
        return ""

    # -- reading -------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """Grows with every durable change."""
        return self._store.view().rev

    def view(self) -> QueueState:
        """Everything durable, at one revision."""
        return self._store.view()

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

    def outlook(self, job_id: str) -> Outlook:
        """What the dispatcher last said about a waiting job."""
        return self._board.outlook(job_id)

    def show_outlook(self, told: Mapping[str, Outlook]) -> None:
        """The dispatcher's word on every waiting job; pages hear of those that changed."""
        self._board.show_outlook(told)

    def fit(self, file_id: str, plate: int = 1) -> list[PrinterFit]:
        """Every printer's answer to this plate, by the functions that a start uses."""
        stored = self._library.get(file_id)
        return [self.fitting.of_printer(stored, plate, s) for s in self._registry.all()]

    # -- the queue -----------------------------------------------------------------------------

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
        """A job at the end of the queue. Whether and where it fits is the dispatcher's to find
        out, and to say.

        ``copies`` 1–1000; ``priority`` -10–10; ``not_before`` and ``deadline`` epoch s;
        ``filament``: what it has to be made of; ``ams_mapping`` only with a target of one
        printer; ``held``: it waits until a person releases it. Raises NotFound
        (file, printer), Unusable, BadRequest, StorageError.
        """
        return self.desk.add(
            file_id,
            plate,
            target,
            copies=copies,
            priority=priority,
            not_before=not_before,
            deadline=deadline,
            filament=filament,
            options=options,
            ams_mapping=ams_mapping,
            confirm=confirm,
            held=held,
            notes=notes,
            created_by=created_by,
        )

    def start_queued(self, job: Job, printer_id: str) -> Job:
        """The dispatcher's door: claim the printer for one copy of this job, begin the transfer."""
        with self._fleet.counts.refusal(printer_id):
            return self._launcher.start_queued(job, printer_id)

    def stage(self, wanted: Mapping[str, Job], useful: Useful, slots: int) -> None:
        """The dispatcher's door: send these jobs' files ahead (by printer), let go of others.
        Nothing is started, and ``slots`` transfers run at most."""
        self._stager.arrange(wanted, useful, slots)

    @property
    def stage_lead_s(self) -> float:
        """A print with more than this left is not sent the next file yet."""
        return self._timing.stage_lead_s

    def staged(self) -> list[Cleanup]:
        """Files that were sent ahead of their start."""
        return self._stager.ahead()

    def remove(self, job_id: str, rev: int | None = None, *, by: str = "") -> Job:
        """Cancel what has not been started: waiting, or in transfer. Raises Blocked."""
        job = self.job(job_id)
        if not job.state.is_before_start:
            return self.desk.remove(job_id, rev, by=by)
        if rev is not None and rev != job.rev:
            raise Blocked(f"{job.file_name} has changed since you looked.", code="stale")
        self._cancel(job)
        return self.job(job_id)

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
        with self._fleet.counts.refusal(printer_id):
            return self._launcher.start_file(
                printer_id,
                file_id,
                plate,
                ams_mapping=ams_mapping,
                options=options or {},
                confirm=confirm,
                created_by=created_by,
            )

    def cancel_upload(self, printer_id: str) -> None:
        """End the transfer to a printer. Raises Blocked when there is none, or too late."""
        name = self._fleet.snapshot(printer_id).status.name
        job = self._store.view().open_jobs.get(printer_id)
        if job is None:
            raise Blocked(f"Nothing is being sent to {name}.", code="no_upload")
        self._cancel(job)

    def _cancel(self, job: Job) -> None:
        """Of this very attempt: another job may have the printer by now."""
        error = JobError(code="cancelled", text="The transfer was cancelled. Nothing was started.")
        if self._launcher.cancel(job, error):
            return
        current = self.job(job.id)
        if current.token != job.token or not current.state.holds_printer:
            raise Blocked(f"{job.file_name} has changed since you looked.", code="stale")
        if current.state.is_before_start and job.id not in self._launcher.alive():
            raise Blocked(
                f"The transfer of {job.file_name} is over and nothing was started; the farm says "
                "so as soon as its disk takes it.",
                code="no_upload",
            )
        name = self._fleet.snapshot(job.printer_id).status.name
        raise Blocked(
            f"{job.file_name} has been sent to {name}; use Stop to end the print.",
            code="too_late",
        )

    # -- people --------------------------------------------------------------------------------

    def resolve(self, job_id: str, outcome: str, rev: int) -> Job:
        """Answer an uncertain start: "printing", "not_started" or "give_up"."""
        return self._doubt.resolve(self.job(job_id), outcome, rev)

    def mark_clear(self, printer_id: str, *, undo: bool = False, by: str = "") -> None:
        """A person vouches for the bed, or takes it back within 6 s. ``by``: the user's name."""
        if undo:
            self._approval.undo(printer_id)
        else:
            self._approval.mark_clear(printer_id, by)

    def revocable_beds(self) -> dict[str, float]:
        """By printer: seconds for which ``mark_clear`` can still be taken back."""
        return self._approval.revocable()

    def set_maintenance(self, printer_id: str, on: bool, note: str = "") -> None:
        self._approval.set_maintenance(printer_id, on, note)

    def note_command(self, printer_id: str, command: Command, snapshot: Snapshot) -> None:
        """Fleet's observer: a Stop of ours makes the end a cancellation."""
        if isinstance(command, (Stop, EmergencyStop)) and snapshot.status.state.has_job:
            self._watch.stop_sent(printer_id)
