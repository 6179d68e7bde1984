"""The Moonraker process: follows Klippy, keeps history and stores, tells its clients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.moonraker.accounts import Accounts
from simulator.moonraker.connections import Connections
from simulator.moonraker.errors import ServerError
from simulator.moonraker.file_manager import FileManager
from simulator.moonraker.history import History
from simulator.moonraker.klippy import HOST_REQUEST
from simulator.moonraker.printer import KlipperPrinter
from simulator.moonraker.stores import GcodeStore, ProcStats, TemperatureStore
from simulator.moonraker.subscriptions import Subscriptions

POLL_S = 0.25  # real seconds between two looks at Klippy
_SECOND_S = 1.0


class Moonraker:
    """``klippy_state`` is what it knows: up to POLL_S behind Klippy itself. ``registered``:
    whether Klippy has told its endpoints since this server started (404 before, 503 after)."""

    def __init__(self, printer: KlipperPrinter, key: Callable[[], str]) -> None:
        self.printer = printer
        self.accounts = Accounts(key)
        self.connections = Connections()
        self.subscriptions = Subscriptions(printer, self.connections)
        self.temperatures = TemperatureStore(printer)
        self.gcode = GcodeStore()
        self.load = ProcStats()
        self.files = FileManager(
            printer.storage,
            loaded=self._in_use,
            changed=lambda what: self.connections.notify("notify_filelist_changed", what),
            space=lambda: not printer.knobs.disk_full,
        )
        self.history = History(self.files.job_metadata, self._unchanged, self._history_changed)
        self.history.printed = self.files.printed
        self.klippy_state = "ready"
        self.registered = True
        self.host_name = "http://127.0.0.1"
        self.relative_webcam = False
        self._next_poll = self._next_second = 0.0
        self._away_until = 0.0
        self.history.see(printer.stats.status(), printer.started)
        printer.responses.append(self._heard)
        printer.gone.append(self._klippy_lost)

    def _in_use(self) -> str | None:
        printer = self.printer
        busy = printer.stats.state in ("printing", "paused") and self.klippy_state == "ready"
        return printer.card.path if busy else None

    def _history_changed(self, what: dict[str, Any]) -> None:
        self.connections.notify("notify_history_changed", what)

    def _unchanged(self, name: str, metadata: dict[str, Any]) -> bool:
        if not self.files.exists(name):
            return False
        return bool(self.files.item(name)["modified"] == metadata.get("modified"))

    def _heard(self, text: str) -> None:
        self.gcode.add(text, "response")
        self.connections.notify("notify_gcode_response", text)

    # --- time -------------------------------------------------------------------------------

    def begin(self, now: float, phase: float) -> None:
        """Start the clocks; ``phase`` 0–1 spreads many printers over the intervals."""
        self._next_poll = now + POLL_S * phase
        self._next_second = now + _SECOND_S * phase

    def send_due(self, now: float) -> float:
        """Do what is due at ``now`` (loop time, s); when to come again."""
        if now >= self._next_second:
            self._next_second = max(self._next_second + _SECOND_S, now)
            self._each_second()
        if now >= self._next_poll:
            self._next_poll = self._poll_after(now)
            self.poll(now)
        return min(self._next_poll, self._next_second)

    def _poll_after(self, now: float) -> float:
        pace = self.printer.pace
        if pace.hertz:
            return pace.next_after(now)
        return max(self._next_poll + POLL_S, now + POLL_S / 2)

    def _each_second(self) -> None:
        if self.klippy_state == "ready":
            self.temperatures.sample()
        load = self.load.sample(len(self.connections))
        self.connections.notify("notify_proc_stat_update", load)

    def poll(self, now: float) -> None:
        """One look at Klippy."""
        if now < self._away_until:
            return
        if self.klippy_state != "disconnected":
            self.subscriptions.publish()
        self._see_job()
        self._follow_klippy()

    def _see_job(self) -> None:
        if self.klippy_state == "ready":
            self.history.see(self.printer.stats.status(), self.printer.started)

    def _follow_klippy(self) -> None:
        state = self.printer.klippy.state
        if state == "disconnected":
            return
        if self.klippy_state == "disconnected":
            self.klippy_state = "startup"
            return
        self.registered = True
        if state in ("startup", self.klippy_state):
            return
        self.klippy_state = state
        if state == "ready":
            self.history.forget_state()
            self.connections.notify("notify_klippy_ready")
        elif state == "shutdown":
            self.connections.notify("notify_klippy_shutdown")
            self.history.finish("klippy_shutdown", self.printer.stats.status())

    def _klippy_lost(self) -> None:
        if self.klippy_state == "disconnected":
            return
        self._see_job()
        self.klippy_state = "disconnected"
        self.subscriptions.clear()
        self.connections.notify("notify_klippy_disconnected")
        self.history.finish("klippy_disconnect")
        self.history.forget_state()

    # --- asking Klippy --------------------------------------------------------------------------

    def need_klippy(self, *, own_endpoint: bool = False) -> None:
        """Raises ServerError 404 before Klippy ever came, 503 when it is gone."""
        if not self.registered and not own_endpoint:
            raise ServerError("Method not found", 404, plain=True)
        if self.klippy_state == "disconnected" or not self.printer.klippy.connected:
            raise ServerError("Klippy Host not connected", 503)

    def emergency_stop(self) -> None:
        """Halt the board at once."""
        self.printer.klippy.shut_down(HOST_REQUEST)

    # --- its own restart ------------------------------------------------------------------------

    def exit(self) -> None:
        """The process ends: the running job's entry with it, not the job."""
        self.history.finish("server_exit", self.printer.stats.status())

    def start_again(self, now: float, away_s: float) -> None:
        """A new process: it knows nothing of Klippy for ``away_s`` real seconds."""
        self.klippy_state, self.registered = "disconnected", False
        self.temperatures, self.gcode = TemperatureStore(self.printer), GcodeStore()
        self.subscriptions.clear()
        self.history.forget_state()
        self._away_until = now + away_s
