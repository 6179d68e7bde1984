"""The job of a virtual OctoPrint: the selected file, and what happens to it."""

from __future__ import annotations

from typing import Any

from simulator.octoprint.core import USER, Core
from simulator.octoprint.job_events import NOWHERE, Lost, how_far, job_payload, suppressed
from simulator.octoprint.progress import NO_PROGRESS, finished, running
from simulator.octoprint.states import State
from simulator.plain_job import PlainRun

STARTING_S = FINISHING_S = 0.1  # real seconds


class Printing:
    """``path`` "" = nothing is selected. A user "" is the machine itself, or somebody at it."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.path = ""
        self.user = ""
        self.touched = False  # something was selected since the server started
        self._progress = NO_PROGRESS
        self._starter = self._pauser = self._resumer = self._canceller = ""
        self._restarting = False

    # --- selection ----------------------------------------------------------------------------

    def select(self, path: str, user: str = USER) -> None:
        """Make a stored file the one to print."""
        self.path, self.user, self.touched = path, user, True
        self._progress = NO_PROGRESS
        self.core.touch()
        self.core.emit("FileSelected", {**self._payload(user), "size": None})

    def unselect(self) -> None:
        """Select nothing."""
        self.touched = True
        self._progress = NO_PROGRESS
        self.core.touch()
        if self.path:
            self.path = self.user = ""
            self.core.emit("FileDeselected")

    def uses(self, path: str) -> bool:
        """Whether a file, or one in this folder, is being printed."""
        inside = self.path == path or self.path.startswith(f"{path}/")
        return self.core.state.active and self.path != "" and inside

    # --- commands -----------------------------------------------------------------------------

    def start(self, user: str = USER) -> None:
        """Print the selected file; without one nothing happens (measured)."""
        if not self.path:
            return
        delay = self.core.knobs.start_delay_s
        if delay > 0:
            self.core.machine.after(delay, lambda: self._start(user))
        else:
            self._start(user)

    def _start(self, user: str) -> None:
        core = self.core
        if core.state is State.OPERATIONAL and core.files.exists(self.path):
            self._starter = user
            core.machine.start_file(self.path)

    def restart(self, user: str = USER) -> None:
        """From the beginning, while paused."""
        self._restarting = True
        self.core.machine.end_job("cancelled")
        self._restarting = False
        self._starter = user
        self.core.machine.start_file(self.path)

    def pause(self, user: str = USER) -> None:
        """Ask the machine to pause."""
        self._pauser = user
        self.core.machine.pause()
        self.follow()

    def resume(self, user: str = USER) -> None:
        """Ask the machine to go on."""
        self._resumer = user
        self.core.machine.resume()
        self.follow()

    def cancel(self, user: str = USER) -> None:
        """Ask the machine to stop."""
        self._canceller = user
        self.core.machine.stop()
        self.follow()

    # --- what the machine does ----------------------------------------------------------------

    def follow(self) -> None:
        """Bring the state in line with what the machine has begun."""
        state = self.core.state
        match self.core.machine.settling:
            case "pausing" if state in (State.STARTING, State.PRINTING):
                self.core.enter(State.PAUSING)
            case "resuming" if state is State.PAUSED:
                self._resuming()
            case "cancelling" if state.active and state is not State.CANCELLING:
                self._cancelling()

    def started(self) -> None:
        """A job has begun, by us or by somebody else."""
        core, run = self.core, self.core.machine.last
        if not core.state.operational or run is None:
            return  # printed from the machine's own card: nothing is known of it here
        path = run.path.strip("/")
        if path != self.path:
            self.select(path)
        self._progress, core.current_z = NO_PROGRESS, None
        core.enter(State.STARTING)
        core.emit("PrintStarted", self._payload(self._starter or USER))
        core.mark("print", "Start")
        self._starter = ""
        core.machine.after(STARTING_S, lambda: self._under_way(run))

    def _under_way(self, run: PlainRun) -> None:
        if self.core.machine.last is run and self.core.state is State.STARTING:
            self.core.enter(State.PRINTING)
            if b"G28" in self.core.machine.storage.read(run.path)[:65536]:
                self.core.emit("Home")

    def adopt(self) -> None:
        """A job that ran when the server began to look."""
        run = self.core.machine.plain_run
        if run is not None:
            self.path, self.user, self.touched = run.path.strip("/"), USER, True
            paused = self.core.machine.job.gcode_state == "PAUSE"
            self.core.state = State.PAUSED if paused else State.PRINTING

    def paused(self) -> None:
        """The machine stands."""
        core, machine = self.core, self.core.machine
        if not core.state.active:
            return
        if machine.pause_reason == "file":
            core.emit("CommandSuppressed", suppressed("M0"))
        core.enter(State.PAUSING)
        place = {axis.lower(): value for axis, value in machine.axes.position.items()}
        position = {**place, "t": 0, "e": 0.0, "f": 1500.0}
        where = {"position": position, **how_far(self.core.machine.last)}
        core.emit("PrintPaused", {**self._payload(self._pauser), **where})
        core.mark("pause", "Pause")
        core.emit("PositionUpdate", {"reason": "pause", **position})
        core.enter(State.PAUSED)
        self._pauser = ""

    def _resuming(self) -> None:
        self.core.enter(State.RESUMING)
        self.core.emit("PrintResumed", self._payload(self._resumer))
        self.core.mark("resume", "Resume")
        self._resumer = ""

    def resumed(self) -> None:
        """The machine moves again."""
        if self.core.state is State.PAUSED:
            self._resuming()
        if self.core.state is State.RESUMING:
            self.core.enter(State.PRINTING)

    def _cancelling(self) -> None:
        core = self.core
        seconds = self._seconds()
        core.emit("PrintCancelling", self._payload(self._canceller))
        core.enter(State.CANCELLING)
        payload = {
            **self._payload(self._canceller),
            "position": NOWHERE,
            **how_far(self.core.machine.last),
            "time": seconds,
        }
        self._progress, core.current_z = NO_PROGRESS, None
        core.emit("PrintCancelled", payload)
        core.mark("cancel", "Cancel")
        self._count(success=False, seconds=seconds)
        core.emit("PrintFailed", {**payload, "reason": "cancelled"})
        self._canceller = ""

    def cancelled(self) -> None:
        """The machine has stopped."""
        if self._restarting or not self.core.state.active:
            return
        if self.core.state is not State.CANCELLING:
            self._cancelling()
        self.core.enter(State.OPERATIONAL)

    def finished(self) -> None:
        """The file has been printed to its end."""
        core = self.core
        if not core.state.active:
            return
        seconds, size = self._seconds(), core.machine.storage.size(self.path)
        self._progress = finished(size, seconds)
        core.enter(State.FINISHING)
        core.mark("done", "Done")
        core.emit("PrintDone", {**self._payload(), "time": seconds})
        self._count(success=True, seconds=seconds)
        core.machine.after(FINISHING_S, self._at_rest)

    def _at_rest(self) -> None:
        if self.core.state is State.FINISHING:
            self.core.enter(State.OPERATIONAL)

    def let_go(self) -> Lost | None:
        """The connection is going: unselect, and return the job that is lost with it."""
        lost = None
        last = self.core.machine.last
        if self.core.state.active and last is not None:
            share = last.file_position / max(1, last.size)
            lost = Lost(self._payload(), self._seconds(), share)
        self.unselect()
        return lost

    def lost(self, job: Lost, error: str) -> None:
        """After ``let_go``, when the port is closed."""
        self._count(success=False, seconds=job.seconds, path=job.payload["path"])
        ends = {"time": job.seconds, "reason": "error", "error": error, "progress": job.share}
        self.core.emit("PrintFailed", {**job.payload, **ends})

    # --- numbers ------------------------------------------------------------------------------

    def _seconds(self) -> float:
        last = self.core.machine.last
        return round(last.printing_s, 6) if last is not None else 0.0

    def _count(self, *, success: bool, seconds: float, path: str = "") -> None:
        path = path or self.path
        if self.core.files.exists(path):
            self.core.files.known(path).printed(success, seconds)
        self.core.emit("MetadataStatisticsUpdated", {"storage": "local", "path": path})

    def _payload(self, user: str = "") -> dict[str, Any]:
        return job_payload(self.core.machine.storage, self.path, self.user or USER, user)

    def progress(self) -> dict[str, Any]:
        """``progress``."""
        core, run = self.core, self.core.machine.plain_run
        if run is None or not core.state.active or core.state is State.CANCELLING:
            return self._progress
        known = core.files.known(self.path) if core.files.exists(self.path) else None
        analysed = known is not None and "estimatedPrintTime" in (known.analysis or {})
        return running(run, analysed=analysed)
