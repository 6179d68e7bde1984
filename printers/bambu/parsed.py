"""What one merged report says, as immutable data. The adapter makes a PrinterStatus of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from printers.status import (
    AmsUnit,
    Fan,
    Fault,
    Heater,
    JobProgress,
    Lock,
    Notice,
    Nozzle,
    PrinterState,
    Speed,
    Tray,
)

FAIL_SETTLE_S = 3.0
"""A stop sends its error first and takes it back (A5.1): wait this long before judging FAILED."""

STORAGE_SETTLE_S = 10.0
"""Some differences clear the storage bits for a moment (A4.5): believe "missing" only then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What the printer is doing. Fields as in PrinterStatus unless they say otherwise."""

    state: PrinterState = PrinterState.UNKNOWN
    raw_state: str = ""
    stage: str = ""
    pause_reason: str = ""
    pause_kind: str = ""
    failed: bool = False  # the printer's word is FAILED: judge only after FAIL_SETTLE_S
    cancelled: bool = False  # the error of a stop stands right now
    internal: bool = False  # calibration and the like: no job although the printer runs one


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """The fields of PrinterStatus that come from a report, and what the adapter needs besides."""

    state: PrinterState = PrinterState.UNKNOWN
    raw_state: str = ""
    stage: str = ""
    pause_reason: str = ""
    pause_kind: str = ""
    failed: bool = False
    cancelled: bool = False
    internal: bool = False
    lock: Lock | None = None
    job: JobProgress | None = None
    heaters: tuple[Heater, ...] = ()
    fans: tuple[Fan, ...] = ()
    light: bool | None = None
    speed: Speed | None = None
    ams: tuple[AmsUnit, ...] = ()
    external: tuple[Tray, ...] = ()
    active_tray: str = ""
    faults: tuple[Fault, ...] = ()
    homed: str = ""
    nozzles: tuple[Nozzle, ...] = ()
    door_open: bool | None = None
    wifi_dbm: int | None = None
    storage: str = ""
    notices: tuple[Notice, ...] = ()
    print_error: int = 0  # unsigned; what clean_print_error wants back
    functions: int | None = None  # ``fun`` bits, None on printers without them (A4.5)
    firmware: str = ""  # when the report carries it; get_version is the better source


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The get_version reply (A3.2)."""

    firmware: str = ""
    model: str = ""  # code of models.MODELS, "" = not recognised
    serial: str = ""
    ams_kinds: Mapping[int, str] = field(default_factory=dict)  # unit id -> "AMS 2 Pro"


def settled_state(
    parsed: Parsed, failed_for_s: float, before: PrinterState
) -> tuple[PrinterState, bool]:
    """(state to show, whether to look again): the 3 s settle of a failed job (A5.1).

    ``failed_for_s``: how long the printer has said FAILED. Until it settled, a job that was open
    keeps the state it had ``before``, so that the flash of a stop is never shown as a fault.
    """
    if not parsed.failed or failed_for_s >= FAIL_SETTLE_S:
        return parsed.state, False
    return (before if before.has_job else parsed.state), True
