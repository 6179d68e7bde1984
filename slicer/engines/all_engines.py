"""The slicers the farm knows, by the name config.json and the API use: a literal table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slicer.engines.base import Engine
from slicer.engines.cura.adapter import CuraEngine
from slicer.engines.orca.adapter import BAMBU, ORCA
from slicer.engines.prusa.adapter import PrusaSlicer


def all_engines(definitions: Sequence[str] = ()) -> Mapping[str, Engine]:
    """``definitions``: slicer.cura_definitions of the configuration."""
    return {
        "orca": ORCA,
        "bambu": BAMBU,
        "prusa": PrusaSlicer(),
        "cura": CuraEngine(definitions),
    }
