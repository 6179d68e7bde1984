"""Orders over HTTP: the gate, one printer and several, keys that act once."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from core.errors import PrinterOffline, PrinterRejected, PrinterTimeout
from printers import commands as c
from printers.status import PrinterState


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
