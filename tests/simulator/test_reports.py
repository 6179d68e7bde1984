"""Key sets per model, packed numbers, and differences that add up to the whole."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.bambu.rehearsal import Rehearsal
from simulator.bambu.reports.newer import packed
from simulator.models import MODELS

# The inventory of real frames: names and types only (b bool, i int, f number, s str, d, l).
_COMMON = """ams:d ams_rfid_status:i ams_status:i bed_target_temper:f bed_temper:f
big_fan1_speed:s big_fan2_speed:s cali_version:i command:s cooling_fan_speed:s fan_gear:i
force_upgrade:b gcode_file:s gcode_file_prepare_percent:s gcode_state:s heatbreak_fan_speed:s
hms:l home_flag:i hw_switch_state:i ipcam:d layer_num:i lights_report:l mc_percent:i
mc_print_stage:s mc_print_sub_stage:i mc_remaining_time:i net:d nozzle_diameter:s
nozzle_target_temper:f nozzle_temper:f nozzle_type:s online:d print_error:i print_type:s
profile_id:s project_id:s queue_est:i queue_number:i queue_sts:i queue_total:i s_obj:l sdcard:b
sequence_id:s spd_lvl:i spd_mag:i stg:l stg_cur:i subtask_id:s subtask_name:s task_id:s
total_layer_num:i upgrade_state:d upload:d wifi_signal:s"""
_LEGACY = """chamber_temper:f filam_bak:l flag3:i k:s lifecycle:s mc_print_line_number:s
mess_production_state:s msg:i vt_tray:d"""
_X1 = """ap_err:i aux:s aux_part_fan:b batch_id:i canvas_id:i care:l cfg:s design_id:s device:d
err:s fail_reason:s file:s fun:s info:d job:d job_attr:i job_id:s mapping:l mc_action:i mc_err:i
mc_print_error_code:s mc_stage:i model_id:s percent:i plate_cnt:i plate_id:i plate_idx:i
prepare_per:i print_gcode_action:i print_real_action:i queue:i remain_time:i stat:s state:i
t_utc:i ver:s vir_slot:l xcam:d xcam_status:s"""
_EXPECTED = {
    "P1P": _COMMON + " " + _LEGACY,
    "P1S": _COMMON + " " + _LEGACY,
    "A1": _COMMON + " " + _LEGACY + " xcam:d",
    "A1 mini": _COMMON + " " + _LEGACY + " xcam:d",
    "X1C": f"{_COMMON} {_X1} msg:i vt_tray:d",
    "X1E": f"{_COMMON} {_X1} chamber_temper:f vt_tray:d",
    "P2S": f"{_COMMON} {_X1} msg:i 3D:d fun2:s lan_task_id:s stg_cd:i",
    "H2D": f"{_COMMON} {_X1} chamber_temper:f ctt:i maintain:i 2D:d 3D:d vt_tray:d",
}
_ABSENT = {
    "P1P": "mc_print_error_code fail_reason device fun vir_slot xcam",
    "P1S": "mc_print_error_code fail_reason device fun vir_slot xcam",
    "A1": "mc_print_error_code fail_reason device fun vir_slot",
    "A1 mini": "mc_print_error_code fail_reason device fun vir_slot",
    "X1C": "chamber_temper",
    "X1E": "msg",
    "P2S": "chamber_temper vt_tray",
    "H2D": "msg",
}
_TYPES: dict[str, tuple[type, ...]] = {
    "b": (bool,),
    "i": (int,),
    "f": (int, float),
    "s": (str,),
    "d": (dict,),
    "l": (list,),
}


def _merge(into: dict[str, Any], change: dict[str, Any]) -> None:
    """As clients do: dicts recursively, lists whole."""
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


@pytest.mark.parametrize("model", sorted(MODELS))
def test_key_set_of_the_full_frame(model: str) -> None:
    r = Rehearsal.of(model)
    frame = r.machine.next_report(full=True)
    assert frame is not None and set(frame) == {"print"}
    body = frame["print"]
    for pair in _EXPECTED[model].split():
        key, _, kind = pair.partition(":")
        assert type(body[key]) in _TYPES[kind], (key, body[key])
    assert not set(_ABSENT[model].split()) & set(body)
    if MODELS[model].msg_key:
        assert body["msg"] == 0
    assert 6_000 < len(json.dumps(frame, indent=4)) < 32_000


@pytest.mark.parametrize("model", ["P1S", "A1", "P2S", "H2D"])
def test_pushes_are_differences_on_these(model: str) -> None:
    r = Rehearsal.of(model)
    r.ask("print", "gcode_line", param="M140 S60\n")
    report = r.machine.next_report()
    assert report is not None
    assert report["print"]["msg"] == 1
    assert report["print"]["bed_target_temper"] == 60
    assert "gcode_state" not in report["print"]
    assert "ams" not in report["print"]


@pytest.mark.parametrize("model", ["X1C", "X1E"])
def test_every_push_is_full_on_x1(model: str) -> None:
    r = Rehearsal.of(model)
    report = r.machine.next_report()
    assert report is not None
    assert report["print"]["gcode_state"] == "IDLE"
    assert ("msg" in report["print"]) == (model == "X1C")


def test_nothing_changed_means_no_push() -> None:
    r = Rehearsal.of("P1S")
    r.machine.next_report()
    assert r.machine.next_report() is None


def test_rhythm_idle_and_active() -> None:
    r = Rehearsal.of("P1S")
    r.run(1)
    assert 10 <= r.machine.report_interval() <= 30
    r.printing()
    assert r.machine.report_interval() == 1.0
    assert Rehearsal.of("X1C").machine.report_interval() == 1.0
    r.machine.knobs.push_interval_s = 3.5
    assert r.machine.report_interval() == 3.5


def test_sequence_ids_of_pushes_count_up_as_strings() -> None:
    r = Rehearsal.of("X1C")
    frames = [r.machine.next_report() for _ in range(3)]
    ids = [f["print"]["sequence_id"] for f in frames if f]
    assert all(isinstance(i, str) for i in ids)
    assert [int(i) - int(ids[0]) for i in ids] == [0, 1, 2]


def test_packed_temperatures_match_the_vectors_of_real_frames() -> None:
    assert packed(254, 255) == 16711934
    assert packed(70, 70) == 4587590
    assert packed(60, 60) == 3932220
    assert packed(47, 0) == 47


def test_newer_models_carry_packed_and_plain_temperatures_alike() -> None:
    r = Rehearsal.of("X1C")
    r.ask("print", "gcode_line", param="M140 S60\nM104 S200\n")
    r.run(30)
    status = r.status()
    bed = status["device"]["bed"]["info"]["temp"]
    assert (bed >> 16, bed & 0xFFFF) == (60, 60)
    assert status["device"]["bed_temp"] == bed
    nozzle = status["device"]["extruder"]["info"][0]["temp"]
    assert nozzle >> 16 == 200 == status["nozzle_target_temper"]
    assert abs((nozzle & 0xFFFF) - status["nozzle_temper"]) <= 1
    assert status["device"]["ctc"]["info"]["temp"] < 65536


def test_p1_and_a1_show_the_bogus_chamber() -> None:
    assert Rehearsal.of("P1S").status()["chamber_temper"] == 5
    assert Rehearsal.of("A1").status()["chamber_temper"] == 5
    assert Rehearsal.of("H2D").status()["chamber_temper"] > 15


def test_ams_bits_and_slots() -> None:
    r = Rehearsal.of("P1S")
    r.machine.swap_spool(0, 1, "", "")
    ams = r.status()["ams"]
    assert ams["ams_exist_bits"] == "1"
    assert ams["tray_exist_bits"] == "d"
    assert ams["ams"][0]["tray"][1] == {"id": "1"}
    assert ams["ams"][0]["tray"][0]["tray_color"].endswith("FF")
    assert ams["tray_now"] == "255"
    assert r.status()["vt_tray"]["id"] == "254"
    r.machine.unplug_ams(0)
    ams = r.status()["ams"]
    assert (ams["ams"], ams["ams_exist_bits"], ams["tray_exist_bits"]) == ([], "0", "0")
    r.machine.plug_ams(0)
    assert r.status()["ams"]["ams_exist_bits"] == "1"


def test_dual_nozzle_ams_with_a_dryer_on_the_left() -> None:
    status = Rehearsal.of("H2D").status()
    units = {u["id"]: u for u in status["ams"]["ams"]}
    assert set(units) == {"0", "128"}
    assert int(units["0"]["info"], 16) & 0xF == 3
    assert int(units["128"]["info"], 16) & 0xF == 4
    assert int(units["128"]["info"], 16) >> 8 & 0xF == 1
    assert int(status["ams"]["ams_exist_bits"], 16) == 0b10001
    assert int(status["ams"]["tray_exist_bits"], 16) == 0x1000F
    assert [slot["id"] for slot in status["vir_slot"]] == ["255", "254"]


def test_home_flag_carries_homing_and_card() -> None:
    r = Rehearsal.of("P1S")
    assert r.status()["home_flag"] & 7 == 0
    assert r.status()["home_flag"] >> 8 & 3 == 1
    r.order("gcode_line", param="G28\n")
    assert r.status()["stg_cur"] == 13
    r.run(2)
    assert r.status()["home_flag"] & 7 == 7
    r.order("gcode_line", param="M18\n")
    assert r.status()["home_flag"] & 7 == 0
    r.machine.knobs.sd_readonly = True
    assert r.status()["home_flag"] >> 8 & 3 == 3


_ACTIONS = """start pause resume stop heat light load unload home runout unplug plug swap hms calm
soft hard cycle xcam dry sd cover error skip"""
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("tick"), st.sampled_from([0.25, 1.0, 7.0, 40.0])),
        st.tuples(st.just("push"), st.just(0)),
        st.tuples(
            st.just("do"),
            st.sampled_from(_ACTIONS.split()),
        ),
    ),
    max_size=40,
)


def _do(r: Rehearsal, what: str) -> None:
    machine = r.machine
    led = dict.fromkeys(("led_on_time", "led_off_time", "loop_times", "interval_time"), 0)
    actions: dict[str, Any] = {
        "start": r.start,
        "pause": lambda: r.order("pause"),
        "resume": lambda: r.order("resume"),
        "stop": lambda: r.order("stop"),
        "heat": lambda: r.order("gcode_line", param="M140 S50\nM104 S210\nM106 P1 S99\n"),
        "light": lambda: r.ask(
            "system", "ledctrl", led_node="chamber_light", led_mode="off", **led
        ),
        "load": lambda: r.order("ams_change_filament", target=1, ams_id=0, slot_id=1, tar_temp=210),
        "unload": lambda: r.order("ams_change_filament", target=255, ams_id=0, slot_id=255),
        "home": lambda: r.order("gcode_line", param="G28\n"),
        "runout": machine.runout,
        "unplug": lambda: machine.unplug_ams(0),
        "plug": lambda: machine.plug_ams(0),
        "swap": lambda: machine.swap_spool(0, 2, "PETG", "123456"),
        "hms": lambda: machine.inject_hms(50331904, 65543),
        "calm": machine.clear_hms,
        "soft": machine.soft_fail,
        "hard": machine.hard_fail,
        "cycle": machine.power_cycle,
        "xcam": lambda: r.ask("xcam", "xcam_control_set", module_name="clump", control=True),
        "dry": lambda: r.order("ams_filament_drying", ams_id=0, mode=1, temp=45, duration=4),
        "sd": lambda: machine.knobs.set(sd_missing=not machine.knobs.sd_missing),
        "cover": machine.open_front_cover,
        "error": lambda: machine.set_print_error(84033543),
        "skip": lambda: r.order("skip_objects", obj_list=[100]),
    }
    with contextlib.suppress(ValueError):  # unplugged already, or not there
        actions[what]()


@pytest.mark.parametrize("model", ["P1S", "A1 mini", "P2S", "H2D"])
@settings(max_examples=150, deadline=None, derandomize=True)
@given(steps=_STEPS)
def test_all_differences_merged_equal_the_next_pushall(
    model: str, steps: list[tuple[str, Any]]
) -> None:
    r = Rehearsal.of(model)
    r.store()
    first = r.machine.next_report(full=True)
    assert first is not None
    merged = json.loads(json.dumps(first["print"]))
    for kind, value in [*steps, ("push", 0)]:
        if kind == "tick":
            r.machine.tick(value)
        elif kind == "do":
            _do(r, value)
        else:
            report = r.machine.next_report()
            if report is not None:
                _merge(merged, json.loads(json.dumps(report["print"])))
    whole = r.machine.next_report(full=True)
    assert whole is not None
    now = json.loads(json.dumps(whole["print"]))
    for volatile in ("sequence_id", "msg", "t_utc"):
        merged.pop(volatile, None)
        now.pop(volatile, None)
    assert merged == now
