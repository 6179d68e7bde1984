"""The queue over HTTP and in the pages' frames: api.md's rows for jobs and dispatch."""

from __future__ import annotations

import io
from typing import Any

import pytest

from slicer.library import FileLibrary


@pytest.fixture
def file_id(farm: Any, sliced: bytes) -> str:
    library: FileLibrary = farm.services.library
    stored = library.add(io.BytesIO(sliced), "gear.gcode.3mf")
    return stored.id


def add(farm: Any, file_id: str, **wishes: Any) -> Any:
    body = {"file_id": file_id, "target": {"any": True}, "confirm": ["all"], **wishes}
    return farm.app.test_client().post("/api/jobs", json=body)


def test_a_job_is_made_and_read_back(farm: Any, file_id: str) -> None:
    answer = add(farm, file_id, copies=3, priority=1, notes="n", options={"timelapse": True})
    assert answer.status_code == 201 and answer.headers["Location"] == "/api/jobs/j-1"
    job = answer.json
    assert {name: job[name] for name in ("id", "state", "copies", "made", "left", "plate")} == {
        "id": "j-1", "state": "queued", "copies": 3, "made": 0, "left": 3, "plate": 1,
    }  # fmt: skip
    assert job["target"] == {"any": True} and job["printer_id"] is None
    assert job["file_id"] == file_id and job["name"] == "gear.gcode.3mf"
    client = farm.app.test_client()
    assert client.get("/api/jobs/j-1").json == job
    listing = client.get("/api/jobs").json
    assert [one["id"] for one in listing["jobs"]] == ["j-1"]
    assert listing["rev"] == farm.services.jobs.revision > 0


@pytest.mark.parametrize(
    "target",
    [
        {"printer_id": "alder"}, {"printer_ids": ["alder", "birch"]}, {"model": "P1S"},
        {"any": True},
    ],
)  # fmt: skip
def test_every_target_comes_back_as_it_was_given(farm: Any, file_id: str, target: Any) -> None:
    assert add(farm, file_id, target=target).json["target"] == target


@pytest.mark.parametrize(
    ("wishes", "status"),
    [
        ({"target": {}}, 400),
        ({"target": {"any": False}}, 400),
        ({"target": {"any": 1}}, 400),
        ({"target": {"any": True, "tag": "x"}}, 400),
        ({"target": {"printer_id": 7}}, 400),
        ({"target": {"printer_id": "nobody"}}, 404),
        ({"target": {"printer_ids": []}}, 400),
        ({"target": {"tag": "none"}}, 422),
        ({"target": {"somewhere": "x"}}, 400),
        ({"copies": 0}, 422),
        ({"copies": 1.5}, 400),
        ({"priority": 99}, 422),
        ({"not_before": "tomorrow"}, 400),
        ({"options": {"turbo": True}}, 400),
        ({"ams_mapping": [0]}, 422),
        ({"plate": 3}, 422),
        ({"deadline": 1.0}, 422),
        ({"deadline": "noon"}, 400),
        ({"filament": "PLA"}, 400),
        ({"filament": [1]}, 400),
        ({"filament": [{}] * 65}, 400),
        ({"filament": {"match": "nearly"}}, 422),
        ({"filament": {"color": "blackish"}}, 400),
        ({"filament": {"index": 9}}, 422),
        ({"filament": {"type": "ABS"}}, 422),
        ({"filament": {"brand": "x"}}, 400),
        ({"filament": [{"match": "type"}, {"match": "exact"}]}, 422),
        ({"wat": 1}, 400),
    ],
)
def test_bad_wishes(farm: Any, file_id: str, wishes: Any, status: int) -> None:
    answer = add(farm, file_id, **wishes)
    assert answer.status_code == status, answer.text
    assert answer.json["error"]["message"]
    assert farm.services.jobs.jobs() == []


def test_an_unknown_file(farm: Any) -> None:
    assert add(farm, "0" * 32).status_code == 404


def test_edits_carry_a_revision(farm: Any, file_id: str) -> None:
    client = farm.app.test_client()
    job = add(farm, file_id).json
    path = f"/api/jobs/{job['id']}"
    assert client.patch(path, json={"copies": 2}).status_code == 400, "no rev"
    edited = client.patch(path, json={"copies": 2, "rev": job["rev"]})
    assert edited.status_code == 200 and edited.json["copies"] == 2
    stale = client.patch(path, json={"copies": 3, "rev": job["rev"]})
    assert stale.status_code == 409 and stale.json["error"]["code"] == "stale"
    assert stale.json["error"]["details"]["rev"] == edited.json["rev"]
    unknown = client.patch(path, json={"speed": 3, "rev": edited.json["rev"]})
    assert unknown.status_code == 400
    waits = client.patch(path, json={"not_before": 4e9, "rev": edited.json["rev"]})
    assert waits.status_code == 422, "more than a year ahead"
    soon = farm.services.clock.time() + 60
    waits = client.patch(path, json={"not_before": soon, "rev": edited.json["rev"]})
    assert waits.json["why"][0]["code"] == "not_before"
    never_mind = client.patch(path, json={"not_before": None, "rev": waits.json["rev"]})
    assert never_mind.json["not_before"] is None


