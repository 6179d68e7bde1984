"""Slicing over HTTP: from an STL to a print file with the real PrusaSlicer, and every refusal."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from core.config import SlicerConfig
from printers.status import Machine, Nozzle

ON = SlicerConfig(enabled=True)
MK3S = "Original Prusa i3 MK3S & MK3S+"
WISH = {
    "set": "prusa-PrusaResearch",
    "machine": MK3S,
    "process": "0.20mm QUALITY @MK3",
    "filaments": ["Prusament PLA"],
}
needs_prusa = pytest.mark.skipif(
    shutil.which("prusa-slicer") is None, reason="prusa-slicer is not installed"
)
Call = Callable[..., tuple[int, Any]]


def box_stl(width: float = 20, depth: float = 20, height: float = 20) -> bytes:
    w, d, h = width, depth, height
    corners = [(x, y, z) for z in (0, h) for y in (0, d) for x in (0, w)]
    faces = (
        (0, 2, 1), (1, 2, 3), (4, 5, 6), (5, 7, 6), (0, 1, 4), (1, 5, 4),
        (2, 6, 3), (3, 6, 7), (0, 4, 2), (2, 4, 6), (1, 3, 5), (3, 7, 5),
    )  # fmt: skip
    body = b"".join(
        struct.pack("<12fH", 0, 0, 0, *(v for index in face for v in corners[index]), 0)
        for face in faces
    )
    return b"\0" * 80 + struct.pack("<I", len(faces)) + body


def form(content: bytes, name: str) -> tuple[bytes, dict[str, str]]:
    head = f'--X\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    return (
        head.encode() + content + b"\r\n--X--\r\n",
        {"Content-Type": "multipart/form-data; boundary=X"},
    )


class Client:
    """Requests over a real socket."""

    def __init__(self, farm: Any, **headers: str) -> None:
        self.farm = farm
        self.headers = headers

    def __call__(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        connection = self.farm.connect()
        connection.timeout = 60
        sent = dict(self.headers, **(headers or {}))
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(raw) if is_json else raw

    def upload(self, content: bytes, name: str) -> str:
        status, answer = self("POST", "/api/files", *form(content, name))
        assert status == 201, answer
        return str(answer["id"])

    def _knows(self, profile_set: str) -> bool:
        return profile_set in {one["id"] for one in self("GET", "/api/slicing/profiles")[1]["sets"]}

    def slice(self, file_id: str, kit: SimpleNamespace, **more: Any) -> Any:
        wish = {"file_id": file_id, **WISH, **more}
        # a farm that has just begun is still asking its slicers what presets they bring
        kit.wait_for(lambda: self._knows(wish["set"]))
        status, task = self("POST", "/api/slicing", wish)
        assert status == 202, task
        path = f"/api/slicing/{task['id']}"
        states: list[Any] = []

        def ended() -> bool:
            states.append(self("GET", path)[1])
            return states[-1]["state"] in ("done", "failed", "cancelled")

        kit.wait_for(ended, seconds=120)
        told = [state["percent"] for state in states if state["percent"] is not None]
        assert told == sorted(told)
        return states[-1]


def as_mk3s(farm: Any, kit: SimpleNamespace, printer_id: str = "alder") -> None:
    """The fake printer says that it is an MK3S."""
    machine = Machine(
        file_kinds=("gcode",), name="MK3S", volume_mm=(250, 210, 210), centred=False,
        capabilities=frozenset({"upload"}),
    )  # fmt: skip
    farm.printer(printer_id).report(
        kit.make_status(
            printer_id, machine=machine, ams=(), nozzles=(Nozzle(name="nozzle", diameter_mm=0.4),)
        )
    )


@needs_prusa
def test_an_stl_becomes_a_print_file_that_fits_its_printer(
    make_farm: Callable[..., Any], kit: SimpleNamespace
) -> None:
    farm = make_farm(slicer=ON)
    as_mk3s(farm, kit)
    call = Client(farm)
    model = call.upload(box_stl(), "Würfel <b>.stl")
    done = call.slice(model, kit, printer_id="alder")
    assert (done["state"], done["percent"], done["engine"]) == ("done", 100, "prusa")
    assert done["error"] is None and done["name"] == "Würfel <b>.stl"

    status, file = call("GET", f"/api/files/{done['result_file_id']}")
    assert status == 200 and file["name"] == "Würfel <b> MK3S.gcode"
    plate = file["plates"][0]
    assert (plate["models"], plate["nozzle_mm"], plate["layers"]) == (["MK3S"], [0.4], 100)
    assert plate["grams"] > 1 and plate["seconds"] > 600
    status, picture = call("GET", plate["thumbnail"])
    assert status == 200 and picture.startswith(b"\x89PNG") and len(picture) > 500

    farm.services.library.await_bounds(done["result_file_id"], 1, 30)
    status, fit = call("GET", f"/api/files/{done['result_file_id']}/fit")
    rows = {row["printer_id"]: row for row in fit["printers"]}
    codes = {verdict["code"]: verdict["level"] for verdict in rows["alder"]["verdicts"]}
    assert rows["alder"]["ok"] and codes["model"] == "ok" and codes["on_bed"] == "ok", codes
    assert not rows["birch"]["ok"]  # a P1S takes no plain G-code


@needs_prusa
@pytest.mark.parametrize(
    ("size", "code", "words"),
    [
        ((20, 20, 500), "model_too_tall", "500 mm tall; Original Prusa i3 MK3S"),
        ((400, 300, 10), "model_too_large", "400 × 300 mm on the bed"),
        ((300, 20, 10), "model_too_large", "does not fit"),  # only askew; the slicer says no
        ((0.2, 0.2, 0.2), "print_empty", "too small"),
    ],
)
def test_what_cannot_be_printed_fails_with_a_sentence(
    make_farm: Callable[..., Any],
    kit: SimpleNamespace,
    size: tuple[float, float, float],
    code: str,
    words: str,
) -> None:
    call = Client(make_farm(slicer=ON))
    failed = call.slice(call.upload(box_stl(*size), "model.stl"), kit)
    assert failed["state"] == "failed" and failed["result_file_id"] is None
    assert failed["error"]["code"] == code and words in failed["error"]["text"]


@needs_prusa
def test_a_tower_that_prusaslicer_takes_is_caught_behind_it(
    make_farm: Callable[..., Any], kit: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 0 and G-code up to Z 500 on a machine of 210 mm (print-files 1.2)."""
    monkeypatch.setattr("slicer.slicing.work.require_fit", lambda *_: None)
    call = Client(make_farm(slicer=ON))
    failed = call.slice(call.upload(box_stl(20, 20, 500), "tower.stl"), kit)
    assert failed["error"]["code"] == "too_tall"
    assert (
        "500 mm tall; Original Prusa i3 MK3S & MK3S+ prints up to 210 mm"
        in (failed["error"]["text"])
    )
    assert call("GET", "/api/files")[1]["files"][0]["kind"] == "stl"  # nothing else was kept


