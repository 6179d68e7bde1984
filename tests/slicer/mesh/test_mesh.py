"""Models before slicing: their size, what is wrong with them, what they look like."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from core.errors import FarmError
from slicer.mesh import check
from slicer.mesh.check import inspect_model
from slicer.mesh.picture import render
from tests.slicer.mesh import shapes

STEP = b"ISO-10303-21;\nHEADER;\nENDSEC;\nDATA;\n#1=CARTESIAN_POINT('',(0.,0.,0.));\nENDSEC;\n"
AMF = b'<?xml version="1.0"?><amf unit="millimeter"><object id="0"></object></amf>'


@pytest.fixture
def save(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "model"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("stl", shapes.stl(shapes.box(20, 30, 40.5))),
        ("stl", shapes.stl(shapes.box(20, 30, 40.5), b"solid but binary")),
        ("stl", shapes.text_stl(shapes.box(20, 30, 40.5))),
        ("obj", shapes.obj(shapes.box(20, 30, 40.5))),
        ("3mf", shapes.threemf(shapes.box(20, 30, 40.5))),
    ],
)
def test_size_of_each_kind(save: Callable[[bytes], Path], kind: str, content: bytes) -> None:
    shape = inspect_model(save(content), kind, "part")
    assert shape.size_mm == (20.0, 30.0, 40.5)
    assert shape.triangles == 12


def test_kinds_whose_size_only_a_slicer_knows(save: Callable[[bytes], Path]) -> None:
    assert inspect_model(save(STEP + b"END-ISO-10303-21;\n"), "step", "p").size_mm is None
    assert inspect_model(save(AMF), "amf", "p").size_mm is None


def test_a_project_says_what_it_is_for(save: Callable[[bytes], Path]) -> None:
    settings = b'{"printer_model": "Bambu Lab P1S", "nozzle_diameter": ["0.4"]}'
    plates = (
        b'<config><plate><metadata key="plater_id" value="1"/></plate>'
        b'<plate><metadata key="plater_id" value="2"/></plate></config>'
    )
    content = shapes.threemf(
        shapes.box(),
        **{"Metadata/project_settings.config": settings, "Metadata/model_settings.config": plates},
    )
    shape = inspect_model(save(content), "3mf", "part")
    assert (shape.made_for, shape.plates, shape.size_mm) == ("Bambu Lab P1S", 2, None)


def _nan() -> bytes:
    good = shapes.stl(shapes.box())
    return good[:96] + struct.pack("<f", float("nan")) + good[100:]


HOSTILE = {
    "no bytes": ("stl", b"", "model_empty"),
    "random bytes": ("stl", random.Random(4).randbytes(20_000), "model_empty"),
    "counts 4 billion": ("stl", b"x" * 80 + b"\xff\xff\xff\xee" + b"y" * 500, "model_empty"),
    "cut short": ("stl", shapes.stl(shapes.box())[:400], "model_empty"),
    "no triangles": ("stl", shapes.stl([]), "model_empty"),
    "text cut short": ("stl", shapes.text_stl(shapes.box())[:700], "model_unreadable"),
    "text without facets": ("stl", b"solid x\nendsolid x\n", "model_empty"),
    "not a number": ("stl", _nan(), "model_nonsense"),
    "kilometres away": ("stl", shapes.stl(shapes.box(2e6, 1, 1)), "model_nonsense"),
    "in metres": ("stl", shapes.stl(shapes.box(0.02, 0.02, 0.02)), "model_tiny"),
    "larger than a house": ("stl", shapes.stl(shapes.box(20_000, 5, 5)), "model_huge"),
    "a sheet": ("stl", shapes.stl(shapes.box()[:2]), "model_flat"),
    "an OBJ of points": ("obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\n", "model_empty"),
    "an OBJ that points nowhere": ("obj", b"v 0 0 0\nf 1 2 999999\n", "model_unreadable"),
    "entities": ("3mf", shapes.threemf(shapes.box(), '<!DOCTYPE x [<!ENTITY a "b">]>'), "bad_xml"),
    "a script to run": (
        "3mf",
        shapes.threemf(shapes.box(), **{"Metadata/Slic3r_PE.config": b"; post_process = /bin/x\n"}),
        "project_runs_scripts",
    ),
    "half a STEP": ("step", STEP, "model_unreadable"),
    "AMF with entities": ("amf", b'<!DOCTYPE a [<!ENTITY b "c">]>' + AMF[21:], "model_unreadable"),
    "half an AMF": ("amf", AMF[:-8], "model_unreadable"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_damaged_and_hostile_models(save: Callable[[bytes], Path], name: str) -> None:
    kind, content, code = HOSTILE[name]
    with pytest.raises(FarmError) as refused:
        inspect_model(save(content), kind, "part.stl")
    assert refused.value.error_code == code
    assert refused.value.message.startswith("part.stl")


def test_too_many_triangles(save: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "MAX_TRIANGLES", 11)
    with pytest.raises(FarmError, match="12 triangles; the farm slices up to 11"):
        inspect_model(save(shapes.stl(shapes.box())), "stl", "part")


def test_memory_is_bounded(save: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The child ends, the farm says why in words that help."""
    monkeypatch.setattr(check, "MEMORY_MB", 400)
    wide = shapes.stl(shapes.box()[:1] * 1_500_000)
    with pytest.raises(FarmError) as refused:
        inspect_model(save(wide), "stl", "part")
    assert refused.value.error_code == "model_too_fine"


def test_picture_shows_the_model(save: Callable[[bytes], Path]) -> None:
    png = render(save(shapes.stl(shapes.torus())), "stl")
    assert png is not None
    image = Image.open(io.BytesIO(png))
    assert image.size == (512, 512)
    alpha = image.getchannel("A")
    assert alpha.getpixel((2, 2)) == 0  # ground
    assert alpha.getpixel((256, 248)) == 0  # one looks through its hole
    covered = sum(alpha.histogram()[128:]) / 512**2
    assert 0.2 < covered < 0.7
    bright = image.convert("L").point(lambda value: value)
    top, side = bright.getpixel((256, 140)), bright.getpixel((256, 385))
    assert isinstance(top, (int, float)) and isinstance(side, (int, float))
    assert top > side + 30  # lit from above


def test_a_project_s_own_picture_comes_first(save: Callable[[bytes], Path]) -> None:
    own = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(own, "PNG")
    content = shapes.threemf(shapes.box(), **{"Metadata/thumbnail.png": own.getvalue()})
    assert render(save(content), "3mf") == own.getvalue()


def test_no_picture_of_what_cannot_be_drawn(save: Callable[[bytes], Path]) -> None:
    assert render(save(STEP), "step") is None
    assert render(save(b"nonsense"), "stl") is None
