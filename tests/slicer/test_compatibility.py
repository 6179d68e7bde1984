from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slicer import models
from slicer.gates.compatibility import (
    PrinterFacts,
    check_bed_type,
    check_footprint,
    check_height,
    check_model,
    check_nozzle,
    check_plate,
    worst,
)
from slicer.printfile import Filament, Plate, PrintFile

ALL = ("BL-P001", "BL-P002", "C11", "C12", "C13", "N1", "N2S", "N7", "N6", "N9", "O1D", "O1E",
       "O1S", "O1C2", "O1C")  # fmt: skip
GROUPS = ({"BL-P001", "BL-P002", "C11", "C12", "C13"}, {"O1D", "O1E"}, {"O1C2", "O1C"})
PLACES = ("slice_info", "project_settings", "gcode")


def _plate(**fields: Any) -> Plate:
    base = Plate(
        index=1,
        models=("C12",),
        model_sources=PLACES,
        nozzle_mm=(0.4,),
        height_mm=20.0,
        bed_type="Textured PEI Plate",
        first_layer=(10, 10, 50, 50),
        filaments=(Filament(index=1, type="PLA"),),
    )
    return replace(base, **fields)


def _printer(**fields: Any) -> PrinterFacts:
    return replace(
        PrinterFacts(name="Left", code="C12", kinds=("gcode.3mf",), nozzles_mm=(0.4,)), **fields
    )


@pytest.mark.parametrize("source", ALL)
@pytest.mark.parametrize("target", ALL)
def test_groups_are_exactly_those_of_the_maker(source: str, target: str) -> None:
    same_group = any({source, target} <= group for group in GROUPS)
    assert models.takes_gcode_of(target, source) is (source == target or same_group)


@pytest.mark.parametrize(
    ("plate", "code", "level", "verdict", "words"),
    [
        (_plate(), "C12", "ok", "model", "Bambu Lab P1S"),
        (_plate(), "BL-P001", "warn", "same_group", "Bambu Lab X1 Carbon"),
        (_plate(), "N1", "refuse", "wrong_model", "a Bambu Lab P1S; Left is a Bambu Lab A1 mini"),
        (_plate(models=()), "C12", "confirm", "unknown_model", "does not say"),
        (_plate(models=("C12", "N1")), "C12", "refuse", "wrong_model", "contradicts itself"),
        (_plate(models=("C12", "N1")), "N7", "refuse", "wrong_model", "P2S"),
        (_plate(models=("MK3S",)), "C12", "refuse", "wrong_model", "a MK3S"),
        (_plate(model_sources=("gcode",)), "C12", "confirm", "unknown_model", "one place"),
        (_plate(model_sources=("gcode",)), "N1", "refuse", "wrong_model", "A1 mini"),
        (_plate(), "", "confirm", "unknown_model", "has not said"),
        (_plate(models=("O1C",)), "O1C2", "ok", "model", "H2C"),
        (_plate(models=("X9",)), "X9", "ok", "model", "X9"),
    ],
)
def test_model(plate: Plate, code: str, level: str, verdict: str, words: str) -> None:
    found = check_model(plate, code, "Left")
    assert (found.level, found.code) == (level, verdict)
    assert words in found.text


@pytest.mark.parametrize(
    ("wanted", "fitted", "level"),
    [
        ((0.4,), (0.4,), "ok"),
        ((0.4,), (0.405,), "ok"),
        ((0.4,), (0.6,), "refuse"),
        ((0.4,), (None,), "warn"),
        ((0.4,), (), "warn"),
        ((), (0.4,), "warn"),
        ((0.4, 0.4), (0.4, 0.4), "ok"),
        ((0.4, 0.6), (0.6, 0.4), "refuse"),
        ((0.4,), (0.6, 0.4), "ok"),
        ((0.4, 0.4), (0.4,), "ok"),
        ((0.4, 0.6), (0.4,), "refuse"),
    ],
)
def test_nozzle(wanted: Any, fitted: Any, level: str) -> None:
    found = check_nozzle(_plate(nozzle_mm=wanted), _printer(nozzles_mm=fitted))
    assert found.level == level
    assert found.code == {"ok": "nozzle", "warn": "unknown_nozzle", "refuse": "wrong_nozzle"}[level]


def test_height_by_model_or_by_printer() -> None:
    assert check_height(_plate(height_mm=250.0), _printer()).level == "ok"
    assert check_height(_plate(height_mm=250.2), _printer()).code == "too_tall"
    assert check_height(_plate(height_mm=181.0), _printer(code="N1")).level == "refuse"
    own = _printer(code="N1", volume_mm=(180, 180, 200))
    assert check_height(_plate(height_mm=181.0), own).level == "ok"
    assert check_height(_plate(height_mm=None), _printer()).code == "unknown_height"


def test_footprint_only_warns() -> None:
    assert check_footprint(_plate(first_layer=(0, -2, 256, 254)), _printer()).level == "ok"
    assert check_footprint(_plate(first_layer=(0, 0, 300, 10)), _printer()).code == "off_bed"
    assert check_footprint(_plate(first_layer=(-9, 0, 30, 10)), _printer()).level == "warn"
    assert check_footprint(_plate(first_layer=None), _printer()).level == "ok"


def test_bed_type_names_the_plate() -> None:
    assert check_bed_type(_plate(), _printer()).text == "Needs the Textured PEI Plate."
    assert check_bed_type(_plate(), _printer(bed_type="textured pei plate")).level == "ok"
    assert check_bed_type(_plate(), _printer(bed_type="Cool Plate")).code == "other_bed_type"


def test_all_verdicts_of_a_plate() -> None:
    file = PrintFile(kind="gcode.3mf", plates=(_plate(warnings=("Note.",)),))
    verdicts = check_plate(file, 1, _printer())
    assert worst(verdicts) == "warn" and verdicts[-1].text == "Note."
    (missing,) = check_plate(file, 2, _printer())
    assert (missing.level, missing.code) == ("refuse", "no_plate") and "2; it has 1" in missing.text
    assert worst(check_plate(file, 1, _printer(code="N1"))) == "refuse"
    bare = PrintFile(kind="gcode.3mf", plates=(_plate(filaments=()),))
    assert "unknown_filament" in {item.code for item in check_plate(bare, 1, _printer())}
    assert worst(()) == "ok"
