"""The serial connection of a virtual OctoPrint: opening, closing, and losing it."""

from __future__ import annotations

import time
from typing import Any

from simulator.octoprint.core import Core
from simulator.octoprint.printing import Printing
from simulator.octoprint.states import State

PORT = "/dev/ttyUSB0"
OTHER_PORTS = ["/dev/ttyS0"]
BAUDRATES = [250000, 230400, 115200, 57600, 38400, 19200, 9600]
BAUDRATE = 115200
EMERGENCY = "Closing serial port due to emergency stop M112."
LOST = "SerialTimeoutException: "
_HALTED = "Printer halted. kill() called!"
_FAULTS = {
    "heater": ("Thermal Runaway, system stopped! Heater_ID: bed", "firmware-thermal-runaway"),
    "sensor": ("MINTEMP triggered, system stopped! Heater_ID: 0", "firmware-mintemp"),
}
_LOG_LINES = 20


class Link:
    """``port`` and ``baudrate`` are those of the open port, None when it is closed."""

    def __init__(self, core: Core, printing: Printing) -> None:
        self.core = core
        self.printing = printing
        self.port: str | None = None
        self.baudrate: int | None = None
        self._since = 0.0  # uptime of the machine at the opening

    @property
    def ports(self) -> list[str]:
        """What the server's computer sees; a machine without power or cable has no port."""
        return [*OTHER_PORTS, PORT] if self.core.machine.connected else OTHER_PORTS

    def connect(self, port: str = PORT, baudrate: int = BAUDRATE) -> None:
        """Open the port; with an open one nothing happens (measured)."""
        core = self.core
        if not core.state.closed:
            return
        self.port, self.baudrate = port, baudrate
        core.error, core.error_details = "", {"error": "", "reason": ""}
        self._since = core.machine.uptime
        core.emit("Connecting")
        core.enter(State.OPEN_SERIAL)
        self.step()

    def boot(self) -> None:
        """Connected from the first moment on, without any events."""
        self.port, self.baudrate = PORT, BAUDRATE
        self.core.enter(State.OPERATIONAL)
        self.core.temperatures.sample()
        self.core.markings.append({"type": "connected", "label": "Connected", "time": time.time()})

    def step(self) -> None:
        """Go on with an opening; call it with every tick."""
        core = self.core
        if core.state is State.OPEN_SERIAL and self.port in self.ports:
            self._since = core.machine.uptime
            core.enter(State.CONNECTING)
        if core.state is not State.CONNECTING:
            return
        waited = core.machine.uptime - self._since
        answers = self.port == PORT and not core.knobs.board_silent
        if answers and waited >= core.knobs.connect_s:
            self._connected()
        elif not answers and waited >= core.knobs.connect_timeout_s:
            self._closed()

    def _connected(self) -> None:
        core, machine = self.core, self.core.machine
        machine.recover()  # opening the port resets the board
        machine.end_job("failed")
        machine.heat.off()
        core.current_z, core.offsets, core.transmitted = None, {}, 8
        core.enter(State.OPERATIONAL)
        core.emit("Connected", {"port": self.port, "baudrate": self.baudrate})
        core.mark("connected", "Connected")
        firmware = machine.model.firmware
        data = {"FIRMWARE_NAME": firmware, "PROTOCOL_VERSION": "1.0"}
        core.emit("FirmwareData", {"name": firmware, "data": data})
        core.emit("UpdatedFiles", {"type": "printables"})

    def disconnect(self) -> None:
        """Close the port; a job that prints is lost."""
        self.core.emit("Disconnecting")
        if self.core.state.closed:
            self.core.emit("Disconnected")
            return
        self._close("")
        self.core.machine.end_job("failed")

    def _close(self, error: str, *, emergency: bool = False) -> None:
        """The order of the events is the measured one."""
        core = self.core
        core.emit("UpdatedFiles", {"type": "printables"})
        job = self.printing.let_go()
        core.emit("Disconnected")
        core.error = error
        self._closed()
        if emergency:
            core.emit("EStop")
        if job is not None:
            self.printing.lost(job, error)

    def _closed(self) -> None:
        self.port = self.baudrate = None
        self.core.offsets, self.core.transmitted = {}, 0
        self.core.enter(State.OFFLINE)

    # --- what the machine does ----------------------------------------------------------------

    def unplugged(self) -> None:
        """The port has gone."""
        if self.core.state.operational or self.core.state is State.CONNECTING:
            self._close(LOST)
        self._ports_changed()

    def plugged(self) -> None:
        """The port is there again; nobody opens it by himself."""
        self._ports_changed()
        self.step()

    def _ports_changed(self) -> None:
        self.core.emit("ConnectionsAutorefreshed", {"ports": self.ports})

    def fault(self) -> None:
        """The firmware has halted, or was halted by M112."""
        core = self.core
        if not core.state.operational:
            return
        if core.machine.fault == "emergency":
            self._close(EMERGENCY, emergency=True)
        else:
            self._halted()
        self._ports_changed()

    def _halted(self) -> None:
        core = self.core
        text, faq = _FAULTS.get(core.machine.fault, ("", ""))
        text = core.machine.fault_text or text
        for line in filter(None, (text, _HALTED)):
            core.log(f"Recv: Error:{line}")
        error = f"{text} - {_HALTED}" if text else _HALTED
        core.enter(State.ERROR)
        details: dict[str, Any] = {
            "error": error,
            "reason": "firmware",
            "consequence": "emergency",
            "logs": list(core.lines)[-_LOG_LINES:],
        }
        if faq:
            details["faq"] = faq
        core.error_details = details
        core.emit("Error", details)
        core.emit("EStop")
        self._close(error)
