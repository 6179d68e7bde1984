"""What the panel gets from a report: state, stage, pauses, job; the machine around it."""

from __future__ import annotations

from typing import Any

import pytest

from printers.bambu.merge import Report
from printers.bambu.parse import Parser, parse
from printers.bambu.stages import PAUSES, STAGES
from printers.status import PrinterState
from tests.printers.bambu.reading import Load, S, heat, model, read


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("IDLE", S.IDLE), ("PREPARE", S.PREPARING), ("SLICING", S.PREPARING),
        ("RUNNING", S.PRINTING), ("PAUSE", S.PAUSED), ("FINISH", S.FINISHED),
        ("FAILED", S.FAILED), ("running", S.PRINTING), ("", S.UNKNOWN), ("INIT", S.UNKNOWN),
        ("OFFLINE", S.UNKNOWN), ("UNKNOWN", S.UNKNOWN), ("DANCING", S.UNKNOWN), (None, S.UNKNOWN),
        (7, S.UNKNOWN),
    ],
)  # fmt: skip
def test_states(word: object, state: PrinterState) -> None:
    parsed = read("P1S", gcode_state=word)
    assert parsed.state is state
    assert parsed.raw_state == (word if isinstance(word, str) else "7" if word else "")


@pytest.mark.parametrize(
    ("stage", "layer", "state", "text"),
    [
        (0, 5, S.PRINTING, ""),
        (255, 5, S.PRINTING, ""),
        (-1, 5, S.PRINTING, ""),
        (999, 5, S.PRINTING, ""),
        (2, 0, S.PREPARING, "Heating the bed"),
        (14, 0, S.PREPARING, "Cleaning the nozzle"),
        (4, 0, S.PREPARING, "Changing filament"),
        (4, 30, S.PRINTING, "Changing filament"),
        (16, 5, S.PRINTING, ""),
        ("1", 0, S.PREPARING, "Levelling the bed"),
    ],
)
def test_stages_while_running(stage: object, layer: int, state: PrinterState, text: str) -> None:
    parsed = read("X1C", gcode_state="RUNNING", stg_cur=stage, layer_num=layer)
    assert (parsed.state, parsed.stage) == (state, text)


def test_the_stage_table_is_complete() -> None:
    assert set(STAGES) == set(range(1, 78))
    assert set(PAUSES) <= set(STAGES)


def test_a_printer_at_rest_is_busy_only_with_what_it_really_does() -> None:
    assert read("P1S", gcode_state="IDLE", stg_cur=13).stage == "Homing"
    assert read("P1S", gcode_state="IDLE", stg_cur=13).state is S.BUSY
    assert read("P1S", gcode_state="FINISH", ams_status=0x0102).state is S.BUSY
    assert read("P1S", gcode_state="FINISH", ams_status=768).state is S.FINISHED
    for left_over in (0, 2, 14, 255, -1):
        assert read("P1S", gcode_state="IDLE", stg_cur=left_over).state is S.IDLE
    updating = read("P1S", gcode_state="IDLE", upgrade_state={"status": "FLASHING"})
    assert updating.state is S.BUSY
    assert updating.notices[0].code == "firmware_update"


def test_a_calibration_is_no_job() -> None:
    name = "auto_cali_for_user_param.gcode"
    parsed = read(
        "P1S", gcode_state="RUNNING", print_type="system", stg_cur=3, gcode_file=name,
        subtask_name=name,
    )  # fmt: skip
    assert (parsed.state, parsed.stage, parsed.job) == (S.BUSY, "Measuring vibrations", None)
    assert parsed.internal
    real = read("P1S", gcode_state="RUNNING", print_type="system", gcode_file="a.gcode.3mf")
    assert real.state is S.PRINTING