def test_hold_release_duplicate_order_and_remove(farm: Any, file_id: str) -> None:
    client = farm.app.test_client()
    first, second = add(farm, file_id).json, add(farm, file_id).json
    held = client.post(f"/api/jobs/{first['id']}/hold", json={"rev": first["rev"]}).json
    assert held["state"] == "held" and held["why"][0]["code"] == "held"
    assert client.post(f"/api/jobs/{first['id']}/hold", json={"rev": 99}).status_code == 409
    assert client.post(f"/api/jobs/{first['id']}/release").json["state"] == "queued"
    body = {"id": second["id"], "before": first["id"], "rev": second["rev"]}
    assert client.post("/api/jobs/order", json=body).status_code == 200
    assert client.post("/api/jobs/order", json={**body, "before": "j-77"}).status_code == 409
    assert client.get("/api/dispatch/status").json["jobs"][0]["id"] == second["id"]
    twin = client.post(f"/api/jobs/{first['id']}/duplicate")
    assert twin.status_code == 201 and twin.json["id"] not in (first["id"], second["id"])
    gone = client.delete(f"/api/jobs/{first['id']}?rev=0")
    assert gone.status_code == 409
    gone = client.delete(f"/api/jobs/{first['id']}")
    assert gone.status_code == 200 and gone.json["state"] == "cancelled"
    assert client.delete(f"/api/jobs/{first['id']}").status_code == 409
    assert client.post(f"/api/jobs/{first['id']}/retry").json["state"] == "queued"
    assert client.post("/api/jobs/j-99/hold").status_code == 404


def test_once_sends_and_a_job_in_flight_is_refused_changes(
    farm: Any, file_id: str, kit: Any
) -> None:
    client = farm.app.test_client()
    job = add(farm, file_id, target={"printer_id": "alder"}).json
    farm.services.library.await_bounds(file_id, 1, 20)
    done = client.post("/api/dispatch/once", json={}).json
    assert done["sent"] == [{"job_id": job["id"], "printer_id": "alder"}], done
    kit.wait_for(lambda: farm.printer().starts)
    now = client.get(f"/api/jobs/{job['id']}").json
    assert now["printer_id"] == "alder"
    refused = client.patch(f"/api/jobs/{job['id']}", json={"copies": 2, "rev": now["rev"]})
    assert refused.status_code == 409
    assert client.get("/api/jobs/" + job["id"]).json["copies"] == 1
    assert client.post("/api/dispatch/once").json["sent"] == []


def test_status_explains_every_printer_and_job(farm: Any, file_id: str, kit: Any) -> None:
    farm.printer("birch").report(kit.printing("birch", name="Birch"))
    job = add(farm, file_id, target={"printer_id": "birch"}).json
    farm.services.library.await_bounds(file_id, 1, 20)
    status = farm.app.test_client().get("/api/dispatch/status").json
    assert status["auto"] is True and status["uploads"] == {"running": 0, "most": 4}
    printers = {printer["printer_id"]: printer for printer in status["printers"]}
    assert printers["alder"]["ok"] and not printers["birch"]["ok"]
    (waiting,) = status["jobs"]
    assert waiting["id"] == job["id"]
    assert waiting["why"][0]["printer_id"] == "birch"
    assert waiting["why"][0]["text"] == printers["birch"]["text"] == "Birch is printing gear."


def test_when_it_is_to_be_done_and_what_it_is_made_of(farm: Any, file_id: str) -> None:
    client = farm.app.test_client()
    deadline = farm.services.clock.time() + 90_000
    wish = {"index": 1, "match": "family", "type": "", "color": "1A1A1A"}
    sent = {"index": 1, "match": "family", "color": "#1a1a1aff"}
    job = add(farm, file_id, deadline=deadline, filament=sent).json
    assert job["deadline"] == deadline and job["latest_start"] == deadline - job["seconds"]
    assert job["filament"] == [wish]
    changes = {"rev": job["rev"], "deadline": None, "filament": []}
    edited = client.patch(f"/api/jobs/{job['id']}", json=changes).json
    assert (edited["deadline"], edited["latest_start"], edited["filament"]) == (None, None, [])
    again = {"rev": edited["rev"], "filament": [{"match": "exact", "color": "FFFFFF"}]}
    edited = client.patch(f"/api/jobs/{job['id']}", json=again).json
    assert edited["filament"] == [{"index": 0, "match": "exact", "type": "", "color": "FFFFFF"}]
    late = client.patch(f"/api/jobs/{job['id']}", json={"rev": edited["rev"], "deadline": 5})
    assert (late.status_code, late.json["error"]["code"]) == (422, "deadline")


