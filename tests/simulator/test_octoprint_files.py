"""Keys, uploads, files and documents of the simulated OctoPrint, and its HTTP faults."""

from __future__ import annotations

import pytest
import requests

from simulator.octoprint.analysis import analyse
from tests.simulator.octoprint_client import WAIT_S, Client, farm_of_one, gcode
from tests.waiting import wait_for


@pytest.fixture
def client():
    with farm_of_one(time_scale=20) as farm:
        one = Client(farm)
        yield one
        one.close()


def with_key(client, key, method="GET", path="/api/version"):
    return client.call(method, path, headers={"X-Api-Key": key}, json={})


# keys


def test_a_wrong_key_is_403_to_look_and_400_to_change(client):
    assert with_key(client, "wrong").status_code == 403
    answer = with_key(client, "wrong", "POST", "/api/job")
    assert (answer.status_code, answer.json()) == (400, {"error": "CSRF validation failed"})


def test_a_changed_key_shuts_the_old_one_out(client):
    old = client.key
    client.printer.set(api_key="another-key")
    assert with_key(client, old).status_code == 403
    assert with_key(client, client.key).status_code == 200
    client.printer.set(refuse_login=True)
    assert with_key(client, client.key).status_code == 403


def test_the_settings_hold_another_key_and_the_webcam(client):
    settings = client.get("/api/settings")
    assert settings["api"]["key"] not in ("", client.key)
    webcam = settings["webcam"]
    picture = client.call("GET", webcam["snapshotUrl"].removeprefix(client.url), headers={})
    assert picture.content[:3] == b"\xff\xd8\xff"
    url = webcam["webcams"][0]["compat"]["stream"]
    with requests.get(url, stream=True, timeout=WAIT_S) as stream:
        assert "multipart/x-mixed-replace" in stream.headers["Content-Type"]
        assert b"\xff\xd8\xff" in next(stream.iter_content(4096))


def test_the_webcam_can_be_missing_or_relative(client):
    client.printer.set(no_webcam=True)
    assert client.get("/api/settings")["webcam"]["streamUrl"] == ""
    client.printer.set(no_webcam=False, relative_webcam=True)
    assert client.get("/api/settings")["webcam"]["streamUrl"] == "/webcam/?action=stream"


def test_the_profile_is_the_models(client):
    profile = client.get("/api/printerprofiles")["profiles"]["_default"]
    assert profile["volume"]["width"] == 220.0
    assert profile["model"] == "Creality Ender 3"
    assert (profile["heatedBed"], profile["heatedChamber"]) == (True, False)


# uploads


def test_an_upload_is_kept_byte_for_byte_in_its_folder(client):
    content = gcode(1)
    answer = client.upload("tëst (1).gcode", content, path="farm/june")
    assert answer.status_code == 201
    where = answer.json()["files"]["local"]
    assert where["path"] == "farm/june/tëst (1).gcode"
    assert answer.headers["Location"] == where["refs"]["resource"]
    assert client.printer.file("/farm/june/tëst (1).gcode") == content
    path = where["refs"]["download"].removeprefix(client.url)
    assert client.call("GET", path).content == content
    row = client.call("GET", where["refs"]["resource"].removeprefix(client.url)).json()
    assert row["size"] == len(content) and row["user"] == "admin"


def test_addresses_begin_as_the_client_spelled_the_server(client):
    headers = {"X-Api-Key": client.key, "Host": "printer.local:5000"}
    rows = client.call("GET", "/api/files", headers=headers).json()["files"]
    assert rows[0]["refs"]["resource"].startswith("http://printer.local:5000/api/files/local/")


def test_folders_are_listed_with_their_content_only_when_asked(client):
    client.upload("in.gcode", gcode(1), path="farm")

    def farm(query):
        rows = client.get(f"/api/files{query}")["files"]
        return next(row for row in rows if row["name"] == "farm")

    assert farm("")["children"] == []
    assert [row["path"] for row in farm("?recursive=true")["children"]] == ["farm/in.gcode"]
    assert [r["path"] for r in client.get("/api/files/local/farm")["children"]] == ["farm/in.gcode"]


def test_a_folder_goes_with_all_it_holds_unless_it_is_in_use(client):
    client.upload("in.gcode", gcode(60), path="farm/deep")
    client.post("/api/files/local/farm/deep/in.gcode", command="select", print=True)
    client.wait("Printing")
    assert client.call("DELETE", "/api/files/local/farm").status_code == 409
    client.post("/api/job", command="cancel")
    client.wait("Operational")
    assert client.call("DELETE", "/api/files/local/farm").status_code == 204
    assert client.call("GET", "/api/files/local/farm/deep/in.gcode").status_code == 404
    assert client.job()["job"]["file"]["name"] is None


