"""A printer's situation in the words that others already use, and what needs a person there."""

from __future__ import annotations

from printers.registry import Snapshot
from printers.status import PrinterState

S = PrinterState

PRINT_STATUS = {
    S.IDLE: "idle",
    S.PREPARING: "prepare",
    S.PRINTING: "running",
    S.PAUSED: "pause",
    S.FINISHED: "finish",
    S.FAILED: "failed",
    S.FAULT: "failed",
    S.BUSY: "init",
    S.UNKNOWN: "unknown",
}
"""ha-bambulab's words (alerts 4.1), so that automations written for it go on working; any other
state is "offline"."""
PRINT_STATES = (
    "failed", "finish", "idle", "init", "offline", "pause", "prepare", "running", "slicing",
    "unknown",
)  # fmt: skip
SPEEDS = {1: "silent", 2: "standard", 3: "sport", 4: "ludicrous"}
MAKERS = {
    "bambu": "Bambu Lab",
    "octoprint": "OctoPrint",
    "moonraker": "Klipper",
    "prusalink": "Prusa Research",
}


def is_online(snapshot: Snapshot, state: str) -> bool:
    """The printer's own report stands behind what is told. ``state``: the display state."""
    return snapshot.status.state.is_connected and state != "offline"


def print_status(state: PrinterState, *, online: bool) -> str:
    return PRINT_STATUS.get(state, "offline") if online else "offline"


def attention(snapshot: Snapshot, state: str) -> str:
    """Why a person is needed; "" = nobody is. ``state``: the display state."""
    status, known = snapshot.status, snapshot.conditions
    if state == "fault":
        standing = [f.text for f in status.faults if f.severity.blocks]
        standing += [f.text for f in status.faults]
        return standing[0] if standing else "A fault stands"
    if state == "paused":
        return status.pause_reason or "Paused"
    if state == "needs_human":
        return known.job.text if known.job and known.job.text else "A job waits for a decision"
    if state == "needs_clear":
        return known.bed_why or "Clear the bed"
    if state in ("auth", "identity", "misconfigured"):
        return status.message or status.link.text or state
    return ""
