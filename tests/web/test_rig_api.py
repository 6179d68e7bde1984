"""WS /ws/rig/RID and /api/rigs over real sockets (docs/rig.md)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import websocket

from core.camera_config import RigConfig
from core.secret import Secret
from web import rig_socket

TOKEN = "canary-token-of-the-rig-0815"
JPEG = b"\xff\xd8\xff" + b"picture" * 50
RIGS = tuple(
    RigConfig(id=name, name=name.capitalize(), printer=printer,
              sha256=hashlib.sha256(TOKEN.encode()).hexdigest())
    for name, printer in (("rig", "alder"), ("spare", ""))
)  # fmt: skip


@pytest.fixture
def farm(make_farm: Callable[..., Any], kit: SimpleNamespace) -> Any:
    return make_farm(rigs=RIGS, user="owner", password=Secret(kit.password))


def dial(farm: Any, rig: str = "rig", **headers: str) -> websocket.WebSocket:
    server = farm.servers[0] if farm.servers else farm.serve()
    opened: websocket.WebSocket = websocket.create_connection(
        f"ws://127.0.0.1:{server.port}/ws/rig/{rig}", timeout=30, suppress_origin=True,
        header={"Authorization": f"Bearer {TOKEN}", **headers},
    )  # fmt: skip
    return opened


@pytest.fixture
def line(farm: Any) -> Iterator[websocket.WebSocket]:
    opened = dial(farm)
    assert read(opened)["t"] == "welcome"
    yield opened
    opened.shutdown()  # close() leaves the socket open once the farm has said goodbye


def read(line: websocket.WebSocket) -> dict[str, Any]:
    return dict(json.loads(line.recv()))


def until(line: websocket.WebSocket, kind: str) -> dict[str, Any]:
    while (message := read(line))["t"] != kind:
        continue
    return message


def say(line: websocket.WebSocket, **message: Any) -> None:
    line.send(json.dumps(message))


def ask(farm: Any, kit: SimpleNamespace, path: str, body: Any = None) -> tuple[int, Any]:
    connection = farm.connect()
    raw = None if body is None else json.dumps(body)
    head = {**kit.basic(), "Content-Type": "application/json"}
    connection.request("GET" if body is None else "POST", path, raw, head)
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def refusal(farm: Any, rig: str = "rig", **headers: str) -> int:
    with pytest.raises(websocket.WebSocketBadStatusException) as caught:
        dial(farm, rig, **headers)
    return int(caught.value.status_code)


def test_only_the_rigs_own_token_opens_its_line(farm: Any, kit: SimpleNamespace) -> None:
    for wrong in ("Bearer nonsense", f"Basic {TOKEN}", "Bearer", "", f"Bearer {TOKEN} x"):
        assert refusal(farm, Authorization=wrong) == 401
    assert refusal(farm, "unknown") == 401, "nor does it tell which rigs there are"
    assert refusal(farm, Authorization=kit.basic()["Authorization"]) == 401, "nor a password"


def test_a_farm_without_a_password_still_wants_the_token(make_farm: Callable[..., Any]) -> None:
    farm = make_farm(rigs=RIGS)
    assert refusal(farm, Authorization="Bearer nonsense") == 401
    line = dial(farm)
    assert read(line)["t"] == "welcome"
    line.shutdown()


def test_guessing_is_slowed_down_and_people_still_get_in(farm: Any, kit: SimpleNamespace) -> None:
    codes = [refusal(farm, Authorization=f"Bearer guess-{n}") for n in range(12)]
    assert codes == [401] * 10 + [429] * 2
    assert ask(farm, kit, "/api/rigs")[0] == 200


def test_the_token_opens_nothing_else(farm: Any) -> None:
    connection = farm.connect()
    for path in ("/api/rigs", "/api/status", "/ws/rig/rig"):
        connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 401, path
    connection.close()


def test_a_page_of_another_site_cannot_be_a_rig(farm: Any) -> None:
    assert refusal(farm, Origin="http://evil.example") == 403


def test_status_readings_and_events_are_shown(
    farm: Any, line: websocket.WebSocket, kit: SimpleNamespace
) -> None:
    say(line, t="hello", v=1, version="1.0", now=0)
    readings = {"temperature": 23.4, "humidity": 41.5, "age": 2}
    say(line, t="status", state="recording", session="s1", frames=7, readings=readings)
    say(line, t="event", id="e1", at=1.0, event="session_started", session="s1")
    assert until(line, "ack")["ids"] == ["e1"]
    status, answer = ask(farm, kit, "/api/rigs")
    rig = answer["rigs"][0]
    assert status == 200 and rig["online"] and rig["state"] == "recording" and rig["frames"] == 7
    assert rig["cameras"] == ["rig"] and rig["version"] == "1.0"
    assert rig["readings"]["temperature"] == 23.4 and rig["readings"]["live"]
    assert [event["event"] for event in rig["events"]] == ["session_started"]
    assert answer["rigs"][1]["online"] is False and answer["rigs"][1]["state"] == "offline"
    assert TOKEN not in json.dumps(answer) and RIGS[0].sha256 not in json.dumps(answer)


def test_the_printers_card_follows_the_rig(
    farm: Any, line: websocket.WebSocket, kit: SimpleNamespace
) -> None:
    assert farm.doc("birch")["env"] is None
    say(line, t="status", state="idle",
        readings={"temperature": 20.5, "humidity": 44.0, "age": 0})  # fmt: skip
    kit.wait_for(lambda: farm.doc()["env"]["temperature"] == 20.5)
    env = farm.doc()["env"]
    assert env["rig"] == "rig" and env["state"] == "idle" and env["humidity"] == 44.0
    line.close()
    kit.wait_for(lambda: farm.doc()["env"]["state"] == "offline")


def test_a_layer_of_its_printer_reaches_the_rig(
    farm: Any, line: websocket.WebSocket, kit: SimpleNamespace
) -> None:
    assert until(line, "printer")["state"] == "idle", "what it was when the rig came"
    farm.printer().report(kit.printing())
    assert until(line, "printer") == {
        "t": "printer", "state": "printing", "job": "gear.3mf", "name": "gear",
    }  # fmt: skip
    assert until(line, "layer") == {"t": "layer", "layer": 4, "job": "gear.3mf"}


def test_pictures_are_asked_for_while_somebody_looks(farm: Any, line: websocket.WebSocket) -> None:
    farm.cameras.looked_at.add("rig")
    assert until(line, "preview")["wanted"] is True
    say(line, t="frame", seq=9, size=len(JPEG), age=0.2)
    line.send_binary(JPEG)
    assert until(line, "frame_ok")["seq"] == 9
    assert farm.cameras.pictures["rig"][0].jpeg == JPEG
    farm.cameras.looked_at.clear()
    assert until(line, "preview")["wanted"] is False


def closed_with(line: websocket.WebSocket) -> int:
    while True:
        opcode, data = line.recv_data(control_frame=True)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(data[:2], "big")


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([b"unannounced"], 1008),
        (['{"t":"frame","seq":1,"size":5}', b"sixsix"], 1008),
        (['{"t":"frame","seq":1,"size":5}', '{"t":"status"}'], 1008),
        (["not json"], 1008),
        (["[1]"], 1008),
        (['{"t":"' + "x" * (rig_socket.MAX_TEXT + 1) + '"}'], 1009),
        ([b"x" * (rig_socket.MAX_PICTURE + 1)], 1009),
    ],
)
def test_who_breaks_the_rules_is_hung_up_on(
    line: websocket.WebSocket, messages: list[str | bytes], code: int
) -> None:
    for message in messages:
        if isinstance(message, bytes):
            line.send_binary(message)
        else:
            line.send(message)
    assert closed_with(line) == code


def test_unknown_messages_are_ignored(line: websocket.WebSocket) -> None:
    for message in ({"t": "dance"}, {}, {"t": 5}, {"t": "event"}, {"t": "reading", "id": 3}):
        say(line, **message)
    say(line, t="event", id="e2", at=1, event="photo")
    assert until(line, "ack")["ids"] == ["e2"]


def test_a_second_connection_takes_over(farm: Any, line: websocket.WebSocket) -> None:
    second = dial(farm)
    assert read(second)["t"] == "welcome"
    assert closed_with(line) == rig_socket.CLOSE_REPLACED
    say(second, t="event", id="e3", at=1, event="photo")
    assert until(second, "ack")["ids"] == ["e3"]
    second.close()


def test_all_that_waited_for_days_is_taken_over_one_connection(line: websocket.WebSocket) -> None:
    ids = [f"r{number}" for number in range(600)]

    def pour() -> None:
        for number, name in enumerate(ids):
            say(line, t="reading", id=name, at=100.0 + number, temperature=20.0, humidity=50.0)

    pouring = threading.Thread(target=pour)
    pouring.start()
    acked = [until(line, "ack")["ids"][0] for _ in ids]
    pouring.join()
    assert acked == ids


def test_what_is_not_yet_taken_stays_with_the_rig(
    farm: Any, line: websocket.WebSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or one rig could fill the farm's memory."""
    busy, most = threading.Event(), []

    class Slow(rig_socket.RigSocket):
        def _hear(self, visit: Any, message: str | bytes) -> int:
            busy.wait(10)
            most.append(len(self._channel.input_buffer))  # type: ignore[attr-defined]
            return super()._hear(visit, message)

    monkeypatch.setattr(rig_socket, "RigSocket", Slow)
    with contextlib.closing(dial(farm)) as second:
        for number in range(200):
            second.send(json.dumps({"t": "reading", "id": f"r{number}", "pad": "x" * 60_000}))
            if number == 60:
                busy.set()  # till here it fits into the sockets on the way
        for _ in range(200):
            until(second, "ack")
    assert max(most) <= 2 * rig_socket.MAX_WAITING


