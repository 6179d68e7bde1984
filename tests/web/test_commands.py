"""Acting: one printer, many, the library, starts, jobs, and the earlier dashboard's routes."""

from __future__ import annotations

import hashlib
import io
import json
import threading
from dataclasses import replace
from typing import Any

import pytest

from core.errors import PrinterOffline, PrinterRejected, PrinterTimeout
from printers import commands as c
from printers.status import PrinterState
from simulator.plates import PlateSpec, build_gcode_3mf


@pytest.fixture(scope="module")
def sliced() -> bytes:
    return build_gcode_3mf(plates=[PlateSpec()], model="P1S", name="gear")


def upload(client: Any, content: bytes, name: str = "gear.gcode.3mf", **form: str) -> Any:
    data = {**form, "file": (io.BytesIO(content), name)}
    return client.post("/api/files", data=data, content_type="multipart/form-data")


def test_a_command_goes_through_the_gate_to_the_printer(farm: Any) -> None:
    client = farm.app.test_client()
    answer = client.post("/api/printers/alder/light", json={"on": False})
    assert answer.status_code == 202
    assert answer.json == {"ok": True, "text": "taken"}
    assert farm.printer().commands == [c.SetLight(on=False)]
    events = client.get("/api/printers/alder/events").json["events"]
    assert events[0]["text"] == "light sent"


def test_refusals_are_409_with_the_sentence_of_the_gate(farm: Any, kit: Any) -> None:
    client = farm.app.test_client()
    farm.printer().report(kit.printing("alder"))
    kit.wait_for(lambda: farm.doc()["state"] == "printing")
    for action, body in (("jog", {"z": 10}), ("home", {}), ("gcode", {"line": "G1 Z5"})):
        answer = client.post(f"/api/printers/alder/{action}", json=body)
        assert answer.status_code == 409, action
        assert answer.json["error"]["code"] == "printer_busy"
    why = farm.doc()["gates"]["jog"]["why"]
    refused = client.post("/api/printers/alder/jog", json={"z": 10}).json["error"]["message"]
    assert refused == why
    assert farm.printer().commands == []
    events = client.get("/api/printers/alder/events").json["events"]
    assert events[0]["kind"] == "refused"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (PrinterRejected("no"), 502, "printer_rejected"),
        (PrinterOffline("gone"), 503, "printer_offline"),
        (PrinterTimeout("late"), 504, "printer_timeout"),
    ],
)
def test_the_printers_answers_have_their_own_codes(
    farm: Any, error: Exception, status: int, code: str
) -> None:
    farm.printer().refusal = error
    answer = farm.app.test_client().post("/api/printers/alder/pause", json={})
    assert answer.status_code == 409  # the gate comes first
    answer = farm.app.test_client().post("/api/printers/alder/light", json={"on": True})
    assert answer.status_code == status
    assert answer.json["error"]["code"] == code


def test_unknown_printers_actions_and_fields(farm: Any) -> None:
    client = farm.app.test_client()
    assert client.post("/api/printers/nobody/pause", json={}).status_code == 404
    unknown = client.post("/api/printers/alder/explode", json={})
    assert unknown.status_code == 404
    assert unknown.json["error"]["code"] == "unknown_action"
    odd = client.post("/api/printers/alder/light", json={"on": True, "off": False})
    assert odd.status_code == 400
    assert "'off'" in odd.json["error"]["message"]
    assert client.get("/api/printers/alder/pause").status_code == 405


def test_bed_and_maintenance(farm: Any, kit: Any) -> None:
    client = farm.app.test_client()
    mark = "/api/printers/alder/mark-clear"
    farm.printer().report(kit.printing("alder"))
    kit.wait_for(lambda: farm.doc()["bed"]["clear"] is False)
    farm.printer().report(replace(kit.printing("alder"), state=PrinterState.FINISHED))
    kit.wait_for(lambda: farm.doc()["state"] == "needs_clear")
    assert client.post(mark, json={}).status_code == 202
    kit.wait_for(lambda: farm.doc()["state"] == "ready")
    assert client.post(mark, json={"undo": True}).status_code == 202
    kit.wait_for(lambda: farm.doc()["state"] == "needs_clear")
    assert client.post(mark, json={"undo": 1}).status_code == 400
    assert client.post(mark, json={}).status_code == 202
    body = {"on": True, "note": "New nozzle"}
    assert client.post("/api/printers/alder/maintenance", json=body).status_code == 202
    kit.wait_for(lambda: farm.doc()["state"] == "maintenance")
    assert farm.doc()["maintenance"]["note"] == "New nozzle"
    assert client.post("/api/printers/alder/maintenance", json={}).status_code == 400


