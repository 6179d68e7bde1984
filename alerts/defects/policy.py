"""Whether a suspected print may be paused, and what its evidence is called. Pure."""

from __future__ import annotations

from alerts.defects import rhythm
from alerts.defects.prints import Print
from core.alert_config import DefectConfig
from printers.status import PrinterStatus

_USED = frozenset({"asked", "done", "late", "failed", "over"})


def in_grace(config: DefectConfig, one: Print, at: float) -> bool:
    """A person let the print go on just now. ``at``: epoch s; a clock that is set back lengthens
    the time, never shortens it."""
    return bool(one.resumed_at) and at - one.resumed_at < config.grace_s


def why_no_pause(config: DefectConfig, one: Print, status: PrinterStatus | None, at: float) -> str:
    """The reason, half a sentence; "" = it may be paused. ``status``: None = it does not print,
    or is not heard."""
    if one.pause in _USED:
        return "it did so once in this print"
    if one.pause == "lost":
        return "it cannot know whether it did so before"
    if in_grace(config, one, at):
        return "a person let it go on just now"
    if status is None:
        return "it is not printing"
    if status.shown_only:
        return "it is another farm's printer"
    if rhythm.too_early_to_pause(status, one, at):
        return "its first layers often look like this"
    return ""


def evidence_name(printer_id: str, one: Print, count: int) -> str:
    """A file name for any system."""
    name = f"defect-{printer_id}-{one.run}-{count}"
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in name) + ".jpg"
