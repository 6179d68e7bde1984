"""Heaters and fans of all models, packed and plain."""

from __future__ import annotations

import pytest

from printers.bambu.models import UNKNOWN
from printers.bambu.parse import parse
from printers.bambu.parse_heat import packed
from tests.printers.bambu.reading import Load, fans, heat, model, read


def test_packed_temperatures_of_the_reference() -> None:
    assert packed(16711934) == (254, 255)
    assert packed(4587590) == (70, 70)
    assert packed(3932220) == (60, 60)
    assert packed(47) == (47, 0)
    odd: object
    for odd in (-1, 1 << 40, "x", None, 65279, [], 700):
        assert packed(odd) is None


def test_plain_temperatures(bambu_report: Load) -> None:
    parsed = parse(bambu_report("p1s_printing"), model("P1S"))
    assert heat(parsed) == {"nozzle": (219.6, 220.0), "bed": (59.8, 60.0)}
    bed = parsed.heaters[1]
    assert bed.maximum == 100


def test_the_chamber_of_a_printer_without_sensor_is_hidden(bambu_report: Load) -> None:
    report = bambu_report("p1s_printing")
    assert report["chamber_temper"] == 5.0
    assert "chamber" not in heat(parse(report, model("P1S")))
    assert "chamber" not in heat(parse(report, UNKNOWN))
    assert heat(parse(report, model("X1C")))["chamber"] == (5.0, None)


def test_packed_temperatures_win_and_two_nozzles_are_right_and_left(bambu_report: Load) -> None:
    x1c = parse(bambu_report("x1c_printing"), model("X1C"))
    assert heat(x1c) == {"nozzle": (219, 220), "bed": (60, 60), "chamber": (38, None)}
    h2d = parse(bambu_report("h2d_printing"), model("H2D"))
    assert heat(h2d) == {
        "nozzle": (47, 0), "nozzle2": (258, 260), "bed": (60, 60), "chamber": (41, 45),
    }  # fmt: skip
    assert [h.maximum for h in h2d.heaters] == [350, 350, 120, 65]


def test_a_broken_packed_temperature_falls_back_to_the_plain_one(bambu_report: Load) -> None:
    report = bambu_report("x1c_printing")
    report["device"]["extruder"]["info"] = [{"id": 0, "temp": "hot"}, None]
    report["device"]["bed"] = 7
    report["device"]["bed_temp"] = -5
    parsed = heat(parse(report, model("X1C")))
    assert parsed["nozzle"] == (219.6, 220.0)
    assert parsed["bed"] == (59.8, 60.0)


def test_heated_chamber_by_plain_keys() -> None:
    assert heat(read("X1E", chamber_temper=44.5, ctt=50))["chamber"] == (44.5, 50)
    assert heat(read("X1E", chamber_temper=44.5))["chamber"] == (44.5, None)


@pytest.mark.parametrize("value", ["hot", None, [], {}, 1e9, -300, float("inf"), True])
def test_an_impossible_temperature_is_not_shown(value: object) -> None:
    assert heat(read("P1S", nozzle_temper=value)) == {}


@pytest.mark.parametrize(("raw", "percent"), [("0", 0), ("15", 100), ("8", 50), (5, 30), ("3", 20)])
def test_fan_steps(raw: object, percent: int) -> None:
    assert fans(read("P1S", cooling_fan_speed=raw)) == {"part": percent}


def test_fans_by_model_and_source(bambu_report: Load) -> None:
    report = bambu_report("p1s_printing")
    assert fans(parse(report, model("P1S"))) == {"part": 100, "aux": 0, "chamber": 0, "hotend": 100}
    assert fans(parse(report, model("A1"))) == {"part": 100, "hotend": 100}
    assert fans(parse(report, model("P1P"))) == {"part": 100, "hotend": 100}
    h2d = parse(bambu_report("h2d_printing"), model("H2D"))
    assert fans(h2d) == {"part": 100, "aux": 30, "chamber": 0, "hotend": 100}
    assert [f.settable for f in h2d.fans] == [True, True, True, False]
    geared = read("X1C", fan_gear=(255 << 16) | (128 << 8) | 51, cooling_fan_speed="15")
    assert fans(geared) == {"part": 20, "aux": 50, "chamber": 100}
    assert fans(read("P1S", cooling_fan_speed="99", big_fan1_speed="x")) == {}
