"""Machine, firmware, nozzle and reach: each check's borders, and real files against them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slicer.bounds.result import Box, Danger, PlateBounds
from slicer.bounds.runner import scan_file
from slicer.gates.compatibility import check_plate
from slicer.gates.flavour import check_flavour
from slicer.gates.hardness import check_hardness, required_hrc
from slicer.gates.limits import limits_of
from slicer.gates.model_check import check_model_name
from slicer.gates.moves import check_dangers
from slicer.gates.space import check_reach
from slicer.gates.verdicts import PrinterFacts, Verdict, worst
from slicer.inspection import inspect_file
from slicer.known_models import row_of
from slicer.printfile import Filament, Plate, PrintFile

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
real = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real samples are not here")
SCAN = PlateBounds(marked=True, model=Box(60, 60, 0.2, 100, 100, 20), ended=True)
P1S = PrinterFacts(
    name="Left", code="C12", kinds=("gcode.3mf",), nozzles_mm=(0.4,), flavour="Bambu"
)


# -- which printer -----------------------------------------------------------------------------


def by_name(file: tuple[str, ...], mine: str) -> Verdict:
    facts = PrinterFacts(name="Oak", code="", model=mine)
    return check_model_name(Plate(index=1, models=file), facts)


@pytest.mark.parametrize(
    ("file", "mine", "level"),
    [
        ("MK3S", "Original Prusa i3 MK3S+", "ok"),
        ("MK4IS", "MK4", "ok"),
        ("MINI", "MINI+", "warn"),
        ("COREONE", "Prusa CORE One", "ok"),
        ("Ender-3", "Creality Ender-3 Pro", "warn"),
        ("MK4", "MK4S", "refuse"),
        ("MK3", "MK3S", "refuse"),
        ("MINI", "Voron 0.2", "refuse"),
        ("Ender-3 S1", "Ender-3", "refuse"),
        ("Voron 2.4 300", "Voron 2.4 350", "refuse"),
        ("Voron Trident 300", "Voron 2.4 300", "refuse"),
        ("C12", "Ender 3 V2", "refuse"),
        ("K1", "Creality K1 Max", "refuse"),
        ("Voron 2.4 300", "Voron 2.4", "confirm"),
        ("XL5IS", "XL", "confirm"),
        ("MK3SMMU2S", "MK3S", "confirm"),
        ("MK4SMMU3", "MK3S", "refuse"),
        ("Prusa Pro HT90", "MK4", "confirm"),
        ("MK4", "the one by the window", "confirm"),
    ],
)
def test_a_known_other_machine_is_refused_an_unknown_one_asked(
    file: str, mine: str, level: str
) -> None:
    assert by_name((file,), mine).level == level


def test_a_file_that_names_two_known_printers_says_so() -> None:
    found = by_name(("MK3S", "MINI"), "MK3S")
    assert (found.level, found.code) == ("refuse", "wrong_model")
    assert found.text == (
        "The file contradicts itself: it names MK3S and MINI. Oak is MK3S and does not take what "
        "is sliced for MINI. Slice it again for this printer."
    )


def test_no_name_stands_in_two_rows() -> None:
    from slicer.known_models import _ROWS

    names = [name for row in _ROWS for name in row]
    assert len(names) == len(set(names))
    for row in _ROWS:
        assert {row_of(name) for name in row} == {row}


def test_places_inside_packed_gcode_are_asked(save: Any, parts: Any, pack: Any) -> None:
    """Another slicer's G-code in a Bambu's container says so at its end, or asks its printer."""
    sound = parts()["Metadata/plate_1.gcode"]
    moves = "".join(f"G1 X80.{at * 7919 % 9973:04d} Y80 ; on the way\n" for at in range(30_000))
    long = sound.replace(b"; CHANGE_LAYER", moves.encode() + b"; CHANGE_LAYER")
    end = long + b"; printer_model = MK3S\n"
    start = sound.replace(b"G28\n", b'M862.3 P "MK3S" ; printer model check\nG28\n')
    for gcode, place in ((end, "gcode_end"), (start, "start_code")):
        plate = inspect_file(save(pack(parts(gcode=gcode))), "x").plates[0]
        assert plate.models == ("C12", "MK3S") and plate.model_sources[-1] == place
        assert "names Bambu Lab P1S and MK3S" in " ".join(plate.warnings)
    (usual,) = inspect_file(save(pack(parts(gcode=long))), "x").plates
    assert usual.models == ("C12",) and len(usual.model_sources) == 3


# -- firmware ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "printer", "level"),
    [
        (("Bambu", "Marlin"), "Bambu", "ok"),
        (("Bambu",), "Bambu", "ok"),
        (("Marlin",), "Bambu", "refuse"),
        (("Marlin", "Prusa"), "Bambu", "refuse"),
        (("Klipper",), "Bambu", "refuse"),
        ((), "Bambu", "confirm"),
        (("Bambu", "Marlin"), "Klipper", "refuse"),
        (("Bambu",), "Prusa", "refuse"),
        (("Bambu",), "", "refuse"),
        (("Klipper",), "Klipper", "ok"),
        (("Klipper", "Marlin"), "Klipper", "ok"),
        (("Marlin",), "Klipper", "ok"),
        (("Klipper",), "Marlin", "confirm"),
        (("Klipper",), "Prusa", "confirm"),
        (("Klipper",), "", "confirm"),
        (("RepRap",), "Klipper", "confirm"),
        (("Marlin", "Prusa"), "Prusa", "ok"),
        (("Marlin",), "", "ok"),
        ((), "Klipper", ""),
    ],
)
def test_firmware(told: tuple[str, ...], printer: str, level: str) -> None:
    found = check_flavour(replace(SCAN, flavours=told), replace(P1S, flavour=printer))
    assert (found.level if found else "") == level
    assert found is None or found.text.endswith(".")


def test_a_scan_that_saw_too_little_asks_nothing_about_firmware() -> None:
    assert check_flavour(replace(SCAN, complete=False, reason="time"), P1S) is None


# -- nozzle ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filament", "hrc"),
    [
        (Filament(index=1, type="PLA"), 0),
        (Filament(index=1, type="PLA", nozzle_hrc=3), 0),  # Bambu's profile of plain PLA
        (Filament(index=1, type="PLA-CF"), 40),
        (Filament(index=1, type="PA6-GF"), 40),
        (Filament(index=1, type="PETG CF10"), 40),
        (Filament(index=1, type="PLA", name="Bambu PLA Glow"), 40),
        (Filament(index=1, type="PLA", name="Polymaker PolyWood"), 0),
        (Filament(index=1, type="PLA", name="Generic PLA Wood"), 40),
        (Filament(index=1, type="PPS-CF", nozzle_hrc=55), 55),
        (Filament(index=1, type="PLA-CF", nozzle_hrc=0), 40),
        (Filament(index=1, type="ASA", name="Glass clear"), 0),
        (Filament(index=1, type="PLA", name="Cardboard"), 0),
    ],
)
def test_how_hard_a_nozzle_a_filament_needs(filament: Filament, hrc: int) -> None:
    assert required_hrc(filament) == hrc


@pytest.mark.parametrize(
    ("types", "code"),
    [
        (("hardened steel",), "nozzle_type"),
        (("hardened steel, high flow",), "nozzle_type"),
        (("tungsten carbide",), "nozzle_type"),
        (("stainless steel",), "soft_nozzle"),
        (("brass",), "soft_nozzle"),
        (("hardened steel", "stainless steel"), "soft_nozzle"),
        (("hardened steel", ""), "unknown_nozzle_type"),
        ((), "unknown_nozzle_type"),
    ],
)
def test_hardness(types: tuple[str, ...], code: str) -> None:
    plate = Plate(index=1, filaments=(Filament(index=1, type="PLA-CF", name="Bambu PLA-CF"),))
    found = check_hardness(plate, replace(P1S, nozzle_types=types))
    assert found is not None and found.code == code
    assert check_hardness(Plate(index=1), P1S) is None


def test_the_file_tells_how_hard(save: Any, parts: Any, pack: Any) -> None:
    content = parts()
    project = content["Metadata/project_settings.config"]
    told = project.replace(b"{", b'{"required_nozzle_HRC": ["40", "3", "3"], ', 1)
    content["Metadata/project_settings.config"] = told
    (plate,) = inspect_file(save(pack(content)), "x").plates
    assert [filament.nozzle_hrc for filament in plate.filaments] == [40, 3]


# -- reach and dangers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "side", "x0", "x1", "z1", "fits"),
    [
        ("O1D", "left", 0, 325, 320, True),
        ("O1D", "left", 0, 326, 20, False),
        ("O1D", "left", 0, 300, 321, False),
        ("O1D", "right", 25, 350, 325, True),
        ("O1E", "right", 24, 100, 20, False),
        ("O1C", "right", 25, 331, 20, False),
        ("N6", "left", 0, 256, 261, True),
        ("N6", "right", 20, 256, 20, True),
        ("N6", "right", 19, 256, 20, False),
        ("O1D", "", 0, 350, 325, True),
        ("C12", "left", 0, 256, 250, True),
    ],
)
def test_what_one_of_two_nozzles_reaches(
    code: str, side: str, x0: float, x1: float, z1: float, fits: bool
) -> None:
    limits = limits_of(PrinterFacts(name="Big", code=code))
    found = check_reach(replace(SCAN, model=Box(x0, 50, 0.2, x1, 90, z1)), limits, side)
    assert (found is None) is fits
    assert found is None or f"the {side} nozzle of Big" in found.text


def test_a_plate_of_both_nozzles_has_the_whole_bed() -> None:
    def level(*sides: str) -> str:
        filaments = tuple(
            Filament(index=at, type="PLA", nozzle=side) for at, side in enumerate(sides, 1)
        )
        plate = Plate(
            index=1, models=("O1D",), model_sources=("slice_info", "gcode"), nozzle_mm=(0.4,),
            filaments=filaments,
        )  # fmt: skip
        scan = replace(SCAN, model=Box(5, 60, 0.2, 345, 100, 20), flavours=("Bambu",))
        facts = replace(P1S, code="O1D", nozzles_mm=(0.4, 0.4))
        file = PrintFile(kind="gcode.3mf", plates=(plate,))
        return worst(check_plate(file, 1, facts, bounds=scan))

    assert level("left", "right") == "ok"
    assert level("left", "left") == level("right") == "refuse"


@pytest.mark.parametrize(
    ("dangers", "level", "line"),
    [
        ((Danger(5, "SAVE_CONFIG", True),), "warn", 5),
        ((Danger(5, "SAVE_CONFIG", False),), "confirm", 5),
        ((Danger(5, "M112", True), Danger(9, "M502", False)), "confirm", 9),
        ((Danger(5, "RUN_SHELL_COMMAND", True),), "confirm", 5),
        ((Danger(5, "M997", True),), "confirm", 5),
    ],
)
def test_dangers(dangers: tuple[Danger, ...], level: str, line: int) -> None:
    scan = replace(SCAN, dangers=dangers, danger_count=len(dangers))
    found = check_dangers(scan, limits_of(P1S))
    assert found is not None and found.level == level
    assert found.text.startswith(f"Line {line} ")


# -- the order of trust ------------------------------------------------------------------------


def judged(scan: PlateBounds | None, **plate: Any) -> dict[str, str]:
    known = {"models": ("C12",), "model_sources": ("slice_info", "gcode"), "nozzle_mm": (0.4,)}
    file = PrintFile(
        kind="gcode.3mf",
        plates=(Plate(index=1, **{**known, **plate}),),
    )
    return {item.code: item.level for item in check_plate(file, 1, P1S, bounds=scan)}


def test_real_moves_replace_what_the_slicer_said() -> None:
    scan = replace(SCAN, flavours=("Bambu",))
    lying = judged(scan, first_layer=(0.0, 0.0, 400.0, 10.0), height_mm=400.0)
    assert (lying["on_bed"], lying["height"]) == ("ok", "ok")
    assert not lying.keys() & {"off_bed", "too_tall", "footprint"}
    assert "on_bed" not in judged(None, height_mm=20.0)


def test_an_unfinished_scan_proves_nothing_and_the_slicer_is_heard_too() -> None:
    cut = replace(SCAN, complete=False, reason="time", flavours=("Bambu",))
    found = judged(cut, height_mm=400.0)
    assert found["too_tall"] == "refuse" and found["scan_incomplete"] == "confirm"
    assert "on_bed" not in found and "height" not in found
    beyond = replace(cut, model=Box(60, 60, 0, 400, 90, 300))
    assert list(judged(beyond, height_mm=300.0)).count("too_tall") == 1


@real
@pytest.mark.parametrize(
    ("name", "facts", "level"),
    [
        ("bambox_reference.gcode.3mf", P1S, "ok"),
        ("fdmm_bambu.gcode.3mf", replace(P1S, code="N1"), "ok"),
        ("fdmm_bambu.gcode.3mf", P1S, "refuse"),
        (
            "prusa_mini_cube_ps2.8.1.gcode",
            PrinterFacts(
                name="Oak", code="MK4S", model="MK4S", kinds=("gcode",), nozzles_mm=(0.4,),
                volume_mm=(250, 210, 220), flavour="Prusa",
            ),
            "ok",
        ),
        (
            "prusa_mmu2s_m73.gcode",
            PrinterFacts(
                name="Oak", code="", model="Voron 2.4 300", kinds=("gcode",), nozzles_mm=(0.4,),
                flavour="Klipper",
            ),
            "refuse",
        ),
    ],
)  # fmt: skip
def test_real_files(name: str, facts: PrinterFacts, level: str) -> None:
    (scan,) = scan_file(SAMPLES / name)
    found = check_plate(inspect_file(SAMPLES / name, name), 1, facts, bounds=scan)
    told = [item for item in found if item.code not in ("file_warning", "unknown_nozzle_type")]
    assert worst(told) == level, found
