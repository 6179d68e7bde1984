"""Figures of printers: connection, state, temperatures, progress. Pure, over one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from metrics.families import gauge
from printers.display import STATES, display_state
from printers.registry import Snapshot
from printers.status import OFFLINE_AFTER_S, PrinterStatus

Values = Iterator[tuple[tuple[str, ...], float]]
"""Further label values and the figure, of one printer."""


def printer_families(snapshots: Iterable[Snapshot], mono: float) -> Iterator[Metric]:
    """``mono``: the monotonic clock now. What a silent printer last said is not told as if it were
    of now: only its age and its state are."""
    known = list(snapshots)
    live = [s for s in known if is_up(s.status, mono)]
    yield gauge(
        "farm_printer_up",
        "1 while the printer is connected and has been heard from within a minute.",
        ("printer",),
        (((s.status.printer_id,), float(is_up(s.status, mono))) for s in known),
    )
    yield gauge(
        "farm_printer_info",
        "What does not change while it prints; always 1.",
        ("printer", "name", "model", "kind", "firmware"),
        ((_particulars(s.status), 1.0) for s in known),
    )
    yield _states(known, mono)
    yield gauge(
        "farm_printer_last_message_timestamp_seconds",
        "When the printer was last heard from.",
        ("printer",),
        (
            ((s.status.printer_id,), s.status.observed_at)
            for s in known
            if s.status.observed_at is not None
        ),
    )
    yield from _conditions(known, mono)
    for name, (text, labels, values) in _OF_STATUS.items():
        yield _per_printer(name, text, labels, values, live)


def is_up(status: PrinterStatus, mono: float) -> bool:
    seen = status.observed_mono
    return status.state.is_connected and seen is not None and mono - seen <= OFFLINE_AFTER_S


def _particulars(status: PrinterStatus) -> tuple[str, ...]:
    machine = status.machine
    return status.printer_id, status.name, machine.name, status.kind, machine.firmware


def _states(known: Iterable[Snapshot], mono: float) -> GaugeMetricFamily:
    family = gauge(
        "farm_printer_state",
        "1 for the one state the printer is in, by the panel's words, 0 for the others.",
        ("printer", "state"),
    )
    for snapshot in known:
        now, _ = display_state(snapshot, mono)
        for state in STATES:
            family.add_metric((snapshot.status.printer_id, state), float(state == now))
    return family


def _conditions(known: Sequence[Snapshot], mono: float) -> Iterator[Metric]:
    """What the farm itself knows, also of a silent printer."""
    yield gauge(
        "farm_plate_waiting",
        "1 while a finished, failed or stopped print waits for a person to clear the bed.",
        ("printer",),
        (
            ((s.status.printer_id,), float(display_state(s, mono)[0] == "needs_clear"))
            for s in known
            if not s.status.shown_only  # cleared there, and in the way of no job here
        ),
    )
    yield gauge(
        "farm_printer_maintenance",
        "1 while the printer is taken out of service by a person.",
        ("printer",),
        (((s.status.printer_id,), float(s.conditions.maintenance)) for s in known),
    )


def _per_printer(
    name: str,
    text: str,
    labels: tuple[str, ...],
    values: Callable[[PrinterStatus], Values],
    live: Iterable[Snapshot],
) -> GaugeMetricFamily:
    family = gauge(name, text, ("printer", *labels))
    for snapshot in live:
        status = snapshot.status
        for more, figure in dict(values(status)).items():  # a name told twice would spoil the page
            family.add_metric((status.printer_id, *more), figure)
    return family


# -- what a printer that is up says of itself ------------------------------------------------------


def _temperatures(status: PrinterStatus) -> Values:
    return (((heater.name,), heater.current) for heater in status.heaters)


def _targets(status: PrinterStatus) -> Values:
    return (((h.name,), h.target) for h in status.heaters if h.target is not None)


def _fans(status: PrinterStatus) -> Values:
    return (((fan.name,), fan.percent / 100) for fan in status.fans)


def _wifi(status: PrinterStatus) -> Values:
    if status.wifi_dbm is not None:
        yield (), float(status.wifi_dbm)


def _faults(status: PrinterStatus) -> Values:
    by_severity: dict[str, int] = {}
    for fault in status.faults:
        by_severity[fault.severity.value] = by_severity.get(fault.severity.value, 0) + 1
    return (((severity,), float(count)) for severity, count in by_severity.items())


def _humidity(status: PrinterStatus) -> Values:
    return (((u.label,), u.humidity / 100) for u in status.ams if u.humidity is not None)


def _remain(status: PrinterStatus) -> Values:
    return (((t.slot,), t.remain / 100) for t in status.trays() if t.remain is not None)


def _job(field: str, factor: float = 1.0) -> Callable[[PrinterStatus], Values]:
    """A figure of the job that is open on the printer, whoever started it."""

    def values(status: PrinterStatus) -> Values:
        figure = getattr(status.job, field) if status.state.has_job and status.job else None
        if figure is not None:
            yield (), figure * factor

    return values


_OF_STATUS: Mapping[str, tuple[str, tuple[str, ...], Callable[[PrinterStatus], Values]]] = {
    "farm_printer_temperature_celsius": (
        "What a heater or sensor measures.", ("heater",), _temperatures,
    ),
    "farm_printer_target_celsius": ("What a heater shall reach, 0 = off.", ("heater",), _targets),
    "farm_printer_fan_ratio": ("How fast a fan shall turn, 0 to 1.", ("fan",), _fans),
    "farm_printer_wifi_dbm": ("Strength of its wireless signal.", (), _wifi),
    "farm_printer_faults": ("Faults and messages that stand.", ("severity",), _faults),
    "farm_printer_ams_humidity_ratio": ("In a filament changer, 0 to 1.", ("unit",), _humidity),
    "farm_printer_filament_remaining_ratio": (
        "Left on a spool that knows it, 0 to 1.", ("slot",), _remain,
    ),
    "farm_job_progress_ratio": ("Of the running print, 0 to 1.", (), _job("percent", 0.01)),
    "farm_job_remaining_seconds": (
        "Until the running print ends, as the printer says.", (), _job("remaining_min", 60.0),
    ),
    "farm_job_layer": ("The layer being printed.", (), _job("layer")),
    "farm_job_layers": ("How many layers the running print has.", (), _job("layers")),
}  # fmt: skip
