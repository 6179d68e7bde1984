"""What people and other threads do between a pass's choice and what it begins."""

from __future__ import annotations

from typing import Any

import pytest

from job_queue.job import JobState
from job_queue.target import Target


@pytest.mark.parametrize(
    "change",
    [
        {"target": Target.printer("birch")},
        {"not_before": 1_800_010_000.0},
        {"plate": 3, "confirm": ("all",)},
    ],
)
def test_what_is_edited_between_the_choice_and_the_claim_is_not_sent(
    farm: Any, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass over many jobs claims one after the other, and people edit meanwhile."""
    farm.add(Target.printer("birch"))
    job = farm.add(Target.printer("alder"))
    claim = farm.service.start_queued

    def claims(first: Any, printer_id: str) -> Any:
        farm.service.desk.edit(job.id, farm.job(job).rev, change)
        return claim(first, printer_id)

    with monkeypatch.context() as patch:
        patch.setattr(farm.service, "start_queued", claims)
        done = farm.dispatcher.once()
        farm.join()
    assert [match.printer_id for match in done.sent] == ["birch"]
    assert [(match.job_id, why.code) for match, why in done.refused] == [(job.id, "stale")]
    assert farm.job(job).state is JobState.QUEUED and not farm.printer("alder").started
