"""The line of those who wait to be sliced, and the one thread that slices them in order.

One at a time: a slicer takes all processors it gets and a GB of memory. What waits does not
outlive the farm; a person sees that it is gone and asks again.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.clock import Clock
from core.config import SlicerConfig
from core.errors import Blocked, FarmError, NotFound, Unusable
from core.events import Bus
from slicer.library import FileLibrary, StoredFile
from slicer.profiles.picking import Wanted
from slicer.profiles.seats import Seat, contradicts
from slicer.profiles.store import ProfileStore
from slicer.slicing.offers import Offers
from slicer.slicing.reporter import Reporter
from slicer.slicing.slicers import Slicers
from slicer.slicing.task import SliceRequest, State, Task, TaskError
from slicer.slicing.work import Cancelled, Made, Order, Workshop

logger = logging.getLogger(__name__)

TOPIC = "slicing"
MAX_WAITING = 50
KEPT_ENDED = 100
STOP_S = 5.0

Enqueue = Callable[[StoredFile, Mapping[str, Any], str], str]
"""(print file, what a person wants of the queue, who asked) -> the job's id; raises FarmError."""

SWITCHED_OFF = (
    'Slicing is switched off. Set "enabled": true under "slicer" in config.json and start the '
    "farm again."
)


@dataclass(slots=True)
class _Entry:
    task: Task
    order: Order
    cancel: threading.Event


