"""The generated sliced files have the shape of real ones and agree with themselves."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from simulator.gcode import read_timeline
from simulator.models import MODELS
from simulator.plates import PlateSpec, build_gcode_3mf, main
from simulator.shapes import SHAPES

_MEMBERS = (
    "[Content_Types].xml",
    "_rels/.rels",
    "3D/3dmodel.model",
    "Metadata/plate_1.gcode",
    "Metadata/plate_1.gcode.md5",
    "Metadata/plate_1.json",
    "Metadata/plate_1.png",
    "Metadata/plate_1_small.png",
    "Metadata/plate_no_light_1.png",
    "Metadata/top_1.png",
    "Metadata/pick_1.png",
    "Metadata/slice_info.config",
    "Metadata/project_settings.config",
    "Metadata/model_settings.config",
    "Metadata/_rels/model_settings.config.rels",
)


def _open(data: bytes) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(data))


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_model_gets_a_whole_container(model: str) -> None:
    data = build_gcode_3mf(model=model, name="gear")
    assert len(data) <= 150_000
    with _open(data) as container:
        assert set(_MEMBERS) <= set(container.namelist())
        gcode = container.read("Metadata/plate_1.gcode")
        md5 = container.read("Metadata/plate_1.gcode.md5").decode()
        info = ElementTree.fromstring(container.read("Metadata/slice_info.config"))
        settings = json.loads(container.read("Metadata/project_settings.config"))
    assert md5 == hashlib.md5(gcode, usedforsecurity=False).hexdigest().upper()
    values = {m.get("key"): m.get("value") for m in info.iter("metadata")}
    assert values["printer_model_id"] == MODELS[model].code
    assert values["prediction"] == "3600"
    assert settings["printer_model"] == MODELS[model].product_name


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_extruding_moves_stay_on_the_smallest_bed(shape: str) -> None:
    data = build_gcode_3mf([PlateSpec(name=shape, layers=40, height_mm=12)], model="A1 mini")
    assert len(data) <= 150_000
    with _open(data) as container:
        gcode = container.read("Metadata/plate_1.gcode").decode()
    body = gcode.split("; CHANGE_LAYER", 1)[1]
    moves = re.findall(r"G1 X(-?[\d.]+) Y(-?[\d.]+) E([\d.]+)", body)
    assert len(moves) > 500
    assert all(0 < float(x) < 180 and 0 < float(y) < 180 for x, y, _ in moves)
    assert all(float(e) >= 0 for _, _, e in moves)


def test_the_timeline_agrees_with_the_header() -> None:
    data = build_gcode_3mf([PlateSpec(minutes=45, layers=60)], filaments=[("PLA", "FF0000", 10.0)])
    with _open(data) as container:
        timeline = read_timeline(container.read("Metadata/plate_1.gcode"))
    assert timeline.total_s == 45 * 60
    assert timeline.layers == 60
    assert [m.n for m in timeline.marks if m.kind == "layer"] == list(range(1, 61))
    pulled = sum(m.value for m in timeline.marks if m.kind == "extrude")
    grams = pulled * 2.405 * 1.24 / 1000
    assert grams == pytest.approx(10.0, rel=0.02)
    stages = [m.n for m in timeline.marks if m.kind == "stage"]
    assert stages == [2, 14, 4, 13, 2, 1, 3, 8, 0]
    assert all(a.at <= b.at for a, b in zip(timeline.marks, timeline.marks[1:], strict=False))
    percents = [m.value for m in timeline.marks if m.kind == "progress"]
    assert percents == sorted(percents)
    assert percents[-1] == 100


def test_several_plates_and_filaments() -> None:
    data = build_gcode_3mf(
        [PlateSpec(name="clips", filaments=(2,)), PlateSpec(name="vase", filaments=(1, 3))],
        filaments=[("PLA", "111111", 5.0), ("PETG", "#22aa22", 6.0), ("PLA", "3333FF", 7.0)],
    )
    with _open(data) as container:
        info = ElementTree.fromstring(container.read("Metadata/slice_info.config"))
        second = container.read("Metadata/plate_2.gcode")
        details = json.loads(container.read("Metadata/plate_1.json"))
    used = [[f.get("id") for f in plate.findall("filament")] for plate in info.findall("plate")]
    assert used == [["2"], ["1", "3"]]
    assert read_timeline(second).filaments == (0, 2)
    assert details["filament_colors"] == ["#22AA22"]
    ids = {o["id"] for o in details["bbox_objects"]}
    assert len(ids) == 6
    assert ids == {
        int(o.get("identify_id", "")) for o in info.findall("plate")[0].findall("object")
    }


def test_thumbnails_are_drawn_on_a_transparent_ground() -> None:
    with _open(build_gcode_3mf(name="gear", filaments=[("PLA", "FF0000", 5.0)])) as container:
        big = Image.open(io.BytesIO(container.read("Metadata/plate_1.png"))).convert("RGBA")
        small = Image.open(io.BytesIO(container.read("Metadata/plate_1_small.png")))
    assert big.size == (512, 512)
    assert small.size == (128, 128)
    corner, middle = big.getpixel((3, 3)), big.getpixel((256, 270))
    assert isinstance(corner, tuple) and isinstance(middle, tuple)
    assert corner[3] < 8
    assert middle[3] > 247 and middle[0] > 2 * middle[1]


def test_members_can_be_left_out_and_unknown_models_are_refused() -> None:
    missing = frozenset({"Metadata/plate_1.gcode.md5"})
    with _open(build_gcode_3mf(omit=missing)) as container:
        assert "Metadata/plate_1.gcode.md5" not in container.namelist()
    with pytest.raises(ValueError, match="no model 'X9'"):
        build_gcode_3mf(model="X9")


def test_command_line_writes_a_file(tmp_path: Path) -> None:
    out = tmp_path / "gear.gcode.3mf"
    assert main([str(out), "--model", "A1", "--minutes", "30"]) == 0
    with zipfile.ZipFile(out) as container:
        assert b"N2S" in container.read("Metadata/slice_info.config")
