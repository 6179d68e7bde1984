"""The table of gates: every verdict in it is produced by some file, and no other one is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from job_queue.matching.fit import being_read, fit_file
from printers.status import (
    AmsUnit,
    Heater,
    Machine,
    Nozzle,
    PrinterState,
    PrinterStatus,
    Tray,
)
from slicer.bounds.result import Box, Danger, PlateBounds
from slicer.gates.compatibility import check_bed_type
from slicer.gates.table import GATES, as_markdown
from slicer.gates.verdicts import PrinterFacts, Verdict
from slicer.printfile import Filament, Plate, PrintFile

Found = list[Verdict]
Case = Callable[[], Found]

BOUNDS = PlateBounds(
    marked=True,
    model=Box(60, 60, 0.2, 160, 160, 20),
    nozzle_c=((0, 220.0),),
    bed_c=60.0,
    chamber_c=40.0,
    flavours=("Bambu", "Marlin"),
    ended=True,
)
PLATE = Plate(
    index=1,
    models=("C12",),
    model_sources=("slice_info", "project_settings", "gcode"),
    nozzle_mm=(0.4,),
    height_mm=20.0,
    first_layer=(60, 60, 160, 160),
    filaments=(Filament(index=1, type="PLA-CF", color="2A6FD0", grams=12.0),),
)
TRAYS = (
    Tray(slot="A1", index=0, type="PLA-CF", color="2A6FD0", grams=500),
    Tray(slot="A2", index=1, empty=True),
    Tray(slot="A3", index=2, type="PETG", color="2A6FD0"),
    Tray(slot="A4", index=3, type="PLA-CF", color="C1121F", grams=500),
)
P1S = PrinterStatus(
    printer_id="alder",
    name="Alder",
    kind="bambu",
    state=PrinterState.IDLE,
    heaters=(
        Heater(name="nozzle", current=20, target=0, maximum=300),
        Heater(name="bed", current=20, target=0, maximum=100),
        Heater(name="chamber", current=20, target=0, maximum=60),
    ),
    nozzles=(Nozzle(name="nozzle", diameter_mm=0.4, type="hardened steel"),),
    ams=(AmsUnit(id=0, label="A", kind="AMS", trays=TRAYS),),
    external=(Tray(slot="Ext", index=254, type="PLA-CF", color="2A6FD0"),),
    machine=Machine(code="C12", name="P1S", file_kinds=("gcode.3mf",)),
)
H2D = replace(P1S, machine=replace(P1S.machine, code="O1D", name="H2D"))
OAK = replace(
    P1S,
    name="Oak",
    kind="moonraker",
    ams=(),
    external=(),
    machine=Machine(
        name="Voron 2.4 300", file_kinds=("gcode",), volume_mm=(300, 300, 280), centred=False
    ),
)


def bambu(
    status: PrinterStatus = P1S,
    *,
    scan: PlateBounds | None = BOUNDS,
    index: int = 1,
    mapping: tuple[int, ...] | None = None,
    kind: str = "gcode.3mf",
    **plate: Any,
) -> Found:
    file = PrintFile(kind=kind, filament_count=1, plates=(replace(PLATE, **plate),))
    fit = fit_file(file, index, status, bounds=scan, ams_mapping=mapping)
    return [*fit.verdicts, *(item.verdict for item in fit.mapping)]


def plain(status: PrinterStatus = OAK, **more: Any) -> Found:
    known = {"models": ("Voron 2.4 300",), "scan": replace(BOUNDS, flavours=("Klipper",))}
    return bambu(status, **{"kind": "gcode", **known, **more})


def scanned(**changes: Any) -> Case:
    return lambda: bambu(scan=replace(BOUNDS, **changes))


def lying(*corners: float) -> Box:
    return Box(*corners)


def material(**changes: Any) -> Case:
    return lambda: bambu(filaments=(replace(PLATE.filaments[0], **changes),))


def waiting() -> Found:
    file = PrintFile(kind="gcode.3mf", filament_count=1, plates=(PLATE,))
    return list(being_read(fit_file(file, 1, P1S), "gear.gcode.3mf").verdicts)


def on_bed_type(lies: str) -> Found:
    facts = PrinterFacts(name="Alder", code="C12", bed_type=lies)
    return [check_bed_type(replace(PLATE, bed_type="Cool Plate"), facts)]


def nozzle(**changes: Any) -> PrinterStatus:
    return replace(P1S, nozzles=(replace(P1S.nozzles[0], **changes),))


def machine(status: PrinterStatus = P1S, **changes: Any) -> PrinterStatus:
    return replace(status, machine=replace(status.machine, **changes))


def two_filaments() -> tuple[Filament, ...]:
    return (PLATE.filaments[0], Filament(index=2, type="PLA-GF", color="2A6FD0"))


def mixed() -> Found:
    external = (Tray(slot="Ext", index=254, type="PLA-GF", color="2A6FD0"),)
    file = PrintFile(
        kind="gcode.3mf", filament_count=2, plates=(replace(PLATE, filaments=two_filaments()),)
    )
    status = replace(P1S, external=external)
    fit = fit_file(file, 1, status, bounds=BOUNDS, ams_mapping=(0, -1))
    return [*fit.verdicts, *(item.verdict for item in fit.mapping)]


def left_of_two(x: float) -> Found:
    sided = (replace(PLATE.filaments[0], nozzle="left"),)
    scan = replace(BOUNDS, model=Box(x, 50, 0.2, x + 20, 80, 20))
    return bambu(H2D, models=("O1D",), filaments=sided, scan=scan)


def wrong_side() -> Found:
    right = replace(H2D, ams=(replace(P1S.ams[0], nozzle="right"),))
    return bambu(
        right,
        models=("O1D",),
        filaments=(replace(PLATE.filaments[0], nozzle="left"),),
        mapping=(0,),
    )


CASES: dict[tuple[str, str, str], Case] = {
    ("plate", "refuse", "no_plate"): lambda: bambu(index=4),
    ("kind", "refuse", "wrong_kind"): lambda: bambu(OAK),
    ("kind", "confirm", "unknown_kind"): lambda: bambu(machine(file_kinds=())),
    ("model", "refuse", "wrong_model"): lambda: bambu(models=("C12", "MK3S")),
    ("model", "confirm", "unknown_model"): lambda: bambu(models=()),
    ("model", "confirm", "other_model"): lambda: plain(models=("Somebody's own",)),
    ("model", "warn", "same_group"): lambda: bambu(models=("C11",)),
    ("model", "ok", "model"): bambu,
    ("flavour", "refuse", "wrong_flavour"): scanned(flavours=("Marlin", "Prusa")),
    ("flavour", "confirm", "other_flavour"): lambda: plain(machine(replace(OAK, kind="octoprint"))),
    ("flavour", "ok", "flavour"): plain,
    ("nozzle", "refuse", "wrong_nozzle"): lambda: bambu(nozzle_mm=(0.6,)),
    ("nozzle", "warn", "unknown_nozzle"): lambda: bambu(nozzle_mm=()),
    ("nozzle", "ok", "nozzle"): bambu,
    ("hardness", "confirm", "soft_nozzle"): lambda: bambu(nozzle(type="stainless steel")),
    ("hardness", "warn", "unknown_nozzle_type"): lambda: bambu(nozzle(type="")),
    ("hardness", "ok", "nozzle_type"): bambu,
    ("scan", "refuse", "nonsense_number"): scanned(complete=False, reason="number"),
    ("scan", "confirm", "scan_incomplete"): scanned(complete=False, reason="time"),
    ("scan", "confirm", "no_model"): scanned(model=None),
    ("bed", "refuse", "off_bed"): scanned(model=lying(200, 60, 0.2, 300, 160, 20)),
    ("bed", "confirm", "off_bed"): scanned(model=lying(200, 60, 0, 300, 160, 20), marked=False),
    ("bed", "warn", "unknown_bed"): lambda: plain(machine(OAK, volume_mm=None)),
    ("bed", "ok", "on_bed"): bambu,
    ("corner", "warn", "excluded_area"): scanned(model=lying(5, 5, 0.2, 90, 90, 20)),
    ("height", "refuse", "too_tall"): scanned(model=lying(60, 60, 0.2, 160, 160, 251)),
    ("height", "confirm", "below_bed"): scanned(model=lying(60, 60, -1, 160, 160, 20)),
    ("height", "ok", "height"): bambu,
    ("priming", "confirm", "priming_off_bed"): scanned(purge=lying(0, 0, 0.2, 300, 5, 0.2)),
    ("travel", "confirm", "far_travel"): scanned(travel=lying(0, 0, 0, 400, 5, 20)),
    ("nozzle heat", "refuse", "nozzle_too_hot"): scanned(nozzle_c=((0, 320.0),)),
    ("nozzle heat", "ok", "nozzle_heat"): bambu,
    ("bed heat", "refuse", "bed_too_hot"): scanned(bed_c=115.0),
    ("bed heat", "ok", "bed_heat"): bambu,
    ("chamber heat", "refuse", "chamber_too_hot"): scanned(chamber_c=70.0),
    ("chamber heat", "warn", "no_chamber_heater"): lambda: bambu(
        replace(P1S, heaters=(Heater(name="chamber", current=20, target=None, maximum=None),))
    ),
    ("chamber heat", "ok", "chamber_heat"): bambu,
    ("dangers", "confirm", "dangerous_gcode"): scanned(
        dangers=(Danger(9, "M500", False),), danger_count=1
    ),
    ("dangers", "warn", "dangerous_gcode"): scanned(
        dangers=(Danger(9, "SAVE_CONFIG", True),), danger_count=1
    ),
    ("inches", "warn", "inches"): scanned(inches=True),
    ("end", "warn", "no_end"): scanned(ended=False),
    ("size as told", "refuse", "too_tall"): lambda: bambu(scan=None, height_mm=251.0),
    ("size as told", "warn", "unknown_height"): lambda: bambu(scan=None, height_mm=None),
    ("size as told", "ok", "height"): lambda: bambu(scan=None),
    ("size as told", "warn", "off_bed"): lambda: bambu(scan=None, first_layer=(0, 0, 300, 9)),
    ("size as told", "ok", "footprint"): lambda: bambu(scan=None),
    ("reach", "refuse", "out_of_reach"): lambda: left_of_two(320),
    ("bed type", "warn", "other_bed_type"): lambda: on_bed_type("Textured PEI Plate"),
    ("bed type", "ok", "bed_type"): bambu,
    ("notes", "confirm", "unknown_filament"): lambda: bambu(filaments=()),
    ("notes", "warn", "file_warning"): lambda: bambu(warnings=("Look at it.",)),
    ("spool", "refuse", "no_mapping"): lambda: plain(mapping=(0,)),
    ("spool", "warn", "filament_not_known"): plain,
    ("reading", "refuse", "being_read"): waiting,
    ("filaments", "refuse", "mapping_length"): lambda: bambu(mapping=(0, 1, 2)),
    ("filaments", "refuse", "no_tray"): lambda: bambu(mapping=(9,)),
    ("filaments", "refuse", "nothing_loaded"): lambda: bambu(mapping=(1,)),
    ("filaments", "refuse", "wrong_nozzle_side"): wrong_side,
    ("filaments", "confirm", "unknown_filament"): material(type=""),
    ("filaments", "refuse", "wrong_material"): lambda: bambu(mapping=(2,)),
    ("filaments", "warn", "not_enough"): material(grams=900.0),
    ("filaments", "warn", "other_color"): lambda: bambu(mapping=(3,)),
    ("filaments", "warn", "mixed_external"): mixed,
    ("filaments", "ok", "match"): bambu,
}
LISTED = [(gate.name, level, code) for gate in GATES for level, code in gate.verdicts]


def test_the_table_names_every_verdict_once() -> None:
    assert sorted(CASES) == sorted(LISTED)


@pytest.mark.parametrize("listed", LISTED, ids="-".join)
def test_each_verdict_is_produced_by_some_file(listed: tuple[str, str, str]) -> None:
    _, level, code = listed
    found = CASES[listed]()
    assert (level, code) in [(verdict.level, verdict.code) for verdict in found], found
    assert all(verdict.text.endswith(".") for verdict in found)


def test_no_other_verdict_is_produced_and_all_in_this_order() -> None:
    places: dict[tuple[str, str], set[int]] = {}
    for at, gate in enumerate(GATES):
        for listed in gate.verdicts:
            places.setdefault(listed, set()).add(at)
    for name, case in CASES.items():
        at = 0
        for verdict in case():
            later = [place for place in places[verdict.level, verdict.code] if place >= at]
            assert later, f"{name}: {verdict.code} comes too late"
            at = min(later)


def test_the_good_files_have_nothing_to_say() -> None:
    assert {verdict.level for verdict in bambu()} == {"ok"}
    assert [verdict.code for verdict in plain() if verdict.level != "ok"] == ["filament_not_known"]


def test_the_documentation_is_the_table() -> None:
    written = (Path(__file__).parents[2] / "docs" / "gates.md").read_text("utf-8")
    assert written == as_markdown(), "run: python -m slicer.gates.table > docs/gates.md"
