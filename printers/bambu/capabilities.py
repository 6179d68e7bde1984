"""What the farm may offer for a printer: Machine.capabilities."""

from __future__ import annotations

from printers.bambu.models import Model
from printers.bambu.parsed import Parsed

_ALWAYS = frozenset(
    {
        "pause", "stop", "home", "jog", "extrude", "gcode", "temperature_nozzle",
        "temperature_bed",
        "fan_part", "speed_levels", "external_spool", "load", "skip_objects", "calibrate",
        "clear_fault", "upload",
    }
)  # fmt: skip


def capabilities(model: Model, parsed: Parsed) -> frozenset[str]:
    """By the model, and by what the printer has shown of itself."""
    fans = {fan.name for fan in parsed.fans if fan.settable}
    optional = {
        "temperature_chamber": model.chamber_max is not None,
        "fan_aux": model.aux_fan or "aux" in fans,
        "fan_chamber": model.chamber_fan or "chamber" in fans,
        "light": parsed.light is not None,
        "ams": bool(parsed.ams),
        "camera_jpeg": bool(model.code) and model.camera == "jpeg",
        "camera_rtsp": bool(model.code) and model.camera == "rtsps",
        "dual_nozzle": model.nozzles > 1,
        "chamber_sensor": model.chamber_sensor,
        "door_sensor": parsed.door_open is not None,
    }
    return _ALWAYS | {name for name, has in optional.items() if has}
