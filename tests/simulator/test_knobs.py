"""Each knob and action of the brain has the effect its description promises."""

from __future__ import annotations

from dataclasses import fields

import pytest

from simulator.bambu.machine import BambuMachine
from simulator.bambu.rehearsal import Rehearsal
from simulator.knobs import KNOB_NAMES, Knobs
from simulator.scenarios import SCENARIOS, Autopilot
from simulator.specs import make_spec
from simulator.state import NOT_PARSED, UNSIGNED


def test_knobs_are_checked_by_name_and_type() -> None:
    knobs = Knobs()
    knobs.set(no_ack=True, ack_delay_s=2, ftps_require_session_reuse=False, max_clients=2)
    assert (knobs.no_ack, knobs.ack_delay_s, knobs.max_clients) == (True, 2.0, 2)
    assert knobs.ftps_require_session_reuse is False
    with pytest.raises(KeyError):
        knobs.set(no_such=1)
    for name, value in (("no_ack", 1), ("wifi_rssi", "x"), ("camera_second_client", "dance")):
        with pytest.raises(ValueError, match=name):
            knobs.set(**{name: value})
    assert {f.name for f in fields(Knobs)} == KNOB_NAMES


def test_no_ack_does_the_work_silently() -> None:
    r = Rehearsal.of()
    r.machine.knobs.no_ack = True
    assert r.ask("print", "gcode_line", param="M140 S60\n") == []
    assert r.status()["bed_target_temper"] == 60


def test_slow_ack_comes_late_in_real_seconds() -> None:
    r = Rehearsal.of(scale=60)
    r.machine.knobs.ack_delay_s = 2.0
    assert r.ask("print", "gcode_line", param="M140 S60\n") == []
    r.run(1.5)
    assert r.machine.due_messages() == []
    r.run(0.5)
    (message,) = r.machine.due_messages()
    assert message["print"]["result"] == "SUCCESS"
    assert r.machine.due_messages() == []


def test_fail_commands() -> None:
    r = Rehearsal.of()
    r.machine.knobs.fail_commands = "gcode_line,pause"
    assert r.order("gcode_line", param="M140 S60\n")["result"] == "fail"
    assert r.status()["bed_target_temper"] == 0
    assert r.order("print_option", sound_enable=True)["result"] == "SUCCESS"


def test_ignored_temperatures_are_acknowledged() -> None:
    r = Rehearsal.of()
    r.machine.knobs.ignore_m104 = True
    assert r.order("gcode_line", param="M140 S60\nM104 S200\n")["result"] == "SUCCESS"
    assert r.status()["bed_target_temper"] == r.status()["nozzle_target_temper"] == 0
    r.order("gcode_line", param="M190 S60\n")
    assert r.status()["bed_target_temper"] == 60


def test_start_delay_keeps_the_old_state() -> None:
    r = Rehearsal.of("P1P")
    r.machine.knobs.start_delay_s = 3.0
    r.store()
    assert r.start()["result"] == "success"
    r.run(2.5)
    assert (r.status()["gcode_state"], r.status()["subtask_name"]) == ("IDLE", "")
    r.run(1.0)
    assert r.status()["subtask_name"] == "job"


def test_a_finished_h2d_lingers() -> None:
    r = Rehearsal.of("H2D")
    r.machine.knobs.finish_linger_s = 2.0
    r.store()
    r.start()
    assert r.status()["gcode_state"] == "PREPARE", "only FINISH lingers"
    r.until(lambda: not r.machine.job.busy)
    r.start(task_id="4999")
    r.run(1.5)
    assert (r.status()["gcode_state"], r.status()["task_id"]) == ("FINISH", "4711")
    r.run(1.0)
    assert r.status()["task_id"] == "4999"


def test_bad_file() -> None:
    r = Rehearsal.of()
    r.machine.knobs.bad_file = True
    r.store()
    r.start()
    r.run(2)
    assert (r.status()["gcode_state"], r.status()["print_error"]) == ("FAILED", NOT_PARSED)


def test_mute_until_start_and_mute_for_good() -> None:
    r = Rehearsal.of("X1C")
    r.machine.knobs.mute_pushes = True
    assert r.machine.next_report() is None
    assert len(r.ask("pushing", "pushall")) == 1
    r.ask("pushing", "start")
    assert r.machine.next_report() is not None
    r.machine.knobs.mute_all = True
    r.run(2)
    assert r.machine.next_report() is None
    assert r.ask("pushing", "start") == r.ask("info", "get_version") == []


def test_broken_reports() -> None:
    r = Rehearsal.of("X1C")
    r.machine.knobs.wrong_typed_key = True
    report = r.machine.next_report()
    assert report is not None and report["t_utc"] == 123
    r.machine.knobs.wrong_types = True
    report = r.machine.next_report()
    assert report is not None
    assert report["print"]["nozzle_temper"] == "n/a"
    assert report["print"]["mc_percent"] is None