def test_a_full_disk_is_500_and_leaves_an_empty_file(client):
    client.upload("part.gcode", gcode(1))
    client.printer.set(disk_full=True)
    answer = client.upload("part.gcode", gcode(1))
    assert answer.status_code == 500
    assert answer.json() == {"error": "[Errno 28] No space left on device"}
    row = client.get("/api/files/local/part.gcode")
    assert row["size"] == 0  # what was there before is gone too, as on the real server
    assert client.get("/api/files")["free"] == 0


def test_what_happens_to_an_upload_shows_in_its_size(client):
    client.printer.set(upload_truncate_at=100)
    assert client.upload("cut.gcode", gcode(1)).status_code == 201
    assert client.get("/api/files/local/cut.gcode")["size"] == 100
    client.printer.set(upload_truncate_at=0, upload_lost=True)
    assert client.upload("lost.gcode", gcode(1)).status_code == 201
    assert client.call("GET", "/api/files/local/lost.gcode").status_code == 404
    client.printer.set(upload_lost=False, drop_upload_at=1000)
    with pytest.raises(requests.ConnectionError):
        client.upload("dropped.gcode", gcode(1))
    assert client.call("GET", "/api/files/local/dropped.gcode").status_code == 404


def test_a_file_can_be_listed_late(client):
    client.printer.set(file_delay_s=0.4)
    client.upload("late.gcode", gcode(1))
    assert client.call("GET", "/api/files/local/late.gcode").status_code == 404
    wait_for(
        lambda: client.call("GET", "/api/files/local/late.gcode").status_code == 200, "listing"
    )


def test_a_file_put_into_the_folder_has_no_user(client):
    rows = client.get("/api/files")["files"]
    assert rows and all("user" not in row and row["links"] == [] for row in rows)


def test_free_space_and_size_are_told(client):
    before = client.get("/api/files")
    client.upload("part.gcode", gcode(1))
    after = client.get("/api/files")
    assert before["free"] - after["free"] == len(gcode(1))
    assert after["total"] > after["free"]


def test_the_analysis_measures_the_printed_part_and_keeps_the_slicers_time():
    found = analyse(
        b"; estimated printing time (normal mode) = 2m\nG1 Z0.2\nG1 X10 Y10 E1\nG1 X90 E3"
    )
    assert found["estimatedPrintTime"] == 120.0
    assert found["dimensions"] == {"width": 80.0, "depth": 0.0, "height": 0.0}
    assert found["filament"]["tool0"]["length"] == pytest.approx(3.0)
    assert found["travelArea"]["minX"] == 0.0
    assert analyse(b"G28\nM117 x\n")["_empty"] is True


# faults of the wire


@pytest.mark.parametrize(
    ("knobs", "status"), [({"http_status": 502}, 502), ({"html_page": True}, 200)]
)
def test_a_proxy_answers_for_the_server(client, knobs, status):
    client.printer.set(**knobs)
    answer = client.call("GET", "/api/version")
    assert answer.status_code == status
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_answers_can_be_lost_after_the_deed(client):
    client.upload("part.gcode", gcode(60))
    client.printer.set(answer_lost=True)
    with pytest.raises(requests.ConnectionError):
        client.post("/api/files/local/part.gcode", command="select", print=True)
    client.wait("Printing")


def test_commands_can_be_ignored_or_refused(client):
    client.upload("part.gcode", gcode(60))
    client.printer.set(ignore_commands="start", fail_commands="jog")
    assert client.post("/api/files/local/part.gcode", command="select", print=True) == 204
    assert client.post("/api/printer/printhead", command="jog", x=1) == 409
    assert client.state == "Operational"
    assert client.job()["job"]["file"]["name"] == "part.gcode"


def test_the_start_can_take_its_time(client):
    client.upload("part.gcode", gcode(60))
    client.printer.set(start_delay_s=0.4)
    assert client.post("/api/files/local/part.gcode", command="select", print=True) == 204
    assert client.state == "Operational"
    client.wait("Printing")


def test_requests_are_remembered_without_keys(client):
    client.post("/api/job", command="start")
    last = client.printer.requests()[-1]
    assert (last["method"], last["path"], last["body"]) == (
        "POST",
        "/api/job",
        {"command": "start"},
    )
    assert client.key not in str(client.printer.requests())
