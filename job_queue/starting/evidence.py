"""Pure: what a printer's report proves about a job of ours. Times and waits are the watcher's.

Identity first (bambu-lan A8.3): our token or unique name in what the printer shows. A state word
alone proves nothing, because the last job's FINISH can linger for a minute after a start was
taken (H2D), and a number in our file name can be shown before anything moves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from job_queue.identity import baseline_signature, echoes, signature
from job_queue.job import Job, JobState
from printers.status import PrinterState, PrinterStatus

P = PrinterState
CANCEL_CODES = frozenset({"0300-400C", "0500-400E"})
"""print_error of a stop, shown for a second or two (bambu-lan A5.1)."""

END_UNSEEN = "end_unseen"
"""A print of ours is over, nobody knows how: neither done nor failed until a person says so."""

SETTLE_ENDED_S = 2.0
SETTLE_SOFT_S = 3.0
"""Of an end without a fault: the code of a stop, or a fault, may still come (bambu-lan A5.1)."""
SETTLE_LOST_S = 10.0
SETTLE_FOREIGN_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What follows from one report. ``state`` None: nothing yet."""

    state: JobState | None = None
    code: str = ""
    text: str = ""
    settle_s: float = 0.0  # must still be found after this long


NOTHING = Finding()


def judge(
    job: Job,
    status: PrinterStatus,
    *,
    stopped: bool,
    only_prepared: bool = False,
    watched: bool = True,
) -> Finding:
    """``stopped``: we sent Stop, or the printer showed that someone did. ``only_prepared``: it
    was seen preparing this job but never printing it. ``watched``: it was seen at work so shortly
    ago that no other can have been printed since.

    Only for a believable report: connected, known state, not stale.
    """
    ours = echoes(job, status.job)
    if status.state.has_job:
        return _active(job, status) if ours else _other_active(job, status)
    if ours and status.job is not None and status.job.ended:
        return _told_end(status, status.job.ended, stopped)
    if status.state in (P.FINISHED, P.FAILED, P.IDLE, P.FAULT):
        if job.state is JobState.STARTING:
            return _rest_while_starting(job, status, ours, stopped)
        if job.state is JobState.NEEDS_HUMAN:
            return _rest_in_doubt(job, status, ours)
        return _rest_after_printing(status, ours, stopped, only_prepared, watched)
    return NOTHING


def _told_end(status: PrinterStatus, ended: str, stopped: bool) -> Finding:
    """The printer says how the job of this very file ended: proof, whatever was shown before."""
    if ended == "finished":
        return Finding(JobState.FINISHED, text=f"The printer shows its end: {_shown(status)}")
    if ended == "cancelled":
        return Finding(JobState.CANCELLED, text=f"The print was cancelled: {_shown(status)}")
    return replace(_ended_badly(status, stopped), settle_s=0.0)


def _active(job: Job, status: PrinterStatus) -> Finding:
    state = JobState.PAUSED if status.state is P.PAUSED else JobState.PRINTING
    if job.state is state:
        return NOTHING
    return Finding(state, text=f"The printer shows this job: {_shown(status)}")


def _other_active(job: Job, status: PrinterStatus) -> Finding:
    """A job runs that does not carry our marks."""
    shown = signature(status.job)
    if not shown or job.state is JobState.NEEDS_HUMAN:
        return NOTHING  # it does not say what it prints; the wait goes on
    if job.state is JobState.STARTING and shown == baseline_signature(job.baseline):
        return NOTHING  # names of a difference report can come after its state
    return Finding(
        JobState.NEEDS_HUMAN,
        "other_job",
        f"{status.name} shows another job than ours: {_shown(status)}",
        SETTLE_FOREIGN_S,
    )


