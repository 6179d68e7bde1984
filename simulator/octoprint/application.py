"""The server itself, without sockets: everything a virtual OctoPrint knows and does."""

from __future__ import annotations

import hashlib
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from simulator.octoprint.analysis import analyse
from simulator.octoprint.core import USER, Core
from simulator.octoprint.files import GCODE, FileTree
from simulator.octoprint.link import Link
from simulator.octoprint.printing import Printing
from simulator.octoprint.states import State
from simulator.plain_machine import PlainPrinter

SAMPLE_S = 2.0  # M155 S2
CARD_S = 1.0  # M27 S1
_SESSIONS_KEPT = 200


class Application:
    """Lives in the event loop's thread; ``tick`` follows every tick of the machine."""

    def __init__(self, machine: PlainPrinter, base_url: Callable[[], str]) -> None:
        self.machine = machine
        self.files = FileTree(machine.storage, base_url)
        self.core = Core(machine, self.files)
        self._analyses: deque[str] = deque()
        self._analysing = ""
        self._analysis_due = 0.0
        machine.watchers.append(self._watch)
        machine.console.unknown = self._at_command
        self._boot()
        if self.core.knobs.autoconnect:
            self.link.boot()
            self.printing.adopt()

    def _boot(self) -> None:
        self.core.reset()
        self.printing = Printing(self.core)
        self.link = Link(self.core, self.printing)
        self.sessions: deque[str] = deque(maxlen=_SESSIONS_KEPT)
        self._sampled = self._card_seen = self.machine.uptime
        self._z = self.machine.axes.position["Z"]

    def stop(self) -> None:
        """The server's process ends: job, selection and sessions are gone."""
        self._boot()
        self.machine.end_job("failed")

    def start(self) -> None:
        """It begins again, and opens the port by itself unless it is told not to."""
        if self.core.knobs.autoconnect:
            self.link.connect()

    # --- sessions -----------------------------------------------------------------------------

    def new_session(self) -> str:
        """After a login."""
        seed = f"{self.machine.spec.id}/{time.time_ns()}".encode()
        self.sessions.append(hashlib.sha256(seed).hexdigest())
        self.core.emit("UserLoggedIn", {"username": USER})
        return self.sessions[-1]

    def session_known(self, text: str) -> bool:
        """Whether "name:session" may listen."""
        name, _, session = text.partition(":")
        return name == USER and session in self.sessions

    # --- time ---------------------------------------------------------------------------------

    def tick(self) -> None:
        """Bring everything in line with the machine."""
        core, now = self.core, self.machine.uptime
        self.link.step()
        self.printing.follow()
        if core.state.operational:
            if now - self._sampled >= SAMPLE_S:
                self.sample()
            if core.state.printing or now - self._card_seen >= CARD_S:
                self._card_seen = now
                core.touch()
            self._follow_z()
        self._analyse()

    def sample(self) -> None:
        """A temperature report has come in."""
        self._sampled = self.machine.uptime
        self.core.temperatures.sample()
        self.core.touch()

    def _follow_z(self) -> None:
        height = self.machine.axes.position["Z"]
        if height != self._z:
            self.core.emit("ZChange", {"new": height, "old": self.core.current_z})
            self._z = self.core.current_z = height
            self.core.touch()

    # --- analysis of uploads ------------------------------------------------------------------

    def uploaded(self, path: str) -> None:
        """Queue the analysis of a new file."""
        self._analyses.append(path)

    def _analyse(self) -> None:
        """One at a time, and none while a job moves (settings: gcodeAnalysis.runAt idle)."""
        if self._analysing:
            if self.machine.uptime >= self._analysis_due:
                self._analysed(self._analysing)
                self._analysing = ""
        elif self._analyses and not self.core.state.printing:
            path = self._analyses.popleft()
            if self.files.exists(path):
                self._analysing = path
                self._analysis_due = self.machine.uptime + self.core.knobs.analysis_s
                payload = {**_names(path), "origin": "local", "type": "gcode"}
                self.core.emit("MetadataAnalysisStarted", payload)

    def _analysed(self, path: str) -> None:
        if not self.files.exists(path):
            return
        result = analyse(self.machine.storage.read(path))
        self.files.known(path).analysis = result
        payload = {**_names(path), "origin": "local", "result": result}
        self.core.emit("MetadataAnalysisFinished", payload)
        self.core.touch()

    # --- G-code -------------------------------------------------------------------------------

    def gcode(self, line: str) -> None:
        """One raw line, as POST /api/printer/command takes it."""
        word = line.split(" ", 1)[0].upper()
        self.core.send(line.strip())
        if word == "G28":
            self.core.emit("Home")
        elif word in ("M104", "M109", "M140", "M190", "M141", "M191"):
            self.sample()

    def _at_command(self, line: str) -> bool:
        match line:
            case "@pause":
                self.machine.pause("firmware")
            case "@resume":
                self.machine.resume()
            case "@cancel" | "@abort":
                self.machine.stop()
            case _:
                return False
        self.printing.follow()
        return True

    # --- the machine --------------------------------------------------------------------------

    def _watch(self, event: str) -> None:
        printing, link = self.printing, self.link
        heard = {
            "started": printing.started,
            "paused": printing.paused,
            "resumed": printing.resumed,
            "finished": printing.finished,
            "cancelled": printing.cancelled,
            "failed": self._failed,
            "fault": link.fault,
            "unplugged": link.unplugged,
            "plugged": link.plugged,
        }.get(event)
        if heard is not None:
            heard()

    def _failed(self) -> None:
        """The machine gave the job up and goes on working; faults and cables speak later."""
        if not self.machine.fault and self.machine.connected and self.core.state.operational:
            self.printing.cancelled()

    # --- JSON that several parts show ---------------------------------------------------------

    def state_json(self) -> dict[str, Any]:
        """``state``."""
        core = self.core
        return {"text": core.state_text, "flags": core.flags(), "error": core.error}

    def job_json(self) -> dict[str, Any]:
        """``job``. Before anything was selected it has another form (measured)."""
        printing = self.printing
        names = ("name", "path", "size", "origin", "date")
        if not printing.touched:
            return {
                "file": dict.fromkeys(names),
                "estimatedPrintTime": None,
                "lastPrintTime": None,
                "filament": {"length": None, "volume": None},
                "user": None,
            }
        job: dict[str, Any] = {
            "file": dict.fromkeys((*names, "display")),
            "estimatedPrintTime": None,
            "averagePrintTime": None,
            "lastPrintTime": None,
            "filament": None,
            "user": printing.user or None,
        }
        path = printing.path
        if not path or not self.machine.storage.exists(path):
            return {**job, "user": None}
        known = self.files.known(path)
        job["file"] = {
            **_names(path),
            "display": known.display,
            "origin": "local",
            "size": self.machine.storage.size(path),
            "date": int(self.machine.storage.modified(path)),
        }
        job["averagePrintTime"], job["lastPrintTime"] = known.average_s, known.last_s
        if known.analysis is not None:
            job["estimatedPrintTime"] = known.analysis.get("estimatedPrintTime")
            job["filament"] = known.analysis["filament"]
        return job

    def busy_files(self) -> list[dict[str, str]]:
        """``busyFiles``."""
        active = self.core.state.active and self.printing.path
        return [{"origin": "local", "path": self.printing.path}] if active else []

    def file_event(self, event: str, path: str, operation: str = "") -> None:
        """FileAdded, FileRemoved, FolderAdded, FolderRemoved."""
        payload: dict[str, Any] = {"storage": "local", **_names(path)}
        if operation:
            payload |= {"type": GCODE["typePath"], "operation": operation}
        self.core.emit(event, payload)

    @property
    def idle(self) -> bool:
        """Operational, and no job."""
        return self.core.state is State.OPERATIONAL


def _names(path: str) -> dict[str, str]:
    return {"name": path.rpartition("/")[2], "path": path}
