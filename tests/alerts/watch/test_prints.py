"""The beginning and the end of prints, ours and others'."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alerts.model import Kind, Level
from alerts.watch.sight import Own, own_of
from job_queue.job import Attempt, Job
from printers.conditions import Conditions, OpenJob
from printers.registry import Snapshot
from printers.status import JobProgress
from tests.alerts.watch.scene import CONFIG, S, Scene, fault


def test_a_print_of_others_from_its_start_to_its_end() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(None, state=S.PREPARING)
    scene.prints(0, remaining_min=80)
    for percent in range(1, 100):
        scene.clock.advance(30)
        scene.prints(percent, layer=percent, layers=100)
    scene.prints(100, state=S.FINISHED)
    scene.wait(30)
    assert scene.kinds() == [
        "started", "progress 25", "progress 50", "progress 75", "finished",
    ]  # fmt: skip
    started, *_, finished = scene.told
    assert started.text == "Alder began gear at the printer."
    assert (started.printer_id, started.printer, started.group) == ("alder", "Alder", "north")
    assert started.facts["file"] == "gear" and started.facts["nozzle"] == 220
    assert finished.text == "Alder finished gear."
    assert finished.facts["result"] == "finished"
    assert finished.facts["seconds"] == 99 * 30
    assert {event.run for event in scene.told} == {started.run}
    assert len({event.identity for event in scene.told}) == len(scene.told)


def test_our_own_job_has_its_attempt_as_run_and_no_end_here() -> None:
    """How it ended is the queue's word (ends.py)."""
    scene = Scene()
    scene.look(S.IDLE)
    scene.ours("starting", seconds=7200)
    scene.prints(None, state=S.PREPARING, name="Gear-7")
    assert scene.kinds() == []
    scene.ours(seconds=7200)
    scene.see()
    scene.prints(10, name="Gear-7")
    scene.prints(30, name="Gear-7")
    scene.prints(100, name="Gear-7", state=S.FINISHED)
    scene.own = None
    scene.see()
    scene.wait(30)
    assert scene.kinds() == ["started", "progress 25"]
    assert {(event.run, event.facts["job_id"]) for event in scene.told} == {("j-1-1", "j-1")}
    assert scene.told[0].text == "Alder began Gear; it takes about 2 h."


def test_the_second_attempt_is_another_run() -> None:
    scene = Scene()
    scene.ours()
    scene.prints(5)
    scene.own = None
    scene.look(S.FAILED)
    scene.ours(attempt=2)
    scene.prints(5)
    assert [event.run for event in scene.told] == ["j-1-1", "j-1-2"]


def test_nothing_of_our_job_in_doubt_is_taken_for_a_print_of_others() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.ours("needs_human")
    scene.prints(40, name="their_vase")
    scene.wait(20)
    assert scene.kinds() == []


@pytest.mark.parametrize("state", [S.FINISHED, S.FAILED])
def test_what_has_ended_before_the_first_look_is_no_news(state: S) -> None:
    scene = Scene()
    scene.prints(100, state=state)
    scene.wait(60)
    assert scene.kinds() == []


def test_a_print_found_in_the_middle_tells_only_what_comes() -> None:
    scene = Scene()
    scene.prints(40)
    scene.wait(20)
    assert scene.kinds() == []
    scene.prints(51)
    scene.prints(100, state=S.FINISHED)
    assert scene.kinds() == ["progress 50", "finished"]
    assert "seconds" not in scene.told[-1].facts  # nobody knows when it began


def test_the_same_file_twice_in_a_row_is_two_prints() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    for _ in range(2):
        scene.prints(100, state=S.PREPARING)  # the percentage of the print before
        scene.wait(60)
        scene.prints(1)
        scene.prints(30)
        scene.prints(100, state=S.FINISHED)
        scene.wait(60)
    assert scene.kinds() == ["started", "progress 25", "finished"] * 2
    assert len({event.run for event in scene.told}) == 2
    assert len({event.identity for event in scene.told}) == 6


def test_the_same_file_again_without_an_end_in_between() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(1)
    scene.wait(600)
    scene.prints(96, layer=90, layers=100)
    scene.prints(2, layer=1, layers=100)
    assert scene.kinds() == ["started", "progress 75", "started"]
    assert scene.told[0].run != scene.told[2].run


def test_another_file_on_a_printer_that_kept_printing() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(1)
    scene.prints(60)
    scene.prints(1, name="vase")
    scene.prints(100, name="vase", state=S.FINISHED)
    assert scene.kinds() == ["started", "progress 50", "file_changed", "finished"]
    changed = scene.told[2]
    assert changed.text == "Alder now prints vase, before gear."
    assert changed.facts["reason"] == "gear" and changed.run == scene.told[3].run


