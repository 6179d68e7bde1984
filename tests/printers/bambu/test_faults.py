"""Codes, severities and sentences of faults; the soft-fail rule."""

from __future__ import annotations

import string
from typing import Any

import pytest

from printers.bambu.fault_texts import HMS, PRINT_ERRORS
from printers.bambu.faults import hms_fault, hms_faults, hms_slot, print_fault, render_code
from printers.bambu.models import by_name
from printers.bambu.parse import FAIL_SETTLE_S, Parsed, parse, settled_state
from printers.status import PrinterState, Severity

P1S = by_name("P1S")
assert P1S is not None
TEMP_SENSOR = {"attr": 0x0300_0100, "code": 0x0001_0007}
NO_INTERNET = {"attr": 0x0500_0200, "code": 0x0002_0001}
PURGING = {"attr": 0x0C00_0300, "code": 0x0003_0006}


def p1s(**report: Any) -> Parsed:
    assert P1S is not None
    return parse(report, P1S)


def test_check_vectors_of_the_reference() -> None:
    assert render_code(50348044) == "0300-400C"
    assert render_code(-1) == "FFFF-FFFF"
    fault = hms_fault(50331904, 65543)
    assert fault.code == "HMS_0300_0100_0001_0007"
    assert fault.severity is Severity.FATAL
    assert fault.module == "motion controller"
    assert fault.help.endswith("/0300_0100_0001_0007")


@pytest.mark.parametrize(
    ("code", "severity"),
    [(1, Severity.FATAL), (2, Severity.SERIOUS), (3, Severity.COMMON), (4, Severity.INFO)],
)
def test_hms_severity_is_the_high_half_of_its_code(code: int, severity: Severity) -> None:
    assert hms_fault(0x0300_0100, code << 16).severity is severity


@pytest.mark.parametrize(
    ("error", "severity"),
    [
        (0x0500_4003, Severity.FATAL),
        (0x0700_8011, Severity.SERIOUS),
        (0x0500_C010, Severity.COMMON),
        (0x0500_1234, Severity.COMMON),
    ],
)
def test_print_error_severity_is_its_low_half(error: int, severity: Severity) -> None:
    assert print_fault(error).severity is severity


@pytest.mark.parametrize(
    ("attr", "code", "text"),
    [
        (0x0700_2200, 0x0002_0001, "Filament ran out in A3."),
        (0x0701_2000, 0x0002_0001, "Filament ran out in B1."),
        (0x1200_2300, 0x0002_0001, "Filament ran out in A4."),
        (0x1880_2000, 0x0002_0001, "Filament ran out in HT1."),
        (0x07FF_2000, 0x0002_0001, "The external filament ran out."),
        (0x0702_5000, 0x0002_0001, "AMS C does not answer."),
        (0x0300_0300, 0x0001_0001, "The hotend fan stands still"),
    ],
)
def test_hms_texts_name_the_place(attr: int, code: int, text: str) -> None:
    assert hms_fault(attr, code).text.startswith(text)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (0x0700_8011, "The filament in AMS A ran out."),
        (0x1201_8011, "The filament in AMS B ran out."),
        (0x07FF_8011, "The external filament ran out."),
        (0x12FF_8011, "The external filament ran out."),
        (0x07FF_8012, "The printer has no AMS mapping"),
        (0x0500_4003, "The print file could not be read."),
    ],
)
def test_print_error_texts(error: int, text: str) -> None:
    assert print_fault(error).text.startswith(text)


def test_an_unknown_code_says_code_severity_and_module() -> None:
    text = hms_fault(0x0C00_7700, 0x0002_0099).text
    assert "HMS_0C00_7700_0002_0099" in text
    assert "serious" in text
    assert "camera" in text
    assert hms_slot(0x0C00_2000) == ""


def test_the_table_is_large_and_its_sentences_are_sound() -> None:
    texts = {**PRINT_ERRORS, **HMS}
    assert len(texts) >= 150
    for code, text in texts.items():
        assert text.endswith("."), code
        assert text[0] in string.ascii_uppercase + "{", code
        fields = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert fields <= ({"unit", "slot"} if "*" in code else set()), code