def test_one_approval_for_several_beds_lists_them_all(farm: Any, kit: Any) -> None:
    client = farm.app.test_client()
    for name in ("alder", "birch"):
        farm.printer(name).report(kit.printing(name))
        kit.wait_for(lambda name=name: farm.doc(name)["bed"]["clear"] is False)
    done = replace(kit.printing("alder"), state=PrinterState.FINISHED)
    farm.printer("alder").report(done)
    kit.wait_for(lambda: farm.doc()["state"] == "needs_clear")
    mark = "/api/fleet/mark-clear"
    both = {"printer_ids": ["alder", "birch", "nobody"]}
    results = client.post(mark, json=both).json["results"]
    assert [(r["printer_id"], r["ok"], r["code"]) for r in results] == [
        ("alder", True, ""),
        ("birch", False, "printer_busy"),
        ("nobody", False, "printer_not_found"),
    ]
    assert results[1]["why"].startswith("Birch is printing")
    kit.wait_for(lambda: farm.doc()["bed"]["clear"] is True)
    again = client.post(mark, json={"printer_ids": ["alder"]}).json["results"]
    assert again[0]["ok"], "said twice is still said"
    back = client.post(mark, json={"printer_ids": ["alder"], "undo": True}).json["results"]
    assert [r["ok"] for r in back] == [True]
    kit.wait_for(lambda: farm.doc()["state"] == "needs_clear")
    late = client.post(mark, json={"printer_ids": ["alder"], "undo": True}).json["results"]
    assert [(r["ok"], r["code"]) for r in late] == [(False, "undo_expired")]


def test_fleet_actions_have_a_result_per_printer(farm: Any, kit: Any) -> None:
    client = farm.app.test_client()
    farm.printer("birch").report(kit.printing("birch"))
    kit.wait_for(lambda: farm.doc("birch")["state"] == "printing")
    results = client.post("/api/fleet/home", json={}).json["results"]
    assert [(r["printer_id"], r["ok"], r["code"]) for r in results] == [
        ("alder", True, ""),
        ("birch", False, "printer_busy"),
    ]
    assert "crash" in results[1]["why"]
    chosen = {"printer_ids": ["birch", "nobody"], "on": True}
    results = client.post("/api/fleet/light", json=chosen).json["results"]
    assert [(r["printer_id"], r["ok"], r["code"]) for r in results] == [
        ("birch", True, ""),
        ("nobody", False, "printer_not_found"),
    ]
    marked = client.post("/api/fleet/maintenance", json={"on": True}).json["results"]
    assert all(r["ok"] for r in marked)
    assert client.post("/api/fleet/explode", json={}).status_code == 404
    assert client.post("/api/fleet/light", json={}).status_code == 400


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_one_broken_printer_does_not_spoil_a_fleet_action(farm: Any) -> None:
    farm.printer("alder").refusal = RuntimeError("bug in an adapter")
    answer = farm.app.test_client().post("/api/fleet/light", json={"on": True})
    assert answer.status_code == 200
    assert [r["code"] for r in answer.json["results"]] == ["internal_error", ""]


def test_fault_clear_by_body(farm: Any) -> None:
    client = farm.app.test_client()
    answer = client.post("/api/fault/clear", json={"printer_id": "alder"})
    assert answer.status_code == 202
    assert farm.printer().commands == [c.ClearFault()]
    assert client.post("/api/fault/clear", json={}).status_code == 400


