"""Scenes of the defect watch, each with a folder of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.alert_config import DefectConfig
from tests.alerts.defects.scene import Scene
from tests.alerts.defects.suspicion import CONFIG, Make


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def make(*printers: str, **config: Any) -> Scene:
        return Scene(tmp_path, DefectConfig(**{**CONFIG, **config}), printers or ("alder",))

    return make
