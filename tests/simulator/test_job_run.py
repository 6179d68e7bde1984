"""A job from project_file to FINISH, and every way it can go differently."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.bambu.rehearsal import Rehearsal
from simulator.models import MODELS
from simulator.plates import PlateSpec
from simulator.state import (
    AMS_RUNOUT,
    BAD_MAPPING,
    BUSY_REFUSED,
    CANCELLED,
    NO_MAPPING,
    NOT_PARSED,
    STORAGE_ERROR,
)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_a_job_runs_to_the_end(model: str) -> None:
    r = Rehearsal.of(model)
    r.store()
    answer = r.start()
    assert answer["result"] == "success"
    assert "err_code" not in answer
    assert answer["task_id"] == "4711"
    status = r.status()
    assert status["gcode_state"] == "PREPARE"
    assert status["subtask_name"] == "job"
    assert status["task_id"] == "4711"
    newer = MODELS[model].np
    assert status["gcode_file"] == ("/data/Metadata/plate_1.gcode" if newer else "job.gcode.3mf")
    states, stages, percents, layers = [], [], [], []
    while r.machine.job.busy:
        r.run(0.25)
        now = r.status()
        states.append(now["gcode_state"])
        stages.append(now["stg_cur"])
        percents.append(now["mc_percent"])
        layers.append(now["layer_num"])
    assert list(dict.fromkeys(states)) == ["PREPARE", "RUNNING", "FINISH"]
    printing = [s for s in dict.fromkeys(stages) if s not in (-1, 255)]
    calibrating = 14 if MODELS[model].family == "a1" else 8
    assert {2, 14, 4, 13, 1, 3, calibrating, 0} <= set(printing)
    assert percents == sorted(percents) and percents[-1] == 100
    assert layers == sorted(layers) and layers[-1] == 30
    end = r.status()
    assert end["stg_cur"] == (-1 if newer else 255)
    assert end["mc_remaining_time"] == 0
    assert end["nozzle_target_temper"] == end["bed_target_temper"] == 0
    assert end["bed_temper"] > 40, "the bed cools slowly"
    assert end["print_error"] == 0
    assert r.machine.axes.homed == 7


def test_temperatures_follow_the_gcode() -> None:
    r = Rehearsal.of("P1S", scale=1.0)
    r.store()
    r.start()
    r.run(60, step=1.0)
    assert r.status()["bed_target_temper"] == 55
    before = r.status()["bed_temper"]
    r.run(10, step=1.0)
    assert r.status()["bed_temper"] - before == pytest.approx(5.0, abs=0.2), "0.5 °C a second"
    nozzle = r.machine.heat.nozzles[0]
    nozzle.actual, nozzle.target = 100.0, 220.0
    r.run(10, step=1.0)
    assert nozzle.actual == pytest.approx(130.0)


def test_dead_heaters_hold_the_job_at_the_wait() -> None:
    r = Rehearsal.of()
    r.machine.knobs.heater_power = 0.0
    r.store()
    r.start()
    r.run(60)
    status = r.status()
    assert status["gcode_state"] == "RUNNING"
    assert status["stg_cur"] == 2
    assert status["layer_num"] == 0


def test_pause_cools_and_resume_heats_before_it_goes_on() -> None:
    r = Rehearsal.of(scale=10.0)
    r.printing()
    assert r.order("pause")["result"] == "SUCCESS"
    assert (r.status()["gcode_state"], r.status()["stg_cur"]) == ("PAUSE", 16)
    layer = r.machine.job.layer
    r.run(20)
    assert r.machine.job.layer == layer
    assert r.status()["nozzle_temper"] < 150
    assert r.order("pause")["result"] == "fail"
    assert r.order("resume")["result"] == "SUCCESS"
    assert (r.status()["gcode_state"], r.status()["stg_cur"]) == ("RUNNING", 7)
    r.until(lambda: r.machine.job.stage == 0)
    assert r.status()["nozzle_temper"] > 215
    r.until(lambda: r.machine.job.layer > layer)
    assert r.order("resume")["result"] == "fail"


@pytest.mark.parametrize("model", ["P1S", "A1", "X1C"])
def test_a_stop_flashes_its_code_and_ends_soft(model: str) -> None:
    r = Rehearsal.of(model)
    r.printing()
    r.run(0.25)
    r.seen.clear()
    assert r.order("stop")["result"].lower() == "success"
    assert r.machine.report_interval() <= 0.5
    assert r.order("stop")["result"] == "fail"
    first = r.machine.next_report()
    assert first is not None
    assert first["print"]["print_error"] == CANCELLED
    if model != "X1C":
        assert "gcode_state" not in first["print"], "the flash comes alone"
    r.run(1.0)
    assert (r.status()["gcode_state"], r.status()["print_error"]) == ("FAILED", CANCELLED)
    r.run(1.0)
    end = r.status()
    assert (end["gcode_state"], end["print_error"], end["hms"]) == ("FAILED", 0, [])
    assert int(end.get("mc_print_error_code", "0")) == 0
    assert (end["mc_percent"] == 0) == (model == "P1S")
    r.run(30)
    assert r.status()["gcode_state"] == "FAILED"


def test_old_firmware_goes_idle_after_a_stop() -> None:
    r = Rehearsal.of("P1P")
    r.machine.knobs.stop_goes_idle = True
    r.printing()
    r.order("stop")
    r.run(2)
    assert r.status()["gcode_state"] == "IDLE"


def test_stop_works_while_preparing_and_while_paused() -> None:
    for paused in (False, True):
        r = Rehearsal.of()
        if paused:
            r.printing()
            r.order("pause")
        else:
            r.store()
            r.start()
        assert r.order("stop")["result"] == "SUCCESS"
        r.run(2)
        assert r.status()["gcode_state"] == "FAILED"


def test_runout_pauses_with_its_code_and_resume_clears_it() -> None:
    r = Rehearsal.of("P1S")
    r.machine.options.auto_switch_filament = False
    r.printing()
    r.machine.runout()
    status = r.status()
    assert (status["gcode_state"], status["stg_cur"]) == ("PAUSE", 6)
    assert status["print_error"] == AMS_RUNOUT
    assert status["hw_switch_state"] == 0
    assert status["ams"]["ams"][0]["tray"][0]["remain"] == 0
    r.machine.swap_spool(0, 0, "PLA", "00FF00")
    assert r.order("resume")["result"] == "SUCCESS"
    r.until(lambda: not r.machine.job.busy)
    assert (r.status()["gcode_state"], r.status()["print_error"]) == ("FINISH", 0)


def test_a_twin_spool_takes_over() -> None:
    r = Rehearsal.of("P1S")
    r.machine.swap_spool(0, 0, "PLA", "ABCDEF", 50)
    r.machine.swap_spool(0, 2, "PLA", "ABCDEF", 50)
    r.printing()
    r.machine.runout()
    assert r.status()["gcode_state"] == "RUNNING"
    r.until(lambda: r.machine.ams.now == 2)
    assert r.status()["ams"]["tray_now"] == "2"


def test_spools_run_down_by_what_the_gcode_pulls() -> None:
    r = Rehearsal.of("P1S")
    r.store(filaments=[("PLA", "112233", 100.0)])
    before = r.machine.ams.find(1)
    assert before is not None
    grams = before.grams
    r.start(ams_mapping=[1], ams_mapping2=[{"ams_id": 0, "slot_id": 1}])
    r.until(lambda: not r.machine.job.busy)
    assert grams - before.grams == pytest.approx(100.0, rel=0.03)
    assert r.status()["ams"]["tray_now"] == "1"


def test_speed_changes_the_pace_and_the_minutes() -> None:
    r = Rehearsal.of()
    assert r.order("print_speed", param="4")["result"] == "fail", "only while printing"
    r.printing()
    minutes = r.status()["mc_remaining_time"]
    assert r.order("print_speed", param="4")["result"] == "SUCCESS"
    status = r.status()
    assert (status["spd_lvl"], status["spd_mag"]) == (4, 166)
    assert status["mc_remaining_time"] == round(minutes / 1.66)
    assert r.order("print_speed", param="5")["result"] == "fail"


def test_objects_can_be_skipped_but_not_all() -> None:
    r = Rehearsal.of()
    r.store(plates=[PlateSpec(name="knobs", minutes=20, layers=30)])
    r.start()
    r.until(lambda: r.machine.job.gcode_state == "RUNNING")
    assert r.order("skip_objects", obj_list=[999])["result"] == "fail"
    assert r.order("skip_objects", obj_list=[100, 111])["result"] == "fail"
    assert r.order("skip_objects", obj_list=[111])["result"] == "SUCCESS"
    assert r.status()["s_obj"] == [111]
    assert r.order("skip_objects", obj_list=[100])["result"] == "fail"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"url": "ftp://other.gcode.3mf"}, NOT_PARSED),
        ({"url": "brtc://emmc/job.gcode.3mf"}, NOT_PARSED),
        ({"url": None}, NOT_PARSED),
        ({"param": "Metadata/plate_2.gcode"}, NOT_PARSED),
        ({"param": "plate_1.gcode"}, NOT_PARSED),
        ({"md5": "0" * 32}, NOT_PARSED),
        ({"ams_mapping": [254]}, NO_MAPPING),
        ({"ams_mapping": [255]}, NO_MAPPING),
        ({"ams_mapping": "0"}, NO_MAPPING),
        ({"ams_mapping": [7]}, BAD_MAPPING),
    ],
)
def test_a_bad_start_is_accepted_and_fails_after_prepare(
    changes: dict[str, Any], error: int
) -> None:
    r = Rehearsal.of()
    r.store()
    assert r.start(**changes)["result"] == "success"
    assert r.status()["gcode_state"] == "PREPARE"
    r.run(2)
    assert (r.status()["gcode_state"], r.status()["print_error"]) == ("FAILED", error)
    assert r.order("clean_print_error", subtask_id="0", print_error=error)["result"] == "SUCCESS"
    assert r.status()["print_error"] == 0


@pytest.mark.parametrize(
    "url",
    [
        "ftp://job.gcode.3mf",
        "ftp:///job.gcode.3mf",
        "file:///sdcard/job.gcode.3mf",
        "file:///mnt/sdcard/job.gcode.3mf",
        "file:///media/usb0/job.gcode.3mf",
    ],
)
def test_every_url_form_finds_the_file(url: str) -> None:
    r = Rehearsal.of()
    r.store()
    r.start(url=url, md5="")
    r.until(lambda: r.machine.job.gcode_state == "RUNNING")


def test_without_a_url_the_file_is_found_by_name() -> None:
    r = Rehearsal.of()
    r.store()
    r.start(url=None, md5="from_sd_card")
    r.until(lambda: r.machine.job.gcode_state == "RUNNING")


def test_damaged_files_are_not_parsed() -> None:
    for data in (b"no zip", b"PK\x03\x04" + b"\0" * 50):
        r = Rehearsal.of()
        r.machine.storage.write("job.gcode.3mf", data)
        r.start()
        r.run(2)
        assert r.status()["print_error"] == NOT_PARSED
    r = Rehearsal.of()
    whole = r.store()
    r.machine.storage.write("job.gcode.3mf", whole[: len(whole) // 2])
    r.start()
    r.run(2)
    assert r.status()["print_error"] == NOT_PARSED


def test_a_missing_md5_member_is_fine_and_a_missing_plate_is_not() -> None:
    r = Rehearsal.of()
    r.store(omit=frozenset({"Metadata/plate_1.gcode.md5"}))
    r.start()
    r.run(2)
    assert r.status()["gcode_state"] == "RUNNING"
    r = Rehearsal.of()
    r.store(omit=frozenset({"Metadata/plate_1.gcode"}))
    r.start()
    r.run(2)
    assert r.status()["print_error"] == NOT_PARSED


def test_a_second_start_is_refused_with_the_request_echoed() -> None:
    r = Rehearsal.of("A1 mini")
    r.printing()
    answer = r.start(subtask_name="second")
    assert answer["err_code"] == BUSY_REFUSED
    assert answer["subtask_name"] == "second"
    assert "result" not in answer
    assert r.status()["gcode_state"] == "RUNNING"
    r.machine.knobs.a1mini_cancel = True
    assert r.start()["err_code"] == BUSY_REFUSED
    assert r.status()["gcode_state"] == "FAILED"


def test_missing_ams_mapping2_prints_air_on_a_p1s() -> None:
    r = Rehearsal.of("P1S")
    r.store()
    r.start(ams_mapping2=None)
    r.until(lambda: not r.machine.job.busy)
    assert r.status()["gcode_state"] == "FINISH"
    assert all(s.get("hw_switch_state", 0) == 0 for s in r.seen)
    assert r.machine.bed_part is not None and r.machine.bed_part.done == 0


def test_without_ams_the_external_spool_is_used() -> None:
    r = Rehearsal.of("A1")
    r.store()
    r.start(use_ams=False, ams_mapping=[], ams_mapping2=[])
    r.until(lambda: r.machine.job.layer > 2)
    assert r.status()["ams"]["tray_now"] == "254"


def test_use_ams_without_any_ams() -> None:
    r = Rehearsal.of("P1P")
    r.machine.unplug_ams(0)
    r.store()
    r.start()
    r.run(2)
    assert r.status()["print_error"] == NO_MAPPING


def test_no_card() -> None:
    r = Rehearsal.of()
    r.store()
    r.machine.knobs.sd_missing = True
    r.start()
    r.run(2)
    assert (r.status()["gcode_state"], r.status()["print_error"]) == ("FAILED", STORAGE_ERROR)


def test_a_dual_nozzle_job_from_the_left_ht() -> None:
    r = Rehearsal.of("H2D")
    r.store()
    r.start(ams_mapping=[128], ams_mapping2=[{"ams_id": 128, "slot_id": 0}])
    r.until(lambda: r.machine.job.layer > 2)
    status = r.status()
    left = status["device"]["extruder"]["info"][1]
    assert left["snow"] == 128 << 8
    assert left["temp"] >> 16 == 220
    assert status["device"]["extruder"]["state"] == 2 | 1 << 4 | 1 << 8
    assert status["mapping"] == [128 << 8]


def test_someone_starts_a_file_at_the_screen() -> None:
    r = Rehearsal.of()
    r.store("local.gcode.3mf")
    r.machine.start_local("local.gcode.3mf")
    assert r.status()["subtask_name"] == "local"
    assert r.status()["task_id"] == "0"
    with pytest.raises(ValueError, match="busy"):
        r.machine.start_local("local.gcode.3mf")
    r.until(lambda: not r.machine.job.busy)
    assert r.status()["gcode_state"] == "FINISH"


def test_a_plain_gcode_file_runs() -> None:
    r = Rehearsal.of()
    r.machine.storage.write("t.gcode", b"M73 P0 R5\nM104 S200\nG28\nM73 P50 R2\nM73 P100 R0\n")
    assert r.order("gcode_file", param="/missing.gcode")["result"] == "fail"
    assert r.order("gcode_file", param="/t.gcode")["result"] == "SUCCESS"
    r.until(lambda: r.machine.job.percent == 50)
    assert r.status()["nozzle_target_temper"] == 200
    r.until(lambda: not r.machine.job.busy)


def test_calibration_keeps_the_printer_busy_and_leaves_no_finished_job() -> None:
    r = Rehearsal.of("X1C", scale=10)
    assert r.order("calibration", option=0)["result"] == "fail"
    assert r.order("calibration", option=6)["result"] == "SUCCESS"
    r.run(1)
    assert (r.status()["gcode_state"], r.status()["stg_cur"]) == ("RUNNING", 1)
    assert r.order("calibration", option=6)["result"] == "fail"
    r.until(lambda: r.machine.job.stage == 3)
    r.until(lambda: not r.machine.job.busy)
    assert r.status()["gcode_state"] == "IDLE"