def test_status_says_what_would_free_the_most_work(farm: Any, file_id: str, kit: Any) -> None:
    client = farm.app.test_client()
    assert client.get("/api/dispatch/status").json["advice"] is None
    job = add(farm, file_id).json
    client.post("/api/dispatch/pause")
    advice = client.get("/api/dispatch/status").json["advice"]
    assert advice["code"] == "paused" and advice["printer_id"] is None
    assert advice["text"].startswith("Resume the queue: 1 job")
    assert (advice["jobs"], advice["job_ids"]) == (1, [job["id"]])
    client.post("/api/dispatch/resume")


def test_pause_and_resume(farm: Any, file_id: str) -> None:
    client = farm.app.test_client()
    add(farm, file_id)
    assert client.post("/api/dispatch/pause").json["paused"]["on"] is True
    done = client.post("/api/dispatch/once").json
    assert done["sent"] == [] and done["why"]["code"] == "paused"
    assert client.get("/api/dispatch/status").json["auto"] is False
    assert client.post("/api/dispatch/resume").json["paused"]["on"] is False
    assert client.get("/api/dispatch/status").json["auto"] is True


def test_pages_hear_of_the_queue(farm: Any, file_id: str, kit: Any) -> None:
    with kit.page(farm) as page:
        snapshot = page.until("snapshot")
        assert snapshot["queue"]["jobs"] == [] and snapshot["queue"]["auto"] is True
        job = add(farm, file_id).json
        delta = page.until("delta")
        while "j" not in delta:
            delta = page.until("delta")
        (shown,) = delta["j"]["set"]
        assert (shown["id"], shown["state"]) == (job["id"], "queued")
        assert delta["q"]["order"] == [job["id"]]
        assert delta["q"]["rev"] == farm.services.jobs.revision
        farm.app.test_client().post("/api/dispatch/pause")
        while delta.get("q", {}).get("auto", True):
            delta = page.until("delta")
        assert delta["q"]["why"]["code"] == "paused"
        waits = [one for one in delta.get("j", {}).get("set", []) if one["waits"]]
        while not waits:
            delta = page.until("delta")
            waits = [one for one in delta.get("j", {}).get("set", []) if one["waits"]]
        assert waits[0]["waits"].startswith("The queue is paused")
    queue = farm.app.test_client().get("/api/status").json["queue"]
    assert queue["auto"] is False and [one["id"] for one in queue["jobs"]] == [job["id"]]


# -- the earlier dashboard -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "target", "state"),
    [
        ("printer_id=birch&auto_assign=0", {"printer_id": "birch"}, "queued"),
        ("printer_id=birch&auto_assign=1", {"printer_id": "birch"}, "queued"),
        ("auto_assign=1", {"any": True}, "queued"),
        ("", {"any": True}, "queued"),
        ("auto_assign=false", {"any": True}, "held"),
    ],
)
def test_the_earlier_form_queues(
    farm: Any, sliced: bytes, query: str, target: Any, state: str
) -> None:
    form = {"file": (io.BytesIO(sliced), "gear.gcode.3mf")}
    answer = farm.app.test_client().post(f"/api/jobs?plate=1&{query}", data=form)
    assert answer.status_code == 202, answer.text
    assert answer.json["ok"] is True and answer.json["state"] == state
    job = farm.app.test_client().get(f"/api/jobs/{answer.json['job_id']}").json
    assert (job["target"], job["state"], job["plate"]) == (target, state, 1)


@pytest.mark.parametrize("query", ["plate=x", "plate=9", "printer_id=nobody", "auto_assign=maybe"])
def test_the_earlier_form_refuses_in_its_own_words(farm: Any, sliced: bytes, query: str) -> None:
    form = {"file": (io.BytesIO(sliced), "gear.gcode.3mf")}
    answer = farm.app.test_client().post(f"/api/jobs?{query}", data=form)
    assert answer.status_code in (400, 404, 422)
    assert answer.json["ok"] is False and answer.json["error"]["message"]
    assert farm.services.jobs.jobs() == []
