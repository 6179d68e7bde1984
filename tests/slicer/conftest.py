"""A small sliced file of the shape Bambu Studio writes, with every part replaceable."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

Parts = dict[str, bytes]
MakeParts = Callable[..., Parts]
Zip = Callable[..., bytes]

GCODE = b"""; HEADER_BLOCK_START
; BambuStudio 02.05.00.66
; model printing time: 11m 15s; total estimated time: 18m 15s
; total layer number: 90
; total filament length [mm] : 932.21,100.00
; total filament weight [g] : 2.83,0.50
; max_z_height: 18.00
; filament: 1,3
; HEADER_BLOCK_END

; CONFIG_BLOCK_START
; curr_bed_type = Textured PEI Plate
; filament_colour = #00AE42;#FFFFFF;#161616
; filament_type = PLA;PETG;PLA
; nozzle_diameter = 0.4
; printer_model = %(model)s
; CONFIG_BLOCK_END
; EXECUTABLE_BLOCK_START
G28
M83
G1 X10 Y1 E4 F1200
; CHANGE_LAYER
; Z_HEIGHT: 0.2
G1 X20 Y30 Z0.2
G1 X20 Y20 E.5
G1 X30 Y20 E-.8
; EXECUTABLE_BLOCK_END
"""

SLICE_INFO = """<?xml version="1.0" encoding="UTF-8"?>
<config><header><header_item key="X-BBL-Client-Type" value="slicer"/>
<header_item key="X-BBL-Client-Version" value="02.05.00.66"/></header>
<plate><metadata key="index" value="1"/><metadata key="printer_model_id" value="%(id)s"/>
<metadata key="nozzle_diameters" value="0.4"/><metadata key="prediction" value="1095"/>
<metadata key="weight" value="3.33"/><metadata key="outside" value="false"/>
<metadata key="label_object_enabled" value="true"/><metadata key="filament_maps" value="1 1 1"/>
<object identify_id="69" name="Cube" skipped="false" />
<object identify_id="70" name="" skipped="false" />
<filament id="1" tray_info_idx="GFA00" type="PLA" color="#00AE42" used_m="0.93" used_g="2.83"/>
<filament id="3" tray_info_idx="GFA01" type="PLA" color="#161616" used_m="0.1" used_g="0.5"/>
<warning msg="bed_temperature_too_high_than_filament" level="3" error_code ="1000C001"  />
</plate></config>"""

PROJECT = b"""{"printer_model": "%(model)s", "nozzle_diameter": ["0.4"],
"curr_bed_type": "Textured PEI Plate", "filament_type": ["PLA", "PETG", "PLA"],
"filament_colour": ["#00AE42", "#FFFFFF", "#161616"], "version": "02.05.00.66",
"filament_settings_id": ["Bambu PLA Basic @BBL P1S", "Generic PETG", "Bambu PLA Matte @BBL P1S"],
"filament_ids": ["GFA00", "GFG99", "GFA01"]}"""

PLATE_JSON = (
    b'{"bbox_all": [81.0, 81.0, 99.0, 99.0], "bed_type": "textured_plate", "filament_ids": [0, 2]}'
)


def make_png(width: int = 4, height: int = 4) -> bytes:
    """A PNG whose header says width x height (its pixels are not those of a large one)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 20)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


def sliced_parts(
    model: str = "Bambu Lab P1S", model_id: str = "C12", gcode: bytes | None = None
) -> Parts:
    """Member name -> content of a sound file for one plate."""
    code = gcode if gcode is not None else GCODE % {b"model": model.encode()}
    return {
        "[Content_Types].xml": b"<Types/>",
        "_rels/.rels": b"<Relationships/>",
        "3D/3dmodel.model": b"<model/>",
        "Metadata/plate_1.png": make_png(),
        "Metadata/plate_1_small.png": make_png(2, 2),
        "Metadata/plate_1.json": PLATE_JSON,
        "Metadata/project_settings.config": PROJECT % {b"model": model.encode()},
        "Metadata/plate_1.gcode.md5": hashlib.md5(code).hexdigest().upper().encode(),
        "Metadata/plate_1.gcode": code,
        "Metadata/slice_info.config": (SLICE_INFO % {"id": model_id}).encode(),
    }


def zip_bytes(parts: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def parts() -> MakeParts:
    return sliced_parts


@pytest.fixture
def pack() -> Zip:
    return zip_bytes


@pytest.fixture
def png() -> Callable[..., bytes]:
    return make_png


@pytest.fixture
def save(tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes bytes to a file of the test's own folder."""

    def write(content: bytes, name: str = "part.gcode.3mf") -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write
