"""Watches the printers and keeps a recording per running print. It follows the bus and waits for no
camera and no printer."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from cameras.book import CameraInfo
from cameras.timelapse.manifest import Manifest, State
from cameras.timelapse.prints import is_believable, look, mark_of, title
from cameras.timelapse.recording import Recording, keeps_warm
from cameras.timelapse.shooter import Pictures, Shooter
from cameras.timelapse.store import TimelapseStore
from core.camera_config import TimelapseConfig
from core.clock import Clock
from core.errors import Blocked, FarmError
from core.events import Bus
from printers.commands import Command, EmergencyStop, Stop
from printers.registry import Registry, Snapshot
from printers.status import PrinterState, PrinterStatus

logger = logging.getLogger(__name__)

_TOPIC, _STOPS = "timelapse-wish", "timelapse-stop"
_IDLE_S = 30.0
_ANSWER_S = 10.0
_AGAIN_S = 30.0

CameraOf = Callable[[str], CameraInfo | None]
JobOf = Callable[[str], tuple[str, str]]
"""printer_id -> (id, name) of the farm's own open job there; ("", "") = none."""


@dataclass(frozen=True, slots=True)
class _Wish:
    """A person wants the running print recorded, or not."""

    printer_id: str
    on: bool
    answer: Future[str] = field(default_factory=Future)