def _rest_while_starting(job: Job, status: PrinterStatus, ours: bool, stopped: bool) -> Finding:
    if not ours or status.state is P.IDLE:
        return NOTHING  # taken but not begun, or not taken: only time tells
    if status.state is P.FAULT:
        fault = next((f for f in status.faults if f.code not in job.baseline.faults), None)
        if fault is None:
            return NOTHING
        return Finding(JobState.FAILED, fault.code, fault.text, SETTLE_ENDED_S)
    if job.baseline.state == status.state.value:
        return NOTHING  # the former job's end may linger while ours is being read
    if status.state is P.FINISHED:
        return Finding(JobState.FINISHED, text=f"The printer shows its end: {_shown(status)}")
    return _ended_badly(status, stopped)


def _rest_in_doubt(job: Job, status: PrinterStatus, ours: bool) -> Finding:
    """needs_human ends by itself only on proof that cannot be older than the job."""
    if ours and status.state is P.FINISHED and job.baseline.state != P.FINISHED.value:
        return Finding(JobState.FINISHED, text=f"The printer shows its end: {_shown(status)}")
    return NOTHING


def _rest_after_printing(
    status: PrinterStatus, ours: bool, stopped: bool, only_prepared: bool, watched: bool
) -> Finding:
    if status.state is P.FAULT:
        # a print stays open until its fault is resolved; a file that was refused never began
        return _ended_badly(status, stopped) if only_prepared else NOTHING
    if not ours and signature(status.job) and status.state is not P.IDLE:
        return Finding(
            JobState.NEEDS_HUMAN,
            "other_job",
            f"{status.name} shows the end of another job than ours: {_shown(status)}",
            SETTLE_FOREIGN_S,
        )
    told = ours and status.state is not P.IDLE
    if not told and not watched and (status.state is P.FINISHED or not stopped):
        return Finding(JobState.NEEDS_HUMAN, END_UNSEEN, _unseen(status), SETTLE_LOST_S)
    if status.state is P.FINISHED:
        settle = 0.0 if ours else SETTLE_ENDED_S
        return Finding(
            JobState.FINISHED, text=f"The printer shows its end: {_shown(status)}", settle_s=settle
        )
    if status.state is P.IDLE and not stopped:
        return Finding(
            JobState.FAILED,
            "job_lost",
            f"{status.name} no longer has the job: cancelled there, switched off or restarted.",
            SETTLE_LOST_S,
        )
    return _ended_badly(status, stopped)


def _unseen(status: PrinterStatus) -> str:
    shows = {
        P.FINISHED: "shows the end of a print without its name",
        P.FAILED: "shows that a print ended early, without its name",
    }.get(status.state, "no longer shows the job")
    return (
        f"{status.name} {shows}, and the farm was not watching when it ended. "
        "Look at the part and say how it went."
    )


def _ended_badly(status: PrinterStatus, stopped: bool) -> Finding:
    if stopped or any(fault.code in CANCEL_CODES for fault in status.faults):
        return Finding(JobState.CANCELLED, text="The print was stopped")
    fault = next((f for f in status.faults if f.severity.blocks), None)
    if fault is not None:
        return Finding(JobState.FAILED, fault.code, fault.text, SETTLE_ENDED_S)
    return Finding(
        JobState.FAILED,
        "ended_early",
        f"{status.name} ended the print early and shows no fault; "
        "it may have been stopped at the printer.",
        SETTLE_SOFT_S,
    )


def _shown(status: PrinterStatus) -> str:
    progress = status.job
    name = (progress.name or progress.file) if progress else ""
    return f"{name or 'no name'}, {status.raw_state or status.state.value}"


def describe(status: PrinterStatus) -> str:
    """One line of evidence: state, name, file and ids as the printer shows them."""
    progress = status.job
    if not status.state.is_connected:
        return f"{status.name} is not connected ({status.state.value})"
    if progress is None:
        return f"{status.name} is {status.state.value} and shows no job"
    ids = ", ".join(filter(None, (progress.task_id, progress.subtask_id)))
    return (
        f"{status.name} is {status.state.value}, shows {progress.name or 'no name'}, "
        f"file {progress.file or 'none'}, ids {ids or 'none'}"
    )
