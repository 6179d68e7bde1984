"""The merged report: recursion, lists, the full-frame gate, and what broken messages may do."""

from __future__ import annotations

from typing import Any

import pytest

from printers.bambu.merge import Report


def merged(*patches: dict[str, Any]) -> Report:
    report = Report()
    report.apply({"gcode_state": "IDLE"}, full=True)
    for patch in patches:
        report.apply(patch, full=False)
    return report


def test_a_difference_with_one_ams_key_keeps_the_rest() -> None:
    report = merged({"ams": {"ams": [{"id": "0"}], "tray_now": "255"}}, {"ams": {"tray_now": "2"}})
    assert report.data["ams"] == {"ams": [{"id": "0"}], "tray_now": "2"}


def test_lists_are_replaced_whole() -> None:
    report = merged({"hms": [{"attr": 1, "code": 2}]}, {"hms": []})
    assert report.data["hms"] == []


def test_changed_names_only_keys_with_another_value() -> None:
    report = merged({"bed_temper": 60.0, "device": {"bed": {"a": 1}, "ctc": {"b": 2}}})
    patch = {"bed_temper": 60.0, "nozzle_temper": 20.0, "device": {"bed": {"a": 1}}}
    assert report.apply(patch, full=False) == {"nozzle_temper"}
    assert report.apply({"device": {"bed": {"a": 3}}}, full=False) == {"device"}
    assert report.data["device"] == {"bed": {"a": 3}, "ctc": {"b": 2}}


def test_unknown_until_a_whole_frame_with_a_state() -> None:
    report = Report()
    report.apply({"bed_temper": 60.0}, full=False)
    assert not report.has_full
    report.apply({"bed_temper": 60.0}, full=True)
    assert not report.has_full
    report.apply({"gcode_state": "IDLE"}, full=True)
    assert report.has_full


def test_the_first_whole_frame_after_a_reset_names_everything_there_is_or_was() -> None:
    report = Report()
    report.apply({"gcode_state": "IDLE", "vt_tray": {"id": "254"}}, full=True)
    report.reset()
    assert report.data == {}
    assert not report.has_full
    report.apply({"bed_temper": 60.0}, full=False)
    changed = report.apply({"gcode_state": "IDLE", "bed_temper": 60.0}, full=True)
    assert changed == {"gcode_state", "bed_temper", "vt_tray"}


@pytest.mark.parametrize(
    "patch",
    [
        {"gcode_state": None},
        {"gcode_state": 7},
        {"gcode_state": ["IDLE"]},
        {"ams": None},
        {"ams": []},
        {"ams": {"ams": None}},
        {"ams": {"ams": {"id": "0"}}},
        {"hms": {}},
        {"hms": "none"},
        {"bed_temper": "warm"},
        {"bed_temper": float("nan")},
        {"bed_temper": {}},
        {"stg_cur": None},
        {"subtask_name": []},
    ],
)
def test_a_value_of_the_wrong_kind_changes_nothing(patch: dict[str, Any]) -> None:
    report = merged(
        {"ams": {"ams": [{"id": "0"}]}, "hms": [], "bed_temper": 60.0, "subtask_name": "cube"}
    )
    before = dict(report.data)
    assert report.apply(patch, full=False) == frozenset()
    assert report.data == before


def test_a_whole_frame_mends_a_container_of_the_wrong_kind() -> None:
    report = merged({"ams": {"ams": {"id": "0"}}})
    report.apply({"ams": {"ams": [{"id": "0"}]}}, full=True)
    assert report.data["ams"] == {"ams": [{"id": "0"}]}


def test_numbers_may_come_as_strings() -> None:
    assert merged({"mc_percent": "34"}).data["mc_percent"] == "34"


@pytest.mark.parametrize("patch", [None, [], "x", 5])
def test_what_is_no_object_is_ignored(patch: Any) -> None:
    assert Report().apply(patch, full=True) == frozenset()


def test_nesting_too_deep_to_compare_is_survived() -> None:
    def deep() -> Any:
        value: Any = 0
        for _ in range(2000):
            value = {"x": value}
        return value

    report = merged({"device": {"bed": deep()}})
    report.apply({"device": {"bed": deep()}, "odd": deep()}, full=False)
    report.apply({"odd": deep(), "bed_temper": 21}, full=False)
    assert report.data["bed_temper"] == 21


def test_merging_does_not_touch_the_messages_themselves() -> None:
    first = {"ams": {"tray_now": "255", "ams": []}}
    report = merged(first)
    report.apply({"ams": {"tray_now": "1"}}, full=False)
    assert first == {"ams": {"tray_now": "255", "ams": []}}
