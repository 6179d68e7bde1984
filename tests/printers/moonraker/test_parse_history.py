"""Which record of the history is this job's, and how it ended."""

from __future__ import annotations

import pytest

from printers.moonraker.history import HistoryJob, newest, read_job
from printers.moonraker.picture import Sensed
from tests.printers.moonraker.recording import CUBE, S, load, report


def test_the_history_gives_the_job_its_id() -> None:
    job = report("printing", last=newest(load("history_running"))).job
    assert job is not None
    assert (job.task_id, job.ended) == ("history:000013", "")


@pytest.mark.parametrize(
    ("status", "task_id"),
    [
        ("in_progress", "history:00000A"),
        ("interrupted", "history:00000A"),  # Moonraker was killed, Klipper prints on
        ("completed", ""),  # an earlier print of the same file
        ("cancelled", ""),
    ],
)
def test_a_running_print_is_not_taken_for_an_earlier_one(status: str, task_id: str) -> None:
    job = report("printing", last=HistoryJob("00000A", CUBE, status)).job
    assert job is not None
    assert (job.task_id, job.ended) == (task_id, "")


def test_another_files_record_says_nothing() -> None:
    job = report("complete", last=HistoryJob("00000A", "farm/other.gcode", "cancelled")).job
    assert job is not None
    assert (job.file, job.task_id, job.ended) == ("farm/short-0043.gcode", "", "finished")


@pytest.mark.parametrize(
    ("status", "ended"),
    [
        ("completed", "finished"),
        ("cancelled", "cancelled"),
        ("error", "failed"),
        ("klippy_shutdown", "failed"),
        ("klippy_disconnect", "failed"),
        ("interrupted", ""),
        ("server_exit", ""),
        ("in_progress", ""),
        ("something new", ""),
    ],
)
def test_a_print_that_ended_while_we_were_away(status: str, ended: str) -> None:
    """Klipper has started anew since; Moonraker's record is all there is."""
    found = report("idle", last=HistoryJob("00000A", CUBE, status))
    assert found.state is S.IDLE
    assert found.job is not None
    assert (found.job.file, found.job.task_id, found.job.ended) == (CUBE, "history:00000A", ended)


@pytest.mark.parametrize("name", ["history_running", "history_cancelled", "history_completed"])
def test_recorded_history_is_read(name: str) -> None:
    job = newest(load(name))
    assert job is not None
    assert job.task_id.startswith("history:0000")
    assert job.filename.startswith("farm/")


def test_recorded_history_notifications_are_read() -> None:
    jobs = [
        read_job(news["params"][0]["job"])
        for news in load("notifications")
        if news["method"] == "notify_history_changed"
    ]
    assert [(job.status, job.filename) for job in jobs if job] == [
        ("in_progress", CUBE),
        ("cancelled", CUBE),
    ]


def test_a_cancel_is_shown_for_a_while_even_when_the_file_is_forgotten() -> None:
    found = report("cancelled", sensed=Sensed(cancelled=True))
    assert (found.state, found.cancelled) == (S.FAILED, True)
    found = report("idle", sensed=Sensed(cancelled=True))
    assert (found.state, found.cancelled) == (S.FAILED, True)
