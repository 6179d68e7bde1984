"""Uploads over HTTP: kept, refused, started."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any


def upload(client: Any, content: bytes, name: str = "gear.gcode.3mf", **form: str) -> Any:
    data = {**form, "file": (io.BytesIO(content), name)}
    return client.post("/api/files", data=data, content_type="multipart/form-data")


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
