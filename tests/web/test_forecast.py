"""GET /api/dispatch/forecast, and the farm page's "all done" that comes from it."""

from __future__ import annotations

import io
from typing import Any

import pytest

from job_queue import forecaster as room
from job_queue.forecast.prediction import Forecast
from job_queue.target import Target
from simulator.plates import PlateSpec, build_gcode_3mf
from web.farm_summary import summarise

H = 3600


def queued(farm: Any, name: str = "gear", minutes: int = 60, **wishes: Any) -> Any:
    content = build_gcode_3mf([PlateSpec(minutes=minutes, name=name)], model="P1S", name=name)
    library = farm.services.library
    stored = library.add(io.BytesIO(content), f"{name}.gcode.3mf")
    library.await_bounds(stored.id, 1, 20.0)
    return farm.services.jobs.add(stored.id, 1, wishes.pop("target", Target()), **wishes)


def get(farm: Any) -> Any:
    response = farm.app.test_client().get("/api/dispatch/forecast")
    assert response.status_code == 200
    return response.json


def test_jobs_get_lanes_and_times(farm: Any) -> None:
    first = queued(farm, "gear", 60, copies=2)
    only = queued(farm, "vase", 30, target=Target.printer("birch"))
    held = queued(farm, "hook", 10, held=True)
    found = get(farm)
    lanes = {lane["printer_id"]: lane for lane in found["lanes"]}
    assert {lane["name"] for lane in found["lanes"]} == {"Alder", "Birch"}
    both = [job for lane in lanes.values() for job in lane["jobs"]]
    assert sorted((job["job_id"], job["copy"]) for job in both) == [
        (first.id, 1), (first.id, 2), (only.id, 1),
    ]  # fmt: skip
    assert lanes["birch"]["jobs"][-1]["job_id"] == only.id
    for job in both:
        assert job["start"] <= job["end"] <= job["end_p90"]
    told = found["jobs"][first.id]
    assert (told["name"], told["placed"], told["left"]) == ("gear.gcode.3mf", 2, 2)
    assert told["end"] - told["start"] == pytest.approx(H, rel=0.05)
    assert found["never"] == [
        {"job_id": held.id, "name": "hook.gcode.3mf", "code": "held",
         "text": "Held until somebody releases it."},
    ]  # fmt: skip
    assert found["at"] < found["all_done_at"] <= found["all_done_p90"]
    assert (found["why"], found["partial"], found["beyond"], found["late"]) == (None, False, 0, [])
    assert found["clear_s"] == 900
    assert found["score"] == []


def test_a_print_under_way_is_in_its_lane(farm: Any, kit: Any) -> None:
    farm.printer().report(kit.printing())
    found = get(farm)
    now = found["lanes"][0]["now"]
    assert (now["job_id"], now["name"]) == (None, "gear")
    assert now["end"] == pytest.approx(found["at"] + 1800, abs=2)
    assert found["all_done_at"] == pytest.approx(now["end"], abs=2)


def test_a_paused_queue_says_so_and_shows_what_would_be(farm: Any) -> None:
    queued(farm)
    farm.services.jobs.desk.pause(True, by="kim")
    found = get(farm)
    assert found["why"]["code"] == "paused"
    assert found["all_done_at"]


def test_many_who_ask_get_one_forecast(farm: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    real = room.forecast
    monkeypatch.setattr(room, "forecast", lambda scene: calls.append(1) or real(scene))
    assert {get(farm)["at"] for _ in range(20)} == {farm.services.forecaster.last.at}
    assert len(calls) == 1


def test_it_asks_for_a_sign_in(locked_farm: Any) -> None:
    response = locked_farm.app.test_client().get("/api/dispatch/forecast")
    assert response.status_code == 401


def test_all_done_on_the_farm_page_is_the_whole_queues() -> None:
    doc = {"id": "alder", "state": "printing", "job": {"left_s": 600}, "conn": {"online": True}}
    assert summarise([doc], 1000.0, {})["all_done_at"] == 1600
    whole = Forecast(at=1000.0, all_done_at=9000.4, all_done_p90=9900.0)
    found = summarise([doc], 1000.0, {}, "", whole)
    assert found["all_done_at"] == 9000
    assert found["next_free"] == {"id": "alder", "s": 600}
    near = Forecast(at=1000.0, all_done_at=9030.0)
    assert summarise([doc], 1001.0, found, "", near)["all_done_at"] == 9000, "it does not jump"
    assert summarise([doc], 1000.0, found, "", Forecast(at=1000.0))["all_done_at"] is None
