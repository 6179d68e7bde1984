"""A printer and the farm in a few lines of text. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.lines import one_line
from printers.display import display_state
from printers.registry import Snapshot
from printers.status import Heater, PrinterStatus

STATES = {
    "fault": "has a fault",
    "paused": "is paused",
    "needs_human": "needs a person",
    "needs_clear": "waits for its bed to be cleared",
    "uploading": "is being sent a file",
    "preparing": "is preparing",
    "printing": "is printing",
    "stopping": "is being stopped",
    "busy": "is busy",
    "ready": "is ready",
    "maintenance": "is in maintenance",
    "connecting": "is being connected",
    "auth": "refuses the farm's key",
    "identity": "shows another certificate than before",
    "misconfigured": "is misconfigured",
    "offline": "is offline",
    "unknown": "is in a state the farm does not know",
}
"""Of every word of display_state."""
MARKS = {"fault": "🔴", "paused": "🟠", "needs_human": "🟠", "needs_clear": "🟡", "printing": "🟢",
         "preparing": "🟢", "offline": "⚫"}  # fmt: skip
FARM = 60
"""Printers in one answer; more would be two messages."""


def farm(snapshots: Sequence[Snapshot], monotonic_now: float) -> str:
    """A line for each printer, those that need somebody first."""
    order = ["fault", "paused", "needs_human", "needs_clear", "printing", "preparing"]
    words = [(display_state(s, monotonic_now)[0], s) for s in snapshots]
    words.sort(key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))
    lines = [f"{MARKS.get(state, '⚪')} {line(s, monotonic_now)}" for state, s in words[:FARM]]
    if len(words) > FARM:
        lines.append(f"… and {len(words) - FARM} more; ask for one by its name.")
    return "\n".join(lines) or "The farm has no printers."


def line(snapshot: Snapshot, monotonic_now: float) -> str:
    """ "Alder is printing gear.3mf, 43 %, 1 h 10 min left"."""
    state, _ = display_state(snapshot, monotonic_now)
    text = f"{one_line(snapshot.status.name)} {STATES.get(state, state)}"
    if state in ("printing", "paused", "preparing", "stopping") and (job := about(snapshot.status)):
        return f"{text}{' ' if state == 'printing' else ': '}{job}"
    return text


def about(status: PrinterStatus) -> str:
    """Its print: name, percent, time left. "" = none."""
    job = status.job
    if job is None:
        return ""
    parts = [one_line(job.name) or one_line(job.file)]
    if job.percent is not None:
        parts.append(f"{job.percent} %")
    if job.layer is not None and job.layers:
        parts.append(f"layer {job.layer} of {job.layers}")
    if job.remaining_min is not None:
        parts.append(f"{duration(job.remaining_min)} left")
    return ", ".join(part for part in parts if part)


def printer(snapshot: Snapshot, monotonic_now: float) -> str:
    """All that fits into a few lines."""
    status = snapshot.status
    lines = [line(snapshot, monotonic_now) + "."]
    said = map(one_line, (status.message, status.stage, status.pause_reason))
    lines += [text for text in said if text]
    lines += [one_line(f"{fault.text} ({fault.code})") for fault in status.faults[:5]]
    if heat := ", ".join(map(_heater, status.heaters[:4])):
        lines.append(heat)
    if status.observed_mono is not None:
        age = max(0.0, monotonic_now - status.observed_mono)
        lines.append(f"Heard {duration(int(age // 60)) if age >= 60 else f'{age:.0f} s'} ago.")
    return "\n".join(lines)


def _heater(heater: Heater) -> str:
    target = f" of {heater.target:.0f}" if heater.target else ""
    return f"{heater.name} {heater.current:.0f}{target} °C"


def duration(minutes: int) -> str:
    """ "1 h 05 min"."""
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest:02} min" if hours else f"{rest} min"
