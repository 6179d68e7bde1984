"""A rig is a camera: without an entry in ``cameras.list`` it gets one with its own id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.camera_config import CameraConfig, CamerasConfig, RigConfig


def with_rigs(
    cameras: CamerasConfig, rigs: Sequence[RigConfig], printers: Sequence[str]
) -> CamerasConfig:
    """``cameras`` and one more for each rig that no camera names. ``printers``: all ids."""
    named = {camera.rig for camera in cameras.list}
    taken = {*printers, *(camera.id for camera in cameras.list)}
    more = [
        CameraConfig(
            id=rig.id if rig.id not in taken else f"{rig.id}-rig",
            name=rig.name,
            type="rig",
            rig=rig.id,
            printer=rig.printer if rig.printer in printers else "",
        )
        for rig in rigs
        if rig.id not in named
    ]
    return replace(cameras, list=(*cameras.list, *more))