def test_entries_are_sorted_once_each_and_garbage_is_skipped() -> None:
    entries = [PURGING, NO_INTERNET, TEMP_SENSOR, TEMP_SENSOR, None, {}, {"attr": "x", "code": 1}]
    faults = hms_faults(entries)
    assert [f.severity for f in faults] == [Severity.FATAL, Severity.SERIOUS, Severity.COMMON]
    assert hms_faults("nothing") == ()


# -- the end of a job (A5.1) -------------------------------------------------------------------


def test_failed_without_errors_is_soft() -> None:
    parsed = p1s(gcode_state="FAILED", print_error=0, hms=[], print_type="idle")
    assert parsed.state is PrinterState.FAILED
    assert parsed.faults == ()


@pytest.mark.parametrize("error", [0x0300_400C, 0x0500_400E])
def test_the_error_of_a_stop_is_no_fault(error: int) -> None:
    parsed = p1s(gcode_state="FAILED", print_error=error, mc_print_error_code=str(error & 0xFFFF))
    assert parsed.state is PrinterState.FAILED
    assert parsed.cancelled
    assert parsed.faults == ()
    assert parsed.print_error == error


@pytest.mark.parametrize(
    "report",
    [
        {"print_error": 0x0500_4003},
        {"print_error": "83902467"},
        {"hms": [TEMP_SENSOR]},
        {"mc_print_error_code": "32774"},
    ],
)
def test_failed_with_an_error_is_a_fault(report: dict[str, Any]) -> None:
    parsed = p1s(gcode_state="FAILED", **report)
    assert parsed.state is PrinterState.FAULT
    assert parsed.faults[0].text


def test_messages_alone_do_not_make_a_fault() -> None:
    parsed = p1s(gcode_state="FAILED", hms=[PURGING])
    assert parsed.state is PrinterState.FAILED
    assert parsed.faults[0].severity is Severity.COMMON


def test_idle_with_a_standing_fault_is_a_fault_and_a_finished_job_stays_finished() -> None:
    assert p1s(gcode_state="IDLE", hms=[TEMP_SENSOR]).state is PrinterState.FAULT
    assert p1s(gcode_state="IDLE", hms=[PURGING]).state is PrinterState.IDLE
    finished = p1s(gcode_state="FINISH", hms=[TEMP_SENSOR])
    assert finished.state is PrinterState.FINISHED
    assert finished.faults[0].severity.blocks


def test_a_failure_is_judged_after_it_settled() -> None:
    flash = p1s(gcode_state="FAILED", print_error=0x0500_4003)
    assert settled_state(flash, 0.5, PrinterState.PRINTING) == (PrinterState.PRINTING, True)
    assert settled_state(flash, FAIL_SETTLE_S, PrinterState.PRINTING) == (PrinterState.FAULT, False)
    assert settled_state(flash, 0.0, PrinterState.CONNECTING) == (PrinterState.FAULT, True)
    running = p1s(gcode_state="RUNNING")
    assert settled_state(running, 0.0, PrinterState.IDLE) == (PrinterState.PRINTING, False)


def test_developer_mode_off_is_a_lock_and_no_fault() -> None:
    refusal = {"attr": 83887360, "code": 65543}
    parsed = p1s(gcode_state="IDLE", hms=[refusal])
    assert parsed.state is PrinterState.IDLE
    assert parsed.faults == ()
    assert parsed.lock is not None
    assert parsed.lock.code == "developer_mode_off"
    assert "Developer Mode" in parsed.lock.text
    assert p1s(gcode_state="IDLE", fun=f"{1 << 29:X}").lock == parsed.lock
    assert p1s(gcode_state="IDLE", fun=f"{1 << 28:X}").lock is None
    refused = p1s(gcode_state="IDLE", print_error=84033543)
    assert refused.lock == parsed.lock
    assert refused.state is PrinterState.IDLE
    assert refused.faults == ()
