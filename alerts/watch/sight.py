"""What the watch looks at: one printer at one moment, as the registry and the queue know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cameras.final_photos import photo_name
from cameras.timelapse.prints import is_believable
from job_queue.job import Job
from printers.conditions import Conditions, OpenJob
from printers.registry import Snapshot
from printers.status import OFFLINE_AFTER_S, PrinterState, PrinterStatus

_BEFORE_START = frozenset({"claimed", "uploading", "uploaded"})
_BEGUN = frozenset({"printing", "paused"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The farm's own job there, from the intent to start it to its end."""

    run: str  # as photo_name: the photo of its end is kept under the same
    job_id: str
    file: str  # as people named it
    phase: str = "printing"  # starting, printing, paused, needs_human
    started_at: float | None = None  # epoch s
    seconds: int | None = None  # the slicer's estimate

    @property
    def has_begun(self) -> bool:
        """The printer has shown it."""
        return self.phase in _BEGUN


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """One look. ``now`` is epoch s, ``mono`` monotonic s."""

    snapshot: Snapshot
    now: float
    mono: float
    own: Own | None = None

    @property
    def status(self) -> PrinterStatus:
        return self.snapshot.status

    @property
    def conditions(self) -> Conditions:
        return self.snapshot.conditions

    @property
    def believable(self) -> bool:
        """What it shows is what the printer does now."""
        return is_believable(self.status, self.mono)

    @property
    def unreachable(self) -> bool:
        """No report comes. Silence counts only when it is long: stale alone is no outage."""
        status = self.status
        if status.state is PrinterState.MISCONFIGURED:
            return False
        seen = status.observed_mono
        return not status.state.is_connected or seen is None or self.mono - seen > OFFLINE_AFTER_S


def own_of(snapshot: Snapshot, jobs: Mapping[str, Job]) -> Own | None:
    """The farm's job of this snapshot; None before anything was asked of the printer.

    ``jobs`` must have been read after the snapshot: a snapshot never knows of a job before the
    queue does, and forgets it only after its end is durable.
    """
    shown = snapshot.conditions.job
    if shown is None or shown.phase in _BEFORE_START:
        return None
    job = jobs.get(shown.job_id)
    return Own(
        run=run_of(shown, job),
        job_id=shown.job_id,
        file=shown.name,
        phase=shown.phase,
        started_at=job.started_at if job is not None and job.token == shown.token else None,
        seconds=shown.seconds,
    )


def run_of(shown: OpenJob, job: Job | None) -> str:
    """Which attempt the snapshot means: the job itself may be at its next one already."""
    if job is None or job.token == shown.token:
        return photo_name(shown.job_id, job.attempt if job is not None else 1)
    past = next((a.number for a in job.attempts if a.token == shown.token), job.attempt)
    return photo_name(shown.job_id, past)
