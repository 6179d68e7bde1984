"""PrusaLink's status as a report: recorded replies of the real MK3 server, and the firmware's."""

from __future__ import annotations

import random
from typing import Any

import pytest

from printers.lan.report import Report
from printers.prusalink.flavour import Flavour, Introduction, Server, server_of
from printers.prusalink.parse import Known, parse, state_word
from printers.prusalink.parse_job import SeenJob, follow, needs_details, renewed, seen_job
from printers.status import PrinterState, Severity
from tests.printers.prusalink.samples import (
    FIRMWARE_INFO,
    FIRMWARE_JOB,
    FIRMWARE_STORAGE,
    FIRMWARE_VERSION,
    firmware_status,
    recorded,
)

S = PrinterState


def pi() -> Server:
    idle = recorded("mk3_idle")
    said = Introduction(version=idle["version"], info=idle["info"], storage=idle["storage"])
    return server_of(said, "")


def firmware() -> Server:
    said = Introduction(version=FIRMWARE_VERSION, info=FIRMWARE_INFO, storage=FIRMWARE_STORAGE)
    return server_of(said, "MK4S")


def read(status: dict[str, Any], server: Server | None = None, **known: Any) -> Report:
    return parse(status, Known(name="Prusa 1", server=server or pi(), **known))


def after(name: str, before: SeenJob | None = None) -> tuple[SeenJob | None, dict[str, Any]]:
    """The job as followed by one recorded reply."""
    sample = recorded(name)
    fetched = seen_job(sample["job"]) if "job" in sample else None
    status = sample["status"]
    return follow(status, state_word(status), before, fetched), status


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("IDLE", S.IDLE),
        ("READY", S.IDLE),
        ("BUSY", S.BUSY),
        ("PRINTING", S.PRINTING),
        ("PAUSED", S.PAUSED),
        ("FINISHED", S.FINISHED),
        ("STOPPED", S.FAILED),
        ("ERROR", S.FAULT),
        ("ATTENTION", S.FAULT),
        ("OFFLINE", S.OFFLINE),
        ("UNKNOWN", S.UNKNOWN),
        ("SELFTEST", S.UNKNOWN),
        ("", S.UNKNOWN),
    ],
)
def test_state_words(word: str, state: PrinterState) -> None:
    report = read(firmware_status(word), firmware())
    assert (report.state, report.raw_state) == (state, word)
    assert report.cancelled is (word == "STOPPED")
    assert bool(report.faults) is (state is S.FAULT)
    assert ("does not answer it" in report.message) is (state is S.OFFLINE)


def test_idle_as_recorded() -> None:
    report = read(recorded("mk3_idle")["status"])
    assert report.state is S.IDLE
    assert report.job is None
    assert [(h.name, h.target, h.maximum) for h in report.heaters] == [
        ("nozzle", 0.0, 300),
        ("bed", 0.0, 120),
    ]
    assert report.speed is not None
    assert report.speed.percent == 100
    assert report.nozzles[0].diameter_mm == 0.4
    assert report.storage == "ok"
    assert report.machine.code == "MK3S"
    assert report.machine.file_kinds == ("gcode",)
    assert report.fans == ()  # revolutions a minute cannot be shown as percent


def test_firmware_cannot_be_heated() -> None:
    report = read(firmware_status("IDLE"), firmware())
    assert [h.maximum for h in report.heaters] == [None, None]
    assert report.machine.capabilities == {"pause", "stop", "upload"}
    assert report.machine.file_kinds == ("gcode", "bgcode")


def test_temperatures_that_are_absent_or_old_are_not_shown() -> None:
    status = recorded("mk3_idle")["status"]
    for key in ("temp_nozzle", "temp_bed"):
        del status["printer"][key]
    assert read(status).heaters == ()
    error = recorded("mk3_error")["status"]
    assert "temp_nozzle" in error["printer"]  # the server goes on showing the last ones
    assert read(error).heaters == ()


def test_error_says_what_the_server_says() -> None:
    fault = read(recorded("mk3_error")["status"]).faults[0]
    assert fault.text == "Serial device does not exist"
    assert fault.severity is Severity.FATAL
    assert read(firmware_status("ERROR"), firmware()).faults[0].text.startswith("The printer")