@pytest.mark.parametrize(
    ("report", "kind", "reason"),
    [
        ({"stg_cur": 16}, "user", "Paused by a person"),
        ({"stg_cur": 30}, "user", "Paused by a command in the file"),
        ({"print_error": 0x0300_8001}, "user", "Paused by a person"),
        ({"stg_cur": 17}, "printer", "The front cover of the toolhead is off"),
        ({"stg_cur": 34}, "ai", "The first layer does not look right"),
        ({"stg_cur": 6, "ams": {"tray_now": "2"}}, "filament", "Filament ran out in A3"),
        ({"stg_cur": 6, "ams": {"tray_now": "255", "tray_pre": "5"}}, "filament",
         "Filament ran out in B2"),
        ({"stg_cur": 6}, "filament", "Filament ran out"),
        ({"print_error": 0x07FF_8011, "stg_cur": 6}, "filament", "The external filament ran out"),
        ({"ams": {"tray_now": "254"}, "stg_cur": 6}, "filament", "The external filament ran out"),
        ({"hms": [{"attr": 0x0700_2100, "code": 0x0002_0001}]}, "filament",
         "Filament ran out in A2"),
        ({"hms": [{"attr": 0x0700_2100, "code": 0x0002_0003}]}, "printer",
         "The filament of A2 may be broken"),
        ({"print_error": 0x0700_8011, "ams": {"tray_now": "3"}}, "filament",
         "Filament ran out in A4"),
        ({"print_error": 0x0300_8003}, "ai",
         "The printer's camera sees spaghetti."),
        ({"print_error": 0x0C00_8001}, "ai", "The first layer does not look right"),
        ({"print_error": 0x0300_800B, "stg_cur": 16}, "printer", "The filament cutter is stuck."),
        ({}, "", ""),
    ],
)  # fmt: skip
def test_pause_reasons(report: dict[str, Any], kind: str, reason: str) -> None:
    parsed = read("P1S", gcode_state="PAUSE", **report)
    assert parsed.state is S.PAUSED
    assert parsed.pause_kind == kind
    assert parsed.pause_reason.startswith(reason)
    assert bool(parsed.pause_reason) == bool(reason)


def test_the_empty_slot_of_a_second_nozzle_is_named(bambu_report: Load) -> None:
    report = bambu_report("h2d_printing", gcode_state="PAUSE", stg_cur=6)
    assert parse(report, model("H2D")).pause_reason == "Filament ran out in HT1"


def test_the_job_of_a_running_print(bambu_report: Load) -> None:
    job = parse(bambu_report("p1s_printing"), model("P1S")).job
    assert job is not None
    assert (job.name, job.file) == ("bracket_0007", "bracket_0007.gcode.3mf")
    assert (job.task_id, job.subtask_id) == ("734501", "734501")
    assert (job.percent, job.remaining_min, job.layer, job.layers) == (34, 71, 12, 120)
    assert (job.prepare_percent, job.plate, job.skipped) == (None, None, ())
    plate = parse(bambu_report("h2d_printing", s_obj=[88, "91", None]), model("H2D")).job
    assert plate is not None
    assert (plate.plate, plate.skipped) == (2, (88, 91))


@pytest.mark.parametrize(
    ("state", "minutes", "prepare"),
    [
        ("RUNNING", 71, None), ("PAUSE", 71, None), ("PREPARE", None, 40), ("FINISH", None, None),
        ("FAILED", None, None),
    ],
)  # fmt: skip
def test_minutes_only_while_printing_and_prepare_percent_only_before(
    bambu_report: Load, state: str, minutes: int | None, prepare: int | None
) -> None:
    report = bambu_report("p1s_printing", gcode_state=state, gcode_file_prepare_percent="40")
    job = parse(report, model("P1S")).job
    assert job is not None
    assert (job.remaining_min, job.prepare_percent) == (minutes, prepare)


def test_no_job_when_idle_or_unnamed(bambu_report: Load) -> None:
    idle = bambu_report("p1s_printing", gcode_state="IDLE")
    assert parse(idle, model("P1S")).job is None
    unnamed = bambu_report("p1s_printing", gcode_file="", subtask_name="")
    assert parse(unnamed, model("P1S")).job is None
    only_file = bambu_report("p1s_printing", subtask_name="")
    job = parse(only_file, model("P1S")).job
    assert job is not None
    assert job.name == "bracket_0007"


def test_impossible_numbers_are_unknown() -> None:
    job = read(
        "P1S", gcode_state="RUNNING", subtask_name="x", mc_percent=255, mc_remaining_time=-4,
        layer_num=10**30, total_layer_num="many",
    ).job  # fmt: skip
    assert job is not None
    assert (job.percent, job.remaining_min, job.layer, job.layers) == (None, None, None, None)


def test_light() -> None:
    def lamp(node: str, mode: object) -> bool | None:
        return read("X1C", lights_report=[None, {"node": node, "mode": mode}]).light

    assert lamp("chamber_light", "on") is True
    assert lamp("chamber_light", "off") is False
    assert lamp("work_light", "flashing") is None
    assert lamp("chamber_light", 3) is None
    assert read("X1C", cfg="80").light is True
    assert read("X1C", cfg="0").light is False
    assert read("X1C").light is None


def test_speed() -> None:
    speed = read("P1S", spd_lvl="4", spd_mag=166).speed
    assert speed is not None
    assert (speed.level, speed.percent) == (4, 166)
    assert read("P1S", spd_lvl=9, spd_mag=-1).speed is None
    by_cfg = read("X1C", cfg=f"{3 << 8:X}").speed
    assert by_cfg is not None
    assert by_cfg.level == 3


