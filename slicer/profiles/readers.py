"""Who reads which family's presets: a literal table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from slicer.profiles.cura.reader import CuraReader
from slicer.profiles.orca.reader import OrcaPresets
from slicer.profiles.presets import Family, PresetReader
from slicer.profiles.prusa.reader import PrusaPresets


def readers(
    definitions: Sequence[str] = (), programs: Sequence[Path] = ()
) -> Mapping[Family, PresetReader]:
    """``definitions``: slicer.cura_definitions of the configuration; ``programs``: installed
    slicers of Orca's family, in whose profiles a person's export finds what it builds on."""
    return {
        Family.PRUSA: PrusaPresets(),
        Family.ORCA: OrcaPresets(programs=tuple(programs)),
        Family.CURA: CuraReader(definitions),
    }
