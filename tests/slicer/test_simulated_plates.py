"""The farm's own sample files pass its own intake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slicer.bounds.runner import scan_file
from slicer.gates.compatibility import (
    PrinterFacts,
    check_model,
    check_model_name,
    check_plate,
)
from slicer.inspection import inspect_file

plates: Any = pytest.importorskip("simulator.plates")


@pytest.mark.parametrize(("model", "code"), [("P1S", "C12"), ("A1 mini", "N1"), ("H2D", "O1D")])
def test_made_files_are_sound(model: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "made.gcode.3mf"
    path.write_bytes(plates.build_gcode_3mf(model=model))
    file = inspect_file(path, path.name)
    plate = file.plates[0]
    assert plate.models == (code,) and len(plate.model_sources) == 3
    assert plate.seconds and plate.layers and plate.height_mm and plate.filaments
    assert plate.has_thumbnail and plate.warnings == ()
    assert file.filament_count >= len(plate.filaments)
    facts = PrinterFacts(name="x", code=code)
    assert check_model(plate, facts.code).level == "ok"


plain: Any = pytest.importorskip("simulator.plain_gcode")


@pytest.mark.parametrize(
    ("model", "slicer", "name"),
    [
        ("MK4", "prusa", "PrusaSlicer"),
        ("MK3S", "prusa", "PrusaSlicer"),
        ("MINI", "orca", "OrcaSlicer"),
        ("XL", "prusa", "PrusaSlicer"),
        ("Ender 3", "cura", "Cura"),
    ],
)
def test_made_plain_gcode_is_sound(model: str, slicer: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / "made"
    path.write_bytes(plain.build_gcode(model=model, slicer=slicer, minutes=60, layers=60))
    file = inspect_file(path, path.name)
    (plate,) = file.plates
    assert (file.kind, file.slicer, file.warnings, plate.warnings) == ("gcode", name, (), ())
    assert (plate.seconds, plate.layers) == (3600, 60)
    assert plate.height_mm and plate.filaments and plate.has_thumbnail is (slicer != "cura")
    facts = PrinterFacts(name="Oak", code="", model=model, kinds=("gcode",))
    assert check_model_name(plate, facts).level == "ok"


models: Any = pytest.importorskip("simulator.models")
FLAVOURS = {"prusa": "Prusa", "orca": "Klipper", "cura": "Marlin"}


@pytest.mark.parametrize("name", [*models.MODELS, *models.PLAIN_MODELS])
def test_what_a_simulated_printer_is_given_passes_every_gate(name: str, tmp_path: Path) -> None:
    model = models.model_named(name)
    is_bambu = model.family != "plain"
    path = tmp_path / "made"
    made = plates.build_gcode_3mf(model=name) if is_bambu else plain.build_gcode(model=name)
    path.write_bytes(made)
    (bounds,) = scan_file(path)
    facts = PrinterFacts(
        name="Oak", code=model.code if is_bambu else "", model=model.code,
        kinds=("gcode.3mf" if is_bambu else "gcode",), volume_mm=model.volume,
        nozzles_mm=(0.4,) * model.nozzles, flavour="Bambu" if is_bambu else FLAVOURS[model.slicer],
    )  # fmt: skip
    found = check_plate(inspect_file(path, "made"), 1, facts, bounds=bounds)
    assert [item for item in found if item.level in ("confirm", "refuse")] == []
