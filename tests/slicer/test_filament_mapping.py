from __future__ import annotations

import pytest

from slicer.gates.color_names import NAMES, color_name
from slicer.gates.filament_mapping import (
    LoadedTray,
    Mapping,
    check_mapping,
    color_distance,
    material,
    propose_mapping,
)
from slicer.printfile import Filament, Plate


def _plate(*filaments: tuple[int, str, str, float]) -> Plate:
    return Plate(
        index=1,
        filaments=tuple(
            Filament(index=index, type=kind, color=color, grams=grams)
            for index, kind, color, grams in filaments
        ),
    )


def _ams(index: int, kind: str, color: str, grams: int | None = None) -> LoadedTray:
    slot = f"{'ABCD'[index // 4]}{index % 4 + 1}"
    return LoadedTray(
        slot=slot, index=index, type=kind, color=color, grams=grams, empty=not kind and not color
    )


def _ext(kind: str = "", color: str = "") -> LoadedTray:
    return LoadedTray(slot="Ext", index=254, type=kind, color=color, external=True, empty=not kind)


def _codes(mapping: Mapping) -> list[str]:
    return [verdict.code for verdict in mapping.verdicts]


def test_nearest_colour_of_the_same_material() -> None:
    trays = [_ams(0, "PETG", "161616"), _ams(1, "PLA", "FF0000"), _ams(5, "PLA", "1A1A1A")]
    mapping = propose_mapping(_plate((3, "PLA", "161616", 5)), 5, trays)
    assert mapping.ams_mapping == (-1, -1, 5, -1, -1)
    assert mapping.ams_mapping2 == ((255, 255), (255, 255), (1, 1), (255, 255), (255, 255))
    assert mapping.use_ams and _codes(mapping) == ["match"]


def test_each_tray_once_while_there_are_enough() -> None:
    plate = _plate((1, "PLA", "FFFFFF", 5), (2, "PLA", "F0F0F0", 5))
    trays = [_ams(0, "PLA", "FFFFFF"), _ams(1, "PLA", "000000")]
    mapping = propose_mapping(plate, 2, trays)
    assert mapping.ams_mapping == (0, 1)
    assert _codes(mapping) == ["match", "other_color"]
    shared = propose_mapping(plate, 2, trays[:1])
    assert shared.ams_mapping == (0, 0)


def test_ht_unit_numbers() -> None:
    tray = LoadedTray(slot="HT2", index=129, type="PLA", color="FFFFFF")
    mapping = propose_mapping(_plate((1, "PLA", "FFFFFF", 5)), 1, [tray])
    assert mapping.ams_mapping == (129,) and mapping.ams_mapping2 == ((129, 0),)


def test_external_spool_alone_needs_no_ams() -> None:
    mapping = propose_mapping(_plate((2, "PLA", "FFFFFF", 5)), 2, [_ext("PLA", "FFFFFF")])
    assert mapping.ams_mapping == (-1, -1)
    assert mapping.ams_mapping2 == ((255, 255), (255, 0))
    assert not mapping.use_ams and _codes(mapping) == ["match"]


def test_left_external_spool_of_two() -> None:
    filament = Filament(index=1, type="PLA", color="FFFFFF", nozzle="left")
    trays = [
        LoadedTray(slot="Ext R", index=255, type="PLA", external=True, nozzle="right"),
        LoadedTray(slot="Ext L", index=254, type="PLA", external=True, nozzle="left"),
    ]
    mapping = propose_mapping(Plate(index=1, filaments=(filament,)), 1, trays)
    assert mapping.ams_mapping2 == ((254, 0),)


def test_changer_before_external_and_a_note_when_mixed() -> None:
    trays = [_ams(0, "PLA", "000000"), _ext("PLA", "FFFFFF")]
    only = propose_mapping(_plate((1, "PLA", "FFFFFF", 5)), 1, trays)
    assert only.ams_mapping == (0,)
    both = _plate((1, "PLA", "000000", 5), (2, "PETG", "FFFFFF", 5))
    mixed = propose_mapping(both, 2, [_ams(0, "PLA", "000000"), _ext("PETG", "FFFFFF")])
    assert mixed.ams_mapping == (0, -1) and mixed.ams_mapping2 == ((0, 0), (255, 0))
    assert _codes(mixed) == ["match", "mixed_external"]


