"""The virtual Bambu printer: what its requests change and what its reports tell."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Literal

from simulator.ams import NONE, ams_for, spool
from simulator.bambu.reports.pushes import Pushes
from simulator.bambu.requests.dispatch import answer
from simulator.bambu.requests.start import local_start
from simulator.bambu.timelapse import Film
from simulator.knobs import Knobs
from simulator.machine import VirtualPrinter
from simulator.models import model_named
from simulator.print_run import PAUSE_COVER, PrintRun, Start
from simulator.scenarios import apply_scenario
from simulator.specs import PrinterSpec
from simulator.state import LEVELLING_FAILED, LEVELLING_HMS

RTSP_FPS = 5.0  # real ones make 30 and have an encoder of silicon for it


class BambuMachine(VirtualPrinter):
    """One printer. Besides ``tick`` the wire calls, all in one thread:

    - ``next_report()`` every ``report_interval()`` seconds, and publishes what it returns,
    - ``due_messages()`` after every tick, and publishes each (late answers, knob ack_delay_s),
    - ``handle(request)`` for every JSON object on the request topic, and publishes the answers.

    Returned dicts share cached parts: encode them, never change them.
    """

    knobs: Knobs

    def __init__(self, spec: PrinterSpec, *, time_scale: float = 1.0) -> None:
        super().__init__(
            spec,
            knobs=Knobs(),
            ams=ams_for(model_named(spec.model), spec.seed),
            time_scale=time_scale,
        )
        if self.model.camera == "rtsp":
            self.knobs.camera_fps = RTSP_FPS
        self.cover_open = False
        self.touched = -60.0  # uptime of the last request: pushes are lively after it
        self.keep_film: Callable[[Film], None] | None = None  # the host's, to store a video
        self._filming = False
        self._due: list[dict[str, Any]] = []
        self.pushes = Pushes(self)
        apply_scenario(self, spec.scenario)
        self.pushes.rebase()

    @property
    def access_code(self) -> str:
        """The code the servers demand now (knob access_code, else the spec's)."""
        return self.knobs.access_code or self.spec.access_code

    @property
    def liveview(self) -> bool:
        """Whether the camera shows itself in the local network; JPEG cameras always do."""
        return self.model.camera == "jpeg" or not self.knobs.liveview_off

    @property
    def prepare_s(self) -> float:
        return self.knobs.prepare_s

    @property
    def state_after_stop(self) -> str:
        return "IDLE" if self.knobs.stop_goes_idle else "FAILED"

    # --- the wire's side ----------------------------------------------------------------------

    def next_report(self, *, full: bool = False) -> dict[str, Any] | None:
        """What a push would send now; None when there is nothing to say.

        ``full`` gives the whole status (msg 0), as the answer to pushall does.
        """
        return self.pushes.full() if full else self.pushes.next()

    def report_interval(self) -> float:
        """Real seconds until the next push is due."""
        return self.pushes.interval()

    def handle(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Carry out one request; the messages to publish on /report, in order."""
        self.touched = self.uptime
        messages = answer(self, request)
        if self.knobs.ack_delay_s > 0 and messages:
            self.after(self.knobs.ack_delay_s, lambda: self._due.extend(messages))
            return []
        return messages

    def due_messages(self) -> list[dict[str, Any]]:
        """Answers that were held back and are due now."""
        due, self._due = self._due, []
        return due

    def begin(self, start: Start) -> None:
        """Start a run now."""
        self.filament_sensor = True
        self._filming = self.job.timelapse and not start.system
        if not start.system:
            self.ledger.begin(self.job.file, self.part_on_bed)
        self.run = PrintRun(self, start)

    def run_ended(self, run: PrintRun) -> None:
        super().run_ended(run)
        part = self.bed_part
        if self._filming and part is not None and self.job.layer > 0 and self.keep_film:
            open_frame = self.model.kinematics == "i3" or self.model.name == "P1P"
            suffix: Literal["avi", "mp4"] = "avi" if self.model.camera == "jpeg" else "mp4"
            self.keep_film(Film(part.name, part.color, open_frame, self.job.started_at, suffix))
        self._filming = False

    # --- people and faults (the control port's actions) -------------------------------------------

    def inject_hms(self, attr: int, code: int) -> None:
        """Add an HMS entry; severity = code >> 16 (1 fatal … 4 info)."""
        self.health.add_hms(attr, code)

    def clear_hms(self) -> None:
        """The list is empty again."""
        self.health.hms = []

    def set_print_error(self, n: int) -> None:
        """Set print_error (0 clears)."""
        self.health.print_error = n

    def soft_fail(self) -> None:
        """The job ends FAILED without any error code."""
        self._fail(0)

    def hard_fail(self) -> None:
        """The job ends FAILED with 0300-4002 and a serious HMS entry."""
        self._fail(LEVELLING_FAILED)
        self.health.add_hms(*LEVELLING_HMS)

    def _fail(self, error: int) -> None:
        if self.run is not None:
            self.run.fail(error)
            return
        self.job.gcode_state = "FAILED"
        self.health.print_error = self.health.fail_reason = error

    def open_front_cover(self) -> None:
        """A running job pauses with stage 17; the door bit is set."""
        self.cover_open = True
        if self.run is not None and self.job.gcode_state == "RUNNING":
            self.run.pause(PAUSE_COVER)

    def close_front_cover(self) -> None:
        """The door bit is cleared; the job stays paused."""
        self.cover_open = False

    def unplug_ams(self, unit: int = 0) -> None:
        """An AMS disappears; its tray, when loaded, is unknown from then on."""
        gone = self.ams.unit(unit)
        if gone is None:
            raise ValueError(f"There is no AMS {unit}")
        flats = {gone.flat(slot) for slot in range(len(gone.slots))}
        self.ams.units = [u for u in self.ams.units if u is not gone]
        if self.ams.now in flats:
            self.ams.now = self.ams.tar = NONE
            self.ams.change = None

    def plug_ams(self, unit: int = 0) -> None:
        """An AMS like the first one the model came with, with fresh spools."""
        if self.ams.unit(unit) is not None:
            raise ValueError(f"AMS {unit} is there already")
        fresh = ams_for(self.model, self.spec.seed + 1).units[0]
        fresh.id = unit
        self.ams.units = sorted([*self.ams.units, fresh], key=lambda u: u.id)

    def swap_spool(self, unit: int, slot: int, type: str, color: str, remain: float = 100) -> None:
        """Put another spool in; ``type`` "" empties the slot; ``unit`` 254 is the holder."""
        fresh = spool(type, color, remain, rfid=unit != 254) if type else None
        if unit == 254:
            self.ams.external[254] = fresh
            return
        box = self.ams.unit(unit)
        if box is None or not 0 <= slot < len(box.slots):
            raise ValueError(f"There is no slot {slot} in AMS {unit}")
        box.slots[slot] = fresh

    def start_local(self, name: str, plate: int = 1) -> None:
        """Somebody starts a stored file at the touch screen.

        Raises StorageError when it is not there, ValueError when the printer is busy.
        """
        if self.job.busy:
            raise ValueError("The printer is busy")
        local_start(self, name, plate)

    def snapshot(self) -> dict[str, Any]:
        """The full report without counting it as sent: for tests and the control port."""
        return copy.deepcopy(self.pushes.build())
