"""The thread that looks at everything and hands what is new to the desk."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from alerts.codec import storable
from alerts.model import Event, Sink
from alerts.watch import leftovers
from alerts.watch.blocked import Blocked
from alerts.watch.disk import Disk
from alerts.watch.ends import Ends
from alerts.watch.eyes import Eyes, Pictures
from alerts.watch.memory import Memory, MemoryFile
from alerts.watch.pauses import PausedBy
from alerts.watch.plates import Grams
from alerts.watch.sight import Sight, own_of
from alerts.watch.spools import Spools, next_jobs
from alerts.watch.telling import Teller
from alerts.watch.tracker import PrinterTracker
from cameras.timelapse.prints import is_believable
from core.alert_config import AlertsConfig
from core.clock import Clock
from core.events import Bus
from job_queue.board import TOPIC as JOB_TOPIC
from job_queue.job import Job
from job_queue.matching.match import Outlook
from job_queue.records import QueueState
from printers.commands import Command, EmergencyStop, Stop
from printers.registry import TOPIC as PRINTER_TOPIC
from printers.registry import Registry, Snapshot

logger = logging.getLogger(__name__)

TICK_S = 1.0
BATCH_S = 0.1
SAVE_EVERY_S = 0.5
"""So soon after a change of which nothing is told, and at most so often, the memory is written."""
REFRESH_S = 60.0
"""When printers were last seen is written so often."""
_STOPS = "alerts-stop"


class Watcher:
    """Everything but ``note_command`` and the life cycle is the thread's own."""

    def __init__(
        self, sink: Sink, file: MemoryFile, registry: Registry, bus: Bus, clock: Clock,
        config: AlertsConfig, *, view: Callable[[], QueueState],
        outlook: Callable[[str], Outlook], grams: Grams, groups: Mapping[str, str],
        cameras: Pictures, main_camera: Callable[[str], str | None], free: Callable[[], int],
        paused_by: PausedBy = lambda _: "", standing: Callable[[], Iterable[Event]] = tuple,
    ) -> None:  # fmt: skip
        """``view``, ``outlook``: JobService's. ``groups``: printer id -> its group. ``free``:
        bytes on the farm's disk. ``standing``: what began the alerts that are open."""
        self._paused_by, self._standing = paused_by, standing
        self._sweep_at = clock.monotonic() + leftovers.settle_s(config)
        self._sink, self._file, self._registry = sink, file, registry
        self._bus, self._clock, self._config = bus, clock, config
        self._view, self._groups = view, groups
        self._memory: Memory = file.load()
        self._trackers: dict[str, PrinterTracker] = {}
        self._eyes: dict[str, Eyes] = {}
        self._camera = partial(Eyes, cameras=cameras, main=main_camera)
        farm = Teller(self._memory.printer(""), self._memory.series)
        self._disk = Disk(farm, config.disk_mb, free)
        self._queue = Blocked(farm, outlook)
        self._spools = Spools(grams, config.spool_margin_g)
        self._ends = Ends(self._memory, self._place, grams)
        self._next: Mapping[str, Job] = {}  # by printer, of this second
        self._told = self._memory.owed_events()  # not yet with the desk
        self._dirty = False
        self._saved_at = self._ticked_at = float("-inf")  # monotonic s
        self._box = bus.subscribe(PRINTER_TOPIC, JOB_TOPIC, _STOPS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts:watch", daemon=True)

    # -- any thread ----------------------------------------------------------------------------

    def start(self) -> None:
        self._drop_gone()
        self._save()  # its series, before anything is told under it
        self._tell()
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """What was told is written."""
        self._stopping.set()
        self._bus.unsubscribe(self._box)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def note_command(self, printer_id: str, command: Command, _before: Snapshot) -> None:
        """Fleet's observer: the end of another's print after a Stop of ours is no failure."""
        if isinstance(command, (Stop, EmergencyStop)):
            self._box.put((_STOPS, printer_id), None)

    def run_of(self, printer_id: str) -> str:
        """Which print runs there, ours or another's, as events of it say; "" = none."""
        known = self._memory.printers.get(printer_id)
        run = known.run if known is not None else None
        return run.id if run is not None else ""

    @property
    def trouble(self) -> str:
        """Why what was told cannot be remembered; "" when all is well."""
        return self._file.trouble

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            slots = self._box.take(TICK_S)
            self.hear(slots)
            self._stopping.wait(BATCH_S)
        self._safely("the memory", self._save)
        self._tell()

    def hear(self, slots: Mapping[tuple[str, str], object]) -> None:
        """News from the bus, and once a second everything that time alone brings about. Nothing of
        it is told before the memory that counts it is on the disk; no fault keeps it untold."""
        mono = self._clock.monotonic()
        self._safely("the watch", partial(self._look_at_all, slots, mono))
        self._safely("the memory", partial(self._save_if_due, mono))
        self._tell()

    def _look_at_all(self, slots: Mapping[tuple[str, str], object], mono: float) -> None:
        ticks = mono - self._ticked_at >= TICK_S
        for topic, printer_id in slots:
            if topic == _STOPS and self._registry.get(printer_id) is not None:
                self._tracker(printer_id).stop_sent(mono)
        if ticks or any(topic == JOB_TOPIC for topic, _ in slots):
            self._safely("jobs", self._look_at_jobs)
        news = {name for topic, name in slots if topic == PRINTER_TOPIC}
        if ticks:
            self._next = next_jobs(self._view())
        for snapshot in self._registry.all():
            if ticks or snapshot.status.printer_id in news:
                self._safely(snapshot.status.printer_id, partial(self._look, snapshot, ticks))
        if ticks:
            self._ticked_at = mono
            self._safely("disk", self._look_at_disk)
            self._safely("what is left open", self._sweep)

    def _safely(self, what: str, work: Callable[[], object]) -> None:
        """The barrier: what goes wrong with one printer is that one's alone."""
        try:
            work()
        except Exception:
            logger.exception("alerts: %s could not be judged or told", what)

    def _look(self, snapshot: Snapshot, ticks: bool) -> None:
        jobs = self._view().jobs  # after the snapshot: see own_of
        tracker = self._tracker(snapshot.status.printer_id)
        sight = Sight(
            snapshot=snapshot, now=self._clock.time(), mono=self._clock.monotonic(),
            own=own_of(snapshot, jobs),
        )  # fmt: skip
        before = tracker.memory.run
        self._hand_over(tracker.see(sight))
        self._dirty = self._dirty or tracker.memory.run is not before
        if ticks:
            self._look_around(tracker, sight)

    def _look_around(self, tracker: PrinterTracker, sight: Sight) -> None:
        """What is looked at once a second only."""
        printer_id, teller = sight.status.printer_id, tracker.teller
        if printer_id not in self._eyes:
            self._eyes[printer_id] = self._camera(teller)
        run = tracker.memory.run
        if run is None or sight.believable:  # a printer that is gone takes its camera along
            self._hand_over(self._eyes[printer_id].see(run, sight.now, sight.mono))
        job = self._next.get(printer_id)
        self._hand_over(
            self._spools.see(sight.snapshot, job, teller, sight.now, believable=sight.believable)
        )

    def _look_at_jobs(self) -> None:
        """Before the printers: how a job ended comes before what follows from it there. Nothing of
        its progress is told after it."""
        view, now, mono = self._view(), self._clock.time(), self._clock.monotonic()
        told = self._ends.see(view.jobs, now)
        for event in told:
            if event.printer_id in self._trackers and "result" in event.facts:
                self._trackers[event.printer_id].over(event.run)
        self._hand_over(told)
        self._hand_over(self._queue.see(view, self._registry.all(), now, mono))

    def _look_at_disk(self) -> None:
        try:
            self._hand_over(self._disk.see(self._clock.time(), self._clock.monotonic()))
        except OSError as error:
            logger.warning("alerts: the farm's disk does not say how full it is: %s", error)

    def _sweep(self) -> None:
        mono = self._clock.monotonic()
        if mono < self._sweep_at:
            return
        self._sweep_at = mono + REFRESH_S
        heard = [one for one in self._registry.all() if is_believable(one.status, mono)]
        now = self._clock.time()
        self._hand_over(leftovers.over(self._standing(), self._memory, heard, now))

    def _hand_over(self, events: Iterable[Event]) -> None:
        """To be told at the end of this pass, once the memory that counts them is on the disk."""
        self._told += map(storable, events)

    def _tell(self) -> None:
        """Also where the disk has refused: a kill may then tell something twice, or swallow it."""
        told, self._told, self._memory.owed = self._told, [], []
        for event in told:
            self._safely(event.identity, partial(self._sink.take, event))

    def _tracker(self, printer_id: str) -> PrinterTracker:
        if printer_id not in self._trackers:
            self._trackers[printer_id] = PrinterTracker(
                printer_id, self._memory.printer(printer_id), self._memory.series, self._config,
                self._groups.get(printer_id, ""), self._paused_by,
            )  # fmt: skip
        return self._trackers[printer_id]

    def _place(self, printer_id: str) -> tuple[str, str, bool]:
        snapshot = self._registry.get(printer_id)
        group = self._groups.get(printer_id, "")
        if snapshot is None:
            return printer_id, group, False
        return snapshot.status.name, group, snapshot.conditions.maintenance

    def _drop_gone(self) -> None:
        """What stood open of printers that are not configured any more is over."""
        known = {"", *(snapshot.status.printer_id for snapshot in self._registry.all())}
        for printer_id in self._memory.printers.keys() - known:
            teller = Teller(
                self._memory.printers.pop(printer_id), self._memory.series, printer_id=printer_id
            )
            teller.now = self._clock.time()
            for slot in list(teller.memory.open):
                teller.end(slot, f"{printer_id} is not in the configuration any more.")
            self._hand_over(teller.taken())

    # -- the memory ----------------------------------------------------------------------------

    def _save_if_due(self, mono: float) -> None:
        wait = SAVE_EVERY_S if self._dirty else REFRESH_S
        if self._told or mono - self._saved_at >= wait:
            self._save()

    def _save(self) -> None:
        self._forget()
        self._memory.owe(self._told)
        self._saved_at = self._clock.monotonic()
        self._dirty = not self._file.save(self._memory)

    def _forget(self) -> None:
        """Counts of jobs that the queue has forgotten."""
        jobs = self._view().jobs
        for printer in self._memory.printers.values():
            for slot in [slot for slot in printer.counts if _job_in(slot) not in ("", *jobs)]:
                del printer.counts[slot]


def _job_in(slot: str) -> str:
    """Of "j-12-1 spool_short A1": "j-12"; "" for what is no job's."""
    run = slot.split(" ", 1)[0]
    return run.rpartition("-")[0] if run.startswith("j-") else ""
