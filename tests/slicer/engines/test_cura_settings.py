"""Settings get the values that Cura itself would give CuraEngine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slicer.engines.cura.settings import Resolved, resolve, text_of
from slicer.profiles.cura.reader import CuraReader
from slicer.profiles.presets import Bundle, Choice
from tests.slicer.engines import cura_tree


@pytest.fixture
def maker(tmp_path: Path) -> Bundle:
    cura_tree.build(tmp_path)
    reader = CuraReader([str(tmp_path)])
    return reader.load(reader.vendors(tmp_path / "CuraEngine")[0])


def values(
    choice: Choice,
    declared: Mapping[str, Mapping[str, Any]] = cura_tree.SETTINGS,
) -> Resolved:
    return resolve(choice, declared, cura_tree.EXTRUDER_SETTINGS)


def with_changes(choice: Choice, everywhere: Any, *extruders: Mapping[str, str]) -> Choice:
    changes = {"global": everywhere, "extruders": list(extruders)}
    settings = {**choice.process.settings, "changes": changes}
    return replace(choice, process=replace(choice.process, settings=settings))


def test_each_layer_says_its_word(maker: Bundle) -> None:
    found = values(cura_tree.pick(maker, "Maker One 0.4 mm", "Fine"))
    machine, extruder = found.machine, found.extruders[0]
    assert machine["machine_width"] == 235  # the machine's own
    assert machine["machine_depth"] == 220  # what it inherits, a formula
    assert machine["machine_height"] == 100  # what fdmprinter declares
    assert machine["layer_height"] == 0.2  # the quality
    assert extruder["material_print_temperature"] == 205  # the quality, for this material
    assert machine["material_bed_temperature"] == 60  # the material
    assert extruder["material_diameter"] == 1.75
    assert extruder["top_layers"] == 4  # a formula over the quality's layer height


def test_the_nozzle_reaches_every_formula(maker: Bundle) -> None:
    found = values(cura_tree.pick(maker, "Maker One 0.6 mm", "Fine"))
    assert found.extruders[0]["machine_nozzle_size"] == 0.6
    assert found.extruders[0]["line_width"] == 0.6
    assert found.extruders[0]["infill_line_width"] == 0.6
    assert found.machine["line_width"] == 0.6


def test_a_quality_for_another_material_says_nothing(maker: Bundle) -> None:
    found = values(cura_tree.pick(maker, "Maker One 0.4 mm", "Fine", ("Generic PETG",)))
    assert found.extruders[0]["material_print_temperature"] == 240
    assert found.machine["material_bed_temperature"] == 80


def test_a_quality_for_the_generic_material_counts_for_its_like(maker: Bundle) -> None:
    choice = cura_tree.pick(maker, "Maker One 0.4 mm", "Fine")
    filament = choice.filaments[0]
    other = replace(filament, settings={**filament.settings, "id": "somebodys_pla"})
    found = values(replace(choice, filaments=(other,)))
    assert found.extruders[0]["material_print_temperature"] == 205


def test_what_a_person_changed_wins(maker: Bundle) -> None:
    choice = cura_tree.pick(maker, "Maker One 0.4 mm", "Fine")
    changed = with_changes(choice, {"layer_height": "0.16"}, {"line_width": "=layer_height * 3"})
    found = values(changed)
    assert found.machine["layer_height"] == 0.16
    assert found.extruders[0]["line_width"] == pytest.approx(0.48)
    assert found.extruders[0]["top_layers"] == 5


@pytest.mark.parametrize("text", ["=1/0", "=unknown * 2", "=line_width", "nan", "thick", "inf"])
def test_a_value_that_is_none_lets_the_next_layer_speak(maker: Bundle, text: str) -> None:
    """ "=line_width" of line_width asks for itself."""
    choice = cura_tree.pick(maker, "Maker One 0.4 mm", "Fine")
    found = values(with_changes(choice, {}, {"line_width": text}))
    assert found.extruders[0]["line_width"] == 0.4


def test_a_formula_the_farm_does_not_know_gives_the_default(maker: Bundle) -> None:
    newer = {**cura_tree.SETTINGS, "cool_fan_speed": {
        "type": "float", "default_value": 100, "value": "somethingNew('x')",
    }}  # fmt: skip
    found = values(cura_tree.pick(maker, "Maker One 0.4 mm", "Fine"), newer)
    assert found.extruders[0]["cool_fan_speed"] == 100


def test_two_extruders_are_settled_for_what_they_share(maker: Bundle) -> None:
    choice = cura_tree.pick(maker, "Maker One 0.4 mm", "Fine", ("Generic PLA", "Generic PETG"))
    train = choice.machine.settings["extruders"][0]
    settings = {**choice.machine.settings, "extruders": [train, train]}
    two = replace(choice, machine=replace(choice.machine, settings=settings))
    found = values(with_changes(two, {"infill_extruder_nr": "1"}, {}, {"line_width": "0.5"}))
    assert found.machine["material_bed_temperature"] == 80  # resolve: the hotter of both
    assert [one["material_print_temperature"] for one in found.extruders] == [205, 240]
    # infill is the second extruder's work, so both are told its width
    assert [one["infill_line_width"] for one in found.extruders] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("more", "machine", "bed_c"),
    [
        ("", "Maker One 0.4 mm", 60),
        (
            '<machine><machine_identifier product="Maker One"/>'
            '<setting key="heated bed temperature">55</setting></machine>',
            "Maker One 0.4 mm",
            55,
        ),
        (
            '<machine><machine_identifier product="maker_one"/><hotend id="0.6 mm">'
            '<setting key="heated bed temperature">50</setting></hotend></machine>',
            "Maker One 0.6 mm",
            50,
        ),
        (
            '<machine><machine_identifier product="maker_one"/><hotend id="0.6 mm">'
            '<setting key="heated bed temperature">50</setting></hotend></machine>',
            "Maker One 0.4 mm",
            60,
        ),
    ],
)
def test_a_material_may_differ_by_machine_and_nozzle(
    tmp_path: Path, more: str, machine: str, bed_c: int
) -> None:
    cura_tree.build(tmp_path)
    cura_tree.write_material(tmp_path, "generic_pla", "PLA", 1.75, 200, 60, more)
    reader = CuraReader([str(tmp_path)])
    bundle = reader.load(reader.vendors(tmp_path / "CuraEngine")[0])
    found = values(cura_tree.pick(bundle, machine, "Fine"))
    assert found.machine["material_bed_temperature"] == bed_c


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (False, "false"),
        (0.1 + 0.2, "0.3"),
        (3, "3"),
        ([[0, 1.5]], "[[0,1.5]]"),
        (None, ""),
        ("grid", "grid"),
    ],
)
def test_values_are_written_as_curaengine_reads_them(value: object, text: str) -> None:
    assert text_of(value) == text
