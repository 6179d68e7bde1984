"""The start protocol: what is sent, what is not, and what becomes of the bed."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest

from core.errors import (
    BadRequest,
    Blocked,
    FarmError,
    NotFound,
    PrinterOffline,
    PrinterRejected,
    PrinterTimeout,
    Unusable,
    UploadFailed,
)
from job_queue.job import JobState
from printers.status import PrinterState as P

FILE_ID = "f" * 32


def test_a_start_goes_all_the_way(farm: Any) -> None:
    job = farm.printing()
    sent = farm.printer().started
    assert len(sent) == 1
    assert sent[0].token == job.token and sent[0].remote_name == job.remote_name
    assert sent[0].ams_mapping == (0, -1)
    assert len(sent[0].display_name) <= 64
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,40}-\d+\.gcode\.3mf", job.remote_name)
    assert len(job.remote_name) <= 60
    conditions = farm.fleet.snapshot("alder").conditions
    assert conditions.job.phase == "printing" and conditions.job.token == job.token
    assert conditions.bed_clear is False

    farm.printer().shows(sent[0], P.FINISHED)
    farm.look()
    done = farm.job(job)
    assert done.state is JobState.FINISHED and done.finished_at is not None
    assert farm.bed() == (False, "Gear.gcode.3mf finished")
    assert farm.fleet.snapshot("alder").conditions.last_result == "finished"
    assert farm.fleet.snapshot("alder").conditions.job is None


def test_every_phase_is_told_and_the_percent_moves(farm: Any) -> None:
    box = farm.bus.subscribe("job")
    seen: list[tuple[str, int | None]] = []

    def note() -> None:
        farm.clock.advance(0.3)
        seen.extend((job.state.value, job.upload_percent) for job in box.take(0).values())

    farm.printer().during_upload = note
    farm.start()
    percents = [percent for state, percent in seen if state == "uploading" and percent is not None]
    assert percents == sorted(percents) and percents[-1] > 50


def test_the_bed_is_consumed_by_one_start(farm: Any) -> None:
    farm.printing()
    with pytest.raises(Blocked) as refused:
        farm.service.start_file("alder", FILE_ID)
    assert refused.value.error_code == "job_open"
    farm.printer().shows(farm.printer().started[0], P.FINISHED)
    farm.look()
    with pytest.raises(Blocked) as refused:
        farm.service.start_file("alder", FILE_ID)
    assert refused.value.error_code == "bed_not_clear"
    assert len(farm.printer().started) == 1
    farm.service.mark_clear("alder")
    second = farm.start()
    assert len(farm.printer().started) == 2
    assert second.token != farm.printer().started[0].token


def test_two_threads_one_wins(farm: Any) -> None:
    barrier = threading.Barrier(6)
    won: list[Any] = []
    lost: list[FarmError] = []

    def attempt() -> None:
        barrier.wait()
        try:
            won.append(farm.service.start_file("alder", FILE_ID))
        except FarmError as error:
            lost.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    farm.join()
    assert len(won) == 1 and len(lost) == 5
    assert {error.status for error in lost} == {409}
    assert len(farm.printer().started) == 1


def test_size_mismatch_starts_nothing_and_cleans_up(farm: Any) -> None:
    farm.printer().cut_bytes = 7
    job = farm.start()
    assert job.state is JobState.FAILED and job.error.code == "size_mismatch"
    assert "Nothing was started" in job.error.text
    assert farm.printer().started == []
    assert farm.bed()[0] is True
    assert job.remote_name in farm.printer().files
    farm.wait(2)
    assert job.remote_name not in farm.printer().files
    assert farm.store.view().cleanup == ()


def test_a_failed_transfer_says_why(farm: Any) -> None:
    farm.printer().upload_error = UploadFailed("Alder's memory card is full.")
    job = farm.start()
    assert job.state is JobState.FAILED
    assert job.error.text == "Alder's memory card is full. Nothing was started."


def test_cancel_during_the_transfer(farm: Any) -> None:
    farm.printer().during_upload = lambda: farm.service.cancel_upload("alder")
    job = farm.start()
    assert job.state is JobState.CANCELLED
    assert farm.printer().started == [] and farm.bed()[0] is True
    with pytest.raises(Blocked) as refused:
        farm.service.cancel_upload("alder")
    assert refused.value.error_code == "no_upload"


def test_cancel_is_too_late_once_sent(farm: Any) -> None:
    farm.starting()
    with pytest.raises(Blocked) as refused:
        farm.service.cancel_upload("alder")
    assert refused.value.error_code == "too_late"


def test_a_refused_start_returns_the_permission(farm: Any) -> None:
    def refuse(command: object) -> None:
        raise PrinterRejected("Alder could not read the file (0500-4003).")

    farm.printer().on_start = refuse
    job = farm.start()
    assert job.state is JobState.FAILED
    assert job.error.text == "Alder could not read the file (0500-4003)."
    assert farm.bed()[0] is True
    assert [item.remote_name for item in farm.store.view().cleanup] == [job.remote_name]


def test_a_refusal_contradicted_by_the_report_is_not_believed(farm: Any) -> None:
    def refuse(command: Any) -> None:
        farm.printer().shows(command, P.PREPARING)
        raise PrinterRejected("Alder is busy.")

    farm.printer().on_start = refuse
    job = farm.start()
    assert job.state is JobState.STARTING and farm.bed()[0] is False
    farm.look()
    assert farm.job(job).state is JobState.PRINTING


def test_a_start_that_could_not_be_sent_returns_the_permission(farm: Any) -> None:
    def gone(command: object) -> None:
        raise PrinterOffline("Alder is offline. The start was not sent.")

    farm.printer().on_start = gone
    job = farm.start()
    assert job.state is JobState.FAILED and job.error.code == "printer_offline"
    assert farm.bed()[0] is True


def test_lost_answer_then_echo(farm: Any) -> None:
    def silence(command: object) -> None:
        raise PrinterTimeout("Alder did not answer in 15 s.")

    farm.printer().on_start = silence
    job = farm.start()
    assert job.state is JobState.STARTING
    farm.wait(100)
    assert farm.job(job).state is JobState.STARTING
    farm.printer().shows(farm.printer().started[0], P.PREPARING)
    farm.look()
    assert farm.job(job).state is JobState.PRINTING
    assert len(farm.printer().started) == 1


def test_lost_answer_and_no_echo_needs_a_person(farm: Any) -> None:
    def silence(command: object) -> None:
        raise PrinterTimeout("Alder did not answer in 15 s.")

    farm.printer().on_start = silence
    job = farm.start()
    farm.wait(179)
    assert farm.job(job).state is JobState.STARTING
    farm.wait(3)
    job = farm.job(job)
    assert job.state is JobState.NEEDS_HUMAN
    assert any("Before the start" in item.text for item in job.evidence)
    assert any("Now: Alder is idle" in item.text for item in job.evidence)
    assert farm.fleet.snapshot("alder").conditions.job.phase == "needs_human"
    assert farm.bed() == (False, "It is not certain whether Gear.gcode.3mf was started")
    assert len(farm.printer().started) == 1


def test_a_foreign_print_during_our_transfer(farm: Any) -> None:
    def someone() -> None:
        farm.printer().shows_other(P.PRINTING)
        farm.look()

    farm.printer().during_upload = someone
    job = farm.start()
    assert job.state is JobState.FAILED and job.error.code == "printer_busy"
    assert farm.printer().started == []
    assert farm.bed() == (False, "Someone is printing their_vase at the printer")


def test_a_foreign_print_that_came_and_went_during_our_transfer(farm: Any) -> None:
    """Nobody looked in between: the last look itself must see it."""
    farm.printer().during_upload = lambda: farm.printer().shows_other(P.FINISHED)
    job = farm.start()
    assert job.state is JobState.FAILED and job.error.code == "bed_not_clear"
    assert farm.printer().started == []
    assert farm.bed() == (False, "Someone printed their_vase at the printer")


def test_a_foreign_print_that_the_watcher_has_not_read(farm: Any) -> None:
    """The claim judges the bed by the report that it relies on."""
    farm.printer().shows_other(P.FINISHED)
    with pytest.raises(Blocked) as refused:
        farm.service.start_file("alder", FILE_ID)
    assert refused.value.error_code == "bed_not_clear"
    assert farm.bed() == (False, "Someone printed their_vase at the printer")
    assert farm.service.jobs() == []


def test_a_changed_spool_during_the_transfer(farm: Any) -> None:
    def swap() -> None:
        farm.printer().report(ams=(), external=())

    def swap_wrong() -> None:
        status = farm.printer().status
        unit = status.ams[0] if status.ams else None
        if unit:
            from dataclasses import replace

            trays = (replace(unit.trays[0], type="ABS"), *unit.trays[1:])
            farm.printer().report(ams=(replace(unit, trays=trays),))

    farm.printer().during_upload = swap_wrong
    job = farm.start()
    assert job.state is JobState.FAILED and job.error.code == "wrong_material"
    assert farm.printer().started == []


def test_offline_at_the_last_look(farm: Any) -> None:
    farm.printer().during_upload = lambda: farm.printer().report(P.OFFLINE)
    job = farm.start()
    assert job.state is JobState.FAILED and job.error.code == "printer_offline"
    assert farm.printer().started == []


def test_the_library_file_is_hashed_again(farm: Any) -> None:
    farm.library.path(FILE_ID).write_bytes(b"something else")
    job = farm.start()
    assert job.state is JobState.FAILED and job.error.code == "file_damaged"
    assert farm.printer().files == {}


@pytest.mark.parametrize(
    ("arguments", "error", "code"),
    [
        ({"plate": 2}, Unusable, "wrong_model"),
        ({"plate": 9}, Unusable, "no_plate"),
        ({"plate": 3}, Blocked, "confirm_needed"),
        ({"ams_mapping": [0]}, Unusable, "mapping_length"),
        ({"ams_mapping": [1, -1]}, Unusable, "wrong_material"),
        ({"ams_mapping": [2, -1]}, Unusable, "nothing_loaded"),
        ({"ams_mapping": [9, -1]}, Unusable, "no_tray"),
        ({"ams_mapping": [99, -1]}, BadRequest, "bad_request"),
        ({"options": {"turbo": True}}, BadRequest, "bad_request"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything(
    farm: Any, arguments: dict[str, Any], error: type[FarmError], code: str
) -> None:
    with pytest.raises(error) as refused:
        farm.service.start_file("alder", FILE_ID, **arguments)
    assert refused.value.error_code == code
    assert farm.service.jobs() == [] and farm.bed()[0] is True


def test_a_confirmed_question_lets_it_through(farm: Any) -> None:
    with pytest.raises(Blocked) as asked:
        farm.service.start_file("alder", FILE_ID, 3)
    assert asked.value.details["confirm"] == ["unknown_model"]
    job = farm.start(plate=3, confirm=asked.value.details["confirm"])
    assert job.state is JobState.STARTING and job.confirm == ("unknown_model",)


def test_a_yes_to_everything_is_one_to_what_was_asked(farm: Any) -> None:
    """A tray that nobody knows any more was not among the questions: the last look asks."""
    from dataclasses import replace

    def forget_the_spool() -> None:
        unit = farm.printer().status.ams[0]
        trays = (replace(unit.trays[0], type=""), *unit.trays[1:])
        farm.printer().report(ams=(replace(unit, trays=trays),))

    farm.printer().during_upload = forget_the_spool
    job = farm.start(plate=3, confirm=["all"])
    assert job.confirm == ("unknown_model",)
    assert farm.printer().started == []
    assert job.state is JobState.FAILED and job.error.code == "confirm_needed"


def test_external_spool_by_hand_and_without_ams(farm: Any) -> None:
    assert farm.start(ams_mapping=[254, -1]).ams_mapping == (254, -1)
    assert farm.printer().started[0].ams_mapping == (254, -1)
    other = farm.service.start_file("birch", FILE_ID, options={"use_ams": False})
    assert other.ams_mapping == (254, -1)


def test_the_chosen_tray_is_used(farm: Any) -> None:
    from dataclasses import replace

    unit = farm.printer().status.ams[0]
    trays = (unit.trays[0], replace(unit.trays[1], type="PLA"), unit.trays[2])
    farm.printer().report(ams=(replace(unit, trays=trays),), next_tray="A2")
    assert farm.start().ams_mapping == (1, -1)


def test_unknown_names(farm: Any) -> None:
    with pytest.raises(NotFound):
        farm.service.start_file("nobody", FILE_ID)
    with pytest.raises(NotFound):
        farm.service.start_file("alder", "0" * 32)
    with pytest.raises(NotFound):
        farm.service.job("j-99")


def test_states_that_keep_a_start_away(farm: Any) -> None:
    farm.service.set_maintenance("alder", True, "belt")
    with pytest.raises(Blocked) as refused:
        farm.service.start_file("alder", FILE_ID)
    assert refused.value.error_code == "maintenance"
    farm.service.set_maintenance("alder", False)
    farm.printer().report(P.OFFLINE)
    with pytest.raises(PrinterOffline):
        farm.service.start_file("alder", FILE_ID)
    farm.printer().report(P.IDLE, storage="missing")
    with pytest.raises(Blocked) as refused:
        farm.service.start_file("alder", FILE_ID)
    assert refused.value.error_code == "storage"
    assert farm.printer().started == []


def test_fit_says_what_a_start_would(farm: Any) -> None:
    farm.service.set_maintenance("birch", True)
    alder, birch = farm.service.fit(FILE_ID, 1)
    assert alder.ok and alder.mapping[0].slot == "A1" and alder.ams_mapping == (0, -1)
    assert not birch.ok and birch.verdicts[0].code == "maintenance"
    assert {fit.level for fit in farm.service.fit(FILE_ID, 2)} == {"refuse"}


def test_a_file_in_transfer_stays_in_the_library(farm: Any) -> None:
    why: list[str] = []
    farm.printer().during_upload = lambda: why.append(farm.library.guards[0](FILE_ID))
    farm.start()
    assert why[0] == "Gear.gcode.3mf is being sent to Alder."
    assert farm.library.guards[0](FILE_ID) == ""


def test_nobody_lists_files_while_a_start_is_open(farm: Any) -> None:
    farm.fleet.list_files("alder")
    farm.starting()
    with pytest.raises(Blocked, match="being sent to Alder"):
        farm.fleet.list_files("alder")
    farm.fleet.list_files("birch")
    farm.printer().begin(farm.printer().started[-1])
    farm.look()
    farm.fleet.list_files("alder")