def test_attention_with_a_job_is_a_pause_that_only_the_screen_ends() -> None:
    status = firmware_status("ATTENTION", job=True)
    job = follow(status, "ATTENTION", None, seen_job(FIRMWARE_JOB))
    report = read(status, firmware(), job=job)
    assert report.state is S.PAUSED
    assert report.pause_kind == "printer"
    assert "screen" in report.pause_reason
    assert report.faults[0].severity is Severity.SERIOUS
    assert report.job is not None
    assert report.job.file == "cube-12.bgcode"
    assert report.job.ended == ""


def test_job_is_known_by_its_long_name_and_number() -> None:
    status = firmware_status("PRINTING", job=True)
    job = follow(status, "PRINTING", None, seen_job(FIRMWARE_JOB))
    shown = read(status, firmware(), job=job).job
    assert shown is not None
    assert (shown.name, shown.file, shown.task_id) == (
        "cube-12.bgcode",
        "cube-12.bgcode",
        "job:326",
    )
    assert (shown.percent, shown.remaining_min) == (41, 21)


def test_details_are_asked_once_per_number() -> None:
    status = firmware_status("PRINTING", job=True)
    assert needs_details(status, None)
    known = follow(status, "PRINTING", None, seen_job(FIRMWARE_JOB))
    assert known is not None
    assert not needs_details(status, known)
    assert needs_details(status, SeenJob(325, "a", "a"))
    assert needs_details(status, renewed(known))  # numbers begin anew after a restart
    assert not needs_details(firmware_status("IDLE"), known)


def test_a_young_job_does_not_show_the_progress_of_the_one_before() -> None:
    sample = recorded("mk3_started")
    assert sample["status"]["job"]["progress"] == 6.0  # left over: nothing of it was printed yet
    job, status = after("mk3_started")
    shown = read(status, job=job).job
    assert shown is not None
    assert (shown.percent, shown.remaining_min) == (None, None)
    status["job"] |= {"time_printing": 40}
    assert follow(status, "PRINTING", job, None) == job  # still the same number
    status["job"] |= {"progress": 7.0}
    later = follow(status, "PRINTING", job, None)
    shown = read(status, job=later).job
    assert shown is not None
    assert (shown.percent, shown.remaining_min) == (7, 112)


def test_a_job_that_was_running_already_shows_its_progress() -> None:
    status = firmware_status("PRINTING", job=True)
    job = follow(status, "PRINTING", None, seen_job(FIRMWARE_JOB))
    assert job is not None
    assert job.percent == 41


def test_percent_is_floored_and_100_only_at_the_end() -> None:
    status = firmware_status("PRINTING", job=True)
    status["job"]["progress"] = 99.97
    job = follow(status, "PRINTING", None, seen_job(FIRMWARE_JOB))
    assert job is not None
    assert job.percent == 99
    end = firmware_status("FINISHED")
    shown = read(end, firmware(), job=follow(end, "FINISHED", job, None)).job
    assert shown is not None
    assert (shown.percent, shown.ended, shown.file) == (100, "finished", "cube-12.bgcode")


def test_a_remaining_time_of_ages_is_not_believed() -> None:
    status = firmware_status("PRINTING", job=True)
    status["job"] |= {"time_remaining": 10**14, "progress": 3.0}
    job = follow(status, "PRINTING", None, seen_job(FIRMWARE_JOB))
    shown = read(status, firmware(), job=job).job
    assert shown is not None
    assert shown.remaining_min is None


def test_remaining_zero_is_not_believed_before_the_end() -> None:
    status = firmware_status("PRINTING", job=True)
    status["job"] |= {"time_remaining": 0, "progress": 3.0}
    job = follow(status, "PRINTING", None, seen_job(FIRMWARE_JOB))
    shown = read(status, firmware(), job=job).job
    assert shown is not None
    assert shown.remaining_min is None


