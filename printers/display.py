"""One word for the panel from everything known of a printer (ui.md section 4)."""

from __future__ import annotations

from printers.registry import Snapshot
from printers.status import OFFLINE_AFTER_S, PrinterState, PrinterStatus

S = PrinterState

_DIRECT = {
    S.MISCONFIGURED: "misconfigured",
    S.IDENTITY: "identity",
    S.AUTH: "auth",
    S.OFFLINE: "offline",
    S.CONNECTING: "connecting",
    S.UNKNOWN: "unknown",
    S.FAULT: "fault",
}
_WORKING = {S.PREPARING: "preparing", S.PRINTING: "printing"}
_SENDING = frozenset({"claimed", "uploading", "uploaded"})

STATES = (
    "fault", "paused", "needs_human", "needs_clear", "uploading", "preparing", "printing",
    "stopping", "busy", "ready", "maintenance", "connecting", "auth", "identity", "misconfigured",
    "offline", "unknown",
)  # fmt: skip
"""Every word display_state can give."""


def display_state(snapshot: Snapshot, monotonic_now: float) -> tuple[str, str]:
    """(state, sub). Priority as in ui.md 4; never "ready" without a bed marked clear."""
    status, conditions = snapshot.status, snapshot.conditions
    seen = status.observed_mono
    silent = status.state.is_connected and (seen is None or monotonic_now - seen > OFFLINE_AFTER_S)
    if silent:
        return "offline", ""
    if status.shown_only and status.raw_state in STATES:
        return _told(status)
    if status.state in _DIRECT:
        return _DIRECT[status.state], "closed" if _only_its_server(status) else ""
    if conditions.stopping and status.state.has_job:
        return "stopping", ""
    if status.state is S.PAUSED:
        return "paused", status.pause_kind
    return _working_or_resting(snapshot)


def _told(status: PrinterStatus) -> tuple[str, str]:
    """Its own farm's word: that one knows of its bed and its jobs. Not that it cannot reach it in a
    way that only the other farm can mend: sub "there", nothing to be done from here."""
    if not status.state.is_connected:
        return _DIRECT[status.state], "there"
    if status.state is S.PAUSED:
        return status.raw_state, status.pause_kind
    soft = status.raw_state == "needs_clear" and status.state is S.FAILED
    return status.raw_state, "stopped" if soft else ""


def _only_its_server(status: PrinterStatus) -> bool:
    """The print server answers; it is the printer behind it that is not connected."""
    is_server = bool({"connect", "host_restart"} & status.machine.capabilities)
    return status.state is S.OFFLINE and bool(status.raw_state) and is_server


def _working_or_resting(snapshot: Snapshot) -> tuple[str, str]:
    status, conditions = snapshot.status, snapshot.conditions
    if status.state in _WORKING:
        return _WORKING[status.state], ""
    if conditions.job is not None:
        if conditions.job.phase == "needs_human":
            return "needs_human", ""
        if conditions.job.phase in _SENDING:
            return "uploading", ""
        if conditions.job.phase == "starting":
            return "preparing", "starting"
    if status.state is S.BUSY:
        return "busy", ""
    if conditions.maintenance:
        return "maintenance", ""
    if not conditions.bed_clear:
        soft = conditions.last_result in ("failed", "cancelled") or status.state is S.FAILED
        return "needs_clear", "stopped" if soft else ""
    if any(fault.severity.blocks for fault in status.faults):
        return "fault", ""  # it would refuse a start, so it is not ready
    return "ready", ""