def test_fault_clear_as_the_earlier_dashboards_scripts_send_it(farm: Any) -> None:
    client = farm.app.test_client()
    answer = client.post("/api/fault/clear?printer_id=birch")
    assert (answer.status_code, answer.json["ok"]) == (202, True)
    assert farm.printer("birch").commands == [c.ClearFault()]
    unknown = client.post("/api/fault/clear?printer_id=nobody")
    assert (unknown.status_code, unknown.json["ok"]) == (404, False)


def test_the_same_key_acts_once(farm: Any) -> None:
    client = farm.app.test_client()
    key = {"Idempotency-Key": "k-1"}
    url = "/api/printers/alder/light"
    first = client.post(url, json={"on": True}, headers=key)
    second = client.post(url, json={"on": True}, headers=key)
    assert first.data == second.data
    assert second.status_code == 202
    assert second.headers["Idempotency-Replayed"] == "true"
    assert len(farm.printer().commands) == 1
    assert client.post(url, json={"on": False}, headers=key).status_code == 422
    client.post(url, json={"on": True}, headers={"Idempotency-Key": "k-2"})
    client.post("/api/printers/birch/light", json={"on": True}, headers=key)
    assert len(farm.printer().commands) == 2
    assert len(farm.printer("birch").commands) == 1
    assert client.post(url, json={"on": True}, headers={"Idempotency-Key": ""}).status_code == 400


