"""The bounds scan over real files of real slicers, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from slicer.bounds.runner import scan_file
from slicer.gates.limits import MachineLimits, limits_of
from slicer.gates.moves import check_bounds
from slicer.gates.verdicts import CONFIRM, OK, REFUSE, WARN, PrinterFacts, worst
from slicer.inspection import inspect_file

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the real samples are not here")

MK4 = MachineLimits(
    name="MK4", volume_mm=(250, 210, 220), centred=False, nozzle_max_c=300, bed_max_c=120
)
MK3 = MachineLimits(
    name="MK3", volume_mm=(250, 210, 210), centred=False, nozzle_max_c=300, bed_max_c=120
)
ENDER = MachineLimits(name="Ender", volume_mm=(220, 220, 250), centred=False, nozzle_max_c=240)


def bambu(code: str) -> MachineLimits:
    return limits_of(PrinterFacts(name="Bambu", code=code))


SOUND = [
    ("bambox_decoy_base.gcode.3mf", bambu("C12")),
    ("bambox_reference.gcode.3mf", bambu("C12")),
    ("fdmm_bambu.gcode.3mf", bambu("N1")),
    ("prusa_mini_cube_ps2.8.1.gcode", MK4),
    ("prusa_mmu2s_m73.gcode", MK3),
]


@pytest.mark.parametrize(("name", "limits"), SOUND)
def test_sound_files_pass_on_their_own_printer(name: str, limits: MachineLimits) -> None:
    for plate in scan_file(SAMPLES / name):
        assert plate.complete and plate.marked and plate.ended
        assert plate.dangers == ()  # though Bambu's start code saves once
        found = check_bounds(plate, limits)
        assert worst(found) == OK, found


@pytest.mark.parametrize(("name", "limits"), SOUND)
def test_scan_and_header_agree(name: str, limits: MachineLimits) -> None:
    file = inspect_file(SAMPLES / name, name)
    for scanned in scan_file(SAMPLES / name):
        plate = file.plate(scanned.plate)
        assert plate is not None and scanned.model is not None
        assert plate.height_mm is not None
        assert scanned.model.z1 == pytest.approx(plate.height_mm, abs=0.01)
        if plate.layers is not None:
            assert scanned.layers == plate.layers
        if plate.first_layer is not None and scanned.first_layer is not None:
            x0, y0, x1, y1 = scanned.first_layer
            shift = limits.y_shift_mm
            on_bed = (x0, y0 + shift, x1, y1 + shift)
            assert on_bed == pytest.approx(plate.first_layer, abs=0.5)


@pytest.mark.parametrize(
    ("name", "limits", "code"),
    [
        ("bambox_reference.gcode.3mf", bambu("N1"), "off_bed"),
        ("prusa_mmu2s_m73.gcode", ENDER, "off_bed"),
        ("bambox_decoy_base.gcode.3mf", ENDER, "nozzle_too_hot"),
    ],
)
def test_on_a_smaller_printer(name: str, limits: MachineLimits, code: str) -> None:
    (plate,) = scan_file(SAMPLES / name)
    refused = [verdict for verdict in check_bounds(plate, limits) if verdict.level == REFUSE]
    assert code in [verdict.code for verdict in refused]


def test_a_file_whose_body_was_cut_out() -> None:
    (plate,) = scan_file(SAMPLES / "fdmm_testfile.gcode")
    assert plate.complete and plate.model is None
    assert worst(check_bounds(plate, MK4)) == CONFIRM


def test_a_square_bed_of_unknown_zero_changes_nothing() -> None:
    (plate,) = scan_file(SAMPLES / "prusa_mini_cube_ps2.8.1.gcode")
    unsure = MachineLimits(name="X", volume_mm=(250, 210, 220))
    assert worst(check_bounds(plate, unsure)) == OK
    assert worst(check_bounds(plate, MachineLimits(name="X"))) == WARN
