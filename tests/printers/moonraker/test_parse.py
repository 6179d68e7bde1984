"""What the panel gets from Klipper's objects: states, stages, pauses, machine; and odd values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.jsonio import dumps
from printers.moonraker.history import newest, read_job
from printers.moonraker.metadata import Metadata, read_metadata
from printers.moonraker.parse import report_of
from printers.moonraker.picture import Klippy, Sensed, is_urgent, merge
from printers.moonraker.words import klipper_text
from printers.status import PrinterState, Severity
from tests.printers.moonraker.recording import CUBE, S, load, picture, report, with_object


@pytest.mark.parametrize(
    ("name", "state", "ended", "percent"),
    [
        ("preparing", S.PREPARING, "", 0),
        ("printing", S.PRINTING, "", 11),
        ("excluded", S.PRINTING, "", 13),
        ("runout", S.PAUSED, "", 13),
        ("cancelled", S.FAILED, "cancelled", None),
        ("complete", S.FINISHED, "finished", 100),
        ("print_error", S.FAILED, "failed", 0),
        ("shutdown", S.FAULT, "failed", 8),
    ],
)
def test_recorded_states(name: str, state: PrinterState, ended: str, percent: int | None) -> None:
    found = report(name)
    assert found.job is not None
    assert (found.state, found.job.ended, found.job.percent) == (state, ended, percent)
    assert found.cancelled is False


def test_an_idle_printer_is_described() -> None:
    found = report("idle")
    assert (found.state, found.raw_state, found.job) == (S.IDLE, "standby", None)
    assert [(h.name, h.target, h.maximum) for h in found.heaters] == [
        ("nozzle", 0.0, 300),
        ("bed", 0.0, 130),
    ]
    assert [(f.name, f.percent, f.settable) for f in found.fans] == [("part", 0, True)]
    assert found.light is False
    assert found.speed is not None
    assert (found.speed.level, found.speed.percent) == (None, 100)
    assert found.homed == ""
    assert [(n.name, n.diameter_mm) for n in found.nozzles] == [("nozzle", 0.4)]
    assert found.machine.volume_mm == (235.0, 235.0, 250.0)
    assert found.machine.centred is False
    assert found.machine.file_kinds == ("gcode",)
    assert found.storage == "ok"


@pytest.mark.parametrize(
    ("low", "high", "centred"),
    [
        ([-125, -125, 0, 0], [125, 125, 300, 0], True),  # a delta
        ([-130, -120, -2, 0], [125, 125, 300, 0], True),
        ([-12, -5, -3, 0], [235, 235, 250, 0], False),
        (None, [235, 235, 250, 0], None),
    ],
)
def test_where_the_bed_has_its_zero(low: Any, high: Any, centred: bool | None) -> None:
    seen = with_object(picture("idle"), "toolhead", axis_minimum=low, axis_maximum=high)
    assert report_of(seen).machine.centred is centred


@pytest.mark.parametrize(
    ("klippy", "state", "words"),
    [
        ("disconnected", S.OFFLINE, "Klipper is not connected"),
        ("silent", S.OFFLINE, "has not answered"),
        ("startup", S.CONNECTING, "is starting"),
        ("restarting", S.CONNECTING, "restarting"),
    ],
)
def test_an_absent_klipper(klippy: str, state: PrinterState, words: str) -> None:
    found = report("printing", klippy=Klippy(klippy))
    assert found.state is state
    assert words in found.message
    assert "Rowan" in found.message
    assert found.heaters == ()


def test_a_shutdown_wins_over_the_word_printing() -> None:
    found = report("shutdown")
    assert load("shutdown")["status"]["print_stats"]["state"] == "printing"
    (fault,) = found.faults
    assert (fault.code, fault.severity) == ("klipper_shutdown", Severity.FATAL)
    assert fault.text == (
        "MCU 'mcu' shutdown: ADC out of range. This generally occurs when a heater temperature "
        "exceeds its configured min_temp or max_temp. heater: extruder, last_temp: 450.00, "
        "min_temp: 0.0, max_temp: 300.0"
    )
    assert "FIRMWARE_RESTART" not in found.message
    assert "Firmware restart" in found.message


def test_an_error_at_start_keeps_the_last_jobs_end() -> None:
    last = newest(load("history_shutdown"))
    found = report("error", last=last)
    (fault,) = found.faults
    assert (found.state, fault.code) == (S.FAULT, "klipper_error")
    assert "Can not update MCU 'mcu' config as it is shutdown" in fault.text
    assert found.job is not None
    assert (found.job.file, found.job.ended) == (CUBE, "failed")


def test_a_failed_print_shows_klippers_words_and_blocks_nothing() -> None:
    found = report("print_error")
    assert found.message.startswith("Move out of range: 9999.000")
    (fault,) = found.faults
    assert not fault.severity.blocks


def test_motion_without_a_job_is_busy() -> None:
    assert report("idle", sensed=Sensed(moving=True)).state is S.BUSY
    assert report("printing", sensed=Sensed(moving=True)).state is S.PRINTING


@pytest.mark.parametrize(
    ("sensed", "kind", "words"),
    [
        (Sensed(ran_out="runout"), "filament", "Filament ran out (sensor runout)"),
        (Sensed(ran_out="runout", filament_back=True), "filament", "is back"),
        (Sensed(asked_pause=True), "user", "by a person"),
        (Sensed(), "printer", "by the file, at the printer"),
    ],
)
def test_why_it_is_paused(sensed: Sensed, kind: str, words: str) -> None:
    found = report("runout", sensed=sensed)
    assert (found.state, found.pause_kind) == (S.PAUSED, kind)
    assert words in found.pause_reason


@pytest.mark.parametrize(
    ("ordered", "name", "stage"),
    [
        ("pause", "printing", "Pausing"),
        ("cancel", "printing", "Cancelling"),
        ("cancel", "runout", "Cancelling"),
        ("", "printing", ""),
        ("", "preparing", "Heating the nozzle"),
    ],
)
def test_stages(ordered: str, name: str, stage: str) -> None:
    assert report(name, ordered=ordered).stage == stage


@pytest.mark.parametrize(
    ("section", "stage"), [("extruder", "Heating the nozzle"), ("heater_bed", "Heating the bed")]
)
def test_heating_before_the_first_extrusion_is_preparing(section: str, stage: str) -> None:
    found = report_of(with_object(picture("preparing"), section, temperature=30, target=200.0))
    assert (found.state, found.stage) == (S.PREPARING, stage)


def test_an_unmapped_word_is_unknown() -> None:
    found = report_of(with_object(picture("idle"), "print_stats", state="dancing"))
    assert (found.state, found.raw_state) == (S.UNKNOWN, "dancing")


ODD = [None, True, -1, 1e400, float("nan"), "", "x" * 5000, [], [None], {}, {"a": 1}, [[1], {}]]


@pytest.mark.parametrize("odd", ODD, ids=lambda v: repr(v)[:12])
@pytest.mark.parametrize("name", ["idle", "printing", "runout", "shutdown"])
def test_odd_values_anywhere_are_unknown_never_an_exception(name: str, odd: Any) -> None:
    base = picture(name)
    for section, fields in base.objects.items():
        report_of(replace(base, objects={**base.objects, section: {}}))
        for field in fields:
            report_of(with_object(base, section, **{field: odd}))
    for section, fields in load("settings").items():
        settings = {**base.settings, section: dict.fromkeys(fields, odd)}
        report_of(replace(base, settings=settings))
    report_of(replace(base, metadata=read_metadata(dict.fromkeys(load("metadata"), odd), CUBE)))
    job = read_job(dict.fromkeys(load("history_running")["jobs"][0], odd))
    report_of(replace(base, last=job))


def test_difference_reports_are_laid_over_what_was_known() -> None:
    base = load("idle")["status"]
    merged = merge(base, {"extruder": {"target": 60.0}, "new": {"x": 1}, "fan": None, "fan2": 5})
    assert merged["extruder"] == {**base["extruder"], "target": 60.0}
    assert merged["new"] == {"x": 1}
    assert merged["fan"] == base["fan"]
    assert "fan2" not in merged
    assert base["extruder"]["target"] == 0.0
    assert merge(base, [1]) == base


@pytest.mark.parametrize(
    ("changed", "urgent"),
    [
        ({"extruder": {"temperature": 3}}, False),
        ({"print_stats": {"total_duration": 3}}, False),
        ({"print_stats": {"state": "paused"}}, True),
        ({"webhooks": {"state": "shutdown"}}, True),
        ({"filament_switch_sensor x": {"filament_detected": False}}, True),
        ({"print_stats": None}, False),
    ],
)
def test_what_cannot_wait(changed: dict[str, Any], urgent: bool) -> None:
    assert is_urgent(changed) is urgent


def test_klippers_advice_is_left_to_the_panels_buttons() -> None:
    message = load("error")["status"]["webhooks"]["state_message"]
    assert klipper_text(message) == "Can not update MCU 'mcu' config as it is shutdown"
    assert klipper_text("!! Move\x1b[31m out\nof range") == "Move [31m out of range"
    assert klipper_text(None) == ""
    assert len(klipper_text("word " * 500)) <= 300


@pytest.mark.parametrize("said", ["", "\n", "Printer is shutdown", "Printer is not ready\n\n"])
def test_a_stop_without_a_reason_is_still_shown(said: str) -> None:
    shown = report("shutdown", klippy=Klippy("shutdown", said))
    assert shown.state is S.FAULT and "gives no reason" in shown.message
    assert klipper_text(said) == ""


@pytest.mark.parametrize("word", ["printing", "paused"])
def test_no_number_is_too_large_to_be_shown(word: str) -> None:
    """One that is would keep the whole farm's news from the browsers."""
    slow = Metadata("cube.gcode", estimated_s=1e30)
    base = with_object(picture("printing"), "print_stats", state=word)
    base = with_object(base, "gcode_move", speed_factor=1e300)
    base = with_object(base, "fan", speed=1e308)
    dumps(report_of(replace(base, metadata=slow)))
