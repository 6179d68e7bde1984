"""Changers of every kind, their slots, external spools, and which slot is in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from printers.bambu.models import by_name
from printers.bambu.parse import parse
from printers.bambu.trays import parse_active, parse_ams, parse_external, source_label
from printers.status import AmsUnit

Load = Callable[..., dict[str, Any]]

P1S, H2D, A1, A2L = by_name("P1S"), by_name("H2D"), by_name("A1"), by_name("A2L")
assert P1S and H2D and A1 and A2L

PLA = {"id": "0", "tray_type": "PLA", "tray_color": "C4633FFF", "remain": 64, "tray_weight": "1000",
       "tray_info_idx": "GFA00", "tray_sub_brands": "PLA Basic"}  # fmt: skip


def units(section: Any, name: str = "P1S", **kwargs: Any) -> tuple[AmsUnit, ...]:
    model = by_name(name)
    assert model is not None
    return parse_ams(section, model, **kwargs)


def one(raw: dict[str, Any], name: str = "P1S", **section: Any) -> AmsUnit:
    found = units({"ams": [raw], **section}, name)
    assert len(found) == 1
    return found[0]


def test_a_filled_unit(bambu_report: Load) -> None:
    assert P1S is not None
    unit = parse(bambu_report("p1s_printing"), P1S).ams[0]
    assert (unit.id, unit.label, unit.kind) == (0, "A", "AMS")
    assert (unit.humidity, unit.humidity_level, unit.temperature) == (None, 4, 24.1)
    assert [t.slot for t in unit.trays] == ["A1", "A2", "A3", "A4"]
    assert [t.index for t in unit.trays] == [0, 1, 2, 3]
    first = unit.trays[0]
    assert (first.type, first.color, first.name) == ("PLA", "C4633F", "PLA Basic")
    assert (first.remain, first.grams, first.filament_id) == (64, 640, "GFA00")
    assert [t.empty for t in unit.trays] == [False, False, True, False]
    assert (unit.trays[3].remain, unit.trays[3].grams) == (None, None)


def test_units_of_two_nozzles_say_which_they_feed(bambu_report: Load) -> None:
    assert H2D is not None
    parsed = parse(bambu_report("h2d_printing"), H2D)
    assert [(u.label, u.kind, u.nozzle) for u in parsed.ams] == [
        ("A", "AMS 2 Pro", "right"),
        ("HT1", "AMS HT", "left"),
    ]
    assert parsed.ams[1].drying_min == 95
    spool = parsed.ams[1].trays[0]
    assert (spool.slot, spool.index, spool.grams) == ("HT1", 128, 400)


@pytest.mark.parametrize(
    ("info", "kind"),
    [("1001", "AMS"), ("1002", "AMS lite"), ("1003", "AMS 2 Pro"), ("1004", "AMS HT"),
     ("5", "AMS lite"), ("zz", "AMS"), (None, "AMS")],
)  # fmt: skip
def test_the_kind_comes_from_the_info_bits(info: object, kind: str) -> None:
    assert one({"id": "0", "info": info}).kind == kind


def test_the_kind_otherwise_comes_from_get_version_or_the_model() -> None:
    raw = {"ams": [{"id": "1"}]}
    assert units(raw, "A1")[0].kind == "AMS lite"
    assert units(raw, "P1S", kinds={1: "AMS 2 Pro"})[0].kind == "AMS 2 Pro"
    assert units({"ams": [{"id": "129"}]})[0].label == "HT2"


def test_unplugged_units_are_gone() -> None:
    section = {"ams": [{"id": "0"}, {"id": "1"}, {"id": "128"}], "ams_exist_bits": "11"}
    assert [unit.id for unit in units(section)] == [0, 128]
    assert units({"ams": [], "ams_exist_bits": "0"}) == ()


def test_exist_bits_decide_what_is_empty() -> None:
    trays = [{**PLA, "id": "0"}, {"id": "1"}, {**PLA, "id": "2"}]
    unit = one({"id": "1", "tray": trays}, tray_exist_bits="30")
    assert [(t.slot, t.empty, t.type) for t in unit.trays] == [
        ("B1", False, "PLA"),
        ("B2", False, ""),
        ("B3", True, ""),
    ]


def test_without_bits_a_slot_with_only_its_id_is_empty() -> None:
    trays = [PLA, {"id": "1"}, {"id": "2", "state": 11}, {"id": "3", "state": 8}]
    unit = one({"id": "0", "tray": trays})
    assert [t.empty for t in unit.trays] == [False, True, False, True]


def test_a2l_unit_has_its_own_bits() -> None:
    unit = one({"id": "16", "tray": [PLA, {**PLA, "id": "1"}]}, "A2L", tray_exist_bits="2000000")
    assert (unit.label, unit.kind) == ("A", "AMS lite")
    assert [(t.slot, t.empty) for t in unit.trays] == [("A1", True), ("A2", False)]


@pytest.mark.parametrize(
    ("change", "remain", "grams"),
    [
        ({}, 64, 640),
        ({"remain": -1}, None, None),
        ({"remain": 0}, None, None),
        ({"remain": 0, "tag_uid": "A1B2C3D400000100"}, 0, 0),
        ({"remain": "50", "tray_weight": "250"}, 50, 125),
        ({"tray_weight": "0"}, 64, None),
        ({"remain": 900}, None, None),
        ({"remain": None}, None, None),
    ],
)
def test_what_is_left(change: dict[str, Any], remain: int | None, grams: int | None) -> None:
    tray = one({"id": "0", "tray": [{**PLA, **change}]}).trays[0]
    assert (tray.remain, tray.grams) == (remain, grams)


@pytest.mark.parametrize(
    ("raw", "color"),
    [("c4633fff", "C4633F"), ("00000000", ""), ("000000FF", "000000"), ("red", ""), (None, ""),
     ("ZZZZZZZZ", ""), ("<script>", "")],
)  # fmt: skip
def test_colours(raw: object, color: str) -> None:
    assert one({"id": "0", "tray": [{**PLA, "tray_color": raw}]}).trays[0].color == color


def test_an_unbranded_spool_is_named_by_the_filament_table() -> None:
    def name(filament: str) -> str:
        tray = {**PLA, "tray_sub_brands": "", "tray_info_idx": filament}
        return one({"id": "0", "tray": [tray]}).trays[0].name

    assert name("GFL01") == "PolyTerra PLA"
    assert name("GFL99") == ""
    assert name("P1234567") == ""


def test_humidity_and_temperature() -> None:
    unit = one({"id": "0", "humidity": "5", "humidity_raw": "14", "temp": "31.5", "dry_time": 30})
    assert (unit.humidity_level, unit.humidity, unit.temperature) == (5, 14, 31.5)
    assert unit.drying_min == 30
    none = one({"id": "0", "humidity": "9", "humidity_raw": "0", "temp": "0.0", "dry_time": -4})
    assert (none.humidity_level, none.humidity, none.temperature) == (None, None, None)
    assert none.drying_min == 0


# -- external spools ---------------------------------------------------------------------------


def test_external_spools() -> None:
    assert P1S is not None
    assert H2D is not None
    tpu = {"id": "254", "tray_type": "TPU", "tray_color": "00AE42FF", "remain": 0}
    single = parse_external(tpu, None, P1S)
    assert [(t.slot, t.index, t.type, t.remain) for t in single] == [("Ext", 254, "TPU", None)]
    virtual = parse_external(None, [{**tpu, "id": "255"}], P1S)
    assert [(t.slot, t.index) for t in virtual] == [("Ext", 254)]
    both = parse_external(tpu, [{**tpu, "id": "255"}, {**tpu, "id": "254"}], H2D)
    assert [(t.slot, t.index) for t in both] == [("Ext L", 254), ("Ext R", 255)]
    assert parse_external(None, None, P1S) == ()
    assert parse_external(7, "x", H2D) == ()


# -- the slot in use ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "slot"),
    [("0", "A1"), ("7", "B4"), ("15", "D4"), (2, "A3"), ("128", "HT1"), ("135", "HT8"),
     ("254", "Ext"), ("255", ""), ("77", ""), ("x", ""), (None, "")],
)  # fmt: skip
def test_tray_now(now: object, slot: str) -> None:
    assert P1S is not None
    assert parse_active({"ams": {"tray_now": now}}, P1S) == slot


@pytest.mark.parametrize(
    ("source", "slot"),
    [(0x0001, "A2"), (0x0300, "D1"), (0x8000, "HT1"), (0xFE00, "Ext L"), (0xFF00, "Ext R"),
     (0xFEFF, ""), (0xFFFF, ""), (None, ""), (-1, ""), (0x0009, "")],
)  # fmt: skip
def test_sources_of_two_nozzles(source: int | None, slot: str) -> None:
    assert source_label(source) == slot


def test_with_two_nozzles_the_local_slot_number_is_not_believed() -> None:
    assert H2D is not None
    extruder = {"state": 0x02, "info": [{"id": 0, "snow": 0x0002}, {"id": 1, "snow": 0x0100}]}
    data = {"ams": {"tray_now": "3"}, "device": {"extruder": extruder}}
    assert parse_active(data, H2D) == "A3"
    extruder["state"] = 0x12
    assert parse_active(data, H2D) == "B1"
    assert parse_active({"ams": {"tray_now": "3"}}, H2D) == ""
