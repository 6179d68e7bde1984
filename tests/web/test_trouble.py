"""A damaged job file: every page says so, nothing starts, a person acknowledges."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any


def test_starts_stay_blocked_until_a_person_has_read_why(
    make_farm: Callable[..., Any], kit: SimpleNamespace
) -> None:
    farm = make_farm(queue=b'{"broken')
    client = farm.app.test_client()
    kit.wait_for(lambda: farm.services.hub.state.farm)
    trouble = client.get("/api/status").json["farm"]["trouble"]
    assert "queue.json could not be used" in trouble and "acknowledge" in trouble
    start = {"file_id": "x" * 32, "plate": 1}
    refused = client.post("/api/printers/alder/start", json=start)
    assert (refused.status_code, refused.json["error"]["code"]) == (409, "store_trouble")
    assert refused.json["error"]["message"] == trouble

    assert client.post("/api/jobs/acknowledge", json={}).status_code == 200
    kit.wait_for(lambda: farm.services.hub.state.farm["trouble"] == "")
    assert client.post("/api/printers/alder/start", json=start).status_code == 404  # no such file


def test_a_farm_in_order_has_no_trouble(farm: Any, kit: SimpleNamespace) -> None:
    kit.wait_for(lambda: farm.services.hub.state.farm)
    assert farm.services.hub.state.farm["trouble"] == ""
