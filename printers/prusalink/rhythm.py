"""How often PrusaLink is asked, and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Seconds. PrusaLink is weak (the firmware serves six connections): the farm's poller never
    has two requests open, and asks more often only while there is something to see."""

    active: float = 1.0  # while a job is open, or for ``after_command`` after an order
    idle: float = 2.5
    soon: float = 0.25  # between looks in the first ``soon_for`` after an order
    soon_for: float = 1.0
    after_command: float = 20.0
    answer: float = 4.0  # silence within one poll; two in a row end the session
    storage: float = 30.0  # how often storage and cameras are looked at while nothing prints
    asked: float = 30.0  # how long "Pausing" is shown for an order nothing came of
    start_wait: float = 20.0  # longest wait for the end of a former job's last screen
    indexed: float = 15.0  # longest wait for an upload to appear in the files, or to vanish
    look: float = 0.2  # between two looks while waiting for that
    transfer: float = 10.0  # longest wait for the end of a foreign transfer before an upload
    homed: float = 100.0  # the motors' hold of a homed head (the MK3 lets go after 120 s)
