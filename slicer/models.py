"""Bambu printer models as print files name them, and which take each other's G-code.

Source: print-files 2.4 (Bambu Studio's resources/printers/<model_id>.json and its profiles).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

Volume = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Model:
    code: str  # printer_model_id
    name: str  # as project settings and G-code write it
    volume_mm: Volume
    group: str  # models of one group take each other's G-code; all others only their own


_X1_P1: Volume = (256, 256, 250)
_TABLE = (
    Model("BL-P001", "Bambu Lab X1 Carbon", _X1_P1, "X1/P1"),
    Model("BL-P002", "Bambu Lab X1", _X1_P1, "X1/P1"),
    Model("C11", "Bambu Lab P1P", _X1_P1, "X1/P1"),
    Model("C12", "Bambu Lab P1S", _X1_P1, "X1/P1"),
    Model("C13", "Bambu Lab X1E", _X1_P1, "X1/P1"),
    Model("N1", "Bambu Lab A1 mini", (180, 180, 180), "A1 mini"),
    Model("N2S", "Bambu Lab A1", (256, 256, 256), "A1"),
    Model("N7", "Bambu Lab P2S", (256, 256, 256), "P2S"),
    Model("N6", "Bambu Lab X2D", (256, 256, 261), "X2D"),
    Model("N9", "Bambu Lab A2L", (330, 320, 325), "A2L"),
    Model("O1D", "Bambu Lab H2D", (350, 320, 325), "H2D"),
    Model("O1E", "Bambu Lab H2D Pro", (350, 320, 325), "H2D"),
    Model("O1S", "Bambu Lab H2S", (340, 320, 340), "H2S"),
    Model("O1C2", "Bambu Lab H2C", (330, 320, 325), "H2C"),
    Model("O1C", "Bambu Lab H2C", (330, 320, 325), "H2C"),
)
_OLD_CODES = {"3DPRINTER-X1": "BL-P002", "3DPRINTER-X1-CARBON": "BL-P001"}
_BY_CODE = {model.code: model for model in _TABLE}
_BY_NAME = {model.name.casefold(): model for model in reversed(_TABLE)}
_BY_NAME["bambu lab h2c"] = _BY_CODE["O1C2"]


@lru_cache(maxsize=256)  # the gates ask about the same few again and again
def normalise(code: str) -> str:
    """The table's spelling of a printer_model_id: old type strings and "-V2" variants resolved."""
    plain = code.strip().upper()
    return _OLD_CODES.get(plain, plain.removesuffix("-V2")) if plain else ""


def find(code: str) -> Model | None:
    """The model of a printer_model_id, None for one that is not in the table."""
    return _BY_CODE.get(normalise(code))


def code_of_name(name: str) -> str:
    """The id of a printer_model name; the name itself for a make without ids, "" for ""."""
    plain = " ".join(name.split())
    model = _BY_NAME.get(plain.casefold())
    return model.code if model else plain


def same_model(first: str, second: str) -> bool:
    """Whether two ids mean one model (the H2C has two)."""
    return describe(first) == describe(second)


def describe(code: str) -> str:
    """A model in words: "Bambu Lab P1S"; the id itself when nobody knows it."""
    model = find(code)
    return model.name if model else code.strip()


def takes_gcode_of(printer: str, source: str) -> bool:
    """Whether a printer with the id ``printer`` may run G-code sliced for the id ``source``."""
    if normalise(printer) == normalise(source):
        return True
    mine, other = find(printer), find(source)
    return mine is not None and other is not None and mine.group == other.group
