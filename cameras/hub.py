"""Every camera has one owner here; any number of readers share its latest picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from cameras.frames import CameraFailed, CameraStatus, Frame
from cameras.sources import bambu_jpeg, mjpeg, snapshot
from cameras.worker import CameraWorker, Timing
from core.clock import Clock
from printers.base import CameraSource

Sources = Callable[[str], CameraSource | None]
"""printer_id -> its camera (Fleet.camera). Raises NotFound for an unknown printer."""

Reader = Callable[[CameraSource, Callable[[], bool]], Iterator[bytes]]

READERS: Mapping[str, Reader] = {
    "bambu_jpeg": bambu_jpeg.frames,
    "mjpeg": mjpeg.frames,
    "snapshot": snapshot.frames,
}

_OFF = CameraStatus(mode="none", code="off", text="Camera is off")
_VIDEO = CameraStatus(
    mode="rtsp",
    code="video",
    text="This model streams video (RTSPS); the picture comes with a later version",
)


class CameraHub:
    """Thread-safe. Reading starts with the first reader and ends 20 s after the last."""

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
        self._stopped = False

    def frame(self, printer_id: str) -> Frame | None:
        """The live picture, at most 30 s old; None: status() says why.

        The first call starts the camera and returns None. Raises NotFound.
        """
        worker = self._wanted(printer_id)
        return worker.latest() if worker else None

    def wait_frame(self, printer_id: str, after_seq: int, timeout: float) -> Frame | None:
        """The next picture after ``after_seq`` (0: any), None after ``timeout`` seconds.

        At once None where there is nothing to wait for. Raises NotFound.
        """
        worker = self._wanted(printer_id)
        return worker.wait(after_seq, timeout) if worker else None

    def status(self, printer_id: str) -> CameraStatus:
        """How the camera is doing; starts nothing. Raises NotFound."""
        source = self._sources(printer_id)
        if source is None:
            return _OFF
        if source.kind not in self._readers:
            return _VIDEO
        worker = self._workers.get(printer_id)
        if worker is None:
            return CameraStatus(mode="jpeg", code="idle", text="")
        frame = worker.frame
        code, text = _words(worker, self._timing)
        return CameraStatus(
            mode="jpeg",
            code=code,
            text=text,
            seq=frame.seq if frame else 0,
            age_s=round(self._clock.monotonic() - frame.taken_mono, 1) if frame else None,
            failures=worker.failures,
            retry_in_s=worker.retry_in(),
            readers_idle_s=round(worker.idle_for(), 1),
        )

    def pause(self, printer_id: str, timeout: float = 2.0) -> bool:
        """Hang up for an upload (P1 printers are slow at both); True when it is closed.

        Each pause needs its resume. False also when the camera did not let go in time.
        """
        worker = self._worker(printer_id)
        return worker.pause(timeout) if worker else True

    def resume(self, printer_id: str) -> None:
        worker = self._workers.get(printer_id)
        if worker is not None:
            worker.resume()

    @contextmanager
    def making_way(self, printer_id: str) -> Iterator[None]:
        """Hang up for the time of an upload, where the printer cannot do both."""
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
        with self._lock:
            self._stopped = True
            workers = list(self._workers.values())
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join(timeout)

    def _wanted(self, printer_id: str) -> CameraWorker | None:
        worker = self._worker(printer_id)
        if worker is not None:
            worker.want()
        return worker

    def _worker(self, printer_id: str) -> CameraWorker | None:
        source = self._sources(printer_id)
        if source is None or source.kind not in self._readers:
            return None
        with self._lock:
            if self._stopped:
                return None
            worker = self._workers.get(printer_id)
            if worker is None:
                worker = CameraWorker(
                    printer_id, self._opener(printer_id), self._clock, self._timing
                )
                self._workers[printer_id] = worker
            return worker

    def _opener(self, printer_id: str) -> Callable[[Callable[[], bool]], Iterator[bytes]]:
        """Asks for the source at every attempt: address, code and certificate may change."""

        def open_camera(cancelled: Callable[[], bool]) -> Iterator[bytes]:
            source = self._sources(printer_id)
            if source is None or source.kind not in self._readers:
                raise CameraFailed(_OFF.text, code=_OFF.code)
            return self._readers[source.kind](source, cancelled)

        return open_camera


def _words(worker: CameraWorker, timing: Timing) -> tuple[str, str]:
    if worker.paused:
        return "paused", "Camera waits while a file is being sent"
    if worker.latest() is not None:
        return "live", ""
    problem = worker.problem
    if problem is not None:
        return problem.error_code, problem.message
    if worker.frame is not None:
        return "stale", f"No frame for {timing.stale_s:.0f} s"
    if worker.running:
        return "starting", "Waiting for the first picture"
    return "idle", ""
