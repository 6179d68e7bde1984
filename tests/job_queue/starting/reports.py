"""What the printer reports after a start, and a start that nobody can be sure of."""

from __future__ import annotations

from typing import Any

from job_queue.job import JobState
from printers.status import PrinterState as P

S = JobState


def shows(farm: Any, state: P, **changes: Any) -> None:
    farm.printer().shows(farm.printer().started[-1], state, **changes)
    farm.look()


def uncertain(farm: Any) -> Any:
    job = farm.starting()
    farm.wait(182)
    job = farm.job(job)
    assert job.state is S.NEEDS_HUMAN
    return job