class SlicingService:
    """Thread-safe. Nothing runs and nothing is looked for unless the configuration enables it."""

    def __init__(
        self,
        config: SlicerConfig,
        library: FileLibrary,
        store: ProfileStore,
        slicers: Slicers,
        workshop: Workshop,
        clock: Clock,
        bus: Bus,
        enqueue: Enqueue | None = None,
    ) -> None:
        self._config = config
        self._library = library
        self.store = store
        self.slicers = slicers
        self._workshop = workshop
        self._clock = clock
        self._bus = bus
        self._enqueue = enqueue
        self._changed = threading.Condition()
        self._entries: dict[str, _Entry] = {}  # in the order they were asked for
        self._stopping = False
        self._offers = Offers(store, slicers)
        self._thread: threading.Thread | None = None
        library.protect(self._needs)

    def start(self) -> None:
        """Sweep what a crash left, look for slicers, begin. Raises StorageError."""
        if not self._config.enabled:
            return
        self._workshop.sweep()
        self._thread = threading.Thread(target=self._work, name="slicer:work", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End what runs, within STOP_S; what waits is cancelled."""
        self._offers.end()
        with self._changed:
            self._stopping = True
            for entry in self._entries.values():
                entry.cancel.set()
            self._changed.notify_all()
        deadline = self._clock.monotonic() + STOP_S
        if self._thread is not None:
            self._thread.join(STOP_S)
        self._offers.join(max(0.0, deadline - self._clock.monotonic()))

    # -- for people ------------------------------------------------------------------------------

    @property
    def enabled(self) -> bool:
        return self._config.enabled

    def why_not(self) -> str:
        """Why nothing can be sliced, as a sentence; "" when something can."""
        return self.slicers.why_not() if self.enabled else SWITCHED_OFF

    def require_enabled(self) -> None:
        """Raises Blocked (slicing_off)."""
        if not self.enabled:
            raise Blocked(SWITCHED_OFF, code="slicing_off")

    def require_on(self) -> None:
        """Raises Blocked (slicing_off, no_slicer)."""
        self.require_enabled()
        if why := self.slicers.why_not():
            raise Blocked(why, code="no_slicer")

    def refresh_sets(self) -> None:
        """Offer the profile sets of the slicers that are there now. Raises FarmError."""
        if self.enabled:
            self._offers.refresh()

    def tasks(self) -> list[Task]:
        """Newest first."""
        with self._changed:
            return [entry.task for entry in reversed(self._entries.values())]

    def task(self, task_id: str) -> Task:
        """Raises NotFound."""
        with self._changed:
            entry = self._entries.get(task_id)
        if entry is None:
            raise NotFound("There is no such slicing; the list keeps the last ones.")
        return entry.task

    def submit(self, request: SliceRequest, seat: Seat | None = None, by: str = "") -> Task:
        """Put it at the end of the line. ``seat``: the printer it is for.

        Raises Blocked (slicing_off, no_slicer, slicing_full), NotFound, BadRequest, or Unusable
        naming what does not go together.
        """
        self.require_on()
        self.refresh_sets()
        model = self._library.get(request.file_id)
        _require_model(model, request.plate)
        if request.queue is not None and self._enqueue is None:
            raise Unusable("This farm has no queue to put the result into.", code="no_queue")
        order = self._order(request, model)
        if seat is not None and (why := contradicts(order.choice.machine, seat)):
            raise Unusable(why, code="wrong_machine")
        task = Task(
            id=uuid.uuid4().hex,
            request=request,
            name=model.name,
            created_at=self._clock.time(),
            created_by=by,
        )
        with self._changed:
            self._require_room()
            self._entries[task.id] = _Entry(task, order, threading.Event())
            self._changed.notify_all()
        self._bus.publish((TOPIC, task.id), task)
        return task

    def cancel(self, task_id: str) -> None:
        """Take it out of the line, break it off, or, when it has ended, off the list."""
        with self._changed:
            self.task(task_id)
            entry = self._entries[task_id]
            entry.cancel.set()
            if entry.task.state.has_ended:
                del self._entries[task_id]
        if entry.task.state.has_ended:
            self._bus.publish((TOPIC, task_id), None)
        elif entry.task.state is State.WAITING:
            self._end(entry, State.CANCELLED, text="Cancelled")

    def _order(self, request: SliceRequest, model: StoredFile) -> Order:
        chosen = self.store.get(request.set)
        slicers = self.slicers.candidates(
            chosen.family,
            model.file.kind,
            asked=request.engine,
            first=request.set.partition("-")[0] if chosen.source == "installed" else "",
        )
        wanted = Wanted(
            machine=request.machine, process=request.process, filaments=request.filaments
        )
        return Order(
            model=model,
            choice=self.store.resolve(request.set, wanted),
            slicers=slicers,
            plate=request.plate,
            bed_type=request.bed_type,
        )

    def _require_room(self) -> None:
        open_ones = sum(not entry.task.state.has_ended for entry in self._entries.values())
        if open_ones >= MAX_WAITING:
            raise Blocked(
                f"{open_ones} models wait to be sliced already. Try again when some are done.",
                code="slicing_full",
            )

    def _needs(self, file_id: str) -> str:
        """The library's guard: a model stays while it waits or is sliced."""
        with self._changed:
            for entry in self._entries.values():
                if entry.order.model.id == file_id and not entry.task.state.has_ended:
                    return f"{entry.task.name} waits to be sliced. Cancel that first."
        return ""

    # -- the thread ------------------------------------------------------------------------------

    def _work(self) -> None:
        self._look_around()
        while (entry := self._next()) is not None:
            try:
                self._slice(entry)
            except Cancelled:
                self._end(entry, State.CANCELLED, text="Cancelled")
            except FarmError as error:
                self._fail(entry, error.error_code, error.message)
            except Exception:  # the thread's barrier: the next one must still be sliced
                logger.exception("slicing: %s failed", entry.task.name)
                text = "The farm server made a mistake; its log has the details."
                self._fail(entry, "internal_error", text)

    def _look_around(self) -> None:
        try:
            self.refresh_sets()
        except FarmError as error:
            logger.warning("slicing: looking for slicers failed: %s", error.message)
        if why := self.slicers.why_not():
            logger.warning("slicing is switched on, but: %s", why)

    def _next(self) -> _Entry | None:
        """The next in line; None when the farm ends."""
        with self._changed:
            while not self._stopping:
                for entry in self._entries.values():
                    if entry.task.state is State.WAITING:
                        return entry
                self._changed.wait()
        return None

    def _slice(self, entry: _Entry) -> None:
        watcher = Reporter(lambda **changes: self._change(entry, **changes))
        made = self._workshop.make(entry.task.id, entry.order, watcher, entry.cancel)
        job_id, doubts = self._hand_on(entry.task, made)
        self._end(
            entry,
            State.DONE,
            percent=100,
            engine=made.engine,
            result_file_id=made.stored.id,
            job_id=job_id,
            warnings=(*made.warnings, *doubts),
        )

    def _hand_on(self, task: Task, made: Made) -> tuple[str | None, tuple[str, ...]]:
        """Into the queue when that was asked for; a refusal does not undo the slicing."""
        if task.request.queue is None or self._enqueue is None:
            return None, ()
        try:
            return self._enqueue(made.stored, task.request.queue, task.created_by), ()
        except FarmError as error:
            return None, (f"The file was not put into the queue: {error.message}",)

    def _fail(self, entry: _Entry, code: str, text: str) -> None:
        logger.info("slicing: %s failed (%s): %s", entry.task.name, code, text)
        self._end(entry, State.FAILED, error=TaskError(code, text))

    def _end(self, entry: _Entry, state: State, **changes: Any) -> None:
        text = changes.pop("text", "")
        self._change(entry, state=state, text=text, ended_at=self._clock.time(), **changes)
        with self._changed:
            ended = [key for key, item in self._entries.items() if item.task.state.has_ended]
            for key in ended[:-KEPT_ENDED]:
                del self._entries[key]

    def _change(self, entry: _Entry, **changes: Any) -> None:
        with self._changed:
            if entry.task.state.has_ended:
                return
            task = entry.task = replace(entry.task, **changes)
        self._bus.publish((TOPIC, task.id), task)


def _require_model(model: StoredFile, plate: int) -> None:
    """Raises Unusable (not_a_model), NotFound (plate_not_found)."""
    if not model.file.is_model:
        raise Unusable(
            f"{model.name} is sliced already: it can be printed as it is.", code="not_a_model"
        )
    plates = model.file.shape.plates if model.file.shape else 1
    if plate > plates:
        raise NotFound(f"{model.name} has no plate {plate}.", code="plate_not_found")
