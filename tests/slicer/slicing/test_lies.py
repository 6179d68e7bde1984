"""Every lie of an exit code of 0 (print-files 1.2, 1.3) ends as a failure with its own sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from slicer.profiles import kept
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
    assert [stored.file.kind for stored in shop.library.list()] == ["stl"]  # nothing was kept


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
