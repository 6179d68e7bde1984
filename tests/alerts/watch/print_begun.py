"""A print whose beginning was told."""

from __future__ import annotations

from core.alert_config import AlertsConfig
from tests.alerts.watch.scene import CONFIG, S, Scene


def begun(config: AlertsConfig = CONFIG) -> Scene:
    scene = Scene(config)
    scene.look(S.IDLE)
    scene.prints(0)
    assert scene.fresh() == ["started"]
    return scene
