"""Which job a printer shows: is it ours, someone else's, or does it not say?"""

from __future__ import annotations

from dataclasses import replace

from job_queue.job import Baseline, Job
from job_queue.naming import shown_name
from printers.status import JobProgress, PrinterStatus


def shown_ids(progress: JobProgress | None) -> frozenset[str]:
    """The ids a printer echoes, without its words for none."""
    if progress is None:
        return frozenset()
    return frozenset({progress.task_id, progress.subtask_id}) - {"", "0"}


def signature(progress: JobProgress | None) -> str:
    """What tells one job on a printer's screen from the next; "" when it shows none."""
    if progress is None:
        return ""
    subtask = "" if progress.subtask_id == "0" else progress.subtask_id
    task = "" if progress.task_id == "0" else progress.task_id
    parts = (progress.name, progress.file, task, subtask)
    return "|".join(parts) if any(parts) else ""


def only_more_is_told(before: str, progress: JobProgress | None) -> bool:
    """Whether this is the job of that signature, now with ids it did not show then."""
    if not before or progress is None:
        return False
    return before in (
        signature(replace(progress, task_id="")),
        signature(replace(progress, subtask_id="")),
        signature(replace(progress, task_id="", subtask_id="")),
    )


def baseline_of(status: PrinterStatus) -> Baseline:
    """What the printer shows now, before anything of ours has reached it."""
    progress = status.job
    return Baseline(
        state=status.state.value,
        name=progress.name if progress else "",
        file=progress.file if progress else "",
        task_id=progress.task_id if progress else "",
        subtask_id=progress.subtask_id if progress else "",
        faults=tuple(fault.code for fault in status.faults),
        at=status.observed_at or 0.0,
    )


def baseline_signature(baseline: Baseline) -> str:
    return signature(
        JobProgress(
            name=baseline.name,
            file=baseline.file,
            task_id=baseline.task_id,
            subtask_id=baseline.subtask_id,
        )
    )


def echoes(job: Job, progress: JobProgress | None) -> bool:
    """The printer names this very attempt: token in an id, or our unique name in file or name.

    Any one of four echoed fields is enough (reliability-and-security 4.1); a model that echoes no
    ids is covered by the name.
    """
    if progress is None:
        return False
    if job.alias and job.alias == signature(progress):
        return True
    return names_start(progress, job.token, job.remote_name)


def names_start(progress: JobProgress | None, token: int, remote_name: str) -> bool:
    """Whether the printer shows what was sent under this token and name."""
    if progress is None:
        return False
    if str(token) in shown_ids(progress):
        return True
    ours = {remote_name.casefold(), shown_name(remote_name).casefold()}
    return _base(progress.file) in ours or _base(progress.name) in ours


def _base(text: str) -> str:
    return text.rsplit("/", 1)[-1].strip().casefold()
