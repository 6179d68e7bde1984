"""Every lie of an exit code of 0 (print-files 1.2, 1.3) ends as a failure with its own sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.errors import Unusable
from slicer.bounds.result import PlateBounds
from slicer.printfile import Plate
from slicer.profiles import kept
from slicer.profiles.presets import Choice, Family, Preset, PresetKind
from slicer.slicing.checks import require_filament, require_model, require_moves
from slicer.slicing.task import State

MakeShop = Callable[..., Any]

LIES: dict[str, tuple[dict[str, str], str, str]] = {
    "no file": ({"do": "nothing"}, "no_result", "wrote no print file"),
    "an empty file": ({"do": "empty"}, "no_result", "wrote no print file"),
    "no layer": ({"layers": "no"}, "empty_result", "without a single layer"),
    "beside the bed": ({"x": "190"}, "off_bed", "X 190 to 210, Y 100 to 120 mm"),
    "in front of the bed": ({"x": "-10"}, "off_bed", "reaches beyond the bed"),
    "over the roof": ({"z": "200"}, "too_tall", "prints up to 180 mm"),
    "below the bed": ({"z": "-3"}, "below_bed", "below the bed"),
    "nothing pushed": ({"push": "-0.6"}, "empty_result", "without a single layer"),
    "all pulled back": ({"start": "G28\nG1 E-100 F300"}, "no_filament", "uses no filament"),
    "another printer": ({"says": "MK3S"}, "other_machine", "for MK3S, not for TINY"),
    "no printer": ({"says": ""}, "no_machine", "did not write which printer"),
    "no homing": ({"start": "G92 E0"}, "no_homing", "no G28"),
    "homing only as a remark": ({"start": "; G28"}, "no_homing", "no G28"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_slicer_that_says_ok_is_not_believed(make_shop: MakeShop, lie: str) -> None:
    settings, code, words = LIES[lie]
    shop = make_shop({"lie": {"do": "slice", **settings}})
    task = shop.slice("lie")
    assert task.state is State.FAILED
    assert task.error.code == code and words in task.error.text
    assert task.result_file_id is None
    assert [stored.file.kind for stored in shop.library.list()] == ["amf"]  # nothing was kept


def test_all_lies_have_sentences_of_their_own() -> None:
    texts = {words for _, _, words in LIES.values()}
    assert len(texts) >= 8


@pytest.mark.parametrize(
    "start", ["G28", "G28 W", "  g28 X Y", "START_PRINT BED=60", "print_start"]
)
def test_homing_is_seen_in_every_dress(make_shop: MakeShop, start: str) -> None:
    shop = make_shop({"own": {"do": "slice", "start": start}})
    assert shop.slice("own").state is State.DONE


def test_a_weight_of_zero_is_a_failure_only_where_it_betrays_lost_presets(
    make_shop: MakeShop,
) -> None:
    """PrusaSlicer's own default filament has no density: 0 g, and a good print."""
    shop = make_shop({"light": {"do": "slice", "grams": "0.00"}})
    assert shop.slice("light").state is State.DONE


ORCA = Choice(
    family=Family.ORCA,
    machine=Preset(kind=PresetKind.MACHINE, name="P1S 0.4", model="Bambu Lab P1S"),
    process=Preset(kind=PresetKind.PROCESS, name="Fine"),
    filaments=(Preset(kind=PresetKind.FILAMENT, name="PLA Basic"),),
)
SOUND = Plate(index=1, grams=3.2, models=("C12",), printer_model="Bambu Lab P1S")


@pytest.mark.parametrize(
    ("plate", "code"),
    [
        (replace(SOUND, grams=0.0), "no_weight"),
        (replace(SOUND, grams=None), "no_weight"),
        (replace(SOUND, models=(), printer_model=""), "no_machine"),
        (replace(SOUND, models=("N1",)), "other_machine"),
        (replace(SOUND, models=("C12", "N1")), "other_machine"),  # its places disagree
    ],
)
def test_a_slicing_on_orca_s_own_defaults_betrays_itself(plate: Plate, code: str) -> None:
    """print-files 0.10: weight 0, no printer or another one, whatever the adapter overlooked."""
    with pytest.raises(Unusable) as refused:
        require_filament(plate, PlateBounds(filament_mm=((0, 900.0),)), ORCA, "OrcaSlicer")
        require_model(plate, ORCA, "OrcaSlicer")
    assert refused.value.error_code == code
    require_filament(SOUND, PlateBounds(filament_mm=((0, 900.0),)), ORCA, "OrcaSlicer")
    require_model(SOUND, ORCA, "OrcaSlicer")


@pytest.mark.parametrize("reason", ["damaged", "time", "memory", "crashed", "line_too_long"])
def test_what_could_not_be_followed_to_its_end_is_no_result(reason: str) -> None:
    with pytest.raises(Unusable) as refused:
        require_moves(PlateBounds(complete=False, reason=reason), "OrcaSlicer")
    assert refused.value.error_code == "result_unreadable" and reason in refused.value.message


def test_a_model_larger_than_the_machine_never_reaches_the_slicer(
    make_shop: MakeShop, kit: Any
) -> None:
    shop = make_shop()
    wide = shop.slice(file_id=shop.add(kit.box(400, 300, 10), "plate.stl"))
    assert wide.error.code == "model_too_large"
    assert "plate.stl is 400 × 300 mm" in wide.error.text
    assert "the bed of Tiny machine is 200 × 200 mm" in wide.error.text
    tall = shop.slice(file_id=shop.add(kit.box(10, 10, 181), "tower.stl"))
    assert tall.error.code == "model_too_tall"
    assert "tower.stl is 181 mm tall; Tiny machine prints up to 180 mm" in tall.error.text
    assert shop.engines[0].orders == []


def test_a_machine_without_a_bed_is_a_warning(make_shop: MakeShop, kit: Any) -> None:
    shop = make_shop()
    plain = kit.bundle({"good": {"do": "slice", "x": "900"}})
    blank = kit.preset(plain.presets[0].kind, "Tiny machine", model="TINY")
    changed = type(plain)(family=plain.family, name="No bed", presets=(blank, *plain.presets[1:]))
    kept.write(shop.folder / "profiles", kit.set, changed, 1.0)
    task = shop.slice()
    assert task.state is State.DONE
    assert "does not say how large its bed is" in task.warnings[-1]