@pytest.mark.parametrize(
    ("trays", "level", "code"),
    [
        ([_ams(0, "PETG", "FFFFFF")], "refuse", "wrong_material"),
        ([_ams(0, "PLA-CF", "FFFFFF")], "refuse", "wrong_material"),
        ([_ams(0, "PLA-S", "FFFFFF")], "refuse", "wrong_material"),
        ([_ams(0, "", "")], "refuse", "nothing_loaded"),
        ([_ams(0, "", ""), _ext()], "refuse", "nothing_loaded"),
        ([_ams(0, "", "FFFFFF")], "confirm", "unknown_filament"),
        ([_ext()], "confirm", "unknown_filament"),
        ([], "confirm", "unknown_filament"),
        ([_ams(0, "PLA", "FFFFFF", 12)], "warn", "not_enough"),
        ([_ams(0, "PLA", "FFFFFF", 900)], "ok", "match"),
        ([_ams(0, "PLA Matte", "FFFFFF")], "ok", "match"),
        ([_ams(0, "PLA", "")], "ok", "match"),
        ([_ams(0, "PLA", "not-a-colour")], "ok", "match"),
        ([_ams(0, "PLA", "0000FF")], "warn", "other_color"),
    ],
)
def test_verdicts(trays: list[LoadedTray], level: str, code: str) -> None:
    mapping = propose_mapping(_plate((1, "PLA", "FFFFFF", 30)), 1, trays)
    (verdict,) = mapping.verdicts
    assert (verdict.level, verdict.code) == (level, code), verdict.text
    assert verdict.text.endswith(".")


def test_own_mapping_is_judged_not_changed() -> None:
    plate = _plate((1, "PLA", "FFFFFF", 30))
    trays = [_ams(0, "PLA", "FFFFFF"), _ams(1, "PETG", "FFFFFF"), _ams(2, "", ""), _ext("PLA")]
    assert _codes(check_mapping(plate, 1, trays, [0])) == ["match"]
    assert _codes(check_mapping(plate, 1, trays, [1])) == ["wrong_material"]
    assert _codes(check_mapping(plate, 1, trays, [2])) == ["nothing_loaded"]
    assert _codes(check_mapping(plate, 1, trays, [7])) == ["no_tray"]
    assert _codes(check_mapping(plate, 1, trays, [0, 0])) == ["mapping_length"]
    external = check_mapping(plate, 1, trays, [-1])
    assert not external.use_ams and external.ams_mapping2 == ((255, 0),)
    assert _codes(external) == ["match"]


def test_a_tray_of_the_other_nozzle_is_refused() -> None:
    filament = Filament(index=1, type="PLA", nozzle="left")
    tray = LoadedTray(slot="A1", index=0, type="PLA", nozzle="right")
    plate = Plate(index=1, filaments=(filament,))
    assert _codes(check_mapping(plate, 1, [tray], [0])) == ["wrong_nozzle_side"]
    assert propose_mapping(plate, 1, [tray]).ams_mapping == (-1,)


def test_materials_and_colours() -> None:
    assert material("PLA Basic") == material("pla+") == material("PLA Silk+") == "PLA"
    assert material("PETG HF") == "PETG" and material("PLA-CF") == "PLA-CF"
    assert color_distance("FFFFFF", "FFFFFF") == 0
    assert color_distance("FFFFFF", "000000") > 700
    assert color_distance("C4633F", "C46340") < 5 < color_distance("C4633F", "3F63C4")
    assert color_distance("", "000000") == 150


def test_sentences_name_colours_in_words() -> None:
    assert color_name("C4633F", color_distance) == "terracotta"
    assert color_name("000000", color_distance) == "black"
    assert color_name("FFFFFF", color_distance) == "white"
    assert color_name("0A2CA5", color_distance) in ("blue", "navy")
    assert color_name("", color_distance) == ""
    assert all(color_name(rgb, color_distance) == word for rgb, word in NAMES.items())
