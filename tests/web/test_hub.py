"""The WebSocket: snapshot, gap-free deltas, slow, hidden and returning pages."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import replace
from typing import Any

import pytest

from core.secret import Secret
from printers.status import Fan, Heater
from web import browser, websocket
from web.frames import FrameSocket, text_frame
from web.merge import apply


def follow(page: Any, shown: dict[str, Any], seq: int, done: Any) -> tuple[dict[str, Any], int]:
    """Apply deltas until ``done(shown)``; every number must follow the one before."""
    while not done(shown):
        message = page.read()
        assert message, "no message came"
        if message["t"] == "delta":
            assert message["seq"] == seq + 1
            seq = message["seq"]
            shown = apply(shown, message["p"])
    return shown, seq


def greet(page: Any) -> tuple[dict[str, Any], int]:
    hello = page.read()
    assert hello["t"] == "hello"
    assert hello["v"] == 1
    snapshot = page.read()
    assert snapshot["t"] == "snapshot"
    return {doc["id"]: doc for doc in snapshot["printers"]}, snapshot["seq"]


def nozzle(shown: dict[str, Any], name: str = "alder") -> int:
    return int(shown[name]["temps"]["nozzle"][0])


def test_snapshot_then_deltas_without_a_gap(farm: Any, kit: Any) -> None:
    with kit.page(farm) as page:
        shown, seq = greet(page)
        assert set(shown) == {"alder", "birch"}
        for degrees in range(100, 160):
            farm.printer("alder").report(kit.printing("alder", nozzle=degrees))
            farm.printer("birch").report(kit.printing("birch", nozzle=degrees))
        shown, seq = follow(
            page, shown, seq, lambda s: nozzle(s) == 159 and nozzle(s, "birch") == 159
        )
        kit.wait_for(lambda: farm.doc("alder")["bed"]["clear"] is False)
        shown, seq = follow(page, shown, seq, lambda s: s["alder"]["bed"]["clear"] is False)
        assert shown["alder"]["state"] == "printing"
        assert page.read(0.05).get("t") != "snapshot"


def test_the_first_change_leaves_at_once_and_bursts_are_coalesced(farm: Any, kit: Any) -> None:
    with kit.page(farm) as page:
        greet(page)
        stop = threading.Event()
        degrees = 30
        while not stop.wait(0.02) and degrees < 80:  # 50 reports in a second
            degrees += 1
            farm.printer().report(kit.make_status("alder", nozzle=float(degrees)))
        seen = []
        while (message := page.read(0.6)) and message:
            if message["t"] == "delta" and "temps" in message["p"].get("alder", {}):
                seen.append(message["p"]["alder"]["temps"]["nozzle"][0])
        assert 4 <= len(seen) <= 7
        assert seen[-1] == 80


def test_a_returning_page_gets_only_what_it_missed(farm: Any, kit: Any) -> None:
    with kit.page(farm) as page:
        shown, seq = greet(page)
    farm.printer().report(kit.make_status("alder", nozzle=77))
    kit.wait_for(lambda: farm.doc()["temps"]["nozzle"][0] == 77)
    with kit.page(farm, f"?since={seq}") as page:
        assert page.read()["t"] == "hello"
        shown, seq = follow(page, shown, seq, lambda s: nozzle(s) == 77)
    for since in ("0", str(seq + 10), "x", "-1", "9" * 40):
        with kit.page(farm, f"?since={since}") as page:
            greet(page)
    now = farm.services.hub.state.seq
    with kit.page(farm, f"?since={now}") as page:
        assert page.read()["t"] == "hello"
        assert page.read(0.1).get("t") in (None, "delta")


def test_a_page_that_does_not_read_gets_a_snapshot_and_holds_up_nobody(farm: Any, kit: Any) -> None:
    hub = farm.services.hub
    with kit.page(farm) as slow, kit.page(farm) as quick:
        greet(quick)
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        kit.wait_for(lambda: hub.browsers == 2)  # the slow one has not said a word yet
        long = "x" * 20_000
        for number in range(400):
            hub.broadcast({"printer": "alder", "text": f"{number} {long}"})
            hub._send({}, {}, {"n": number})
            if number % 50 == 0:
                assert hub.browsers == 2
        while quick.read(2).get("farm") != {"n": 399}:
            pass
        greet(slow)
        kinds: list[str] = []
        shown: dict[str, Any] = {}
        seq = -1
        while seq != (state := hub.state).seq:
            last = slow.read()
            assert last
            kinds.append(last["t"])
            seq, shown = last.get("seq", seq), last.get("farm", shown)
        assert kinds.count("snapshot") >= 1  # it lost its queue, not the connection
        assert kinds.count("delta") < 400
        assert shown == state.farm  # {"n": 399}, or what the farm has said of itself since


def test_a_hidden_page_gets_at_most_one_frame_each_ten_seconds(
    farm: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "HIDDEN_EVERY_S", 0.5)
    with kit.page(farm) as page:
        greet(page)
        page.send({"t": "vis", "hidden": True})
        page.send({"t": "ping"})
        page.until("pong")
        for degrees in range(40, 70):
            farm.printer().report(kit.make_status("alder", nozzle=float(degrees)))
        assert page.read(0.2) == {}
        assert nozzle({d["id"]: d for d in page.until("snapshot")["printers"]}) == 69
        farm.printer().report(kit.make_status("alder", nozzle=90.0))
        assert page.read(0.1) == {}
        page.send({"t": "vis", "hidden": False})
        assert nozzle({d["id"]: d for d in page.until("snapshot")["printers"]}) == 90
        farm.printer().report(kit.make_status("alder", nozzle=120.0))
        assert page.until("delta")["p"]["alder"]["temps"]["nozzle"][0] == 120


def test_resync_ping_and_nonsense(farm: Any, kit: Any) -> None:
    with kit.page(farm) as page:
        greet(page)
        page.send({"t": "resync"})
        assert page.until("snapshot")["printers"]
        oddities: tuple[Any, ...] = (
            [],
            {"t": []},
            {"t": "sub"},
            {"t": "sub", "printers": [1, None, "nobody"]},
        )
        for odd in oddities:
            page.send(odd)
        page.send_text("{")
        page.send({"t": "ping"})
        assert page.until("pong")


def test_temperatures_on_request(farm: Any, kit: Any) -> None:
    with kit.page(farm) as page:
        greet(page)
        page.send({"t": "sub", "printers": ["alder"], "what": ["temps"]})
        history = page.until("temps")
        assert history["printer"] == "alder"
        assert history["nozzle"]["current"] == [25.0]
        clock = farm.services.clock
        later, mono = clock.time() + 30, clock.monotonic() + 30
        warm = kit.make_status("alder", nozzle=61.25, observed_at=later, observed_mono=mono)
        farm.printer().report(warm)
        sample = page.until("temp")
        assert sample["nozzle"] == [61.2, 0]
        assert sample["at"] == later
        page.send({"t": "unsub", "printers": ["alder"], "what": ["temps"]})
        page.send({"t": "ping"})
        page.until("pong")
        hot = kit.make_status("alder", nozzle=62, observed_at=later + 30, observed_mono=mono + 30)
        farm.printer().report(hot)
        assert page.until("delta")
        assert page.read(0.1) == {}


def test_events_reach_the_page_and_the_log(farm: Any, kit: Any) -> None:
    with kit.page(farm) as page:
        greet(page)
        farm.printer().report(kit.printing("alder"))
        event = page.until("event")
        assert (event["printer"], event["kind"]) == ("alder", "printing")
        assert event["text"] == "Alder is printing: gear"
    kept = farm.app.test_client().get("/api/printers/alder/events").json["events"]
    assert kept[0]["kind"] == "printing"


def test_pages_that_left_are_forgotten_and_too_many_are_refused(
    farm: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "MAX_PAGES", 2)
    hub = farm.services.hub
    with kit.page(farm) as one, kit.page(farm) as two:
        greet(one)
        greet(two)
        with kit.page(farm) as third:
            assert third.status == 503
        assert farm.app.test_client().get("/api/ws/").status_code == 503  # the same route
    kit.wait_for(lambda: hub.browsers == 0)
    names = {thread.name for thread in threading.enumerate()}
    kit.wait_for(lambda: not [t for t in threading.enumerate() if "simple_websocket" in t.name])
    assert "panel:hub" in names


def test_the_handshake_needs_the_password_and_ends_with_the_session(
    make_farm: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm = make_farm(user="owner", password=Secret(kit.password))
    with kit.page(farm) as page:
        assert page.status == 401
    with kit.page(farm, headers=kit.basic()) as page:
        assert page.read()["user"]["name"] == "owner"
    connection = farm.connect()
    connection.request("GET", "/api/status", headers=kit.basic())
    answer = connection.getresponse()
    answer.read()
    connection.close()
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    with kit.page(farm, headers={"Cookie": cookie}) as page:
        greet(page)
        monkeypatch.setattr(websocket.PanelSocket, "_session_is_over", lambda self: True)
        page.send({"t": "ping"})
        while page.read():
            pass
        assert page.closed == 4401


def test_a_failing_view_does_not_stop_the_hub(
    farm: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = replace(kit.make_status("alder"), heaters=(Heater,))
    farm.services.registry.publish(bad)
    farm.printer("birch").report(kit.make_status("birch", nozzle=88.0))
    kit.wait_for(lambda: farm.doc("birch")["temps"]["nozzle"][0] == 88)
    farm.printer("alder").report(kit.make_status("alder", nozzle=66.0))
    kit.wait_for(lambda: farm.doc("alder")["temps"].get("nozzle", [0])[0] == 66)


@pytest.mark.parametrize(
    "odd",
    [
        {"heaters": (Heater(name="nozzle", current=1e30, target=0.0, maximum=300),)},
        {"heaters": (Heater(name="nozzle", current=float("inf"), target=0.0, maximum=300),)},
        {"stage": "\ud800"},
        {"fans": (Fan(name="part", percent=2**70),)},
    ],
)
def test_a_report_that_cannot_be_shown_is_its_printers_trouble_alone(
    farm: Any, kit: Any, odd: dict[str, Any]
) -> None:
    with kit.page(farm) as page:
        shown, seq = greet(page)
        farm.services.registry.publish(replace(kit.printing("alder"), **odd))
        farm.printer("birch").report(kit.make_status("birch", nozzle=88.0))
        shown, seq = follow(
            page,
            shown,
            seq,
            lambda s: nozzle(s, "birch") == 88 and s["alder"]["state"] == "unknown",
        )
        assert shown["alder"]["temps"] == {}, "nothing old is left standing as if it were live"
        assert "cannot show" in shown["alder"]["message"]
        farm.printer("alder").report(kit.make_status("alder", nozzle=66.0))
        follow(page, shown, seq, lambda s: s["alder"]["temps"].get("nozzle", [0])[0] == 66)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 300_000])
def test_frames_are_what_a_library_reads(size: int) -> None:
    import wsproto.frame_protocol as frames

    payload = b"x" * size
    reader = frames.FrameProtocol(client=True, extensions=[])
    reader.receive_bytes(text_frame(payload))
    text = "".join(str(frame.payload) for frame in reader.received_frames())
    assert text.encode() == payload


def test_a_socket_keeps_its_frames_whole_when_the_peer_is_slow() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sock = FrameSocket(ours)
        sock.send(b"101")
        sent = b"101"
        frame = text_frame(json.dumps({"x": "y" * 50_000}).encode())
        with sock.lock:
            while sock.offer(frame):
                sent += frame
            assert sock.unsent
        sock.send(b"pong")
        sent += b"pong"
        got = bytearray()

        def drain() -> None:
            while len(got) < len(sent):
                got.extend(theirs.recv(1 << 16))

        reader = threading.Thread(target=drain)
        reader.start()
        with sock.lock:
            sock.flush(b"", 2.0)
        reader.join(5)
        assert bytes(got) == sent
