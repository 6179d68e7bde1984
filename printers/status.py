"""What a printer is doing, as immutable data that any thread may hold.

Adapters build a PrinterStatus from what the printer reported; nobody edits one. Everything that
is not known is None (never 0, never a guess), and a state word nobody has mapped is UNKNOWN.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class PrinterState(Enum):
    """What the adapter knows. The panel's words come from display.py, the rules from safety.py."""

    MISCONFIGURED = "misconfigured"  # its config entry cannot be used
    CONNECTING = "connecting"  # no full report yet since the connection was (re)opened
    OFFLINE = "offline"  # no session, or silent for OFFLINE_AFTER_S
    AUTH = "auth"  # the printer refuses our access code or key
    IDENTITY = "identity"  # another certificate than the pinned one answers at its address
    UNKNOWN = "unknown"  # connected, but what it reports is not in our table
    IDLE = "idle"  # no job, and none has ended since it was switched on
    PREPARING = "preparing"  # our job (or another's) is loading, heating, levelling
    PRINTING = "printing"
    PAUSED = "paused"
    FINISHED = "finished"  # a job ended well; the part may be on the bed
    FAILED = "failed"  # soft: cancelled or ended early, no fault standing (bambu-lan A5.1)
    FAULT = "fault"  # a fault stands; a person must look
    BUSY = "busy"  # homing, calibrating, changing filament without a job

    @property
    def is_connected(self) -> bool:
        """The printer's own report stands behind this state."""
        return self not in _NOT_CONNECTED

    @property
    def has_job(self) -> bool:
        """A job is open on the printer: it must not be moved or given another."""
        return self in (PrinterState.PREPARING, PrinterState.PRINTING, PrinterState.PAUSED)

    @property
    def is_at_rest(self) -> bool:
        """Nothing runs and nothing is wrong. Whether the bed is clear is another question."""
        return self in (PrinterState.IDLE, PrinterState.FINISHED, PrinterState.FAILED)


_NOT_CONNECTED = frozenset(
    {
        PrinterState.MISCONFIGURED,
        PrinterState.CONNECTING,
        PrinterState.OFFLINE,
        PrinterState.AUTH,
        PrinterState.IDENTITY,
    }
)

STALE_AFTER_S = 15.0
OFFLINE_AFTER_S = 60.0