def test_the_former_prints_name_is_not_told_of_the_new_one() -> None:
    """A Bambu printer says PREPARE first and the names with one of its next reports."""
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(1)
    scene.prints(100, state=S.FINISHED)
    scene.fresh()
    scene.prints(100, state=S.PREPARING)
    scene.wait(3)
    assert scene.kinds() == []
    scene.prints(0, name="vase", state=S.PREPARING)
    assert [event.facts["file"] for event in scene.told] == ["vase"]
    scene.prints(0, name="vase")
    assert scene.fresh() == ["started"]


def test_a_stop_is_no_failure() -> None:
    """Bambu shows the code of a stop for a second, then FAILED (bambu-lan A5.1)."""
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(1)
    scene.prints(42)
    scene.look(S.FAILED, cancelled=True)
    scene.look(cancelled=False)
    scene.wait(30)
    assert scene.kinds() == ["started", "progress 25", "cancelled"]
    assert scene.told[-1].text == "Alder: gear was stopped at 42 %."


def test_a_stop_that_is_shown_after_the_state() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(1)
    scene.look(S.FAILED)
    scene.wait(2)
    scene.look(cancelled=True)
    scene.wait(30)
    assert scene.kinds() == ["started", "cancelled"]


def test_a_stop_from_the_farm_is_no_failure_on_makes_that_do_not_show_it() -> None:
    scene = Scene(kind="moonraker")
    scene.look(S.IDLE)
    scene.prints(1)
    scene.tracker.stop_sent(scene.clock.monotonic())
    scene.look(S.IDLE, job=None)
    scene.wait(30)
    assert scene.kinds() == ["started", "cancelled"]


def test_a_failure_and_its_reason() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(1)
    scene.prints(60)
    scene.look(S.FAILED, faults=(fault(),))
    scene.wait(3)
    assert "failed" not in scene.kinds()  # a stop may still show itself
    scene.wait(3)
    failed = scene.told[-1]
    assert failed.kind is Kind.FAILED and failed.urgency is Level.NOW
    assert failed.text == "Alder: gear failed at 60 %. The hotend fan is too slow"
    assert failed.facts["code"] == "0300-4002"


def test_a_print_that_is_gone_ended_in_a_way_nobody_saw() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(1)
    scene.look(S.IDLE, job=None)
    scene.wait(5)
    scene.prints(2)  # a glitch: it is still there
    scene.wait(60)
    assert scene.kinds() == ["started"]
    scene.look(S.IDLE, job=None)
    scene.wait(11)
    assert scene.kinds() == ["started", "failed"]
    assert scene.told[-1].urgency is Level.SOON and scene.told[-1].facts["result"] == "unknown"


def test_a_calibration_is_no_print() -> None:
    """BUSY has no job; afterwards the printer shows FINISH (printers/bambu/parse_activity.py)."""
    scene = Scene()
    scene.look(S.IDLE)
    scene.look(S.BUSY, stage="Calibrating")
    scene.wait(30)
    scene.look(S.FINISHED)
    scene.wait(30)
    assert scene.kinds() == []


def test_a_preparation_that_was_called_off_at_once() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(None, name="", file="", state=S.PREPARING)
    scene.look(S.IDLE, job=None)
    scene.wait(30)
    assert scene.kinds() == []


# -- what the makes show differently -----------------------------------------------------------


def test_octoprint_says_how_the_job_ended_in_any_state_of_rest() -> None:
    scene = Scene(kind="octoprint")
    scene.look(S.IDLE)
    scene.prints(1, file="gear.gcode")
    ended = JobProgress(name="gear", file="gear.gcode", task_id="print:17", ended="cancelled")
    scene.look(S.IDLE, job=ended)
    scene.wait(20)
    assert scene.kinds() == ["started", "cancelled"]


def test_moonraker_dates_its_print_late_and_forgets_a_cancelled_one() -> None:
    scene = Scene(kind="moonraker")
    scene.look(S.IDLE)
    scene.prints(None, state=S.PREPARING, file="gear.gcode")
    scene.prints(1, file="gear.gcode")
    scene.prints(30, file="gear.gcode", task_id="history:000A1")
    scene.look(
        S.FAILED, cancelled=True,
        job=JobProgress(name="gear", file="gear.gcode", task_id="history:000A1", ended="cancelled"),
    )  # fmt: skip
    scene.look(S.IDLE, cancelled=False)
    scene.wait(20)
    assert scene.kinds() == ["started", "progress 25", "cancelled"]
    assert len({event.run for event in scene.told}) == 1