def test_a_key_in_use_is_refused(farm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, go = threading.Event(), threading.Event()
    fleet = farm.services.fleet
    execute = fleet.execute

    def slow(*args: Any) -> Any:
        inside.set()
        go.wait(5)
        return execute(*args)

    monkeypatch.setattr(fleet, "execute", slow)
    codes = []

    def send() -> None:
        answer = farm.app.test_client().post(
            "/api/printers/alder/light", json={"on": True}, headers={"Idempotency-Key": "k"}
        )
        codes.append(answer.status_code)

    first = threading.Thread(target=send)
    first.start()
    assert inside.wait(5)
    send()
    go.set()
    first.join(5)
    assert codes == [409, 202]
    assert len(farm.printer().commands) == 1


def test_library_over_http(farm: Any, sliced: bytes) -> None:
    client = farm.app.test_client()
    answer = upload(client, sliced)
    assert answer.status_code == 201, answer.text
    file = answer.json
    assert file["sha256"] == hashlib.sha256(sliced).hexdigest()
    assert file["size_bytes"] == len(sliced)
    assert file["name"] == "gear.gcode.3mf"
    plate = file["plates"][0]
    assert plate["model"]
    assert plate["seconds"] > 0
    assert client.get("/api/files").json["files"] == [file]
    assert client.get(f"/api/files/{file['id']}").json == file
    picture = client.get(plate["thumbnail"])
    assert picture.mimetype == "image/png"
    assert picture.data.startswith(b"\x89PNG")
    etag = {"If-None-Match": picture.headers["ETag"]}
    assert client.get(plate["thumbnail"], headers=etag).status_code == 304
    fit = client.get(f"/api/files/{file['id']}/fit?plate=1").json
    assert fit["plate"] == 1
    row = fit["printers"][0]
    assert row["printer_id"] == "alder"
    assert row["level"] in ("ok", "warn", "confirm", "refuse")
    assert {"filament", "slot", "verdict"} <= set(row["mapping"][0])
    assert client.get(f"/api/files/{file['id']}/fit?plate=9").status_code == 404
    assert client.get(f"/api/files/{file['id']}/fit?plate=x").status_code == 400
    assert client.delete(f"/api/files/{file['id']}").status_code == 204
    assert client.get(f"/api/files/{file['id']}").status_code == 404


def test_uploads_that_are_refused(farm: Any, sliced: bytes) -> None:
    client = farm.app.test_client()
    assert upload(client, b"not a zip").status_code == 422
    assert upload(client, sliced, oops="1").status_code == 400
    assert client.post("/api/files", json={}).status_code == 415
    wrong = client.post("/api/files", data={"other": (io.BytesIO(b"x"), "x")})
    assert wrong.status_code == 400
    none = client.post("/api/files", data={"a": "b"}, content_type="multipart/form-data")
    assert none.status_code == 400
    two = {"file": [(io.BytesIO(sliced), "a.gcode.3mf"), (io.BytesIO(sliced), "b.gcode.3mf")]}
    assert client.post("/api/files", data=two).status_code == 400
    many = {f"f{n}": "x" for n in range(40)}
    many_answer = client.post("/api/files", data={**many, "file": (io.BytesIO(b"x"), "x")})
    assert many_answer.status_code == 413
    kind = "multipart/form-data; boundary=b"
    big = client.post("/api/files", data=b"x" * 9_000_000, content_type=kind)
    assert big.status_code == 413


def test_an_upload_over_a_real_socket_is_streamed(farm: Any, sliced: bytes) -> None:
    """A cut-off upload leaves nothing; a whole one arrives whole."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.gcode.3mf"\r\n\r\n'
    body = head + sliced + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    connection = farm.connect()
    connection.request("POST", "/api/files", body=body, headers=headers)
    answer = connection.getresponse()
    assert answer.status == 201
    assert json.loads(answer.read())["sha256"] == hashlib.sha256(sliced).hexdigest()
    cut = {**headers, "Content-Length": str(len(body) + 1000)}
    connection.request("POST", "/api/files", body=body[: len(body) // 2], headers=cut)
    assert connection.sock is not None
    connection.sock.shutdown(1)
    assert connection.getresponse().status == 400
    connection.close()
    folder = farm.services.config.data_dir / "files"
    assert not [path for path in folder.iterdir() if path.name.endswith(".part")]


def test_upload_and_start(farm: Any, kit: Any, sliced: bytes) -> None:
    client = farm.app.test_client()
    form = {
        "printer_id": "alder", "plate": "1", "confirm": "true", "timelapse": "false",
        "file": (io.BytesIO(sliced), "gear.gcode.3mf"),
    }  # fmt: skip
    answer = client.post("/api/upload-and-start", data=form)
    assert answer.status_code == 202, answer.text
    job_id = answer.json["job_id"]
    kit.wait_for(lambda: farm.printer().starts)
    assert farm.printer().uploads[0][1] == len(sliced)
    job = client.get(f"/api/jobs/{job_id}").json
    assert job["printer_id"] == "alder"
    assert job["name"].startswith("gear")
    listing = client.get("/api/jobs").json
    assert [entry["id"] for entry in listing["jobs"]] == [job_id]
    assert listing["rev"] >= 1
    kit.wait_for(lambda: farm.services.hub.state.jobs[job_id]["state"] == "starting")
    again = client.post(
        "/api/printers/alder/start", json={"file_id": answer.json["file_id"], "confirm": ["all"]}
    )
    assert again.status_code == 409
    assert client.post("/api/printers/alder/mark-clear", json={}).status_code == 409
    stale = client.post(f"/api/jobs/{job_id}/resolve", json={"outcome": "give_up", "rev": 0})
    assert stale.status_code == 409
    wrong = client.post(f"/api/jobs/{job_id}/resolve", json={"outcome": "magic", "rev": 0})
    assert wrong.status_code == 422


def test_start_is_refused_with_its_reason(farm: Any) -> None:
    client = farm.app.test_client()
    url = "/api/printers/alder/start"
    assert client.post(url, json={"file_id": "0" * 32}).status_code == 404
    assert client.post(url, json={}).status_code == 400
    assert client.post(url).status_code == 415
    assert client.post("/api/printers/x/start", json={"file_id": "1"}).status_code == 404
    form = {"file": (io.BytesIO(b"x"), "x.gcode.3mf"), "printer_id": "alder"}
    assert client.post("/api/upload-and-start", data=form).status_code == 422
    assert client.get("/api/jobs/j-99").status_code == 404


@pytest.mark.parametrize(
    ("path", "body", "command"),
    [
        ("/api/light/on", None, c.SetLight(on=True)),
        ("/api/light/off", {}, c.SetLight(on=False)),
        ("/api/light/chamber/on", None, c.SetLight(on=True)),
        ("/api/light/chamber/off", None, c.SetLight(on=False)),
        ("/api/jog/home", None, c.Home()),
        ("/api/jog", {"dx": 5, "feed": 600}, c.Jog(x=5, speed_mm_min=600)),
        ("/api/temps", {"bed": 60}, c.SetTemperature(heater="bed", target=60)),
        ("/api/fans", {"part": 50}, c.SetFan(fan="part", percent=50)),
        ("/api/ams/select", {"ams_id": 0, "tray_id": 2}, c.SelectTray(slot="A3")),
        ("/api/ams/select", {"ams_id": 255, "tray_id": 254}, c.SelectTray(slot="Ext")),
    ],
)
def test_routes_of_the_earlier_dashboard(
    farm: Any, path: str, body: dict[str, Any] | None, command: c.Command
) -> None:
    client = farm.app.test_client()
    url = f"{path}?printer_id=alder"
    answer = client.post(url) if body is None else client.post(url, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json["ok"] is True
    assert farm.printer().commands == [command]


def test_refusals_of_the_earlier_routes_keep_our_codes(farm: Any, kit: Any) -> None:
    client = farm.app.test_client()
    for path in ("/api/pause", "/api/resume", "/api/stop"):
        answer = client.post(f"{path}?printer_id=alder")
        assert answer.status_code == 409
        assert answer.json["ok"] is False
        assert answer.json["error"]["code"] == "no_job"
    assert client.post("/api/pause").status_code == 400
    assert client.post("/api/pause?printer_id=x").status_code == 404
    assert client.post("/api/temps?printer_id=alder", json={}).status_code == 400
    assert client.post("/api/jog?printer_id=alder", json={"dx": 0}).status_code == 400
    assert client.get("/api/ams?printer_id=alder").json["ams"][0]["label"] == "A"
    assert client.get("/api/diag").json["ok"] is True
    results = client.post("/api/broadcast/pause").json
    assert results["ok"] is False
    assert [r["code"] for r in results["results"]] == ["no_job", "no_job"]
    fans = client.post("/api/broadcast/fans", json={"part": 20, "aux": 10}).json
    assert fans["ok"] is True
    assert len(farm.printer("birch").commands) == 2
    assert client.post("/api/broadcast/light/on").json["ok"] is True


def test_earlier_uploads(farm: Any, kit: Any, sliced: bytes) -> None:
    client = farm.app.test_client()
    form = {"file": (io.BytesIO(sliced), "gear.gcode.3mf")}
    kept = client.post("/api/upload?printer_id=alder", data=form)
    assert kept.json["ok"] is True
    assert kept.json["filename"] == "gear.gcode.3mf"
    form = {"file": (io.BytesIO(sliced), "gear.gcode.3mf")}
    started = client.post("/api/upload?printer_id=alder&start=1&plate=1", data=form)
    assert started.status_code == 202, started.text
    kit.wait_for(lambda: farm.printer().starts)
    form = {"file": (io.BytesIO(sliced), "gear.gcode.3mf")}
    queued = client.post("/api/jobs?printer_id=birch&plate=1&auto_assign=0", data=form)
    assert queued.status_code == 202, queued.text


def test_who_marked_a_bed_clear_is_kept(locked_farm: Any, kit: Any) -> None:
    client, headers = locked_farm.app.test_client(), kit.basic()
    locked_farm.printer().report(kit.printing("alder"))
    locked_farm.printer().report(replace(kit.printing("alder"), state=PrinterState.FINISHED))
    kit.wait_for(lambda: locked_farm.services.jobs.view().bed("alder").name)
    for path, body in (
        ("/api/printers/alder/mark-clear", {}),
        ("/api/fleet/mark-clear", {"printer_ids": ["alder"]}),
    ):
        assert client.post(path, json=body, headers=headers).status_code in (200, 202)
        assert locked_farm.services.jobs.view().bed("alder").by == "owner"
        undo = {"undo": True}
        client.post("/api/printers/alder/mark-clear", json=undo, headers=headers)