@needs_prusa
def test_the_result_goes_straight_into_the_queue(
    make_farm: Callable[..., Any], kit: SimpleNamespace
) -> None:
    farm = make_farm(slicer=ON)
    as_mk3s(farm, kit)
    call = Client(farm)
    done = call.slice(
        call.upload(box_stl(), "cube.stl"), kit, printer_id="alder", queue={"copies": 2}
    )
    assert done["state"] == "done" and done["warnings"] == []
    job = farm.services.jobs.job(done["job_id"])
    assert job.file_id == done["result_file_id"] and job.copies == 2
    assert job.target.values == ("alder",)


@needs_prusa
def test_a_profile_for_another_printer_is_refused(
    make_farm: Callable[..., Any], kit: SimpleNamespace
) -> None:
    call = Client(make_farm(slicer=ON))
    model = call.upload(box_stl(), "cube.stl")
    status, answer = call("POST", "/api/slicing", {"file_id": model, **WISH, "printer_id": "alder"})
    assert status == 422 and answer["error"]["code"] == "wrong_machine"
    assert "another printer than Alder" in answer["error"]["message"]


@needs_prusa
def test_the_slicers_that_were_found_are_listed(make_farm: Callable[..., Any]) -> None:
    status, answer = Client(make_farm(slicer=ON))("GET", "/api/slicing")
    assert status == 200 and answer["enabled"] and answer["why"] == ""
    rows = {row["name"]: row for row in answer["engines"]}
    assert rows["prusa"]["ok"] and rows["prusa"]["version"].startswith("2.")
    assert set(rows) == {"orca", "bambu", "prusa", "cura"}
    assert all(row["ok"] or row["why"] for row in rows.values())


@needs_prusa
def test_a_mistyped_path_is_told_beside_the_slicer_that_was_found(
    make_farm: Callable[..., Any], tmp_path: Any
) -> None:
    wrong = replace(ON, prusa_paths=(str(tmp_path / "prusa-slizer"),))
    rows = Client(make_farm(slicer=wrong))("GET", "/api/slicing")[1]["engines"]
    prusa = [row for row in rows if row["name"] == "prusa"]
    assert len(prusa) == 1 and prusa[0]["ok"]  # the one in PATH
    assert "prusa-slizer" in prusa[0]["why"]


