"""FAILED, soft or hard: the rule, and the codes that people find in the diagnostics."""

from __future__ import annotations

from typing import Any

import pytest

from printers.bambu.models import by_name
from printers.bambu.parse import parse
from printers.bambu.parse_faults import failure_of
from printers.status import PrinterState as S

SERIOUS = {"attr": 0x0700_2200, "code": 0x0002_0001}
MESSAGE = {"attr": 0x0700_2200, "code": 0x0004_0001}
STOP = 0x0300_400C


@pytest.mark.parametrize(
    ("report", "kind", "state"),
    [
        ({}, "soft", S.FAILED),
        ({"print_error": 0, "mc_print_error_code": "0", "hms": []}, "soft", S.FAILED),
        ({"print_error": 0, "hms": []}, "soft", S.FAILED),  # P1P, A1: no mc_print_error_code
        ({"print_error": STOP}, "soft", S.FAILED),
        ({"mc_print_error_code": str(STOP & 0xFFFF)}, "soft", S.FAILED),
        ({"hms": [MESSAGE]}, "soft", S.FAILED),
        ({"print_error": 0x0300_4002}, "hard", S.FAULT),
        ({"mc_print_error_code": "16386"}, "hard", S.FAULT),
        ({"hms": [SERIOUS]}, "hard", S.FAULT),
        ({"print_error": STOP, "hms": [SERIOUS]}, "hard", S.FAULT),
    ],
)
def test_soft_counts_as_ended_and_hard_waits_for_a_person(
    report: dict[str, Any], kind: str, state: S
) -> None:
    data = {"gcode_state": "FAILED", **report}
    model = by_name("P1S")
    assert model is not None
    assert failure_of(data)["kind"] == kind
    assert parse(data, model).state is state


@pytest.mark.parametrize("word", ["IDLE", "RUNNING", "FINISH", "", None, 7])
def test_without_a_failed_job_there_is_no_failure(word: Any) -> None:
    assert failure_of({"gcode_state": word, "print_error": 0x0300_4002})["kind"] == ""


def test_the_codes_as_people_search_for_them() -> None:
    found = failure_of(
        {"gcode_state": "FAILED", "print_error": 0x0300_4002, "fail_reason": "50348034",
         "mc_print_error_code": "16386", "hms": [SERIOUS]}
    )  # fmt: skip
    assert found == {
        "kind": "hard", "fail_reason": "50348034", "print_error": "0300-4002",
        "mc_print_error_code": "16386", "hms": ["HMS_0700_2200_0002_0001"], "cancelled": False,
    }  # fmt: skip
    silent = failure_of({"gcode_state": "FAILED"})
    assert silent["fail_reason"] is None and silent["mc_print_error_code"] is None
    assert len(failure_of({"fail_reason": "9" * 9000})["fail_reason"]) == 40
