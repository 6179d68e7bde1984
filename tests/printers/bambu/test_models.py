"""Model table and its lookups, filament table, get_version."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from printers.bambu.filaments import lookup
from printers.bambu.models import MODELS, UNKNOWN, by_name, by_serial
from printers.bambu.parse import capabilities, parse, read_versions


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x1c", "BL-P001"),
        ("X1 Carbon", "BL-P001"),
        ("Bambu Lab X1 Carbon", "BL-P001"),
        ("BL-P001", "BL-P001"),
        ("A1MINI", "N1"),
        ("a1-mini", "N1"),
        (" Bambu Lab P1S ", "C12"),
        ("C11", "C11"),
        ("H2D Pro", "O1E"),
        ("o1c", "O1C2"),
    ],
)
def test_names_and_codes_are_recognised(text: str, code: str) -> None:
    model = by_name(text)
    assert model is not None
    assert model.code == code


@pytest.mark.parametrize("text", ["", "Ender 3", "bambu lab", "X9"])
def test_other_names_are_not(text: str) -> None:
    assert by_name(text) is None


def test_every_serial_prefix_leads_to_its_model() -> None:
    for model in MODELS:
        for prefix in model.serial_prefixes:
            assert by_serial(f"{prefix}00SIM0000001") is model
    assert by_serial("01p00a000000001") is by_name("P1S")
    assert by_serial("99900A000000001") is None
    assert by_serial("") is None


def test_the_unknown_model_has_the_lowest_limits() -> None:
    assert min(m.nozzle_max for m in MODELS) == UNKNOWN.nozzle_max
    assert min(m.bed_max for m in MODELS) == UNKNOWN.bed_max
    assert UNKNOWN.chamber_max is None


def test_filament_table_comes_without_its_package() -> None:
    silk = lookup("GFA06")
    assert silk is not None
    assert (silk.name, silk.type) == ("Bambu PLA Silk Plus", "PLA")
    assert (silk.nozzle_min, silk.nozzle_max) == (210, 240)
    assert lookup("nothing") is None
    assert "bambulabs_api_filament_table" in sys.modules


def test_versions_of_a_p1s() -> None:
    modules: list[Any] = [
        {"name": "ota", "project_name": "C12", "product_name": "Bambu Lab P1S",
         "sw_ver": "01.08.02.00", "sn": "01P00SIM0000001"},
        {"name": "esp32", "hw_ver": "AP04", "project_name": "C12", "sw_ver": "01.11.35.43"},
        {"name": "ams/0", "sw_ver": "00.00.06.49"},
        {"name": "n3s/128", "sw_ver": "00.00.06.49"},
        None,
        {"name": 7},
    ]  # fmt: skip
    versions = read_versions({"command": "get_version", "module": modules})
    assert versions.firmware == "01.08.02.00"
    assert versions.model == "C12"
    assert versions.serial == "01P00SIM0000001"
    assert versions.ams_kinds == {0: "AMS", 128: "AMS HT"}


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ({"name": "esp32", "hw_ver": "AP04", "project_name": "C11"}, "C11"),
        ({"name": "esp32", "hw_ver": "AP05", "project_name": "N1"}, "N1"),
        ({"name": "rv1126", "hw_ver": "AP05", "project_name": ""}, "BL-P001"),
        ({"name": "ap", "hw_ver": "AP02", "project_name": ""}, "C13"),
        ({"name": "rv1126", "hw_ver": "AP09", "project_name": "O1D"}, "O1D"),
        ({"name": "rv1126", "hw_ver": "??", "project_name": "??"}, ""),
    ],
)
def test_older_firmware_is_known_by_its_boards(module: dict[str, Any], code: str) -> None:
    assert read_versions({"module": [{"name": "ota"}, module]}).model == code


@pytest.mark.parametrize("info", [{}, {"module": None}, {"module": [1, "x"]}, None, [], "x"])
def test_a_broken_version_reply_says_nothing(info: Any) -> None:
    versions = read_versions(info)
    assert (versions.firmware, versions.model, versions.serial) == ("", "", "")
    assert not versions.ams_kinds


def test_capabilities_follow_model_and_report(bambu_report: Any) -> None:
    def of(name: str, report: str, **changes: Any) -> frozenset[str]:
        model = by_name(name)
        assert model is not None
        return capabilities(model, parse(bambu_report(report, **changes), model))

    p1s = of("P1S", "p1s_printing")
    assert {"ams", "camera_jpeg", "fan_aux", "fan_chamber", "light", "upload"} <= p1s
    assert p1s.isdisjoint({"chamber_sensor", "temperature_chamber", "dual_nozzle", "camera_rtsp"})
    h2d = of("H2D", "h2d_printing")
    assert {"dual_nozzle", "temperature_chamber", "camera_rtsp", "door_sensor"} <= h2d
    mini = of("A1 mini", "a1mini_idle", ams={"ams": []}, lights_report=[])
    assert mini.isdisjoint({"ams", "fan_aux", "fan_chamber", "light", "door_sensor"})
    assert "fan_aux" not in of("P1P", "p1s_printing")
    assert {"fan_aux", "fan_chamber"} <= of("P1P", "p1s_printing", home_flag=1 << 26)
    assert of("P1P", "p1s_printing").isdisjoint({"emergency_stop"})
