"""Klipper's objects sorted into heaters, fans, sensors, light; and what that allows."""

from __future__ import annotations

from typing import Any

import pytest

from printers.moonraker.layout import layout_of, own_name
from printers.moonraker.machine import capabilities_of
from printers.moonraker.parse import report_of
from printers.moonraker.picture import Klippy, Picture

BIG = (
    "webhooks", "print_stats", "virtual_sdcard", "pause_resume", "toolhead", "gcode", "gcode_move",
    "extruder1", "extruder", "extruder_stepper belted", "heater_bed", "heater_generic Chamber",
    "heater_generic dryer 2", "temperature_sensor chamber", "temperature_sensor mcu_temp",
    "temperature_fan exhaust", "fan", "fan_generic aux", "heater_fan hotend_fan",
    "controller_fan board", "output_pin beeper", "output_pin CaseLight", "neopixel status",
    "filament_switch_sensor left", "filament_motion_sensor right", "exclude_object",
)  # fmt: skip


def big(**objects: dict[str, Any]) -> Picture:
    settings = {
        "extruder": {"max_temp": 300.0, "nozzle_diameter": 0.6},
        "extruder1": {"max_temp": 280.5},
        "heater_bed": {"max_temp": 120},
        "heater_generic chamber": {"max_temp": 70},
    }
    return Picture(
        name="Elm",
        klippy=Klippy("ready"),
        layout=layout_of(BIG),
        settings=settings,
        objects={"print_stats": {"state": "standby"}, **objects},
    )


def test_names_are_ours_or_the_owners() -> None:
    layout = layout_of(BIG)
    assert dict(layout.heaters) == {
        "nozzle": "extruder",
        "nozzle2": "extruder1",
        "bed": "heater_bed",
        "chamber": "heater_generic Chamber",
        "dryer 2": "heater_generic dryer 2",
    }
    assert dict(layout.sensors) == {
        "temperature_sensor chamber": "temperature_sensor chamber",
        "mcu_temp": "temperature_sensor mcu_temp",
        "exhaust": "temperature_fan exhaust",
    }
    assert dict(layout.fans) == {
        "part": "fan",
        "exhaust": "temperature_fan exhaust",
        "aux": "fan_generic aux",
        "hotend_fan": "heater_fan hotend_fan",
        "board": "controller_fan board",
    }
    assert layout.filament == ("filament_switch_sensor left", "filament_motion_sensor right")


def test_only_what_can_be_set_is_settable() -> None:
    layout = layout_of(BIG)
    assert [name for name in layout.fans if layout.may_set_fan(name)] == ["part", "aux"]
    assert not layout.may_set_fan("nowhere")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", "output_pin CaseLight"),
        ("status", "neopixel status"),
        ("neopixel status", "neopixel status"),
        ("beeper", "output_pin beeper"),
        ("missing", ""),
    ],
)
def test_the_light(wanted: str, found: str) -> None:
    assert layout_of(BIG, wanted).light == found


def test_a_printer_without_a_light_has_none() -> None:
    assert layout_of(["output_pin beeper", "led logo"]).light == ""


def test_the_subscription_asks_for_what_is_read_and_no_more() -> None:
    wanted = layout_of(["print_stats", "extruder", "temperature_fan x", "mcu"]).subscription()
    assert set(wanted) == {"print_stats", "extruder", "temperature_fan x"}
    assert wanted["temperature_fan x"] == ["speed", "temperature"]
    assert wanted["extruder"] == ["temperature", "target"]


def test_capabilities_are_what_this_printer_has() -> None:
    found = capabilities_of(big())
    assert {"temperature_nozzle", "temperature_nozzle2", "temperature_bed"} <= found
    assert "temperature_chamber" in found
    assert "temperature_dryer 2" not in found  # its limit is not known
    assert {"fan_part", "fan_aux"} <= found
    assert "fan_hotend_fan" not in found
    assert {"skip_objects", "light", "chamber_sensor", "dual_nozzle", "upload"} <= found


def test_without_exclude_object_nothing_can_be_left_out() -> None:
    layout = layout_of(name for name in BIG if name != "exclude_object")
    assert "skip_objects" not in capabilities_of(Picture(layout=layout))


def test_a_printer_never_seen_can_only_be_stopped_and_restarted() -> None:
    assert capabilities_of(Picture()) == {"emergency_stop", "firmware_restart", "host_restart"}


def test_a_chamber_sensor_is_no_heater() -> None:
    layout = layout_of(["temperature_sensor Chamber"])
    objects: dict[str, dict[str, Any]] = {
        "print_stats": {"state": "standby"},
        "temperature_sensor Chamber": {"temperature": 31.26},
    }
    report = report_of(Picture(klippy=Klippy("ready"), layout=layout, objects=objects))
    (chamber,) = report.heaters
    assert (chamber.name, chamber.current, chamber.target, chamber.maximum) == (
        "chamber", 31.3, None, None,
    )  # fmt: skip
    assert "temperature_chamber" not in report.machine.capabilities


def test_missing_sections_are_said() -> None:
    report = report_of(
        Picture(
            name="Elm",
            klippy=Klippy("ready"),
            layout=layout_of(["print_stats", "virtual_sdcard"]),
            objects={"print_stats": {"state": "standby"}},
        )
    )
    (notice,) = report.notices
    assert "[pause_resume]" in notice.text
    assert "pause" not in report.machine.capabilities


@pytest.mark.parametrize(
    ("colours", "lit"),
    [
        ([[0, 0, 0, 0]], False),
        ([[0, 0, 0, 0], [0, 0.2, 0, 0]], True),
        ([{"R": 0, "W": 1}], True),
        ([], None),
        ("x", None),
        ([5, None], False),
    ],
)
def test_leds_are_lit_when_any_colour_is(colours: object, lit: bool | None) -> None:
    layout = layout_of(["neopixel light"])
    objects: dict[str, dict[str, Any]] = {
        "print_stats": {"state": "standby"},
        "neopixel light": {"color_data": colours},
    }
    assert report_of(Picture(klippy=Klippy("ready"), layout=layout, objects=objects)).light is lit


def test_own_name() -> None:
    assert own_name("heater_generic dryer 2") == "dryer 2"
    assert own_name("fan") == "fan"


def test_a_thousand_of_each_are_not_shown() -> None:
    kinds = ("heater_generic", "temperature_sensor", "fan_generic")
    layout = layout_of(f"{kind} x{n}" for n in range(1000) for kind in kinds)
    assert {len(layout.heaters), len(layout.sensors), len(layout.fans)} == {60}
    assert len(layout.subscription()) == 180
