"""What every simulated printer is to the farm that runs it, whatever it speaks on the wire."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from simulator.knobs import MachineKnobs
from simulator.machine import VirtualPrinter
from simulator.specs import PrinterSpec
from simulator.storage import Storage
from simulator.wire_actions import WireActions

REQUESTS_KEPT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where one printer is reached. The ports are a Bambu printer's, url and key the others'.

    ``camera_port`` 0: no JPEG camera on this model; ``rtsp_port`` 0: no RTSPS one. ``ca_file`` is
    the authority that signed the certificate.
    """

    kind: str = "bambu"
    host: str
    mqtt_port: int = 0
    ftps_port: int = 0
    camera_port: int = 0
    rtsp_port: int = 0
    serial: str
    access_code: str = field(default="", repr=False)
    certificate_sha256: str = ""
    url: str = ""
    api_key: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""


class SimulatedHost(ABC):
    """One printer: its machine and its servers. Everything runs in the event loop's thread."""

    def __init__(self, spec: PrinterSpec, address: str) -> None:
        self.spec = spec
        self.address = address
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS_KEPT)
        self._last_tick = self._last_drop = self.phase = 0.0

    # --- the machine ------------------------------------------------------------------------

    @property
    @abstractmethod
    def machine(self) -> VirtualPrinter:
        """The printer itself."""

    @property
    def knobs(self) -> MachineKnobs:
        """The machine's, by reference."""
        return self.machine.knobs

    @property
    def storage(self) -> Storage:
        """Where its files are."""
        return self.machine.storage

    @property
    def printer_id(self) -> str:
        """The id in the farm's configuration."""
        return self.spec.id

    @property
    def serial(self) -> str:
        """Of the machine."""
        return self.spec.serial

    # --- sockets ----------------------------------------------------------------------------

    @property
    @abstractmethod
    def online(self) -> bool:
        """Whether its ports listen."""

    @abstractmethod
    async def open(self) -> None:
        """Start listening; after ``close`` on the same ports as before. Raises OSError."""

    @abstractmethod
    async def close(self) -> None:
        """Go offline: connections are cut, the ports refuse."""

    @abstractmethod
    def drop_tcp(self) -> None:
        """Reset every connection of this printer now."""

    @abstractmethod
    def half_open(self) -> None:
        """Freeze the present connections: no FIN, no data, as after a power cut."""

    @property
    @abstractmethod
    def certificate_sha256(self) -> str:
        """Of the leaf it shows, in hex; "" without TLS."""

    @abstractmethod
    def rotate_certificate(self) -> None:
        """Show a new leaf with a new key from now on; connections are cut."""

    @abstractmethod
    def endpoint(self) -> Endpoint:
        """Where and how it is reached now."""

    @abstractmethod
    def clients(self) -> list[str]:
        """Names of who is connected and listening."""

    def camera_guests(self) -> dict[str, int]:
        """How many viewers its camera has had, and how many came while another one watched; {}
        where any number may."""
        return {}

    def set_knobs(self, values: dict[str, Any]) -> None:
        """Raises KeyError (unknown name) or ValueError (wrong type), then nothing has changed."""
        type(self.knobs)().set(**values)
        self.knobs.set(**values)

    def wire_actions(self) -> object:
        """Its public methods are actions of the control port, and win over the machine's."""
        return WireActions(self)

    # --- time -------------------------------------------------------------------------------

    def begin(self, now: float, phase: float) -> None:
        """Start the clocks; ``phase`` 0–1 spreads the printers over their intervals."""
        self._last_tick = self._last_drop = now
        self.phase = phase
        self.machine.pace = replace(self.machine.pace, phase=phase)

    def step(self, now: float, tick_s: float) -> float:
        """Advance to ``now`` (loop time, s), send what is due, return when to come again."""
        self.machine.tick(now - self._last_tick)
        self._last_tick = now
        again = min(now + tick_s, self.send_due(now))
        drop_every = self.knobs.drop_every_s
        if drop_every and now - self._last_drop >= drop_every:
            self._last_drop = now
            self.drop_tcp()
        return again

    @abstractmethod
    def send_due(self, now: float) -> float:
        """Send what is due at ``now``; the loop time of the next sending, inf for none."""
