"""Every camera has one owner here; any number of readers share its latest picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from cameras.frames import CameraFailed, CameraStatus, Cancelled, Frame
from cameras.jpeg import first_jpeg
from cameras.slot import FrameSlot
from cameras.sources.readers import READERS, Reader
from cameras.wording import describe, pushed
from cameras.worker import CameraWorker, Timing
from core.clock import Clock
from printers.base import CameraSource

Sources = Callable[[str], CameraSource | None]
"""camera_id -> where it is (CameraBook.source). Raises NotFound for an unknown camera,
CameraFailed for one whose settings cannot be used."""

PUSH = "push"
"""The kind of a camera that sends its pictures by itself: a rig."""

_OFF = CameraFailed("Camera is off", code="off")


class CameraHub:
    """Thread-safe. Reading starts with the first reader and ends idle_s after the last."""

    def __init__(
        self,
        sources: Sources,
        clock: Clock,
        *,
        timing: Timing | None = None,
        readers: Mapping[str, Reader] = READERS,
    ) -> None:
        self._sources = sources
        self._clock = clock
        self._timing = timing or Timing()
        self._readers = readers
        self._lock = threading.Lock()
        self._workers: dict[str, CameraWorker] = {}
        self._pushed: dict[str, FrameSlot] = {}
        self._stopped = threading.Event()

    # --- for readers -----------------------------------------------------------------------

    def frame(self, camera_id: str) -> Frame | None:
        """The live picture, at most stale_s old; None: status() says why.

        The first call starts the camera and returns None. Raises NotFound.
        """
        slot = self._wanted(camera_id)
        return slot.latest() if slot else None

    def fresh(self, camera_id: str, max_age_s: float) -> Frame | None:
        """The picture at hand when it is no older than that; starts nothing. Raises NotFound."""
        self._kind(camera_id)
        slot = self._slot(camera_id)
        return slot.no_older_than(max_age_s) if slot else None

    def wait_frame(self, camera_id: str, after_seq: int, timeout: float) -> Frame | None:
        """The next picture after ``after_seq`` (0: any), None after ``timeout`` seconds.

        At once None where there is nothing to wait for. Raises NotFound.
        """
        slot = self._wanted(camera_id)
        if slot is None:
            return None
        worker = self._workers.get(camera_id)
        if worker is not None and worker.slot is slot:
            return worker.wait(after_seq, timeout)
        return slot.wait(after_seq, timeout, self._stopped.is_set)

    def hold(self, camera_id: str) -> Lease:
        """Keep the camera on without looking, until the lease is closed. Raises NotFound.

        A camera that is not there yet (a printer that has not connected) comes when it is.
        """
        if self._kind(camera_id) == PUSH:
            return Lease(self._push_slot(camera_id))
        return Lease(self._worker(camera_id))

    def status(self, camera_id: str) -> CameraStatus:
        """How the camera is doing; starts nothing. Raises NotFound."""
        try:
            source = self._source(camera_id)
        except CameraFailed as error:
            return CameraStatus(mode="none", code=error.error_code, text=error.message)
        if source.kind == PUSH:
            return pushed(self._push_slot(camera_id))
        means = self._readers[source.kind].means(source)
        worker = self._workers.get(camera_id)
        if worker is None:
            return CameraStatus(
                mode="jpeg", code="idle", text="", kind=source.kind,
                command=means.command, ffmpeg=means.version,
            )  # fmt: skip
        return describe(worker, source.kind, means)

    def is_wanted(self, camera_id: str) -> bool:
        """Whether anybody holds it or has looked within idle_s: a rig need not send to nobody."""
        slot = self._slot(camera_id)
        return slot is not None and slot.is_wanted(self._timing.idle_s)

    # --- for cameras that send by themselves -----------------------------------------------

    def push(self, camera_id: str, jpeg: bytes, taken_at: float | None = None) -> Frame:
        """Take a picture that a rig has sent; ``taken_at`` by the farm's clock (epoch s).

        Raises NotFound, or CameraFailed for bytes that are no picture or another kind of camera.
        """
        if self._kind(camera_id) != PUSH:
            raise CameraFailed("This camera is read by the farm, not sent to it", code="not_a_rig")
        if first_jpeg(jpeg) != jpeg:
            raise CameraFailed("Camera sends broken pictures", code="bad_frames")
        age_s = 0.0 if taken_at is None else max(0.0, self._clock.time() - taken_at)
        return self._push_slot(camera_id).put(jpeg, age_s)

    # --- for uploads -----------------------------------------------------------------------

    def pause(self, camera_id: str, timeout: float = 2.0) -> bool:
        """Hang up for an upload (P1 printers are slow at both); True when it is closed.

        Each pause needs its resume. False also when the camera did not let go in time.
        """
        if self._kind(camera_id) in ("", PUSH):
            return True
        worker = self._worker(camera_id)
        return worker.pause(timeout) if worker else True

    def resume(self, camera_id: str) -> None:
        worker = self._workers.get(camera_id)
        if worker is not None:
            worker.resume()

    @contextmanager
    def making_way(self, printer_id: str) -> Iterator[None]:
        """Hang up the printer's own camera for an upload, where the printer cannot do both."""
        source = self._sources(printer_id)
        if source is None or not source.pause_during_upload:
            yield
            return
        self.pause(printer_id)
        try:
            yield
        finally:
            self.resume(printer_id)

    def stop(self, timeout: float = 3.0) -> None:
        """Hang up everywhere and end the threads."""
        self._stopped.set()
        with self._lock:
            workers, slots = list(self._workers.values()), list(self._pushed.values())
        for worker in workers:
            worker.stop()
        for slot in slots:
            slot.clear()
        for worker in workers:
            worker.join(timeout)

    # --- inside ----------------------------------------------------------------------------

    def _source(self, camera_id: str) -> CameraSource:
        """Raises CameraFailed where there is nothing to read, NotFound."""
        source = self._sources(camera_id)
        if source is None:
            raise _OFF
        if source.kind != PUSH and source.kind not in self._readers:
            raise CameraFailed("Camera is of a kind the farm cannot read", code="unknown_kind")
        return source

    def _kind(self, camera_id: str) -> str:
        """ "" where there is nothing to read now. Raises NotFound."""
        try:
            return self._source(camera_id).kind
        except CameraFailed:
            return ""

    def _wanted(self, camera_id: str) -> FrameSlot | None:
        worker = self._workers.get(camera_id)
        if worker is not None and worker.running:  # every viewer comes here for every picture
            worker.want()
            return None if self._stopped.is_set() else worker.slot
        kind = self._kind(camera_id)
        if not kind or self._stopped.is_set():
            return None
        if kind == PUSH:
            slot = self._push_slot(camera_id)
            slot.want()
            return slot
        worker = self._worker(camera_id)
        if worker is None:
            return None
        worker.want()
        return worker.slot

    def _slot(self, camera_id: str) -> FrameSlot | None:
        worker = self._workers.get(camera_id)
        return worker.slot if worker else self._pushed.get(camera_id)

    def _push_slot(self, camera_id: str) -> FrameSlot:
        with self._lock:
            slot = self._pushed.get(camera_id)
            if slot is None:
                slot = self._pushed[camera_id] = FrameSlot(self._clock, self._timing.stale_s)
            return slot

    def _worker(self, camera_id: str) -> CameraWorker | None:
        """None once stopped."""
        with self._lock:
            if self._stopped.is_set():
                return None
            worker = self._workers.get(camera_id)
            if worker is None:
                worker = CameraWorker(camera_id, self._opener(camera_id), self._clock, self._timing)
                self._workers[camera_id] = worker
            return worker

    def _opener(self, camera_id: str) -> Callable[[Cancelled], Iterator[bytes]]:
        """Asks for the source at every attempt: address, code and certificate may change."""

        def open_camera(cancelled: Cancelled) -> Iterator[bytes]:
            source = self._source(camera_id)
            return self._readers[source.kind].frames(source, cancelled)

        return open_camera


class Lease:
    """Keeps one camera on until closed; closing twice is harmless."""

    def __init__(self, held: CameraWorker | FrameSlot | None) -> None:
        self._held = held
        self._lock = threading.Lock()
        if held is not None:
            held.hold()

    def close(self) -> None:
        with self._lock:
            held, self._held = self._held, None
        if held is not None:
            held.release()

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
