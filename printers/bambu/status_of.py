"""From what was read and what the link knows to the PrinterStatus everybody else sees."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.config import PrinterConfig
from printers.bambu.parse import capabilities
from printers.bambu.parsed import Parsed
from printers.bambu.reading import Reading
from printers.status import Link, Machine, Notice, PrinterState, PrinterStatus

_FILE_KINDS = ("gcode.3mf",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the link adds to, or puts over, the printer's own report."""

    state: PrinterState | None  # None: the report's own state stands
    message: str = ""
    link: Link = field(default_factory=Link)


class MachineCache:
    """The Machine, rebuilt only when something in it may have changed."""

    __slots__ = ("_config", "_key", "_machine")

    def __init__(self, config: PrinterConfig) -> None:
        self._config = config
        self._key: object = None
        self._machine = Machine(serial=config.serial, file_kinds=_FILE_KINDS)

    def get(self, reading: Reading) -> Machine:
        parsed, model = reading.parsed, reading.model
        firmware = reading.versions.firmware or parsed.firmware
        key = (
            model.code,
            firmware,
            tuple([fan.name for fan in parsed.fans]),
            parsed.light is None,
            not parsed.ams,
            parsed.door_open is None,
        )
        if key != self._key:
            self._key = key
            self._machine = Machine(
                code=model.code,
                name=model.name or self._config.model,
                volume_mm=model.volume_mm,
                firmware=firmware,
                serial=self._config.serial,
                file_kinds=_FILE_KINDS,
                capabilities=capabilities(model, parsed),
            )
        return self._machine


def build(
    config: PrinterConfig,
    reading: Reading,
    machine: Machine,
    shown: Shown,
    observed: tuple[float | None, float | None],
    next_tray: str,
    notices: tuple[Notice, ...],
) -> PrinterStatus:
    """One constructor call: this runs for every report that changed something."""
    parsed: Parsed = reading.parsed
    return PrinterStatus(
        printer_id=config.id,
        name=config.name,
        kind="bambu",
        state=reading.state if shown.state is None else shown.state,
        observed_at=observed[0],
        observed_mono=observed[1],
        link=shown.link,
        raw_state=parsed.raw_state,
        stage=parsed.stage,
        pause_reason=parsed.pause_reason,
        pause_kind=parsed.pause_kind,
        message=shown.message,
        lock=parsed.lock or reading.lock,
        job=parsed.job,
        heaters=parsed.heaters,
        fans=parsed.fans,
        light=parsed.light,
        speed=parsed.speed,
        ams=parsed.ams,
        external=parsed.external,
        active_tray=parsed.active_tray,
        next_tray=next_tray,
        faults=parsed.faults,
        cancelled=parsed.cancelled,
        homed=parsed.homed,
        nozzles=parsed.nozzles,
        door_open=parsed.door_open,
        wifi_dbm=parsed.wifi_dbm,
        storage=reading.storage,
        notices=notices,
        machine=machine,
    )