def test_homed_and_door() -> None:
    assert read("P1S", home_flag=0b111).homed == "xyz"
    assert read("P1S", home_flag=0b011).homed == "xy"
    assert read("P1S", home_flag=-1).homed == "xyz"
    assert read("P1S").homed == ""
    assert read("P1S", home_flag=1 << 23).door_open is None
    assert read("X1C", home_flag=1 << 23).door_open is True
    assert read("X1C", home_flag=1 << 23, stat="0").door_open is False
    assert read("X1C").door_open is None


@pytest.mark.parametrize(
    ("text", "dbm"),
    [("-45dBm", -45), ("-45", -45), ("", None), ("…", None), (None, None), ("-999dBm", None)],
)
def test_wifi(text: object, dbm: int | None) -> None:
    assert read("P1S", wifi_signal=text).wifi_dbm == dbm


@pytest.mark.parametrize(
    ("report", "storage"),
    [
        ({}, ""),
        ({"sdcard": True}, "ok"),
        ({"sdcard": False}, "missing"),
        ({"sdcard": True, "home_flag": 1 << 8}, "ok"),
        ({"sdcard": True, "home_flag": 2 << 8}, "abnormal"),
        ({"sdcard": True, "home_flag": 3 << 8}, "read_only"),
        ({"sdcard": True, "home_flag": 0}, "ok"),
        ({"sdcard": False, "home_flag": 0}, "missing"),
        ({"sdcard": False, "home_flag": 1 << 8}, "missing"),
        ({"home_flag": 0}, "missing"),
        ({"sdcard": True, "aux": "1000", "home_flag": 2 << 8}, "ok"),
        ({"sdcard": True, "aux": "2000"}, "abnormal"),
        ({"sdcard": "HAS_SDCARD_NORMAL"}, "ok"),
        ({"sdcard": "NO_SDCARD"}, "missing"),
    ],
)
def test_storage(report: dict[str, Any], storage: str) -> None:
    parsed = read("P1S", **report)
    assert parsed.storage == storage
    codes = {notice.code for notice in parsed.notices}
    assert codes == ({f"storage_{storage}"} if storage not in ("", "ok") else set())


def test_nozzles(bambu_report: Load) -> None:
    plain = parse(bambu_report("p1s_printing"), model("P1S")).nozzles
    assert [(n.name, n.diameter_mm, n.type) for n in plain] == [("nozzle", 0.4, "stainless steel")]
    two = parse(bambu_report("h2d_printing"), model("H2D")).nozzles
    assert [(n.name, n.diameter_mm, n.type) for n in two] == [
        ("nozzle", 0.4, "hardened steel"),
        ("nozzle2", 0.6, "tungsten carbide, high flow"),
    ]
    assert read("P1S", nozzle_diameter="wide").nozzles == ()


def test_liveview_notice_only_where_the_camera_needs_it() -> None:
    off = {"rtsp_url": "disable"}
    assert [n.code for n in read("H2D", ipcam=off).notices] == ["liveview_off"]
    assert read("P1S", ipcam=off).notices == ()


def test_printing_without_filament_is_pointed_out(bambu_report: Load) -> None:
    def codes(**changes: Any) -> list[str]:
        report = bambu_report("p1s_printing", hw_switch_state=0)
        report["ams"]["tray_tar"] = "255"
        report.update(changes)
        return [n.code for n in parse(report, model("P1S")).notices]

    assert codes() == ["air_print"]
    assert codes(hw_switch_state=1) == []
    assert codes(stg_cur=4) == []
    assert codes(layer_num=1) == []
    assert codes(gcode_state="PAUSE") == []
    assert codes(ams={"tray_tar": "0"}) == []


def test_nothing_new_is_the_same_object_and_equal_parts_stay(bambu_report: Load) -> None:
    report, parser = Report(), Parser(model("H2D"))
    first = parser.parse(report.data, report.apply(bambu_report("h2d_printing"), full=True))
    again = bambu_report("h2d_printing", sequence_id="2022", t_utc=1)
    changed = report.apply(again, full=True)
    assert changed == {"sequence_id", "t_utc"}
    assert parser.parse(report.data, changed) is first
    warmer = bambu_report("h2d_printing", mc_percent=35)
    warmer["device"]["bed"]["info"]["temp"] = (60 << 16) | 61
    second = parser.parse(report.data, report.apply(warmer, full=True))
    assert second is not first
    assert second.ams is first.ams
    assert second.external is first.external
    assert second.heaters[0] is first.heaters[0]
    assert heat(second)["bed"] == (61, 60)
    assert second.job is not None
    assert second.job.percent == 35
