"""A person says how a print ended that nobody watched."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Blocked
from printers.status import PrinterState as P
from tests.job_queue.starting.reports import S, uncertain


def ended_unseen(farm: Any, state: P = P.FINISHED) -> Any:
    job = farm.printing()
    farm.reboot(carry=False)
    farm.clock.advance(600)
    farm.printer().report(state, job=None)
    farm.wait(12)
    return farm.job(job)


@pytest.mark.parametrize("shown", [P.FINISHED, P.FAILED, P.IDLE])
@pytest.mark.parametrize(("outcome", "state"), [("finished", S.FINISHED), ("failed", S.FAILED)])
def test_a_person_says_how_a_print_ended_that_nobody_watched(
    farm: Any, shown: P, outcome: str, state: S
) -> None:
    job = ended_unseen(farm, shown)
    assert (job.state, job.error.code) == (S.NEEDS_HUMAN, "end_unseen")
    assert "say how it went" in job.error.text and job.made == 0
    noticed = farm.clock.time()
    farm.wait(3600)
    assert farm.job(job).state is S.NEEDS_HUMAN, "neither done nor failed nor queued again"
    with pytest.raises(Blocked) as refused:
        farm.service.mark_clear("alder")
    assert refused.value.error_code == "job_open"
    ended = farm.service.resolve(job.id, outcome, job.rev)
    assert ended.state is state and ended.made == (state is S.FINISHED)
    assert ended.finished_at == pytest.approx(noticed, abs=15), "not when the person came"
    assert "A person looked" in ended.evidence[-1].text
    assert farm.bed()[0] is False
    assert not any(item.late_start for item in farm.store.view().cleanup)
    farm.service.mark_clear("alder")
    assert farm.start().state is S.STARTING


def test_an_end_is_not_believed_while_the_print_runs(farm: Any) -> None:
    job = uncertain(farm)
    farm.printer().report(P.PRINTING, job=None)
    with pytest.raises(Blocked) as refused:
        farm.service.resolve(job.id, "finished", job.rev)
    assert refused.value.error_code == "printer_busy"


def test_a_print_whose_start_nobody_saw_can_be_called_good(farm: Any) -> None:
    """And its start is fenced, should the person have been mistaken."""
    job = uncertain(farm)
    assert farm.service.resolve(job.id, "finished", job.rev).state is S.FINISHED
    (item,) = farm.store.view().cleanup
    assert item.late_start


def test_our_stop_and_an_unseen_end(farm: Any) -> None:
    job = farm.printing()
    farm.service._watch.stop_sent("alder")
    farm.reboot(carry=False)
    farm.clock.advance(600)
    farm.printer().report(P.FAILED, job=None)
    farm.wait(12)
    assert farm.job(job).state is S.CANCELLED
