"""project_file: the message that starts a print (bambu-lan A8). Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from printers.bambu.payloads import Request, View, place_of, plain
from printers.commands import StartPrint

URL_FORMS = {
    "ftp": "ftp://{name}",
    "ftp_absolute": "ftp:///{name}",
    "file": "file:///sdcard/{name}",
    "mnt_sdcard": "file:///mnt/sdcard/{name}",
    "usb": "file:///media/usb0/{name}",
}
"""How the printer is told where the upload lies (A8.1). "ftp" is what the slicer sends; the
others are for models or firmware that want them (printer option ``url_form``)."""

DEFAULT_URL_FORM = "ftp"
_EXTERNAL = (254, 255)


def is_changer(index: int) -> bool:
    """A slot of an AMS: neither unused (-1) nor an external spool."""
    return index >= 0 and index not in _EXTERNAL


def detailed_mapping(mapping: tuple[int, ...], view: View) -> list[dict[str, int]]:
    """ams_mapping2: without it a P1S has printed air."""
    places = [(255, 255) if index < 0 else place_of(index, view) for index in mapping]
    return [{"ams_id": ams_id, "slot_id": slot_id} for ams_id, slot_id in places]


def project_file(command: StartPrint, view: View, url_form: str = DEFAULT_URL_FORM) -> Request:
    """The token goes into every id the printer echoes, so that the start can be recognised."""
    token = str(command.token)
    options: Mapping[str, bool] = command.options
    mapping = command.ams_mapping
    use_ams = bool(options.get("use_ams", True)) and any(map(is_changer, mapping))
    level = bool(options.get("bed_leveling", True))
    body: dict[str, Any] = {
        "param": f"Metadata/plate_{command.plate}.gcode",
        "url": URL_FORMS[url_form].format(name=command.remote_name),
        "file": command.remote_name,
        "md5": command.md5,
        "subtask_name": command.display_name,
        "project_id": token,
        "profile_id": "0",
        "task_id": token,
        "subtask_id": token,
        "bed_type": "auto",
        "bed_leveling": level,
        "flow_cali": bool(options.get("flow_cali", False)),
        "vibration_cali": bool(options.get("vibration_cali", True)),
        "layer_inspect": bool(options.get("layer_inspect", False)),
        "timelapse": bool(options.get("timelapse", False)),
        "use_ams": use_ams,  # a bool: a number is read as a nozzle on the H2D Pro
        "ams_mapping": [index if is_changer(index) else -1 for index in mapping],
        "ams_mapping2": detailed_mapping(mapping, view),
        "auto_bed_leveling": 1 if level else 0,
        "nozzle_offset_cali": 0,
        "extrude_cali_flag": 0,
        "cfg": "0",
    }
    return plain("print", "project_file", **body)
