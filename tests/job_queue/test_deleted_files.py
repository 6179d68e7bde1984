"""What people are told of a job whose file is not in the library any more."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import NotFound
from job_queue.job import JobState


@pytest.mark.parametrize("act", ["retry", "duplicate", "edit"])
def test_they_are_told_which_file_and_what_to_do(farm: Any, act: str) -> None:
    job = farm.add()
    if act != "edit":
        farm.service.remove(job.id)
    with farm.store.transaction() as tx:
        tx.touch(job.id, file_id="0" * 32)
    before, desk = farm.job(job), farm.service.desk
    with pytest.raises(NotFound, match=r"Gear\.gcode\.3mf is not in the library .* Upload it"):
        if act == "edit":
            desk.edit(job.id, before.rev, {"notes": "soon"})
        else:
            getattr(desk, act)(job.id)
    assert farm.job(job) == before and len(farm.service.jobs()) == 1


def test_it_waits_and_says_so(farm: Any) -> None:
    job = farm.add()
    with farm.store.transaction() as tx:
        tx.touch(job.id, file_id="0" * 32)
    assert farm.dispatch_once() == [] and farm.job(job).state is JobState.QUEUED
    codes = {reason.code for reason in farm.dispatcher.explain(farm.job(job))}
    assert codes == {"file_not_found"}
