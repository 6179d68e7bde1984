"""Conditions of PrusaSlicer's presets: what they mean, and that none can run or hang anything."""

from __future__ import annotations

import pytest

from slicer.profiles.prusa.conditions import MAX_LENGTH, BadCondition, compiled

MK3S = {
    "printer_model": "MK3S",
    "printer_notes": "Keep this.\\nPRINTER_VENDOR_PRUSA3D\\nPRINTER_MODEL_MK3\\n",
    "nozzle_diameter": "0.4",
    "num_extruders": "1",
    "single_extruder_multi_material": "0",
    "bed_shape": "0x0,250x0",
}
MMU = MK3S | {
    "printer_model": "MK3SMMU2S",
    "nozzle_diameter": "0.4,0.4,0.4,0.4,0.4",
    "num_extruders": "5",
    "single_extruder_multi_material": "1",
}
MINI = {"printer_model": "MINI", "nozzle_diameter": "0.6", "num_extruders": "1"}


@pytest.mark.parametrize(
    ("text", "mk3s", "mmu", "mini"),
    [
        ('printer_model=="MINI"', False, False, True),
        ('printer_model!="MINI"', True, True, False),
        ("nozzle_diameter[0]==0.4", True, True, False),
        ("nozzle_diameter[0]!=0.4", False, False, True),
        ("nozzle_diameter[0]<>0.4", False, False, True),
        ("nozzle_diameter[0] > 0.35 and nozzle_diameter[0] < 0.5", True, True, False),
        ("nozzle_diameter[0]>=0.4 && nozzle_diameter[0]<=0.6", True, True, True),
        ("nozzle_diameter[4]==0.4", True, True, False),  # a missing one is like the first
        ("printer_model=~/(MK3|MK2.5).*/", True, True, False),
        ("printer_model=~/MK3/", False, False, False),  # the whole text, not a part
        ("printer_model!~/MK3.*/", False, False, True),
        ("printer_notes=~/.*PRINTER_VENDOR_PRUSA3D.*/", True, True, False),  # over line ends
        (r"printer_notes=~/.*PRINTER_MODEL_MK2[^\.].*/", False, False, False),
        ("single_extruder_multi_material", False, True, False),
        ("! single_extruder_multi_material", True, False, True),
        ("not single_extruder_multi_material", True, False, True),
        ("!!single_extruder_multi_material", False, True, False),
        ("num_extruders>1", False, True, False),
        ("num_extruders==1 or single_extruder_multi_material", True, True, True),
        # "and" binds stronger than "or"
        ('printer_model=="MINI" or num_extruders>1 and nozzle_diameter[0]>1', False, False, True),
        ('(printer_model=="MINI" or num_extruders>1) and nozzle_diameter[0]<1', False, True, True),
        ("never_heard_of", False, False, False),
        ('never_heard_of==""', True, True, True),
        ("never_heard_of==0", True, True, True),
        ('printer_model < 3', False, False, False),
        ('bed_shape=="0x0,250x0"', True, True, False),
    ],
)  # fmt: skip
def test_what_they_mean(text: str, mk3s: bool, mmu: bool, mini: bool) -> None:
    condition = compiled(text)
    assert [condition(MK3S), condition(MMU), condition(MINI)] == [mk3s, mmu, mini]


def test_one_of_prusa_s_own() -> None:
    condition = compiled(
        'nozzle_diameter[0]>=0.4 and printer_model!="MK2SMM" and printer_model!="MINI" and ! '
        "(printer_notes=~/.*PRINTER_VENDOR_PRUSA3D.*/ and "
        "printer_notes=~/.*PRINTER_MODEL_MK(2.5|3).*/ and single_extruder_multi_material)"
    )
    assert [condition(MK3S), condition(MMU), condition(MINI)] == [True, False, False]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "and",
        "nozzle_diameter[0]==",
        "== 0.4",
        "(num_extruders==1",
        "num_extruders==1)",
        "num_extruders==1 num_extruders==2",
        "printer_model=~MK3",
        "printer_model=~/MK3",
        "printer_model=~/(MK3/",
        "__import__('os').system('id')",
        "printer_model; drop",
        "nozzle_diameter[0]+1==2",
        "not",
        "!" * 100 + "num_extruders",
        "(" * 100 + "num_extruders" + ")" * 100,
        "x" * (MAX_LENGTH + 1),
    ],
    ids=lambda text: text[:30],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(BadCondition):
        compiled(text)


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a*)*b", "(a|aa){30}", "a?" * 30 + "a" * 30, ".*.*.*.*x", "(.*a){12}"]
)
def test_patterns_that_could_take_forever_are_refused(pattern: str) -> None:
    with pytest.raises(BadCondition, match="repeats too much"):
        compiled(f"printer_notes=~/{pattern}/")


def test_a_pattern_is_not_held_against_a_very_long_text() -> None:
    condition = compiled("printer_notes=~/.*a.*/")
    assert condition({"printer_notes": "a"})
    assert not condition({"printer_notes": "a" * 100_000})
