"""The slicers the farm knows, by the name config.json and the API use."""

from __future__ import annotations

from slicer.engines.base import Engine
from slicer.engines.prusa import PrusaSlicer

ENGINES: dict[str, Engine] = {
    "prusa": PrusaSlicer(),
}
