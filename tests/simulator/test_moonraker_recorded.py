"""Every reply of the simulated Moonraker has the keys and types of the real one's, state by state.

The recordings were made with Moonraker 0.11 and a Klipper host with the same printer.cfg objects as
the simulated Voron 2.4.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tests.simulator.moonraker_client import (
    DATA,
    Bench,
    as_recorded,
    bench,
    differences,
    recorded,
)
from tests.simulator.moonraker_states import BEFORE, SETUP, printing
from tests.waiting import wait_for

_NAMES = {  # what was uploaded where the reply does not tell
    "re-upload printed": "slow.gcode",
    "upload name with slash": "sl/ash.gcode",
    "traversal": "../evil.gcode",
    "traversal path": "evil.gcode",
    "checksum wrong": "sum.gcode",
    "checksum right": "sum.gcode",
    "root nope": "n.gcode",
    "upload no key": "q.gcode",
    "disk full": "big.gcode",
}


def test_a_missing_key_is_seen():
    real = {"result": {"state": "ready", "hostname": "vm"}}
    assert differences(real, {"result": {"state": "ready"}}) == [".result.hostname: missing"]


def test_an_added_key_is_seen():
    real = {"result": {"jobs": [{"job_id": "000001"}]}}
    ours = {"result": {"jobs": [{"job_id": "000001", "extra": None}]}}
    assert differences(real, ours) == [".result.jobs[0].extra: added"]


def test_another_type_and_another_meaning_are_seen():
    assert differences({"power": 0.0}, {"power": 0}) == [".power: 0 instead of 0.0"]
    assert differences({"power": None}, {"power": 1.0})
    assert differences({"state": "ready"}, {"state": "error"})
    assert differences({"temperature": 21.5}, {"temperature": 200.0}) == []
    assert differences({"files": []}, {"files": ["a"]})


def _content(note: str) -> bytes:
    return {"txt": b"hi", "empty": b"", "upload": as_recorded()}.get(note, as_recorded())


def _upload(made: Bench, entry: dict[str, Any]) -> Any:
    fields = dict(entry.get("data", {}))
    item = entry["body"].get("item", {})
    folder = f"{fields['path']}/" if fields.get("path") else ""
    name = _NAMES.get(entry["note"]) or item["path"].removeprefix(folder)
    content = _content(entry["note"])
    if entry["note"] == "checksum right":
        fields["checksum"] = hashlib.sha256(content).hexdigest()
    return made.client.upload(name, content, **fields)


def replay_http(made: Bench, entry: dict[str, Any]) -> list[str]:
    verb, path = entry["request"].split(" ", 1)
    if path == "/server/files/upload" and verb == "POST":
        reply = _upload(made, entry)
    else:
        options = {"json": entry["json"]} if "json" in entry else {}
        reply = made.client.call(verb, path, **options)
    kind = reply.headers["Content-Type"].split(";")[0].lower()
    if reply.status_code != entry["status"] or kind != _kind(entry):
        wanted = f"{entry['status']} {_kind(entry)}"
        return [f"{entry['request']}: {reply.status_code} {kind} instead of {wanted}"]
    if kind != "application/json":
        return []
    found = differences(entry["body"], reply.json())
    where = reply.headers.get("Location", "").removeprefix(made.client.url)
    if where != entry["headers"].get("Location", ""):
        found.append(f"Location: {where}")
    return [f"{entry['request']} ({entry['note']}) {one}" for one in found]


def _kind(entry: dict[str, Any]) -> str:
    return str(entry["headers"]["Content-Type"]).split(";")[0].lower()


def replay_rpc(made: Bench, entry: dict[str, Any]) -> list[str]:
    params = entry["params"]
    if isinstance(params, list):
        text = f'{{"jsonrpc":"2.0","method":"{entry["method"]}","params":["x"],"id":5}}'
        answer = made.client.raw(text)
    else:
        answer = made.client.rpc(entry["method"], **(params or {}))
    answer = {key: value for key, value in answer.items() if key != "id"}
    return [
        f"{entry['method']} ({entry['note']}) {one}" for one in differences(entry["reply"], answer)
    ]


@pytest.mark.parametrize("name", [name for name in SETUP if name != "auth"])
def test_every_reply_is_shaped_like_the_real_one(name):
    problems: list[str] = []
    with bench(time_scale=1.0 if name == "heating" else 40.0) as made:
        SETUP[name](made)
        seen: set[str] = set()
        for entry in recorded(name):
            first = entry["note"] not in seen
            seen.add(entry["note"])
            prepare = BEFORE.get((name, entry["note"]))
            if first and prepare is not None:
                prepare(made)
            problems += (replay_http if "request" in entry else replay_rpc)(made, entry)
    assert not problems, "\n".join(problems)


_BAD, _GOOD = {"X-Api-Key": "123"}, "good key"
_SIGNED: dict[str, Any] = {
    "bad key": _BAD,
    "bad key access/info": _BAD,
    "good key": _GOOD,
    "good key access/info": _GOOD,
    "user": _GOOD,
    "user get": _GOOD,
    "bearer bad": {"Authorization": "Bearer nope"},
}


def _signed(made: Bench, note: str, bearer: str) -> dict[str, str]:
    if note == "bearer":
        return {"Authorization": f"Bearer {bearer}"}
    headers = _SIGNED.get(note, {})
    return {"X-Api-Key": made.client.key} if headers == _GOOD else dict(headers)


def test_signing_in_over_http_is_answered_like_the_real_one():
    problems: list[str] = []
    with bench() as made:
        token = made.client.get("/access/oneshot_token")
        anonymous, bearer = made.another(""), ""
        for entry in recorded("auth"):
            if "request" not in entry:
                continue
            verb, path = entry["request"].split(" ", 1)
            path = path.replace("token=" + "A" * 32, f"token={token}")
            options: dict[str, Any] = {"headers": _signed(made, entry["note"], bearer)}
            if "json" in entry:
                options["json"] = entry["json"]
            if path.endswith("upload"):
                options["files"] = {"file": ("q.gcode", b"G28")}
            reply = anonymous.call(verb, path, **options)
            if reply.status_code != entry["status"]:
                problems.append(f"{entry['note']} {path}: {reply.status_code}")
                continue
            body = reply.json()
            if entry["note"] == "login":
                bearer = body["result"]["token"]
            problems += [f"{entry['note']}: {one}" for one in differences(entry["body"], body)]
        anonymous.close()
    assert not problems, "\n".join(problems)


def test_signing_in_on_the_web_socket_is_answered_like_the_real_one():
    problems: list[str] = []
    with bench() as made:
        client = made.another("").open()
        for entry in recorded("auth"):
            if "method" not in entry:
                continue
            if entry["note"] in ("identify bad key", "identify missing"):
                client.close()
                client = made.another("").open()
            params = dict(entry["params"] or {})
            if entry["note"] == "identify again good key":
                params["api_key"] = made.client.key
            if entry["note"] == "identify missing":
                continue  # recorded signed in by its address
            answer = {k: v for k, v in client.rpc(entry["method"], **params).items() if k != "id"}
            problems += [f"{entry['note']}: {one}" for one in differences(entry["reply"], answer)]
        client.close()
    assert not problems, "\n".join(problems)


def _examples(method: str) -> list[dict[str, Any]]:
    return list(json.loads((DATA / "recorded_notifications.json").read_text("utf-8"))[method])


def _structural(found: list[str]) -> list[str]:
    """Without those that are only about another file or another job."""
    return [one for one in found if one.endswith((": missing", ": added"))]


def test_every_notification_is_shaped_like_the_real_one():
    problems: list[str] = []
    with bench() as made:
        printing(made)
        made.client.rpc("printer.objects.subscribe", objects={"webhooks": None})
        made.client.rpc("printer.print.cancel")
        made.client.notified("notify_proc_stat_update")
        made.client.call("DELETE", "/server/files/gcodes/small.gcode")
        made.client.rpc("printer.emergency_stop")
        made.client.notified("notify_klippy_shutdown")
        made.client.rpc("printer.firmware_restart")
        made.client.notified("notify_klippy_ready")
        heard = [m for m in made.client.messages if "method" in m]
    for message in heard:
        if message["method"] == "notify_status_update":
            continue
        real = _examples(message["method"])
        tries = [_structural(differences(one, message, message["method"])) for one in real]
        problems += min(tries, key=len)
    assert {m["method"] for m in heard} >= {
        "notify_history_changed",
        "notify_filelist_changed",
        "notify_klippy_disconnected",
        "notify_gcode_response",
    }
    assert not problems, "\n".join(problems)


def test_status_updates_hold_changed_fields_only_and_the_event_time():
    with bench() as made:
        printing(made)
        made.client.rpc("printer.objects.subscribe", objects={"print_stats": None, "fan": None})
        seen = len(made.client.messages)
        update = made.client.notified("notify_status_update", since=seen)
    parts, event_time = update["params"]
    assert isinstance(event_time, float)
    assert set(parts) == {"print_stats"}
    assert "filename" not in parts["print_stats"]
    whole = next(one for one in recorded("printing") if one["note"] == "printing")
    real = whole["body"]["result"]["status"]["print_stats"]
    assert set(parts["print_stats"]) < set(real)


@pytest.mark.parametrize(
    ("name", "action"),
    [("fwrestart", "printer.firmware_restart"), ("restart idle", "printer.restart")],
)
def test_a_restart_passes_through_the_recorded_states(name, action, monkeypatch):
    monkeypatch.setattr("simulator.moonraker.klippy.STARTUP_S", 1.0)  # long enough to be seen
    sequences = json.loads((DATA / "recorded_restarts.json").read_text("utf-8"))
    steps = next(one["steps"] for one in sequences if one["sequence"] == name)
    wanted = [_seen_states(step) for step in steps if step["status"] == 200]
    with bench() as made:
        if name == "fwrestart":
            made.client.online().rpc("printer.emergency_stop")
        else:
            made.client.online()
        made.client.rpc(action)
        wait_for(lambda: made.client.call("GET", "/printer/info").status_code == 503)
        seen: list[tuple[str, str]] = []

        def look() -> bool:
            server = made.client.get("/server/info")
            reply = made.client.call("GET", "/printer/info")
            if reply.status_code == 200:
                now = (server["klippy_state"], reply.json()["result"]["state"])
                seen.extend([now] if not seen or seen[-1] != now else [])
            return server["klippy_state"] == "ready"

        wait_for(look)
    found = [pair for pair in seen if pair[0] != "disconnected"]
    brief = ("startup", "ready")  # a quarter of a second, which a busy machine may miss
    assert wanted == [("startup", "startup"), brief, ("ready", "ready")]
    assert found in (wanted, [pair for pair in wanted if pair != brief])


def _seen_states(step: dict[str, Any]) -> tuple[str, str]:
    return step["klippy_state"], step["printer"]["state"]