def test_off_by_default_and_every_post_says_how_to_switch_it_on(farm: Any) -> None:
    call = Client(farm)
    status, answer = call("GET", "/api/slicing")
    assert (status, answer["enabled"], answer["engines"], answer["tasks"]) == (200, False, [], [])
    assert '"enabled": true under "slicer"' in answer["why"]
    posts: tuple[tuple[Any, ...], ...] = (
        ("POST", "/api/slicing", {"file_id": "f" * 32, **WISH}),
        ("POST", "/api/slicing/profiles", *form(b"x", "a.ini")),
    )
    for request in posts:
        status, answer = call(*request)
        assert status == 409 and answer["error"]["code"] == "slicing_off"
        assert "config.json" in answer["error"]["message"]


def test_without_a_slicer_it_says_what_to_install(
    make_farm: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slicer.engines.detect.Detector.look", lambda _: ())
    call = Client(make_farm(slicer=ON))
    status, answer = call("POST", "/api/slicing", {"file_id": "f" * 32, **WISH})
    assert status == 409 and answer["error"]["code"] == "no_slicer"
    assert "prusa-slicer (apt)" in answer["error"]["message"]
    assert call("GET", "/api/slicing")[1]["why"] == answer["error"]["message"]


@needs_prusa
@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"colour": "red"}, 400, "'colour'"),
        ({"machine": None}, 400, "'machine' is missing"),
        ({"filaments": []}, 400, "'filaments'"),
        ({"filaments": "PLA"}, 400, "'filaments'"),
        ({"filaments": [5]}, 400, "'filaments'"),
        ({"plate": 0}, 422, "between 1 and 64"),
        ({"engine": "kisslicer"}, 400, "'engine' must be one of"),
        ({"engine": "orca"}, 422, "cannot read these profiles"),
        ({"set": "nobody"}, 404, "no such profile set"),
        ({"file_id": "f" * 32}, 404, "no such file"),
        ({"printer_id": "nobody"}, 404, "no printer"),
        ({"machine": "MK9"}, 422, 'no machine profile "MK9"'),
        ({"queue": {"target": {"planet": "Mars"}}}, 400, "target"),
        ({"queue": {"copies": 0}}, 422, "copies"),
        ({"queue": {"when": "now"}}, 400, "'when'"),
        ({"queue": 5}, 400, "'queue'"),
    ],
)
def test_a_wrong_wish_is_refused_at_once(
    make_farm: Callable[..., Any], change: dict[str, Any], status: int, words: str
) -> None:
    farm = make_farm(slicer=ON)
    call = Client(farm)
    model = call.upload(box_stl(), "cube.stl")
    got, answer = call("POST", "/api/slicing", {"file_id": model, **WISH, **change})
    assert got == status, answer
    assert words in answer["error"]["message"]
    assert farm.services.slicing.tasks() == []


@needs_prusa
def test_the_same_wish_sent_twice_is_sliced_once(make_farm: Callable[..., Any]) -> None:
    farm = make_farm(slicer=ON)
    call = Client(farm)
    wish = {"file_id": call.upload(box_stl(), "cube.stl"), **WISH}
    first, second = (
        call("POST", "/api/slicing", wish, {"Idempotency-Key": "k1"}) for _ in range(2)
    )
    assert first[0] == second[0] == 202 and first[1]["id"] == second[1]["id"]
    assert len(farm.services.slicing.tasks()) == 1


@needs_prusa
def test_a_slicing_can_be_cancelled_and_dismissed(
    make_farm: Callable[..., Any], kit: SimpleNamespace
) -> None:
    call = Client(make_farm(slicer=replace(ON, timeout_s=60)))
    model = call.upload(box_stl(200, 200, 200), "large.stl")
    _, task = call("POST", "/api/slicing", {"file_id": model, **WISH})
    path = f"/api/slicing/{task['id']}"
    assert call("DELETE", path) == (204, b"")
    kit.wait_for(lambda: call("GET", path)[1]["state"] == "cancelled")
    assert call("DELETE", path)[0] == 204
    assert call("GET", path)[0] == 404 and call("DELETE", path)[0] == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/slicing"), ("POST", "/api/slicing"), ("GET", "/api/slicing/x"),
        ("DELETE", "/api/slicing/x"), ("GET", "/api/slicing/profiles"),
        ("POST", "/api/slicing/profiles"), ("GET", "/api/slicing/profiles/x"),
        ("DELETE", "/api/slicing/profiles/x"), ("PUT", "/api/slicing/defaults/alder"),
        ("DELETE", "/api/slicing/defaults/alder"),
    ],
)  # fmt: skip
def test_nobody_slices_without_signing_in(locked_farm: Any, method: str, path: str) -> None:
    assert Client(locked_farm)(method, path)[0] == 401


def test_a_page_of_another_site_may_not_slice(farm: Any) -> None:
    call = Client(farm, Origin="http://evil.example")
    assert call("POST", "/api/slicing", {"file_id": "x", **WISH})[0] == 403
