"""Every request the farm sends: its answer, its guard and its visible effect."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.bambu.rehearsal import Rehearsal
from simulator.bambu.requests.dispatch import known_commands
from simulator.models import MODELS

_FIELDS = """param temp target_temp extruder_index ctt_val fan_index speed modeId axis dir mode
length option target ams_id slot_id tray_id tar_temp obj_list led_node control module_name url
file md5 ams_mapping ams_mapping2 duration nozzle_diameter accessory_type use_ams"""
_LED = {"led_on_time": 500, "led_off_time": 500, "loop_times": 0, "interval_time": 0}


def test_pushall_answers_with_a_full_frame_once_a_second() -> None:
    r = Rehearsal.of("P1S")
    (frame,) = r.ask("pushing", "pushall", version=1, push_target=1)
    assert frame["print"]["command"] == "push_status"
    assert frame["print"]["msg"] == 0
    assert frame["print"]["gcode_state"] == "IDLE"
    assert r.ask("pushing", "pushall") == []
    r.run(1.25)
    assert len(r.ask("pushing", "pushall")) == 1


def test_stop_and_start_of_the_stream() -> None:
    r = Rehearsal.of("X1C")
    assert r.ask("pushing", "stop") == []
    assert r.machine.next_report() is None
    assert r.ask("pushing", "start") == []
    assert r.machine.next_report() is not None


@pytest.mark.parametrize("model", sorted(MODELS))
def test_get_version_tells_the_model(model: str) -> None:
    r = Rehearsal.of(model)
    (message,) = r.ask("info", "get_version")
    info = message["info"]
    assert info["sequence_id"] == "20001"
    assert info["result"].lower() == "success"
    modules = {m["name"]: m for m in info["module"]}
    assert modules["ota"]["product_name"] == MODELS[model].product_name
    assert modules["ota"]["sw_ver"] == MODELS[model].firmware
    assert modules["ota"]["sn"] == r.machine.spec.serial
    hw, project, version = MODELS[model].hw_module
    assert (modules[hw]["project_name"], modules[hw]["hw_ver"]) == (project, version)
    prefix = {"AMS": "ams/0", "AMS lite": "ams_f1/0", "AMS 2 Pro": "n3f/0"}
    assert prefix[MODELS[model].ams_kind] in modules
    assert ("n3s/128" in modules) == (model == "H2D")


def test_the_answer_echoes_command_and_sequence_id() -> None:
    r = Rehearsal.of("P1S")
    answer = r.order("gcode_line", param="M104 S200\n")
    assert answer == {
        "command": "gcode_line",
        "sequence_id": "20001",
        "param": "M104 S200\n",
        "result": "SUCCESS",
        "reason": "",
        "err_code": 0,
        "is_from_mqtt": True,
    }
    refused = r.order("pause", param="")
    assert refused["result"] == "fail"
    assert refused["reason"] == "not allowed in IDLE"
    assert refused["sequence_id"] == "20002"


@pytest.mark.parametrize(
    "request_",
    [
        {"print": {"command": "no_such_thing", "sequence_id": "1"}},
        {"nonsense": {"command": "pause"}},
        {"print": "pause"},
        {"print": {"command": 7}},
        {"print": {}},
        {},
    ],
)
def test_what_is_unknown_gets_no_reply(request_: dict[str, Any]) -> None:
    assert Rehearsal.of().machine.handle(request_) == []


def test_heat_by_gcode_is_capped_and_cooled() -> None:
    r = Rehearsal.of("A1 mini")
    r.order("gcode_line", param="M140 S200\nM104 S500\n")
    status = r.status()
    assert (status["bed_target_temper"], status["nozzle_target_temper"]) == (80, 300)
    r.order("gcode_line", param="M140 S0\nM104 S0\n")
    assert r.status()["bed_target_temper"] == r.status()["nozzle_target_temper"] == 0


def test_m190_holds_up_what_follows() -> None:
    r = Rehearsal.of("P1S", scale=1.0)
    r.order("gcode_line", param="M190 S40\n")
    r.order("gcode_line", param="M106 P1 S255\n")
    r.run(5)
    assert r.status()["cooling_fan_speed"] == "0"
    r.run(40, step=1.0)
    assert r.status()["bed_temper"] == 40
    assert r.status()["cooling_fan_speed"] == "15"


def test_fans_by_gcode() -> None:
    r = Rehearsal.of("P1S")
    r.order("gcode_line", param="M106 P1 S255\nM106 P2 S128\nM106 P3 S51\n")
    status = r.status()
    assert status["cooling_fan_speed"] == "15"
    assert status["big_fan1_speed"] == "8"
    assert status["big_fan2_speed"] == "3"
    assert status["fan_gear"] == 51 << 16 | 128 << 8 | 255
    r.order("gcode_line", param="M107\n")
    assert r.status()["cooling_fan_speed"] == "0"
    bare = Rehearsal.of("A1")
    bare.order("gcode_line", param="M106 P2 S255\nM106 P10 S255\n")
    assert bare.status()["big_fan1_speed"] == "0"


def test_jog_as_the_farm_sends_it_keeps_the_position() -> None:
    r = Rehearsal.of("P1S")
    r.order("gcode_line", param="G28\n")
    r.run(1)
    jog = "M211 S\nM211 X1 Y1 Z1\nM1002 push_ref_mode\nG91\nG1 X10.0 F3000\n"
    jog += "M1002 pop_ref_mode\nM211 R\n"
    r.order("gcode_line", param=jog)
    assert r.machine.axes.position == {"X": 138.0, "Y": 128.0, "Z": 10.0}
    r.order("gcode_line", param="G91\nG1 Z-50 F900\nG90\n")
    assert r.machine.axes.position["Z"] == 0, "soft end stop"


def test_extrusion_needs_a_hot_nozzle() -> None:
    r = Rehearsal.of("P1S")
    r.order("gcode_line", param="M83\nG0 E10.0 F900\n")
    assert r.machine.console.extruded == 0
    r.order("gcode_line", param="M104 S200\n")
    r.run(2)
    r.order("gcode_line", param="M83\nG0 E10.0 F900\n")
    assert r.machine.console.extruded == 10


def test_newer_commands_for_heat_and_fans() -> None:
    r = Rehearsal.of("H2D")
    r.order("set_bed_temp", temp=60)
    r.order("set_nozzle_temp", extruder_index=1, target_temp=220)
    r.order("set_ctt", ctt_val=45)
    r.order("set_fan", fan_index=1, speed=50)
    r.order("set_airduct", modeId=1, submode=-1)
    status = r.status()
    assert status["bed_target_temper"] == 60
    extruders = status["device"]["extruder"]["info"]
    assert [e["temp"] >> 16 for e in extruders] == [0, 220]
    assert status["ctt"] == 45
    assert status["device"]["ctc"]["info"]["temp"] >> 16 == 45
    assert status["cooling_fan_speed"] == "8"
    assert status["device"]["airduct"]["modeCur"] == 1
    assert status["device"]["airduct"]["parts"][0]["state"] == 50
    assert r.order("set_nozzle_temp", extruder_index=2, target_temp=9)["result"] == "fail"
    assert Rehearsal.of("X1C").order("set_ctt", ctt_val=45)["err_code"] == -2


def test_newer_commands_for_motion() -> None:
    r = Rehearsal.of("H2D")
    assert r.order("back_to_center")["result"] == "success"
    r.run(1)
    assert r.status()["home_flag"] & 7 == 7
    x = r.machine.axes.position["X"]
    r.order("xyz_ctrl", axis="X", dir=1, mode=1)
    r.order("xyz_ctrl", axis="X", dir=-1, mode=0)
    assert r.machine.axes.position["X"] == x + 9
    assert r.order("xyz_ctrl", axis="Q", dir=1)["result"] == "fail"
    assert r.order("set_extrusion_length", extruder_index=0, length=10)["err_code"] == -1
    assert r.order("select_extruder", extruder_index=1)["result"] == "success"
    assert r.status()["device"]["extruder"]["state"] >> 4 & 0xF == 1
    assert Rehearsal.of("P1S").order("select_extruder", extruder_index=1)["result"] == "fail"


def test_motion_is_refused_while_busy() -> None:
    r = Rehearsal.of("H2D")
    r.printing()
    for command, body in (
        ("back_to_center", {}),
        ("xyz_ctrl", {"axis": "X", "dir": 1}),
        ("set_extrusion_length", {"length": 5}),
        ("calibration", {"option": 2}),
        ("ams_change_filament", {"target": 1, "ams_id": 0}),
        ("ams_get_rfid", {"ams_id": 0, "slot_id": 0}),
        ("unload_filament", {}),
    ):
        assert r.order(command, **body)["result"] == "fail", command


def test_light_needs_the_four_numbers() -> None:
    r = Rehearsal.of("P1S")
    (bad,) = r.ask("system", "ledctrl", led_node="chamber_light", led_mode="off")
    assert bad["system"]["result"] == "fail"
    assert r.status()["lights_report"] == [{"node": "chamber_light", "mode": "on"}]
    (good,) = r.ask("system", "ledctrl", led_node="chamber_light", led_mode="off", **_LED)
    assert good["system"]["result"] == "SUCCESS"
    assert r.status()["lights_report"] == [{"node": "chamber_light", "mode": "off"}]
    (bad,) = r.ask("system", "ledctrl", led_node="disco", led_mode="on", **_LED)
    assert bad["system"]["result"] == "fail"


def test_second_light_and_cfg_bit_on_newer_models() -> None:
    r = Rehearsal.of("H2D")
    assert int(r.status()["cfg"], 16) >> 7 & 1 == 1
    for node in ("chamber_light", "chamber_light2"):
        r.ask("system", "ledctrl", led_node=node, led_mode="off", **_LED)
    lights = {entry["node"]: entry["mode"] for entry in r.status()["lights_report"]}
    assert lights == {"chamber_light": "off", "work_light": "flashing", "chamber_light2": "off"}
    assert int(r.status()["cfg"], 16) >> 7 & 1 == 0


def test_load_and_unload_walk_through_their_stages() -> None:
    r = Rehearsal.of("P1S", scale=10.0)
    body = {"ams_id": 0, "slot_id": 2, "target": 2, "curr_temp": 220, "tar_temp": 220}
    answer = r.order("ams_change_filament", **body)
    assert (answer["result"], answer["errno"]) == ("SUCCESS", 0)
    status = r.status()
    assert (status["ams"]["tray_tar"], status["ams"]["tray_now"]) == ("2", "255")
    assert (status["stg_cur"], status["ams_status"] >> 8) == (24, 1)
    assert status["nozzle_target_temper"] == 220
    r.run(3)
    status = r.status()
    assert (status["ams"]["tray_now"], status["hw_switch_state"]) == ("2", 1)
    assert status["ams_status"] == 768
    r.order("ams_change_filament", ams_id=0, slot_id=255, target=255)
    assert r.status()["stg_cur"] == 22
    r.run(3)
    status = r.status()
    assert (status["ams"]["tray_now"], status["ams"]["tray_pre"]) == ("255", "2")
    assert (status["hw_switch_state"], status["stg_cur"]) == (0, 255)


def test_load_from_the_holder_and_from_an_empty_slot() -> None:
    r = Rehearsal.of("A1", scale=60)
    r.order("ams_change_filament", ams_id=255, slot_id=0, target=254)
    r.run(2)
    assert r.status()["ams"]["tray_now"] == "254"
    r.machine.swap_spool(0, 3, "", "")
    assert r.order("ams_change_filament", ams_id=0, slot_id=3, target=3)["result"] == "fail"
    r.order("unload_filament")
    r.run(2)
    assert r.status()["ams"]["tray_now"] == "255"


def test_dual_nozzle_loads_left_and_right_holder() -> None:
    r = Rehearsal.of("H2D")
    for ams_id, extruder, snow in ((254, 1, 0xFE00), (255, 0, 0xFF00)):
        r.order("ams_change_filament", ams_id=ams_id, slot_id=0, target=254, extruder_id=extruder)
        r.run(2)
        extruders = r.status()["device"]["extruder"]["info"]
        assert extruders[extruder]["snow"] == snow


def test_slots_are_edited_unless_they_have_a_tag() -> None:
    r = Rehearsal.of("P1S")
    body = {
        "tray_info_idx": "GFG00", "setting_id": "GFSG00", "tray_type": "PETG",
        "tray_color": "FF0000FF", "nozzle_temp_min": 220, "nozzle_temp_max": 260,
    }  # fmt: skip
    tagged = r.order("ams_filament_setting", ams_id=0, tray_id=0, slot_id=0, **body)
    assert tagged["result"] == "fail"
    r.machine.swap_spool(0, 1, "", "")
    assert r.order("ams_filament_setting", ams_id=0, tray_id=1, slot_id=1, **body)["result"]
    tray = r.status()["ams"]["ams"][0]["tray"][1]
    assert (tray["tray_type"], tray["tray_color"], tray["remain"]) == ("PETG", "FF0000FF", -1)
    assert (tray["nozzle_temp_min"], tray["nozzle_temp_max"]) == ("220", "260")
    assert r.status()["ams"]["tray_is_bbl_bits"] == "d"
    r.order("ams_filament_setting", ams_id=255, tray_id=254, slot_id=0, **body)
    assert r.status()["vt_tray"]["tray_type"] == "PETG"
    assert r.order("ams_filament_setting", ams_id=3, tray_id=1, **body)["result"] == "fail"


def test_reading_a_tag_shows_its_bit() -> None:
    r = Rehearsal.of("P1S", scale=1.0)
    r.order("ams_get_rfid", ams_id=0, slot_id=1)
    status = r.status()
    assert (status["ams"]["tray_reading_bits"], status["ams_status"] >> 8) == ("2", 2)
    r.run(10)
    assert r.status()["ams"]["tray_reading_bits"] == "0"


def test_drying_only_where_there_is_a_dryer() -> None:
    r = Rehearsal.of("P2S")
    body = {"mode": 1, "filament": "PLA", "temp": 45, "duration": 4}
    assert r.order("ams_filament_drying", ams_id=0, **body)["result"] == "success"
    unit = r.status()["ams"]["ams"][0]
    assert unit["dry_time"] == 240
    assert unit["dry_setting"]["dry_temperature"] == 45
    r.run(30)
    assert r.status()["ams"]["ams"][0]["dry_time"] == 210
    r.order("ams_filament_drying", ams_id=0, mode=0)
    assert r.status()["ams"]["ams"][0]["dry_time"] == 0
    r.order("ams_filament_drying", ams_id=0, **body)
    r.order("auto_stop_ams_dry")
    assert r.status()["ams"]["ams"][0]["dry_time"] == 0
    assert Rehearsal.of("P1S").order("ams_filament_drying", ams_id=0, **body)["result"] == "fail"


def test_ams_options_and_dialogs() -> None:
    r = Rehearsal.of("P1S")
    r.order("ams_user_setting", ams_id=-1, startup_read_option=False, calibrate_remain_flag=False)
    ams = r.status()["ams"]
    assert (ams["power_on_flag"], ams["calibrate_remain_flag"]) == (False, False)
    assert r.status()["home_flag"] >> 7 & 1 == 0
    assert r.order("ams_control", param="dance")["result"] == "fail"
    r.printing()
    r.order("pause")
    assert r.order("ams_control", param="resume")["result"] == "SUCCESS"
    assert r.status()["gcode_state"] == "RUNNING"


def test_print_options_show_in_home_flag() -> None:
    r = Rehearsal.of("X1C")
    r.order("print_option", auto_recovery=False, option=0)
    r.order("print_option", sound_enable=False)
    r.order("print_option", air_print_detect=True)
    flag = r.status()["home_flag"]
    assert [flag >> bit & 1 for bit in (4, 17, 28)] == [0, 0, 1]
    assert r.order("print_option", nonsense=True)["result"] == "fail"


def test_errors_are_cleared_by_command_and_by_dialog() -> None:
    r = Rehearsal.of("X1C")
    r.machine.set_print_error(117473286)
    assert r.status()["mc_print_error_code"] == str(117473286 & 0xFFFF)
    r.order("clean_print_error", subtask_id="0", print_error=117473286)
    assert r.status()["print_error"] == 0
    r.machine.set_print_error(117473286)
    r.ask("system", "uiop", name="print_error", action="close", err="07008006")
    assert r.status()["print_error"] == 0


def test_camera_settings() -> None:
    r = Rehearsal.of("X1C")
    (answer,) = r.ask("camera", "ipcam_record_set", control="enable")
    assert answer["camera"]["result"] == 0
    r.ask("camera", "ipcam_timelapse", control="enable")
    r.ask("camera", "ipcam_resolution_set", resolution="720p")
    ipcam = r.status()["ipcam"]
    assert (ipcam["ipcam_record"], ipcam["timelapse"]) == ("enable", "enable")
    assert ipcam["resolution"] == "720p"
    assert int(r.status()["stat"], 16) >> 7 & 1 == 1
    (bad,) = r.ask("camera", "ipcam_record_set", control="maybe")
    assert bad["camera"]["result"] == "fail"


def test_detectors() -> None:
    r = Rehearsal.of("X1C")
    body = {"control": False, "enable": False, "print_halt": False}
    r.ask("xcam", "xcam_control_set", module_name="spaghetti_detector", **body)
    xcam = r.status()["xcam"]
    assert (xcam["spaghetti_detector"], xcam["print_halt"]) == (False, False)


def test_access_code_and_nozzle() -> None:
    r = Rehearsal.of("P1S")
    (answer,) = r.ask("system", "get_access_code")
    assert answer["system"]["access_code"] == r.machine.spec.access_code
    body = {"accessory_type": "nozzle", "nozzle_diameter": 0.6, "nozzle_type": "hardened_steel"}
    r.ask("system", "set_accessories", **body)
    assert (r.status()["nozzle_diameter"], r.status()["nozzle_type"]) == ("0.6", "hardened_steel")


@pytest.mark.parametrize("bad", [None, "x", [], {}, True])
def test_wrong_types_in_requests_never_break_the_machine(bad: object) -> None:
    for section, command in known_commands():
        r = Rehearsal.of("H2D")
        messages = r.ask(section, command, **dict.fromkeys(_FIELDS.split(), bad))
        assert all(section in message for message in messages)
        r.run(1)
        assert r.machine.next_report(full=True) is not None
