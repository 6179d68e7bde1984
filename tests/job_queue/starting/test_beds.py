"""The bed's permission: who raises it, and everything that takes it away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import Blocked, FarmError, NotFound, PrinterRejected
from job_queue.job import JobState
from printers.status import JobProgress
from printers.status import PrinterState as P

FILE_ID = "f" * 32


@pytest.mark.parametrize(
    ("state", "clear", "why"),
    [
        (P.IDLE, True, "Simulated, idle when first seen"),
        (P.FINISHED, False, "First seen with a finished print"),
        (P.FAILED, False, "First seen with a print that ended early"),
        (P.PRINTING, False, "Someone is printing their_vase at the printer"),
        (P.PAUSED, False, "Someone is printing their_vase at the printer"),
        (P.FAULT, False, "Not yet looked at"),
        (P.BUSY, False, "Not yet looked at"),
    ],
)
def test_first_sight(new_farm: Any, state: P, clear: bool, why: str) -> None:
    new_farm.service.recover()
    assert new_farm.bed() == (False, "")
    for unsure in (P.OFFLINE, P.UNKNOWN, P.CONNECTING):
        new_farm.printer().report(unsure)
        new_farm.look()
        assert new_farm.bed() == (False, "")
    if state is P.IDLE:
        new_farm.printer().report(state)
    else:
        new_farm.printer().shows_other(state)
    new_farm.look()
    assert new_farm.bed() == (clear, why)
    new_farm.reboot()
    assert new_farm.bed() == (clear, why)


def test_a_real_printer_seen_idle_for_the_first_time_is_looked_at_by_a_person(
    new_farm: Any,
) -> None:
    new_farm.configs = [replace(config, simulate=False) for config in new_farm.configs]
    new_farm.boot()
    new_farm.service.recover()
    new_farm.printer().report(P.IDLE)
    new_farm.look()
    assert new_farm.bed() == (False, "New to the farm: look at its bed once")
    new_farm.service.mark_clear("alder")
    assert new_farm.bed()[0]
    new_farm.reboot()
    new_farm.printer().report(P.IDLE)
    new_farm.look()
    assert new_farm.bed()[0], "once is enough"


def test_after_damage_even_an_idle_printer_is_not_trusted(new_farm: Any) -> None:
    folder = new_farm.folder / "jobs"
    folder.mkdir(exist_ok=True)
    (folder / "queue.json").write_bytes(b"{")
    new_farm.boot()
    new_farm.open()
    assert new_farm.bed()[0] is False
    assert "queue.json" in new_farm.service.trouble
    with pytest.raises(Blocked) as refused:
        new_farm.service.start_file("alder", FILE_ID)
    assert refused.value.error_code == "store_trouble"
    new_farm.service.acknowledge()
    with pytest.raises(Blocked) as refused:
        new_farm.service.start_file("alder", FILE_ID)
    assert refused.value.error_code == "bed_not_clear"
    new_farm.service.mark_clear("alder")
    assert new_farm.start().state is JobState.STARTING


def test_a_foreign_print_lowers_the_flag_and_is_not_adopted(farm: Any) -> None:
    farm.printer().shows_other(P.PREPARING)
    farm.look()
    assert farm.bed() == (False, "Someone is printing their_vase at the printer")
    farm.printer().shows_other(P.FINISHED)
    farm.look()
    assert farm.bed() == (False, "Someone printed their_vase at the printer")
    assert farm.fleet.snapshot("alder").conditions.last_result == "finished"
    farm.printer().report(P.IDLE, job=None)
    farm.look()
    assert farm.bed()[0] is False, "a power cycle clears no bed"
    assert farm.service.jobs() == []
    assert farm.bed("birch")[0] is True


def test_a_print_nobody_saw_lowers_the_flag(farm: Any) -> None:
    """The farm was down (or the network) from its beginning to its end."""
    farm.reboot()
    farm.printer().shows_other(P.FINISHED)
    farm.look()
    assert farm.bed() == (False, "Someone printed their_vase at the printer")
    farm.service.mark_clear("alder")
    farm.printer().report(P.FINISHED)
    farm.look()
    assert farm.bed()[0] is True, "the same print does not lower it twice"
    farm.printer().shows_other(P.FAILED, "another")
    farm.look()
    assert farm.bed() == (False, "Someone printed another at the printer")


def test_the_record_of_a_print_nobody_saw_lowers_the_flag_when_all_is_calm_again(
    farm: Any,
) -> None:
    """Moonraker's history outlives Klipper's restart, after which the printer says standby."""
    farm.reboot()
    job = JobProgress(
        name="their_vase", file="their_vase.gcode", task_id="history:2A", ended="cancelled"
    )
    farm.printer().report(P.IDLE, job=job)
    farm.look()
    assert farm.bed() == (False, "Someone printed their_vase at the printer")
    assert farm.fleet.snapshot("alder").conditions.last_result == "cancelled"
    farm.service.mark_clear("alder")
    farm.printer().report(P.IDLE)
    farm.look()
    assert farm.bed()[0] is True, "a record of the past does not lower it twice"


def test_an_end_without_a_name_lowers_the_flag_if_nobody_was_watching(farm: Any) -> None:
    """PrusaLink's firmware goes on showing FINISHED, to a new session without the file's name."""
    farm.printer().report(P.FINISHED, job=None)
    farm.look()
    assert farm.bed()[0] is True, "watched all the time: nothing was printed"
    farm.printer().report(P.OFFLINE)
    farm.wait(20)
    farm.printer().report(P.FINISHED, job=None)
    farm.look()
    assert farm.bed()[0] is True, "too short for a print"
    farm.printer().report(P.OFFLINE)
    farm.wait(600)
    farm.printer().report(P.FINISHED, job=None)
    farm.look()
    assert farm.bed() == (False, "Someone printed a print at the printer")
    farm.service.mark_clear("alder")
    farm.reboot(carry=False)
    farm.printer().report(P.FINISHED, job=None)
    farm.look()
    assert farm.bed()[0] is True, "a person has seen the bed under this very screen"


def test_mark_clear_is_refused_while_a_job_is_open(farm: Any) -> None:
    refusals: list[str] = []

    def ask() -> None:
        try:
            farm.service.mark_clear("alder")
        except FarmError as error:
            refusals.append(error.error_code)

    farm.printer().during_upload = ask
    farm.printer().on_start = lambda command: ask()
    job = farm.start()
    ask()
    farm.wait(182)
    assert farm.job(job).state is JobState.NEEDS_HUMAN
    ask()
    assert set(refusals) == {"job_open"} and len(refusals) >= 4
    assert farm.bed()[0] is False


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (P.PRINTING, "printer_busy"),
        (P.PAUSED, "printer_busy"),
        (P.BUSY, "printer_busy"),
        (P.UNKNOWN, "printer_unknown"),
        (P.OFFLINE, "printer_offline"),
        (P.CONNECTING, "printer_connecting"),
    ],
)
def test_mark_clear_is_refused_unless_the_printer_is_seen_at_rest(
    farm: Any, state: P, code: str
) -> None:
    farm.printer().shows_other(P.FINISHED)
    farm.look()
    farm.printer().report(state)
    farm.look()
    with pytest.raises(FarmError) as refused:
        farm.service.mark_clear("alder")
    assert refused.value.error_code == code
    assert refused.value.status in (409, 503)
    assert "Alder" in refused.value.message
    assert farm.bed()[0] is False


def test_mark_clear_is_refused_when_the_printer_is_stale(farm: Any) -> None:
    farm.printer().shows_other(P.FINISHED)
    farm.look()
    farm.clock.advance(16)
    with pytest.raises(Blocked) as refused:
        farm.service.mark_clear("alder")
    assert refused.value.error_code == "printer_stale"


def test_undo_within_six_seconds(farm: Any) -> None:
    farm.printer().shows_other(P.FINISHED)
    farm.look()
    before = farm.bed()
    farm.service.mark_clear("alder")
    assert farm.bed() == (True, "Marked clear")
    farm.clock.advance(5)
    farm.service.mark_clear("alder", undo=True)
    assert farm.bed() == before
    farm.reboot()
    assert farm.bed() == before


def test_undo_too_late_or_overtaken(farm: Any) -> None:
    with pytest.raises(Blocked):
        farm.service.mark_clear("alder", undo=True)
    farm.printer().shows_other(P.FINISHED)
    farm.look()
    farm.service.mark_clear("alder")
    farm.clock.advance(7)
    with pytest.raises(Blocked) as refused:
        farm.service.mark_clear("alder", undo=True)
    assert refused.value.error_code == "undo_expired"
    assert farm.bed()[0] is True

    farm.printer().shows_other(P.FINISHED, "third")
    farm.look()
    farm.service.mark_clear("alder")
    farm.start()
    with pytest.raises(Blocked) as refused:
        farm.service.mark_clear("alder", undo=True)
    assert refused.value.error_code == "job_open"


def test_every_end_closes_the_bed_in_the_same_write(farm: Any) -> None:
    """On disk there is never an ended job beside a clear bed."""
    from job_queue.store.json_store import JsonJobStore

    job = farm.printing()
    writes: list[tuple[JobState, bool]] = []
    original = JsonJobStore._persist

    def persist(store: Any, state: Any) -> None:
        original(store, state)
        writes.append((state.jobs[job.id].state, state.bed("alder").clear))

    farm.store._persist = persist.__get__(farm.store)
    farm.printer().shows(farm.printer().started[0], P.FINISHED)
    farm.look()
    assert (JobState.FINISHED, False) in writes
    assert all(not clear for _, clear in writes)


def test_maintenance_is_durable(farm: Any) -> None:
    farm.service.set_maintenance("alder", True, "new belt")
    farm.reboot()
    conditions = farm.fleet.snapshot("alder").conditions
    assert conditions.maintenance and conditions.maintenance_note == "new belt"
    farm.service.set_maintenance("alder", False)
    assert farm.fleet.snapshot("alder").conditions.maintenance is False
    with pytest.raises(NotFound):
        farm.service.set_maintenance("nobody", True)


def test_cleanup_waits_and_retries(farm: Any) -> None:
    farm.printer().refuse_delete = PrinterRejected("550 locked")
    farm.printing()
    farm.printer().shows(farm.printer().started[0], P.FINISHED)
    farm.look()
    farm.wait(4)
    assert len(farm.printer().files) == 1
    farm.wait(3)
    assert len(farm.store.view().cleanup) == 1
    farm.printer().refuse_delete = None
    farm.wait(100)
    assert len(farm.printer().files) == 1, "not tried again at once"
    farm.wait(100)
    assert farm.printer().files == {} and farm.store.view().cleanup == ()


def test_cleanup_of_a_file_that_is_gone(farm: Any) -> None:
    farm.printing()
    farm.printer().files.clear()
    farm.printer().shows(farm.printer().started[0], P.FINISHED)
    farm.wait(8)
    assert farm.store.view().cleanup == ()


def test_cleanup_never_disturbs_an_open_job(farm: Any) -> None:
    farm.printing()
    farm.printer().shows(farm.printer().started[0], P.FINISHED)
    farm.look()
    farm.service.mark_clear("alder")
    farm.printing()
    farm.wait(20)
    assert len(farm.store.view().cleanup) == 1 and len(farm.printer().files) == 2
