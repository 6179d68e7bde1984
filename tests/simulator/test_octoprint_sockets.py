"""The simulated OctoPrint's web sockets, heard with websocket-client."""

from __future__ import annotations

import time

import pytest
import websocket

from tests.simulator.octoprint_client import SUBSCRIBE, Client, farm_of_one, gcode
from tests.waiting import wait_for


@pytest.fixture
def client():
    with farm_of_one(time_scale=20) as farm:
        one = Client(farm)
        yield one
        one.close()


@pytest.fixture
def listen(client):
    ears = []

    def start(**options):
        ears.append(client.listen(**options))
        return ears[-1]

    yield start
    for ear in ears:
        ear.close()


def quiet(ear, seconds: float) -> bool:
    """Whether nothing new is heard for so long."""
    before = len(ear.frames)
    return not ear.closed.wait(seconds) and len(ear.frames) == before


def test_only_connected_comes_before_signing_in(listen):
    ear = listen(auth=False)
    assert ear.next("connected")["version"] == "1.11.8"
    assert quiet(ear, 1.2)


def test_signing_in_is_followed_by_history_timelapse_and_currents(client, listen):
    ear = listen(subscribe=None)
    kinds = []
    wait_for(lambda: len(ear.heard) >= 5, "five messages")
    kinds = [next(iter(message)) for message in ear.heard]
    assert kinds[:3] == ["connected", "history", "timelapse"]
    assert "current" in kinds


def test_a_subscription_to_the_state_sends_the_history_again(listen):
    ear = listen()
    ear.next("history")
    assert ear.next("history")["state"]["text"] == "Operational"


def test_an_unknown_session_must_sign_in_again_and_may(client, listen):
    ear = listen(auth=False)
    ear.say({"auth": "admin:bogus"})
    assert ear.next("reauthRequired") == {"reason": "stale"}
    ear.say({"auth": client.session()})
    assert ear.next("history")


def test_a_session_of_before_a_restart_is_stale(client, listen):
    session = client.session()
    old = listen()
    old.next("history")
    client.printer.do("server_restart")
    assert old.closed.wait(5)
    ear = listen(auth=False)
    ear.say({"auth": session})
    assert ear.next("reauthRequired") == {"reason": "stale"}


def test_nonsense_is_ignored(listen):
    ear = listen()
    ear.next("history")
    for text in ("garbage", "[]", '"s"', '{"auth": 7}', '{"subscribe": 1}', '{"throttle": "x"}'):
        ear.say_text(text)
    assert ear.next("current")


def test_the_framed_form_wraps_what_the_raw_form_sends(listen):
    ear = listen(framed=True)
    assert ear.next("history")
    assert ear.next("current")
    assert ear.frames[0] == "o"
    assert ear.frames[1].startswith('a[{"connected":{')


def test_the_framed_form_beats_and_the_raw_form_does_not(listen, monkeypatch):
    monkeypatch.setattr("simulator.octoprint.push.HEARTBEAT_S", 0.2)
    framed, raw = listen(framed=True), listen()
    wait_for(lambda: framed.frames.count("h") >= 2, "two heartbeats")
    assert "h" not in raw.frames


def test_an_offline_server_says_nothing_at_all(client, listen):
    ear = listen()
    client.post("/api/connection", command="disconnect")
    wait_for(
        lambda: ear.heard[-1].get("current", {}).get("state", {}).get("text") == "Offline", "off"
    )
    assert quiet(ear, 1.5)


def test_currents_come_twice_a_second_while_printing(client, listen):
    ear = listen()
    client.print_file()
    start, before = time.monotonic(), len(ear.of_kind("current"))
    wait_for(lambda: len(ear.of_kind("current")) >= before + 6, "six currents")
    assert 2.0 < time.monotonic() - start < 4.5


def test_throttle_thins_the_currents(client, listen):
    ear = listen()
    ear.say({"throttle": 4})
    client.print_file()
    ear.next("current")
    ear.next("current")
    start = time.monotonic()
    ear.next("current")
    assert 1.5 < time.monotonic() - start < 3.5


def test_events_can_be_chosen_and_the_state_left_out(client, listen):
    ear = listen(subscribe={"state": False, "events": ["Upload"], "plugins": False})
    ear.next("history")
    client.upload("z.gcode", gcode(1))
    assert ear.event("Upload")["path"] == "z.gcode"
    assert set(ear.events()) <= {"Upload", "ClientAuthed", "UserLoggedIn"}
    assert ear.events().count("Upload") == 1
    before = len(ear.of_kind("current"))
    assert quiet(ear, 0.8) and len(ear.of_kind("current")) == before


def test_logs_come_when_asked_for_and_by_expression(client, listen):
    wish = {**SUBSCRIBE, "state": {"logs": "M117", "messages": False}}
    ear, without = listen(subscribe=wish), listen()
    ear.next("current")
    client.post("/api/printer/command", commands=["M117 hello", "M220 S100"])
    wait_for(lambda: any(one["logs"] for one in ear.of_kind("current")), "a log line")
    assert [one["logs"] for one in ear.of_kind("current") if one["logs"]] == [["Send: M117 hello"]]
    assert not any(one["logs"] for one in without.of_kind("current"))


def test_every_temperature_sample_comes_once(client, listen):
    ear = listen()
    client.post("/api/printer/bed", command="target", target=40)
    client.post("/api/printer/tool", command="target", targets={"tool0": 60})

    def samples():
        return [sample for one in ear.of_kind("current") for sample in one["temps"]]

    wait_for(lambda: len(samples()) >= 3, "three samples")
    assert [s["bed"]["target"] for s in samples()[:2]] == [40.0, 40.0]
    assert [s["tool0"]["target"] for s in samples()[:2]] == [0.0, 60.0]
    assert samples()[0]["chamber"] == {"actual": None, "target": None}


def test_a_foreign_page_and_a_path_that_is_none_are_refused(client):
    url = client.url.replace("http", "ws", 1)
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(f"{url}/sockjs/websocket", origin="http://evil.example")
    assert refused.value.status_code == 403
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        websocket.create_connection(f"{url}/sockjs/nope/websocket")
    assert refused.value.status_code == 404


def test_the_knobs_of_web_sockets_act(client, listen):
    ear = listen()
    ear.next("current")
    client.printer.set(ws_mute=True)
    wait_for(lambda: quiet(ear, 1.2), "silence")
    client.printer.set(ws_mute=False)
    assert ear.next("current")
    client.printer.set(ws_off=True)
    assert ear.closed.wait(5)
    with pytest.raises(websocket.WebSocketBadStatusException):
        listen()
