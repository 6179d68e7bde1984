"""3MF objects that are made of objects: a file of 5 kB may mean more bodies than there is time."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from core.errors import Unusable
from slicer.mesh.check import inspect_model
from slicer.mesh.instances import MAX_INSTANCES, TooManyInstances, require_few

CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
PRODUCTION = "http://schemas.microsoft.com/3dmanufacturing/production/2015/06"
MESH = (
    "<mesh><vertices><vertex x='0' y='0' z='0'/><vertex x='9' y='0' z='0'/>"
    "<vertex x='0' y='9' z='0'/><vertex x='0' y='0' z='9'/></vertices><triangles>"
    "<triangle v1='0' v2='2' v3='1'/><triangle v1='0' v2='1' v3='3'/>"
    "<triangle v1='0' v2='3' v3='2'/><triangle v1='1' v2='2' v3='3'/></triangles></mesh>"
)
RELS = (
    "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    "<Relationship Target='/3D/3dmodel.model' Id='r' "
    "Type='http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel'/></Relationships>"
)


def saved(folder: Path, objects: str, items: str, **parts: str) -> Path:
    def model(inner: str, build: str = "") -> str:
        return (
            f"<?xml version='1.0'?><model unit='millimeter' xmlns='{CORE}' xmlns:p='{PRODUCTION}'>"
            f"<resources>{inner}</resources><build>{build}</build></model>"
        )

    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("_rels/.rels", RELS)
        archive.writestr("3D/3dmodel.model", model(objects, items))
        for name, inner in parts.items():
            archive.writestr(f"3D/Objects/{name}.model", model(inner))
    path = folder / "model.3mf"
    path.write_bytes(packed.getvalue())
    return path


def made_of(number: int, *others: int) -> str:
    inner = "".join(f"<component objectid='{other}'/>" for other in others)
    return f"<object id='{number}'><components>{inner}</components></object>"


def doubled(levels: int) -> str:
    first = f"<object id='1'>{MESH}</object>"
    return first + "".join(made_of(n, n - 1, n - 1) for n in range(2, levels + 1))


def test_a_few_lines_that_mean_a_million_bodies_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, doubled(60), "<item objectid='60'/>")
    with pytest.raises(Unusable, match="more bodies") as refused:
        inspect_model(path, "3mf", "part")
    assert refused.value.error_code == "model_crowded"


def test_what_is_made_of_itself_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, made_of(1, 2) + made_of(2, 1), "<item objectid='1'/>")
    with pytest.raises(TooManyInstances):
        require_few(path)


def test_a_long_chain_is_refused(tmp_path: Path) -> None:
    chain = f"<object id='1'>{MESH}</object>" + "".join(made_of(n, n - 1) for n in range(2, 3_000))
    with pytest.raises(TooManyInstances):
        require_few(saved(tmp_path, chain, "<item objectid='2999'/>"))


def test_bodies_in_other_parts_count_too(tmp_path: Path) -> None:
    far = "".join(made_of(n, n - 1, n - 1) for n in range(2, 40))
    item = "<item objectid='39' p:path='/3D/Objects/far.model'/>"
    path = saved(tmp_path, "", item, far=f"<object id='1'>{MESH}</object>{far}")
    with pytest.raises(TooManyInstances):
        require_few(path)


def test_a_plate_full_of_copies_is_fine(tmp_path: Path) -> None:
    require_few(saved(tmp_path, doubled(3), "<item objectid='3'/>" * (MAX_INSTANCES // 4)))
    with pytest.raises(TooManyInstances):
        require_few(saved(tmp_path, doubled(3), "<item objectid='3'/>" * (MAX_INSTANCES // 4 + 1)))


def test_an_assembly_is_measured_as_before(tmp_path: Path) -> None:
    shape = inspect_model(saved(tmp_path, doubled(2), "<item objectid='2'/>"), "3mf", "part")
    assert (shape.size_mm, shape.triangles) == ((9.0, 9.0, 9.0), 8)