def test_moonraker_halts_in_the_middle() -> None:
    scene = Scene(kind="moonraker")
    scene.look(S.IDLE)
    scene.prints(3, file="gear.gcode")
    job = JobProgress(name="gear", file="gear.gcode", ended="failed")
    scene.look(S.FAULT, job=job, faults=(fault("klipper_shutdown"),))
    scene.wait(6)
    assert scene.kinds() == ["started", "fault", "failed"]


def test_prusalink_names_its_print_late() -> None:
    """The name is asked for at another address than the state."""
    scene = Scene(kind="prusalink")
    scene.look(S.IDLE)
    scene.prints(0, name="", file="", task_id="job:7")
    assert scene.kinds() == []
    scene.clock.advance(2)
    scene.prints(1, name="gear", file="gear.bgcode", task_id="job:7")
    assert [event.text for event in scene.told] == ["Alder began gear at the printer."]
    done = replace(scene.status.job or JobProgress(name="", file=""), ended="finished", percent=100)
    scene.look(S.FINISHED, job=done)
    scene.wait(10)
    assert scene.kinds() == ["started", "finished"]


def test_prusalink_gives_a_restarted_servers_first_print_an_old_number() -> None:
    scene = Scene(kind="prusalink")
    scene.look(S.IDLE)
    for name in ("gear", "vase"):
        scene.prints(1, name=name, task_id="job:1")
        job = scene.status.job
        assert job is not None
        scene.look(S.FINISHED, job=replace(job, ended="finished"))
        scene.look(S.IDLE, job=None)
    assert scene.kinds() == ["started", "finished"] * 2


def test_a_print_that_never_tells_its_name() -> None:
    scene = Scene(replace(CONFIG, progress_step=10))
    scene.look(S.IDLE)
    scene.prints(0, name="", file="")
    scene.wait(6)
    scene.prints(12, name="", file="")
    assert scene.kinds() == ["started", "progress 10"]
    assert scene.told[0].text == "Alder began a print at the printer."


def test_a_file_that_prepares_again_in_the_middle_is_a_new_print() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(1)
    scene.wait(600)
    scene.prints(40)
    scene.prints(0, state=S.PREPARING)
    scene.prints(1)
    assert scene.kinds() == ["started", "progress 25", "started"]


def test_a_filament_change_in_the_middle_is_none() -> None:
    """A stage of the running print that looks like a preparation."""
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(1)
    scene.wait(600)
    scene.prints(40)
    scene.prints(40, state=S.PREPARING)
    scene.prints(41)
    assert scene.kinds() == ["started", "progress 25"]


def test_a_name_or_a_file_is_enough() -> None:
    for name, file in (("gear", ""), ("", "gear.gcode")):
        scene = Scene()
        scene.look(S.IDLE)
        scene.prints(0, name=name, file=file)
        assert [event.text for event in scene.told] == ["Alder began gear at the printer."]


# -- the farm's own job in a snapshot ----------------------------------------------------------


def open_job(phase: str, token: int = 7) -> Snapshot:
    scene = Scene()
    job = OpenJob(job_id="j-1", phase=phase, name="Gear.gcode.3mf", token=token, seconds=60)
    return Snapshot(status=scene.status, conditions=Conditions(job=job), revision=1)


def queued(token: int, attempt: int, **more: Any) -> dict[str, Job]:
    return {
        "j-1": Job(
            id="j-1", file_id="f", file_name="Gear.gcode.3mf", token=token, attempt=attempt,
            started_at=5.0, **more,
        )
    }  # fmt: skip


@pytest.mark.parametrize("phase", ["claimed", "uploading", "uploaded"])
def test_before_the_start_there_is_nothing_of_ours_on_a_printer(phase: str) -> None:
    assert own_of(open_job(phase), queued(7, 1)) is None


def test_our_job_is_known_by_its_attempt() -> None:
    own = own_of(open_job("printing"), queued(7, 2))
    assert own == Own(run="j-1-2", job_id="j-1", file="Gear.gcode.3mf", started_at=5.0, seconds=60)
    assert own.has_begun
    assert not replace(own, phase="starting").has_begun


def test_a_snapshot_that_is_behind_means_the_attempt_before() -> None:
    past = Attempt(number=2, printer_id="alder", token=7, remote_name="x", outcome="failed")
    own = own_of(open_job("printing"), queued(9, 3, attempts=(past,)))
    assert own is not None and (own.run, own.started_at) == ("j-1-2", None)


def test_the_end_of_another_print_is_not_the_end_of_this_one() -> None:
    scene = Scene()
    scene.look(S.IDLE)
    scene.prints(1)
    scene.prints(100, name="vase", state=S.FINISHED)
    scene.wait(11)
    assert scene.kinds() == ["started", "failed"]
    assert scene.told[-1].facts["result"] == "unknown"