def test_chamber_sensor_stuck_at_five() -> None:
    r = Rehearsal.of("X1C")
    r.machine.knobs.chamber_stuck_at_5 = True
    assert r.status()["device"]["ctc"]["info"]["temp"] == 5
    h2d = Rehearsal.of("H2D")
    h2d.machine.knobs.chamber_stuck_at_5 = True
    assert h2d.status()["chamber_temper"] == 5


def test_card_missing_and_flickering() -> None:
    r = Rehearsal.of("P1S")
    r.machine.knobs.sd_missing = True
    assert r.status()["sdcard"] is False
    assert r.status()["home_flag"] >> 8 & 3 == 0
    h2d = Rehearsal.of("H2D")
    assert int(h2d.status()["aux"], 16) >> 12 & 3 == 1
    h2d.machine.knobs.sd_missing = True
    assert int(h2d.status()["aux"], 16) >> 12 & 3 == 0
    r = Rehearsal.of("P1S")
    r.machine.knobs.sd_flicker = True
    states = []
    for _ in range(4):
        r.machine.next_report()
        states.append((r.status()["home_flag"] >> 8 & 3, r.status()["sdcard"]))
    assert states == [(0, True), (1, True), (0, True), (1, True)]


def test_wifi() -> None:
    r = Rehearsal.of()
    assert r.status()["wifi_signal"] == "-48dBm"
    r.machine.knobs.wifi_rssi = -88
    assert r.status()["wifi_signal"] == "-88dBm"


def test_air_print_runs_to_the_end_with_nothing_to_show() -> None:
    r = Rehearsal.of("P1S")
    r.machine.knobs.air_print = True
    r.store()
    r.start()
    r.until(lambda: not r.machine.job.busy)
    assert r.status()["gcode_state"] == "FINISH"
    assert all(s.get("hw_switch_state", 0) == 0 for s in r.seen)
    assert all(s.get("ams", {}).get("tray_tar", "255") == "255" for s in r.seen)


def test_changed_access_code() -> None:
    r = Rehearsal.of()
    assert r.machine.access_code == r.machine.spec.access_code
    r.machine.knobs.access_code = "newcode1"
    assert r.machine.access_code == "newcode1"


def test_hms_and_print_error() -> None:
    r = Rehearsal.of()
    r.machine.inject_hms(50331904, 65543)
    r.machine.inject_hms(50331904, 65543)
    r.machine.set_print_error(UNSIGNED)
    assert r.status()["hms"] == [{"attr": 50331904, "code": 65543}]
    assert r.status()["print_error"] == UNSIGNED
    r.machine.clear_hms()
    r.machine.set_print_error(0)
    assert (r.status()["hms"], r.status()["print_error"]) == ([], 0)


def test_soft_and_hard_failures() -> None:
    r = Rehearsal.of("X1C")
    r.printing()
    r.machine.soft_fail()
    status = r.status()
    assert (status["gcode_state"], status["print_error"], status["hms"]) == ("FAILED", 0, [])
    assert (status["mc_print_error_code"], status["fail_reason"]) == ("0", "0")
    r = Rehearsal.of("X1C")
    r.printing()
    r.machine.hard_fail()
    status = r.status()
    assert status["gcode_state"] == "FAILED"
    assert status["print_error"] == 50348034
    assert status["mc_print_error_code"] == str(50348034 & 0xFFFF)
    assert status["hms"][0]["code"] >> 16 == 2
    assert status["bed_target_temper"] == 0


def test_power_cycle_forgets_the_job_and_keeps_the_spools() -> None:
    r = Rehearsal.of("P1S")
    r.printing()
    r.machine.inject_hms(1, 2)
    loaded = r.status()["ams"]["tray_now"]
    r.machine.power_cycle()
    status = r.status()
    assert (status["gcode_state"], status["subtask_name"], status["mc_percent"]) == ("IDLE", "", 0)
    assert (status["layer_num"], status["hms"], status["home_flag"] & 7) == (0, [], 0)
    assert status["ams"]["tray_now"] == loaded == "0"
    report = r.machine.next_report()
    assert report is not None and report["print"]["gcode_state"] == "IDLE"
    r.run(5)
    assert r.status()["gcode_state"] == "IDLE"


def test_front_cover() -> None:
    r = Rehearsal.of("X1C")
    r.printing()
    r.machine.open_front_cover()
    status = r.status()
    assert (status["gcode_state"], status["stg_cur"]) == ("PAUSE", 17)
    assert int(status["stat"], 16) >> 23 & 1 == 1
    assert status["home_flag"] >> 23 & 1 == 1
    r.machine.close_front_cover()
    assert int(r.status()["stat"], 16) >> 23 & 1 == 0


