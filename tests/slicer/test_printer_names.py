from __future__ import annotations

import pytest

from slicer.printer_names import same_printer, says_nothing


@pytest.mark.parametrize(
    ("file", "config"),
    [
        ("MK3S", "MK3S"),
        ("MK3S", "Original Prusa MK3S"),
        ("MK3S", "Prusa i3 MK3S+"),
        ("MK3S", "Original Prusa i3 MK3S & MK3S+"),
        ("MK4S", "Original Prusa MK4S 0.4 nozzle"),
        ("MK4IS", "Prusa MK4"),
        ("MINIIS", "MINI"),
        ("XL5IS", "XL5"),
        ("COREONE", "Prusa CORE One"),
        ("MK3SMMU2S", "mk3s mmu2s"),
        ("Creality Ender-3", "Ender 3"),
        ("Creality Ender-3 V2", "ender3v2"),
        ("Voron 2.4 300", "Voron 2.4 300"),
        ("Voron 0.2 0.4 nozzle", "Voron 0.2"),
        ("Ender-3 .6mm nozzle", "Ender-3"),
        ("Bambu Lab P1S", "P1S"),
    ],
)
def test_one_machine_in_two_spellings(file: str, config: str) -> None:
    assert same_printer(file, config) and same_printer(config, file)


@pytest.mark.parametrize(
    ("file", "config"),
    [
        ("MK3S", "MK4"),
        ("MK3", "MK3S"),
        ("MK4", "MK4S"),
        ("MK3SMMU2S", "MK3S"),
        ("XL", "XL5"),
        ("MINI", "MK3S"),
        ("Ender-3", "Ender-3 Pro"),
        ("Ender-3", "Ender-3 V2"),
        ("Creality K1", "K1 Max"),
        ("Ender 3 S1", "Ender 3 S1 Plus"),
        ("Voron 2.4 300", "Voron 2.4 350"),
        ("Voron 2.4 300", "Voron Trident 300"),
        ("Voron 0.1", "Voron 0.2"),
        ("Voron 2.4", "Ultimaker 2"),
        ("Bambu Lab P1S", "Voron 2.4"),
        ("X-Plus", "X-Plus+"),
        ("", "MK3S"),
        ("", ""),
        ("Prusa", "Creality"),
    ],
)
def test_different_machines(file: str, config: str) -> None:
    assert not same_printer(file, config) and not same_printer(config, file)


def test_placeholders() -> None:
    assert says_nothing("") and says_nothing(" Custom ") and says_nothing("[printer_model]")
    assert says_nothing("Klipper"), "what a Klipper is called that nobody has named"
    assert says_nothing("Generic RepRap Printer") and says_nothing("Generic Klipper Printer")
    assert not says_nothing("Custom K1 of mine") and not says_nothing("MK3S")