class Severity(Enum):
    """bambu-lan A5: code >> 16. Other makes map their own."""

    FATAL = "fatal"
    SERIOUS = "serious"
    COMMON = "common"
    INFO = "info"

    @property
    def blocks(self) -> bool:
        """Whether a fault of this severity keeps jobs away (3 and 4 alone do not)."""
        return self in (Severity.FATAL, Severity.SERIOUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault or message that stands on the printer's screen."""

    code: str  # as people search for it: "0300-400C", "HMS_0700_2200_0002_0001"
    text: str  # our own words; the code and module when we have none
    severity: Severity
    module: str = ""  # "AMS", "toolhead", …
    help: str = ""  # an address to read, shown as text, never fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class Heater:
    """One heater or temperature sensor."""

    name: str  # "nozzle", "nozzle2" (Bambu: left of two), "bed", "chamber", a sensor's own name
    current: float  # °C
    target: float | None  # °C, 0 = off; None = a sensor without heater
    maximum: int | None  # °C the farm may ask for; None = cannot be set


@dataclass(frozen=True, slots=True, kw_only=True)
class Fan:
    name: str  # "part", "aux", "chamber", "hotend", on Klipper also the owner's own names
    percent: int  # 0–100
    settable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    level: int | None  # 1 silent, 2 standard, 3 sport, 4 ludicrous; None: make has no levels
    percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tray:
    """One slot of filament."""

    slot: str  # "A1"…"D4", "HT1", "Ext" (external spool), "Ext L", "Ext R"
    index: int  # the printer's number: ams*4+slot, 128…135 AMS HT, 254/255 external
    empty: bool = False
    type: str = ""  # "PLA", "PETG-CF", "" = unknown
    color: str = ""  # "RRGGBB", "" = unknown
    name: str = ""  # "PLA Basic", brand name when known
    remain: int | None = None  # percent left, None = unknown (only RFID spools know)
    grams: int | None = None  # left, when weight and remain are known
    filament_id: str = ""  # "GFA00"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmsUnit:
    """One filament changer."""

    id: int  # 0–3, 128–135 for AMS HT
    label: str  # "A", "B", "HT1"
    kind: str  # "AMS", "AMS lite", "AMS 2 Pro", "AMS HT"
    humidity: int | None = None  # percent, when measured
    humidity_level: int | None = None  # 1 (wet) – 5 (dry)
    temperature: float | None = None  # °C
    drying_min: int = 0  # minutes left
    nozzle: str = ""  # "left"/"right" on dual-nozzle printers
    trays: tuple[Tray, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Nozzle:
    name: str  # "nozzle", "nozzle2"
    diameter_mm: float | None
    type: str = ""  # "hardened steel", "stainless steel", …


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintObject:
    """One object of the running job that can be left out (Klipper's exclude_object)."""

    id: int  # 1…, what SkipObjects names
    name: str
    skipped: bool = False
    current: bool = False  # being printed right now


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """The job the printer says it has, whoever started it."""

    name: str  # as the printer shows it
    file: str  # the printer's own file name, evidence of a start
    task_id: str = ""  # ids the printer echoes; "" or "0" = none
    subtask_id: str = ""
    plate: int | None = None
    percent: int | None = None  # 0–100
    remaining_min: int | None = None  # None when the printer's value is stale (not printing)
    layer: int | None = None
    layers: int | None = None
    prepare_percent: int | None = None  # transfer/parse progress while PREPARING
    skipped: tuple[int, ...] = ()  # identify_ids of skipped objects
    objects: tuple[PrintObject, ...] = ()  # as the printer lists them; Bambu's are in the file
    picture: bool = False  # the printer can give the slicer's picture of it (Printer.thumbnail)
    ended: str = ""
    """"finished", "cancelled" or "failed": the printer itself says how this very file's job
    ended. "" while it runs, and on makes whose last job cannot be told from the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The connection to the printer."""

    online: bool = False
    text: str = ""  # why not, for the operator
    since: float | None = None  # epoch s of the last change


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The printer reports but takes no orders (Bambu: Developer Mode off; another farm's)."""

    code: str  # "developer_mode_off", "feed"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something an operator should know that is no fault of the printer: one sentence, one code."""

    code: str  # "temperature_ignored", "wrong_serial", "storage_missing", "client_slots_full", …
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What does not change while a printer prints."""

    code: str = ""  # maker's model id as print files carry it: "C12"
    name: str = ""  # "P1S"
    volume_mm: tuple[float, float, float] | None = None
    centred: bool | None = None  # X0 Y0 is the middle of its bed (deltas); None = not known
    firmware: str = ""
    serial: str = ""
    file_kinds: tuple[str, ...] = ()
    """What it prints: "gcode.3mf", "gcode", "bgcode". Empty: not known."""
    capabilities: frozenset[str] = frozenset()
    """Of: pause, stop, home, jog, gcode, temperature_nozzle, temperature_bed, temperature_chamber,
    fan_<name of a settable fan>, light, speed_levels, speed_percent, ams, external_spool,
    load, extrude, skip_objects, calibrate, clear_fault, camera_jpeg, camera_rtsp, dual_nozzle,
    chamber_sensor, door_sensor, emergency_stop, connect, firmware_restart, host_restart,
    upload."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrinterStatus:
    """A printer at one moment. Equal parts are the same objects from one report to the next."""

    printer_id: str
    name: str
    kind: str  # "bambu", "octoprint", "moonraker", "prusalink", "feed"
    state: PrinterState
    observed_at: float | None = None  # epoch s of the printer's last sign of life; None = never
    observed_mono: float | None = None  # the same on the monotonic clock, for ages
    link: Link = field(default_factory=Link)
    raw_state: str = ""  # the printer's own word
    stage: str = ""  # "Heating bed", "Levelling", "" when plainly printing
    pause_reason: str = ""  # sentence while PAUSED: "Filament ran out in A3"
    pause_kind: str = ""  # "user", "filament", "printer", "ai"
    message: str = ""  # sentence for states that need one: AUTH, IDENTITY, MISCONFIGURED, OFFLINE
    lock: Lock | None = None
    job: JobProgress | None = None
    heaters: tuple[Heater, ...] = ()
    fans: tuple[Fan, ...] = ()
    light: bool | None = None
    speed: Speed | None = None
    ams: tuple[AmsUnit, ...] = ()
    external: tuple[Tray, ...] = ()
    active_tray: str = ""  # slot in use, "" = none or unknown
    next_tray: str = ""  # slot chosen by a person for the next start (SelectTray)
    faults: tuple[Fault, ...] = ()
    cancelled: bool = False  # the printer shows right now that someone stopped the job
    homed: str = ""  # axes known to be homed: "", "xy", "xyz"
    nozzles: tuple[Nozzle, ...] = ()
    door_open: bool | None = None
    wifi_dbm: int | None = None
    storage: str = ""  # "ok", "missing", "abnormal", "read_only", "" = unknown
    notices: tuple[Notice, ...] = ()
    machine: Machine = field(default_factory=Machine)
    via: tuple[str, ...] = ()  # the farms that this came through, the nearest first

    @property
    def shown_only(self) -> bool:
        """It belongs to another farm, which has its bed, its queue and its commands."""
        return self.kind == "feed"

    def heater(self, name: str) -> Heater | None:
        """The heater of that name, if the printer has reported it."""
        return next((h for h in self.heaters if h.name == name), None)

    def trays(self) -> tuple[Tray, ...]:
        """Every slot a job could print from: changers first, then external spools."""
        return tuple(t for unit in self.ams for t in unit.trays) + self.external

    def is_stale(self, monotonic_now: float) -> bool:
        """No sign of life for STALE_AFTER_S. A status never observed is stale."""
        return self.observed_mono is None or monotonic_now - self.observed_mono > STALE_AFTER_S
