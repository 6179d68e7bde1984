"""A scene whose print looks bad."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from printers.status import PrinterState as S
from tests.alerts.defects.scene import BAD, Scene

CONFIG: dict[str, Any] = {"provider": "openai", "interval_s": 120.0, "first_layers": 0}
Make = Callable[..., Scene]


def suspect(scene: Scene) -> None:
    """Print for ten minutes, then show the model two bad pictures."""
    scene.set(S.PRINTING)
    scene.go(600)
    scene.provider.script.extend([BAD, BAD])
    scene.go(200)
