"""How long the queue waits for what. Tests and rehearsals pass their own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """All in seconds."""

    evidence_s: float = 180.0  # P1P reads a file for up to 135 s (bambu-lan A8.3)
    quiet_s: float = 300.0  # before "it did not start" may be believed (reliability 4.2)
    stopping_s: float = 20.0  # a Stop that shows no effect by then is no longer "stopping"
    undo_s: float = 6.0  # a person may take back so long that a bed is clear
    hold_s: float | None = None  # the queue leaves such a bed alone; None = as long as undo_s
    watched_s: float = 60.0  # what a printer shows so soon after is no other job's than before
    unwatched_s: float = 180.0  # nobody makes a shorter print: heating, homing, a tiny part
    sight_every_s: float = 30.0  # when printers were last seen is written so often
    cleanup_every_s: float = 180.0
    cleanup_delay_s: float = 5.0  # a printer just at rest may still hold the file
    stage_lead_s: float = 1800.0  # the next file is sent ahead when a print has no more than that
    keep_staged_s: float = 43_200.0  # a file sent ahead that nothing has started by then goes
    stage_rest_s: float = 900.0  # after a transfer ahead that failed, none is tried there
    keep_failed_s: float = 86_400.0  # a print that failed may be resumed after a power cut
    batch_s: float = 0.1  # reports are looked at in batches
    tick_s: float = 1.0