def test_a_line_that_never_pauses_is_taken_over_too(farm: Any, line: websocket.WebSocket) -> None:
    over = threading.Event()

    def storm() -> None:
        with contextlib.suppress(OSError, websocket.WebSocketException):
            while not over.is_set():
                say(line, t="status", state="idle")

    storming = threading.Thread(target=storm)
    storming.start()
    second = dial(farm)
    storming.join(20)
    thrown_out = not storming.is_alive()
    over.set()
    storming.join()
    second.shutdown()
    assert thrown_out


def test_orders_and_delays(farm: Any, line: websocket.WebSocket, kit: SimpleNamespace) -> None:
    status, answer = ask(farm, kit, "/api/rigs/rig/orders", {"action": "start"})
    assert status == 202
    assert until(line, "do") == {"t": "do", "id": answer["order"], "action": "start"}
    assert ask(farm, kit, "/api/rigs/rig/settings", {"image_delay": 0.5})[0] == 200
    assert until(line, "settings") == {"t": "settings", "image_delay": 0.5}
    for path, body, code in (
        ("/api/rigs/rig/orders", {"action": "explode"}, 400),
        ("/api/rigs/spare/orders", {"action": "start"}, 409),
        ("/api/rigs/none/orders", {"action": "start"}, 404),
        ("/api/rigs/rig/settings", {"image_delay": 0}, 422),
        ("/api/rigs/rig/settings", {}, 400),
        ("/api/rigs/rig/settings", {"pins": 1}, 400),
    ):
        assert ask(farm, kit, path, body)[0] == code, (path, body)


def test_readings_as_a_series(farm: Any, line: websocket.WebSocket, kit: SimpleNamespace) -> None:
    for number in range(3):
        say(line, t="reading", id=f"r{number}", at=100.0 + number, temperature=20.0 + number,
            humidity=50.0)  # fmt: skip
        until(line, "ack")
    status, answer = ask(farm, kit, "/api/rigs/rig/readings")
    assert status == 200
    assert answer["readings"] == [[100, 20, 50], [101, 21, 50], [102, 22, 50]]
    assert ask(farm, kit, "/api/rigs/none/readings")[0] == 404
