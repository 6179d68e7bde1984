"""The simulated Moonraker as a server: files, keys, tokens, frames and its webcam."""

from __future__ import annotations

import time

import pytest
import requests
import websocket

from tests.simulator.moonraker_client import as_recorded, plain
from tests.simulator.moonraker_prints import extruding, start
from tests.waiting import wait_for


def test_names_are_kept_exactly_and_quoted_paths_find_them(moonraker):
    name = "naïve файл #1 100%.gcode"
    reply = moonraker.client.upload(name, as_recorded(), path="sub one")
    assert reply.status_code == 201
    assert reply.json()["item"]["path"] == f"sub one/{name}"
    where = reply.headers["Location"]
    assert requests.get(where, headers={"X-Api-Key": moonraker.client.key}, timeout=30).ok
    assert moonraker.client.get("/server/files/metadata", filename=f"sub one/{name}")["slicer"]


def test_a_full_disk_answers_500_and_leaves_a_stump(moonraker):
    moonraker.printer.set(disk_full=True)
    reply = moonraker.client.upload("big.gcode", plain(60))
    assert reply.status_code == 500
    assert reply.json()["error"]["message"] == "Internal Server Error"
    listed = moonraker.client.get("/server/files/list")
    assert [one["path"] for one in listed] == ["big.gcode"]
    assert listed[0]["size"] < len(plain(60))


def test_upload_knobs_act(moonraker):
    moonraker.printer.set(upload_truncate_at=100)
    assert moonraker.client.upload("cut.gcode", plain(60)).json()["item"]["size"] == 100
    moonraker.printer.set(upload_truncate_at=0, upload_lost=True)
    assert moonraker.client.upload("lost.gcode", plain(60)).status_code == 201
    assert [one["path"] for one in moonraker.client.get("/server/files/list")] == ["cut.gcode"]
    moonraker.printer.set(upload_lost=False, file_delay_s=0.3)
    assert moonraker.client.upload("late.gcode", plain(60)).json()["item"]["path"] == "late.gcode"
    assert len(moonraker.client.get("/server/files/list")) == 1
    wait_for(lambda: len(moonraker.client.get("/server/files/list")) == 2)


def test_without_a_key_nothing_but_access_info_is_told(moonraker):
    anonymous = moonraker.another("")
    assert anonymous.call("GET", "/server/info").status_code == 401
    assert anonymous.call("GET", "/access/info").status_code == 200
    client = anonymous.open()
    assert client.rpc("server.info")["error"] == {"code": -32602, "message": "Unauthorized"}
    moonraker.client.online().notified("notify_proc_stat_update")
    assert not [m for m in client.messages if m.get("method")]
    anonymous.close()


def test_one_shot_tokens_open_a_web_socket_once(moonraker):
    token = moonraker.client.get("/access/oneshot_token")
    first = moonraker.another("").open(f"/websocket?token={token}")
    assert "result" in first.rpc("server.info")
    first.close()
    second = moonraker.another("").open(f"/websocket?token={token}")
    assert second.rpc("server.info")["error"]["code"] == -32602
    second.close()


def test_malformed_json_gets_a_parse_error_and_lists_are_answered_as_lists(moonraker):
    client = moonraker.client.online()
    assert client.raw("{nonsense")["error"] == {"code": -32700, "message": "Parse error"}
    assert client.raw('{"id":96,"method":"server.info"}')["error"]["code"] == -32600
    assert client.socket is not None
    client.socket.send('[{"jsonrpc":"2.0","id":97,"method":"server.info"}]')
    wait_for(lambda: [m for m in client.messages if isinstance(m, list)])


def test_updates_come_at_most_four_times_a_second(moonraker):
    client = start(moonraker)
    client.rpc("printer.objects.subscribe", objects={"print_stats": ["total_duration"]})
    extruding(moonraker)
    seen, began = len(client.messages), time.monotonic()
    client.notified("notify_proc_stat_update", since=seen)
    client.notified("notify_proc_stat_update", since=len(client.messages))
    passed = time.monotonic() - began
    updates = [m for m in client.messages[seen:] if m.get("method") == "notify_status_update"]
    assert 2 <= len(updates) <= 4 * passed + 2


def test_knobs_of_the_web_socket_and_of_http_act(moonraker):
    client = moonraker.client.online()
    moonraker.printer.set(ws_garbage=True)
    client.wait_for(lambda m: "garbage" in m)
    moonraker.printer.set(ws_garbage=False, http_status=502)
    assert moonraker.client.call("GET", "/server/info").status_code == 502
    moonraker.printer.set(http_status=0, ws_off=True)
    with pytest.raises(websocket.WebSocketBadStatusException):
        moonraker.another().open()


def test_commands_can_be_ignored_and_refused(moonraker):
    client = start(moonraker)
    extruding(moonraker)
    moonraker.printer.set(ignore_commands="pause", fail_commands="cancel")
    assert client.rpc("printer.print.pause")["result"] == "ok"
    assert client.job() == "printing"
    assert client.rpc("printer.print.cancel")["error"]["code"] == 400


def test_the_webcam_is_on_the_same_port_and_needs_no_key(moonraker):
    cam = moonraker.client.get("/server/webcams/list")["webcams"][0]
    picture = requests.get(cam["snapshot_url"], timeout=30)
    assert picture.content[:2] == b"\xff\xd8"
    moonraker.printer.do("relative_webcam")
    cam = moonraker.client.get("/server/webcams/list")["webcams"][0]
    assert cam["stream_url"] == "/webcam/?action=stream"
