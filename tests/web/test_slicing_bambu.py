"""Slicing for a Bambu printer over HTTP, with stand-ins for OrcaSlicer and Bambu Studio."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.config import SlicerConfig
from slicer.engines.orca import adapter as orca
from tests.slicer.engines.orca_samples import P1S, Rig, box_stl, project_3mf

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the fake is a script with a shebang")

WISH = {
    "machine": P1S, "process": "0.20mm Standard @BBL X1C",
    "filaments": ["Bambu PLA Basic @BBL P1S"], "printer_id": "alder",
}  # fmt: skip


class Shop:
    """A farm of two P1S with both slicers."""

    def __init__(self, make_farm: Callable[..., Any], folder: Path, kit: SimpleNamespace) -> None:
        self.orca, self.bambu = (self.rig(folder / name) for name in ("orca", "bambu"))
        config = SlicerConfig(
            enabled=True,
            orca_paths=(str(self.orca.program),),
            bambu_paths=(str(self.bambu.program),),
        )
        self.kit = kit
        self.farm = make_farm(slicer=config)
        self.client = self.farm.app.test_client()

    @staticmethod
    def rig(folder: Path) -> Rig:
        folder.mkdir()
        return Rig(folder, orca.BAMBU if folder.name == "bambu" else orca.ORCA)

    def upload(self, content: bytes, name: str) -> str:
        answer = self.client.post(
            "/api/files",
            data={"file": (io.BytesIO(content), name)},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 201, answer.json
        return str(answer.json["id"])

    def slice(self, file_id: str, **more: Any) -> Any:
        wish = {"file_id": file_id, "set": "bambu-BBL", **WISH, **more}
        answer = self.client.post("/api/slicing", json=wish)
        assert answer.status_code == 202, answer.json
        path = answer.headers["Location"]
        self.kit.wait_for(lambda: self.client.get(path).json["state"] in ("done", "failed"))
        return self.client.get(path).json


@pytest.fixture
def shop(make_farm: Callable[..., Any], tmp_path: Path, kit: SimpleNamespace) -> Shop:
    return Shop(make_farm, tmp_path, kit)


def test_a_cube_for_a_p1s_can_be_started_there_as_it_is(shop: Shop) -> None:
    done = shop.slice(shop.upload(box_stl(20, 20, 10), "cube.stl"))
    assert (done["state"], done["engine"], done["error"]) == ("done", "bambu", None)
    file = shop.client.get(f"/api/files/{done['result_file_id']}").json
    assert (file["name"], file["kind"]) == ("cube P1S.gcode.3mf", "gcode.3mf")
    picture = shop.client.get(file["plates"][0]["thumbnail"])
    assert picture.data.startswith(b"\x89PNG")  # the farm's own: the slicer drew none
    shop.farm.services.library.await_bounds(file["id"], 1, 30)
    shop.farm.printer().report(shop.kit.make_status("alder"))  # however long that took
    rows = shop.client.get(f"/api/files/{file['id']}/fit").json["printers"]
    alder = next(row for row in rows if row["printer_id"] == "alder")
    refused = [one for one in alder["verdicts"] if one["level"] in ("refuse", "confirm")]
    assert alder["ok"] and refused == []


def test_the_other_slicer_takes_over_after_a_crash(shop: Shop) -> None:
    shop.bambu.knobs(crash="SIGSEGV")
    done = shop.slice(shop.upload(box_stl(20, 20, 10), "cube.stl"))
    assert (done["state"], done["engine"]) == ("done", "orca")


def test_a_plate_of_a_project_is_sliced_for_the_chosen_printer(shop: Shop, tmp_path: Path) -> None:
    project_3mf(tmp_path / "two.3mf", plates=2)
    project = shop.upload((tmp_path / "two.3mf").read_bytes(), "two.3mf")
    done = shop.slice(project, plate=2)
    assert done["state"] == "done", done
    file = shop.client.get(f"/api/files/{done['result_file_id']}").json
    assert file["name"] == "two plate 2 P1S.gcode.3mf"
    assert [plate["index"] for plate in file["plates"]] == [2]
    assert file["plates"][0]["models"] == ["C12"]


@pytest.mark.parametrize(
    ("knobs", "code"),
    [
        ({"outside": True}, "gcode_outside"),
        ({"defaults": True}, "defaults_sliced"),
        ({"lose_output": True}, "no_output"),
    ],
)
def test_its_lies_are_caught(shop: Shop, knobs: dict[str, Any], code: str) -> None:
    shop.bambu.knobs(**knobs)
    failed = shop.slice(shop.upload(box_stl(20, 20, 10), "cube.stl"), engine="bambu")
    assert failed["state"] == "failed", failed
    assert failed["error"]["code"] == code, failed["error"]
    assert len(shop.client.get("/api/files").json["files"]) == 1