def test_ams_unplugged_while_it_feeds() -> None:
    r = Rehearsal.of("P1S")
    r.printing()
    r.machine.unplug_ams(0)
    assert r.status()["ams"]["tray_now"] == "255"
    with pytest.raises(ValueError, match="no AMS"):
        r.machine.unplug_ams(0)


def test_swap_spool_checks_its_place() -> None:
    r = Rehearsal.of("P1S")
    r.machine.swap_spool(0, 1, "PETG", "#00ff00", 40)
    tray = r.status()["ams"]["ams"][0]["tray"][1]
    assert (tray["tray_type"], tray["tray_color"], tray["remain"]) == ("PETG", "00FF00FF", 40)
    r.machine.swap_spool(254, 0, "ABS", "111111")
    assert r.status()["vt_tray"]["tray_type"] == "ABS"
    with pytest.raises(ValueError, match="no slot 9"):
        r.machine.swap_spool(0, 9, "PLA", "000000")


def test_people_at_the_screen() -> None:
    r = Rehearsal.of("P1S")
    r.printing()
    r.machine.pause()
    assert r.status()["gcode_state"] == "PAUSE"
    r.machine.resume()
    assert r.status()["gcode_state"] == "RUNNING"
    r.machine.stop()
    r.run(2)
    assert r.status()["gcode_state"] == "FAILED"


_AFTER_BIRTH = {
    "idle": "IDLE",
    "printing": "RUNNING",
    "preparing": "PREPARE",
    "paused_filament": "PAUSE",
    "finished": "FINISH",
    "fault_hms": "FAILED",
    "busy_farm": "RUNNING",
    "offline_sometimes": "RUNNING",
}


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenarios_and_their_pictures(scenario: str) -> None:
    machine = BambuMachine(make_spec("s", "S", "P1S", 1, scenario), time_scale=30)
    assert machine.job.gcode_state == _AFTER_BIRTH[scenario]
    machine.tick(0.25)
    frame = machine.camera_frame()
    assert frame.startswith(b"\xff\xd8") and frame.endswith(b"\xff\xd9")
    assert 10_000 < len(frame) < 150_000
    assert len(machine.storage.list("/")) >= 5
    if machine.job.busy:
        assert machine.snapshot()["task_id"] == "0"


def test_unknown_scenario() -> None:
    with pytest.raises(ValueError, match="no scenario 'x'"):
        BambuMachine(make_spec("s", "S", "P1S", 1, "x"))


def test_the_picture_changes_with_light_and_job() -> None:
    r = Rehearsal.of("A1")
    dark = r.machine.camera_frame()
    r.machine.lights["chamber_light"] = "off"
    assert len(r.machine.camera_frame()) < len(dark)
    r.machine.lights["chamber_light"] = "on"
    r.printing()
    assert r.machine.camera_frame() != dark


def test_the_busy_farm_prints_on_and_leaves_guests_alone() -> None:
    machine = BambuMachine(make_spec("b", "B", "P1S", 4, "busy_farm"), time_scale=120)
    pilot = machine.autopilot
    assert isinstance(pilot, Autopilot)
    finished = set()
    for _ in range(4 * 400):
        machine.tick(0.25)
        if machine.job.gcode_state == "FINISH":
            finished.add(machine.job.subtask_name)
    assert len(finished) >= 2
    r = Rehearsal(machine)
    r.until(lambda: not machine.job.busy)
    r.store("guest.gcode.3mf")
    r.start("guest.gcode.3mf")
    r.until(lambda: not machine.job.busy)
    r.run(Autopilot.WAIT_S * 2)
    assert machine.job.subtask_name == "guest"


@pytest.mark.parametrize("model", ["X1C", "P2S", "H2D"])
def test_developer_mode_off_on_newer_models(model: str) -> None:
    r = Rehearsal.of(model)
    assert int(r.status()["fun"], 16) >> 29 & 1 == 0
    r.machine.knobs.dev_mode_off = True
    assert int(r.status()["fun"], 16) >> 29 & 1 == 1
    r.store()
    for answer in (r.order("gcode_line", param="M140 S60\n"), r.start()):
        assert answer["err_code"] == UNSIGNED
        assert "result" not in answer
    assert r.status()["bed_target_temper"] == 0
    assert r.status()["gcode_state"] == "IDLE"
    led = dict.fromkeys(("led_on_time", "led_off_time", "loop_times", "interval_time"), 0)
    (light,) = r.ask("system", "ledctrl", led_node="chamber_light", led_mode="off", **led)
    assert light["system"]["result"].lower() == "success"


@pytest.mark.parametrize("model", ["P1S", "A1"])
def test_developer_mode_off_on_p1_and_a1_is_only_an_hms_entry(model: str) -> None:
    r = Rehearsal.of(model)
    r.machine.knobs.dev_mode_off = True
    assert r.ask("print", "gcode_line", param="M140 S60\n") == []
    assert r.status()["hms"] == [{"attr": 83887360, "code": 65543}]
    assert r.status()["bed_target_temper"] == 0
