"""What the tests of OrcaSlicer and Bambu Studio begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.slicer.engines.orca_samples import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """Their stand-in, with presets like Bambu's own."""
    return Rig(tmp_path)
