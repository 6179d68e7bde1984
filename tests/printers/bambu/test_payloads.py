"""Every command as the exact message of bambu-lan A7 and A8."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import Unusable
from printers import commands as c
from printers.bambu.payloads import MAX_GCODE, View, build
from printers.bambu.start import URL_FORMS, project_file
from printers.status import Tray

TRAYS = (
    Tray(slot="A1", index=0, type="PLA"),
    Tray(slot="A2", index=1, type="PETG"),
    Tray(slot="B3", index=6, empty=True),
    Tray(slot="HT1", index=128, type="ABS"),
    Tray(slot="Ext", index=254, type="TPU"),
)
P1S = View(name="Cedar", trays=TRAYS, filament_temperature=lambda t: {"PLA": 210}.get(t.type, 250))
H2D = View(
    name="Ash",
    dual_nozzle=True,
    chamber="ctt_airduct",
    bed_command=True,
    second_light=True,
    trays=(
        Tray(slot="A1", index=0, type="PLA"),
        Tray(slot="B1", index=4, type="PLA"),
        Tray(slot="Ext L", index=254, type="PLA"),
        Tray(slot="Ext R", index=255, type="PLA"),
    ),
    left_units=frozenset({1}),
)


def bodies(command: c.Command, view: View = P1S) -> list[dict[str, Any]]:
    return [dict(request.body) for request in build(command, view)]


def gcode(command: c.Command, view: View = P1S) -> str:
    (body,) = bodies(command, view)
    assert body["command"] == "gcode_line"
    return str(body["param"])


@pytest.mark.parametrize(
    ("command", "word"), [(c.Pause(), "pause"), (c.Resume(), "resume"), (c.Stop(), "stop")]
)
def test_job_controls_are_one_word_in_the_print_section(command: c.Command, word: str) -> None:
    (request,) = build(command, P1S)
    assert (request.section, dict(request.body)) == ("print", {"command": word, "param": ""})


def test_homing_is_always_the_bare_g28() -> None:
    assert gcode(c.Home()) == "G28\n"
    assert gcode(c.Home(axes=("z",))) == "G28\n"


def test_a_jog_is_relative_restores_the_mode_and_leaves_the_end_stops_alone() -> None:
    text = gcode(c.Jog(x=10, y=-2.5, z=1))
    assert text == (
        "M1002 push_ref_mode\nG91\nG1 X10 Y-2.5 F3000\nG1 Z1 F900\nM1002 pop_ref_mode\n"
    )
    assert "M211" not in text


def test_a_jog_in_z_never_runs_faster_than_the_z_axis() -> None:
    assert "G1 Z-5 F900" in gcode(c.Jog(z=-5, speed_mm_min=6000))
    assert "G1 X1 F6000" in gcode(c.Jog(x=1, speed_mm_min=6000))


def test_temperatures_of_a_single_nozzle_printer_are_plain_gcode() -> None:
    assert gcode(c.SetTemperature(heater="nozzle", target=220)) == "M104 S220\n"
    assert gcode(c.SetTemperature(heater="bed", target=0)) == "M140 S0\n"


def test_temperatures_of_a_dual_nozzle_printer_name_the_nozzle() -> None:
    assert gcode(c.SetTemperature(heater="nozzle", target=220), H2D) == "M104 S220 T0\n"
    assert gcode(c.SetTemperature(heater="nozzle2", target=220), H2D) == "M104 S220 T1\n"
    assert bodies(c.SetTemperature(heater="bed", target=60), H2D) == [
        {"command": "set_bed_temp", "temp": 60}
    ]


def test_the_chamber_is_heated_the_way_the_model_wants_it() -> None:
    x1e = View(name="Oak", chamber="m141")
    assert gcode(c.SetTemperature(heater="chamber", target=45), x1e) == "M141 S45\n"
    mode, heat = bodies(c.SetTemperature(heater="chamber", target=45), H2D)
    assert mode == {"command": "set_airduct", "modeId": 1, "submode": -1}
    assert heat == {"command": "set_ctt", "ctt_val": 45}
    with pytest.raises(Unusable, match="no chamber heater"):
        build(c.SetTemperature(heater="chamber", target=45), P1S)


def test_cooling_down_reaches_every_heater() -> None:
    assert [body["param"] for body in bodies(c.CoolDown())] == ["M104 S0\n", "M140 S0\n"]
    commands = [body["command"] for body in bodies(c.CoolDown(), H2D)]
    assert commands == ["gcode_line", "set_bed_temp", "gcode_line", "set_airduct", "set_ctt"]


@pytest.mark.parametrize(
    ("fan", "percent", "text"),
    [
        ("part", 100, "M106 P1 S255\n"),
        ("aux", 50, "M106 P2 S128\n"),
        ("chamber", 0, "M106 P3 S0\n"),
    ],
)
def test_fans_have_ports_and_255_steps(fan: str, percent: int, text: str) -> None:
    assert gcode(c.SetFan(fan=fan, percent=percent)) == text


def test_the_light_command_carries_all_four_numbers() -> None:
    (request,) = build(c.SetLight(on=False), P1S)
    assert request.section == "system"
    assert dict(request.body) == {
        "command": "ledctrl",
        "led_node": "chamber_light",
        "led_mode": "off",
        "led_on_time": 500,
        "led_off_time": 500,
        "loop_times": 0,
        "interval_time": 0,
    }
    nodes = [body["led_node"] for body in bodies(c.SetLight(on=True), H2D)]
    assert nodes == ["chamber_light", "chamber_light2"]


def test_a_speed_level_is_a_string() -> None:
    assert bodies(c.SetSpeed(level=4)) == [{"command": "print_speed", "param": "4"}]
    with pytest.raises(Unusable, match="levels 1 to 4"):
        build(c.SetSpeed(percent=120), P1S)


def test_extruding_is_relative() -> None:
    assert gcode(c.Extrude(mm=-7.5)) == "M83\nG0 E-7.5 F900\n"
    assert bodies(c.Extrude(mm=10), H2D)[0]["command"] == "set_extrusion_length"


def test_loading_names_unit_slot_and_both_temperatures() -> None:
    assert bodies(c.LoadFilament(slot="A2")) == [
        {
            "command": "ams_change_filament",
            "ams_id": 0,
            "slot_id": 1,
            "target": 1,
            "curr_temp": 250,
            "tar_temp": 250,
        }
    ]
    (ht,) = bodies(c.LoadFilament(slot="HT1"))
    assert (ht["ams_id"], ht["slot_id"], ht["target"]) == (128, 0, 128)
    (external,) = bodies(c.LoadFilament(slot="Ext"))
    assert (external["ams_id"], external["slot_id"], external["target"]) == (255, 0, 254)


def test_loading_uses_the_heat_of_what_is_in_there_now() -> None:
    warm = View(
        name="Cedar",
        trays=TRAYS,
        active_tray="A1",
        filament_temperature=P1S.filament_temperature,
    )
    (body,) = bodies(c.LoadFilament(slot="A2"), warm)
    assert (body["curr_temp"], body["tar_temp"]) == (210, 250)


def test_a_dual_nozzle_printer_is_told_which_extruder() -> None:
    sides = {
        slot: bodies(c.LoadFilament(slot=slot), H2D)[0]["extruder_id"]
        for slot in ("A1", "B1", "Ext L", "Ext R")
    }
    assert sides == {"A1": 0, "B1": 1, "Ext L": 1, "Ext R": 0}


@pytest.mark.parametrize(("slot", "words"), [("C1", "it has: A1"), ("B3", "is empty")])
def test_a_slot_that_cannot_be_loaded_is_refused_in_words(slot: str, words: str) -> None:
    with pytest.raises(Unusable, match=words):
        build(c.LoadFilament(slot=slot), P1S)


def test_unloading_is_target_255_of_the_loaded_unit() -> None:
    (body,) = bodies(c.UnloadFilament(slot="A2"))
    assert (body["ams_id"], body["slot_id"], body["target"]) == (0, 255, 255)
    with pytest.raises(Unusable, match="no filament loaded"):
        build(c.UnloadFilament(), P1S)


def test_clearing_a_fault_names_it_twice() -> None:
    view = View(name="Cedar", print_error=0x0300400C, subtask_id="77")
    clean, dialog = build(c.ClearFault(), view)
    assert dict(clean.body) == {
        "command": "clean_print_error",
        "subtask_id": "77",
        "print_error": 50348044,
    }
    assert dialog.body["err"] == "0300400C"
    assert not dialog.answered


def test_calibrations_are_bits() -> None:
    (body,) = bodies(c.Calibrate(kinds=("bed_level", "vibration", "bed_level")))
    assert body["option"] == 0b110
    with pytest.raises(Unusable, match="warp"):
        build(c.Calibrate(kinds=("warp",)), P1S)


def test_skipped_objects_are_numbers() -> None:
    assert bodies(c.SkipObjects(ids=(12, 7)))[0]["obj_list"] == [12, 7]


def test_console_gcode_is_one_ended_line_of_bearable_length() -> None:
    assert gcode(c.SendGcode(line="  M104 S200 ")) == "M104 S200\n"
    with pytest.raises(Unusable, match="characters"):
        build(c.SendGcode(line="G1 " + "X" * MAX_GCODE), P1S)


def test_every_command_of_the_farm_is_built_or_refused_in_words() -> None:
    special = {c.SelectTray, c.Reconnect, c.TrustCertificate, c.StartPrint}
    foreign = {c.EmergencyStop, c.ConnectPrinter, c.FirmwareRestart, c.HostRestart}
    examples: dict[type[c.Command], c.Command] = {
        c.SetTemperature: c.SetTemperature(heater="bed", target=1),
        c.SetFan: c.SetFan(fan="part", percent=1),
        c.SetLight: c.SetLight(on=True),
        c.SetSpeed: c.SetSpeed(level=1),
        c.Extrude: c.Extrude(mm=1),
        c.LoadFilament: c.LoadFilament(slot="A1"),
        c.UnloadFilament: c.UnloadFilament(slot="A1"),
        c.SkipObjects: c.SkipObjects(ids=(1,)),
        c.Calibrate: c.Calibrate(kinds=("lidar",)),
        c.SendGcode: c.SendGcode(line="M115"),
    }
    for kind in c.COMMANDS:
        if kind in foreign:
            with pytest.raises(Unusable):
                build(kind(), P1S)
        elif kind not in special:
            assert build(examples.get(kind) or kind(), P1S), kind.__name__


def start(**changes: Any) -> c.StartPrint:
    values: dict[str, Any] = {
        "remote_name": "farm_7_gear.gcode.3mf",
        "token": 1700000007,
        "display_name": "gear",
        "plate": 2,
        "md5": "ABCD",
        "ams_mapping": (0, -1, 5),
    }
    return c.StartPrint(**{**values, **changes})


def test_a_start_carries_the_token_in_every_id() -> None:
    request = project_file(start(), P1S)
    body = request.body
    assert (request.section, request.command) == ("print", "project_file")
    assert body["param"] == "Metadata/plate_2.gcode"
    assert body["url"] == "ftp://farm_7_gear.gcode.3mf"
    assert body["file"] == "farm_7_gear.gcode.3mf"
    assert {body["project_id"], body["task_id"], body["subtask_id"]} == {"1700000007"}
    assert body["profile_id"] == "0"
    assert body["md5"] == "ABCD"
    assert body["subtask_name"] == "gear"


def test_the_mapping_is_sent_in_both_forms() -> None:
    body = project_file(start(ams_mapping=(0, -1, 5, 129, 254)), P1S).body
    assert body["ams_mapping"] == [0, -1, 5, 129, -1]
    assert body["ams_mapping2"] == [
        {"ams_id": 0, "slot_id": 0},
        {"ams_id": 255, "slot_id": 255},
        {"ams_id": 1, "slot_id": 1},
        {"ams_id": 129, "slot_id": 0},
        {"ams_id": 255, "slot_id": 0},
    ]
    assert body["use_ams"] is True


def test_the_left_external_spool_of_two_has_a_number_of_its_own() -> None:
    body = project_file(start(ams_mapping=(254, 255)), H2D).body
    assert body["ams_mapping2"] == [{"ams_id": 254, "slot_id": 0}, {"ams_id": 255, "slot_id": 0}]
    assert body["use_ams"] is False


@pytest.mark.parametrize("mapping", [(), (-1, -1), (254,)])
def test_without_a_changer_slot_the_changer_is_never_used(mapping: tuple[int, ...]) -> None:
    assert project_file(start(ams_mapping=mapping), P1S).body["use_ams"] is False


def test_options_are_booleans_in_the_slicers_spelling() -> None:
    body = project_file(
        start(options={"bed_leveling": False, "timelapse": True, "use_ams": False}), P1S
    ).body
    assert body["bed_leveling"] is False
    assert body["auto_bed_leveling"] == 0
    assert body["timelapse"] is True
    assert body["use_ams"] is False
    assert body["vibration_cali"] is True


@pytest.mark.parametrize("form", sorted(URL_FORMS))
def test_each_url_form_ends_in_the_uploaded_name(form: str) -> None:
    url = project_file(start(), P1S, form).body["url"]
    assert url.endswith("/farm_7_gear.gcode.3mf")