class Recorder:
    """``start`` after the store is loaded. Everything but ``set_recording`` and ``recording`` is
    the thread's own."""

    def __init__(
        self, store: TimelapseStore, cameras: Pictures, camera_of: CameraOf,
        registry: Registry, bus: Bus, config: TimelapseConfig, clock: Clock,
        *, job_of: JobOf = lambda _: ("", ""), on_end: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """``camera_of``: the one that shows a printer, None = none does. Raises FarmError."""
        self._store, self._cameras, self._camera_of = store, cameras, camera_of
        self._registry, self._bus = registry, bus
        self._config, self._clock = config, clock
        self._job_of, self._on_end = job_of, on_end
        self._open: dict[str, Recording] = {}
        self._ended: list[Shooter] = []
        self._unwanted: dict[str, Manifest] = {}  # printer -> the print whose recording was stopped
        self._refused: dict[str, float] = {}  # printer -> monotonic s; no new try before it
        self._box = bus.subscribe("printer", _TOPIC, _STOPS)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="timelapse:watch", daemon=True)

    # -- any thread ------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up what was being recorded when the farm ended, then follow the bus."""
        self._take_up()
        self._thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """Recordings stay open on the disk and go on at the next start."""
        self._stopping.set()
        self._bus.unsubscribe(self._box)
        self._thread.join(timeout)
        shooters = [*self._ended, *(one.shooter for one in self._open.values())]
        for shooter in shooters:
            shooter.leave()
        for shooter in shooters:
            shooter.join(timeout)

    def set_recording(self, printer_id: str, on: bool) -> str:
        """Begin or end the recording of the print that runs now; a sentence for the answer.

        Raises Blocked with the reason.
        """
        if self._stopping.is_set():
            raise Blocked("The farm is being stopped.", code="stopping")
        wish = _Wish(printer_id, on)
        self._box.put((_TOPIC, secrets.token_hex(8)), wish)
        try:
            return wish.answer.result(_ANSWER_S)
        except TimeoutError as error:
            raise FarmError("The recorder does not answer; see the server's log.") from error

    def note_command(self, printer_id: str, command: Command, _before: Snapshot) -> None:
        """Fleet's observer: a Stop of ours makes the end a cancellation."""
        if isinstance(command, (Stop, EmergencyStop)):
            self._box.put((_STOPS, printer_id), None)

    # -- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        for snapshot in self._registry.all():
            self._safely(snapshot.status.printer_id, partial(self._look, snapshot.status))
        while not self._stopping.is_set():
            slots = self._box.take(self._patience())
            for (topic, name), value in slots.items():
                if topic == _TOPIC:
                    self._answer(value)
                elif topic == _STOPS:
                    self._note_stop(name)
                elif isinstance(value, Snapshot):
                    self._safely(name, partial(self._look, value.status))
            for name in list(self._open):
                self._safely(name, partial(self._tick, name))
            self._ended = [one for one in self._ended if one.lives]

    def _safely(self, printer_id: str, work: Callable[[], None]) -> None:
        """The barrier: what goes wrong with one printer's recording is that one's alone."""
        try:
            work()
        except FarmError as error:
            logger.warning("%s: timelapse: %s", printer_id, error.message)
            self._refused[printer_id] = self._clock.monotonic() + _AGAIN_S
        except Exception:
            logger.exception("%s: the timelapse recorder failed and goes on", printer_id)
            self._refused[printer_id] = self._clock.monotonic() + _AGAIN_S

    def _patience(self) -> float:
        return min((one.left() for one in self._open.values()), default=_IDLE_S)

    def _note_stop(self, printer_id: str) -> None:
        recording = self._open.get(printer_id)
        if recording is not None:
            recording.note_stop()

    def _tick(self, printer_id: str) -> None:
        self._open[printer_id].tick()
        self._close_if_over(printer_id)

    def _look(self, status: PrinterStatus) -> None:
        printer_id = status.printer_id
        recording = self._open.get(printer_id)
        self._forget_unwanted(status)
        if recording is not None:
            recording.see(status)
            self._close_if_over(printer_id)
        if printer_id not in self._open and self._is_wanted(status):
            self._begin(status)

    def _close_if_over(self, printer_id: str) -> None:
        if self._open[printer_id].over:
            self._ended.append(self._open.pop(printer_id).shooter)

    # -- beginnings ------------------------------------------------------------------------------

    def _is_wanted(self, status: PrinterStatus) -> bool:
        """A print runs that the settings want recorded and no person wants unrecorded."""
        config, now = self._config, self._clock.monotonic()
        if not config.enabled or (config.printers and status.printer_id not in config.printers):
            return False
        if not is_believable(status, now) or now < self._refused.get(status.printer_id, 0.0):
            return False
        return self._runs(status) and status.printer_id not in self._unwanted

    def _runs(self, status: PrinterStatus) -> bool:
        """While it prepares, its names may still be the former job's."""
        return status.state is PrinterState.PRINTING and status.job is not None

    def _forget_unwanted(self, status: PrinterStatus) -> None:
        """Only that one print was not to be recorded."""
        unwanted = self._unwanted.get(status.printer_id)
        if unwanted is None or not is_believable(status, self._clock.monotonic()):
            return
        seen = look(unwanted, status)
        if seen.result or not seen.same:
            del self._unwanted[status.printer_id]

    def _begin(self, status: PrinterStatus) -> bool:
        """False: no camera shows this printer."""
        camera = self._camera_of(status.printer_id)
        if camera is None or status.job is None:
            return False
        job_id, job_name = self._job_of(status.printer_id)
        made = self._store.create(
            printer_id=status.printer_id, printer=status.name, camera_id=camera.id,
            turn=camera.turn, state=State.RECORDING, started_at=self._clock.time(),
            job=title(job_name or status.job.name or status.job.file), job_id=job_id,
            mark=mark_of(status.job), percent=status.job.percent or 0,
        )  # fmt: skip
        logger.info("%s: timelapse of %s begins", status.printer_id, made.job)
        self._open[status.printer_id] = recording = self._follow(made)
        recording.see(status)
        self._close_if_over(status.printer_id)
        return True

    def _follow(self, timelapse: Manifest) -> Recording:
        shooter = Shooter(
            timelapse, self._store, self._cameras, self._config, self._clock,
            keep_warm=keeps_warm(self._config), on_end=self._on_end,
        )  # fmt: skip
        shooter.start()
        return Recording(timelapse, shooter, self._config, self._clock)

    # -- after a restart -------------------------------------------------------------------------

    def _take_up(self) -> None:
        """The newest open recording of each printer goes on; what becomes of it is up to the
        printer's next report. Older ones, and those of printers that are gone, end."""
        seen: set[str] = set()
        for timelapse in self._store.all():
            if timelapse.origin != "farm":
                continue
            printer_id = timelapse.printer_id
            newest = printer_id not in seen
            seen.add(printer_id)
            if timelapse.state is State.RECORDING:
                self._go_on(timelapse, newest and self._registry.get(printer_id) is not None)
            elif newest and timelapse.result == "stopped":
                self._unwanted[printer_id] = timelapse

    def _go_on(self, timelapse: Manifest, current: bool) -> None:
        recording = self._follow(timelapse)
        if current:
            self._open[timelapse.printer_id] = recording
            return
        recording.stop("unknown")
        self._ended.append(recording.shooter)

    # -- wishes ----------------------------------------------------------------------------------

    def _answer(self, wish: _Wish) -> None:
        try:
            text = self._switch_on(wish) if wish.on else self._switch_off(wish)
        except FarmError as error:
            wish.answer.set_exception(error)
        except Exception as error:
            logger.exception("%s: the timelapse could not be switched", wish.printer_id)
            wish.answer.set_exception(error)
        else:
            wish.answer.set_result(text)

    def _switch_off(self, wish: _Wish) -> str:
        recording = self._open.pop(wish.printer_id, None)
        if recording is None:
            raise Blocked("No print of this printer is being recorded.", code="not_recording")
        recording.stop()
        self._ended.append(recording.shooter)
        self._unwanted[wish.printer_id] = recording.manifest
        return "The recording of this print has ended; its video is being made"

    def _switch_on(self, wish: _Wish) -> str:
        if wish.printer_id in self._open:
            return "This print is being recorded"
        snapshot = self._registry.get(wish.printer_id)
        status = snapshot.status if snapshot else None
        if (
            status is None
            or not is_believable(status, self._clock.monotonic())
            or not self._runs(status)
        ):
            raise Blocked("The printer is not printing now.", code="not_printing")
        self._unwanted.pop(wish.printer_id, None)
        if not self._begin(status):
            raise Blocked("No camera shows this printer.", code="no_camera")
        return "This print is being recorded"
