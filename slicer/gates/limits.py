"""What a printer can bear: its space and the highest temperatures (print-files 2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slicer import models
from slicer.gates.verdicts import PrinterFacts
from slicer.models import Volume

Reach = tuple[float, float, float]
"""From X, to X and height in mm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineLimits:
    """Everything unknown is None and then no reason to refuse."""

    name: str  # for sentences
    volume_mm: Volume | None = None
    centred: bool | None = None
    """The bed's middle is X0 Y0 (deltas); False = its front left corner is; None = unknown."""
    y_shift_mm: float = 0.0  # G-code of X1 and P1 lies this much in front of the bed's Y
    excluded_mm: tuple[float, float] | None = None  # front left corner where nothing may lie
    reach_mm: Mapping[str, Reach] = field(default_factory=dict)  # "left"/"right" of two nozzles
    nozzle_max_c: float | None = None
    bed_max_c: float | None = None
    chamber_max_c: float | None = None  # 0 = it has no heater


_MAX_C: dict[str, tuple[float, float | None]] = {
    "BL-P001": (300, None), "BL-P002": (300, None), "C11": (300, 100), "C12": (300, 100),
    "C13": (320, 110), "N1": (300, 80), "N2S": (300, 100), "N7": (300, 110), "N6": (300, 120),
    "N9": (300, 80), "O1D": (350, 120), "O1E": (350, 120), "O1S": (350, 120),
    "O1C2": (350, 120), "O1C": (350, 120),
}  # fmt: skip
"""printer_model_id -> highest nozzle and bed temperature."""
_SHIFTED_GROUP = "X1/P1"
_H2D: Mapping[str, Reach] = {"left": (0, 325, 320), "right": (25, 350, 325)}
_H2C: Mapping[str, Reach] = {"left": (0, 325, 320), "right": (25, 330, 325)}
_X2D: Mapping[str, Reach] = {"left": (0, 256, 261), "right": (20.5, 256, 256)}
_REACH = {"O1D": _H2D, "O1E": _H2D, "O1C": _H2C, "O1C2": _H2C, "N6": _X2D}
"""What each nozzle alone reaches; a plate that uses both has the whole bed."""


def limits_of(
    facts: PrinterFacts,
    *,
    nozzle_max_c: float | None = None,
    bed_max_c: float | None = None,
    chamber_max_c: float | None = None,
    centred: bool | None = None,
) -> MachineLimits:
    """From what the printer tells of itself (which wins) and the table of Bambu models."""
    model = models.find(facts.code)
    nozzle, bed = _MAX_C.get(model.code, (None, None)) if model else (None, None)
    shifted = model is not None and model.group == _SHIFTED_GROUP
    return MachineLimits(
        name=facts.name,
        volume_mm=facts.volume_mm or (model.volume_mm if model else None),
        centred=False if model else centred,
        y_shift_mm=2.0 if shifted else 0.0,
        excluded_mm=(18.0, 28.0) if shifted else None,
        reach_mm=_REACH.get(model.code, {}) if model else {},
        nozzle_max_c=nozzle if nozzle_max_c is None else nozzle_max_c,
        bed_max_c=bed if bed_max_c is None else bed_max_c,
        chamber_max_c=chamber_max_c,
    )
