"""Everything a person or the farm can ask of a printer: frozen, typed, without behaviour.

web/schemas.py is the only place that makes these from user input; safety.py says when each is
allowed; an adapter turns one into bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Base. ``name`` is the route and the gate's key."""

    name: ClassVar[str] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Command):
    name: ClassVar[str] = "pause"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Command):
    name: ClassVar[str] = "resume"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Command):
    name: ClassVar[str] = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Home(Command):
    """Bambu: always all axes; a lone Z homing can crash the nozzle (bambu-lan A7)."""

    name: ClassVar[str] = "home"
    axes: tuple[str, ...] = ()  # empty = all


@dataclass(frozen=True, slots=True, kw_only=True)
class Jog(Command):
    """A relative move. Positive z moves the nozzle away from the bed on every make."""

    name: ClassVar[str] = "jog"
    x: float = 0.0  # mm, -200…200
    y: float = 0.0
    z: float = 0.0
    speed_mm_min: int | None = None  # None = the adapter's own: 3000 x/y, 900 z


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTemperature(Command):
    name: ClassVar[str] = "temperature"
    heater: str  # nozzle, nozzle2…, bed, chamber, or the name the printer gave it
    target: int  # °C, 0 = off


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolDown(Command):
    """All heaters off."""

    name: ClassVar[str] = "cooldown"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFan(Command):
    name: ClassVar[str] = "fan"
    fan: str  # part, aux, chamber, or the name the printer gave it
    percent: int  # 0–100


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLight(Command):
    name: ClassVar[str] = "light"
    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSpeed(Command):
    """Either a level (Bambu: 1–4) or a percentage (others: 10–300)."""

    name: ClassVar[str] = "speed"
    level: int | None = None
    percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extrude(Command):
    name: ClassVar[str] = "extrude"
    mm: float  # -100…100, negative retracts


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadFilament(Command):
    name: ClassVar[str] = "load"
    slot: str  # "A1"…, "Ext"


@dataclass(frozen=True, slots=True, kw_only=True)
class UnloadFilament(Command):
    name: ClassVar[str] = "unload"
    slot: str = ""  # "" = whatever is loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectTray(Command):
    """Saved for the next start; nothing moves."""

    name: ClassVar[str] = "tray"
    slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearFault(Command):
    """Clears the message on the printer; it repairs nothing."""

    name: ClassVar[str] = "clear-fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipObjects(Command):
    name: ClassVar[str] = "skip-objects"
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrate(Command):
    name: ClassVar[str] = "calibrate"
    kinds: tuple[str, ...]  # of: lidar, bed_level, vibration, motor_noise, nozzle_offset


@dataclass(frozen=True, slots=True, kw_only=True)
class SendGcode(Command):
    """One line of G-code, through the same gate (safety.py reads what it would do)."""

    name: ClassVar[str] = "gcode"
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyStop(Command):
    name: ClassVar[str] = "emergency-stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectPrinter(Command):
    """Have a print server (OctoPrint) open or close its own line to the printer."""

    name: ClassVar[str] = "connect"
    on: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareRestart(Command):
    """Klipper's FIRMWARE_RESTART: resets the board and reads the configuration again."""

    name: ClassVar[str] = "firmware-restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRestart(Command):
    """Klipper's RESTART: reads the configuration again; cannot bring back a halted board."""

    name: ClassVar[str] = "host-restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect(Command):
    """Drop the session and open a new one now."""

    name: ClassVar[str] = "reconnect"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustCertificate(Command):
    """A person confirms the changed certificate whose SHA-256 they were shown."""

    name: ClassVar[str] = "trust"
    sha256: str  # hex, lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class StartPrint(Command):
    """Start a file that already lies on the printer. Only job_queue sends this."""

    name: ClassVar[str] = "start"
    remote_name: str  # unique, ASCII, as uploaded
    token: int  # 1…2**31-1, unique over all attempts; echoed by the printer
    display_name: str  # ASCII, <= 64
    plate: int
    md5: str = ""  # upper-case hex of the whole file, "" = do not check
    ams_mapping: tuple[int, ...] = ()  # per project filament; -1 = unused (bambu-lan A8.2)
    options: Mapping[str, bool] = field(default_factory=dict)
    """bed_leveling, flow_cali, vibration_cali, timelapse, use_ams"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """One file on a printer's storage."""

    path: str
    name: str
    size_bytes: int | None
    modified: str = ""  # as the printer lists it
    folder: bool = False


COMMANDS: tuple[type[Command], ...] = (
    Pause, Resume, Stop, Home, Jog, SetTemperature, CoolDown, SetFan, SetLight, SetSpeed, Extrude,
    LoadFilament, UnloadFilament, SelectTray, ClearFault, SkipObjects, Calibrate, SendGcode,
    EmergencyStop, ConnectPrinter, FirmwareRestart, HostRestart, Reconnect, TrustCertificate,
    StartPrint,
)  # fmt: skip