@pytest.mark.parametrize(
    ("name", "state", "ended"),
    [("mk3_finished", S.FINISHED, "finished"), ("mk3_stopped", S.FAILED, "cancelled")],
)
def test_the_end_belongs_to_the_job_seen_before(name: str, state: PrinterState, ended: str) -> None:
    before, _ = after("mk3_printing")
    job, status = after(name, before)
    report = read(status, job=job)
    assert report.state is state
    assert report.job is not None
    assert (report.job.file, report.job.ended) == ("Würfel groß-7.gcode", ended)
    assert report.cancelled is (ended == "cancelled")
    assert follow(recorded("mk3_idle")["status"], "IDLE", job, None) is None


def test_an_end_of_a_job_nobody_saw_has_no_name() -> None:
    job, status = after("mk3_finished")
    assert read(status, job=job).job is None
    before, _ = after("mk3_printing")
    assert follow(status, "FINISHED", renewed(before), None) is None


def test_an_interrupted_job_stays_in_sight_but_has_not_ended() -> None:
    before, _ = after("mk3_printing")
    job, status = after("mk3_error", before)
    shown = read(status, job=job).job
    assert shown is not None
    assert shown.ended == ""


@pytest.mark.parametrize(
    ("asked", "word", "stage"),
    [
        ("pause", "PRINTING", "Pausing"),
        ("resume", "PAUSED", "Resuming"),
        ("stop", "PRINTING", "Cancelling"),
        ("stop", "PAUSED", "Cancelling"),
        ("pause", "PAUSED", ""),
        ("stop", "STOPPED", ""),
    ],
)
def test_what_was_asked_shows_until_it_happens(asked: str, word: str, stage: str) -> None:
    assert read(firmware_status(word, job=True), firmware(), asked=asked).stage == stage


def test_heating_is_named() -> None:
    status = firmware_status("PRINTING", job=True)
    status["printer"] |= {"target_nozzle": 215.0, "temp_nozzle": 90.0}
    assert read(status, firmware()).stage == "Heating nozzle"
    status["printer"] |= {"temp_nozzle": 214.0}
    assert read(status, firmware()).stage == ""


def test_a_transfer_from_elsewhere_is_noticed_ours_is_not() -> None:
    transfer = {"id": 5, "time_transferring": 3, "progress": 40.0}
    status = firmware_status("IDLE", transfer=transfer)
    assert [n.code for n in read(status, firmware()).notices] == ["foreign_transfer"]
    assert read(status, firmware(), uploading=True).notices == ()


def test_storage_words() -> None:
    for change, word in (({"available": False}, "missing"), ({"read_only": True}, "read_only")):
        entry = FIRMWARE_STORAGE["storage_list"][0] | change
        said = Introduction(version=FIRMWARE_VERSION, storage={"storage_list": [entry]})
        assert read(firmware_status("IDLE"), server_of(said, "")).storage == word
    assert read(firmware_status("IDLE"), Server(flavour=Flavour.FIRMWARE)).storage == ""


ODD: tuple[Any, ...] = (
    None, True, -1, 1e300, float("inf"), "", "x\x00y", [], [1], {}, {"id": "x"}, {"state": 7},
)  # fmt: skip


def test_odd_data_never_raises() -> None:
    rng = random.Random(20261121)
    names = ("mk3_idle", "mk3_printing", "mk3_error")
    for _ in range(3000):
        sample = recorded(rng.choice(names)) if rng.random() < 0.02 else {}
        status = sample.get("status") or firmware_status("PRINTING", job=True, transfer={})
        for _ in range(rng.randint(1, 4)):
            target = status
            for _ in range(rng.randint(0, 2)):
                inner = target.get(rng.choice(sorted(target))) if target else None
                target = inner if isinstance(inner, dict) else target
            if target:
                target[rng.choice(sorted(target))] = rng.choice(ODD)
        job = rng.choice([*ODD, FIRMWARE_JOB | {"file": rng.choice(ODD)}])
        fetched = seen_job(job) if isinstance(job, dict) else None
        needs_details(status, fetched)
        followed = follow(status, state_word(status), fetched, fetched)
        report = parse(status, Known(name="P", server=firmware(), job=followed))
        assert isinstance(report.state, PrinterState)
        shown = report.job
        assert shown is None or shown.percent is None or 0 <= shown.percent <= 100
