"""WS /ws/printer/ID: what other programs see of one printer."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import websocket

from core.secret import Secret
from web import printer_feed


def connect(farm: Any, path: str, **more: Any) -> websocket.WebSocket:
    server = farm.servers[0] if farm.servers else farm.serve()
    more.setdefault("suppress_origin", "origin" not in more)
    return websocket.create_connection(f"ws://127.0.0.1:{server.port}{path}", timeout=30, **more)


def read(feed: websocket.WebSocket) -> dict[str, Any]:
    return dict(json.loads(feed.recv()))


def test_each_frame_is_the_printer_and_brings_a_picture_only_when_it_is_new(
    farm: Any, kit: Any
) -> None:
    farm.cameras.show("alder", b"\xff\xd8first")
    feed = connect(farm, "/ws/printer/alder")
    first = read(feed)
    assert first["id"] == "alder" and first["gates"]
    assert base64.b64decode(first["jpeg_image"]) == b"\xff\xd8first"
    assert first["jpeg_at"] == 5.0
    farm.printer("alder").report(kit.printing("alder", nozzle=123))
    later = read(feed)
    while later["temps"]["nozzle"][0] != 123:
        later = read(feed)
    assert "jpeg_image" not in later
    farm.cameras.show("alder", b"\xff\xd8first", b"\xff\xd8second")
    farm.cameras.pictures["alder"].reverse()
    assert base64.b64decode(read(feed)["jpeg_image"]) == b"\xff\xd8second"
    feed.close()


def test_without_pictures_the_camera_is_left_alone(
    farm: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(camera_id: str) -> None:
        raise AssertionError(f"{camera_id} was asked for a picture")

    monkeypatch.setattr(farm.cameras, "frame", never)
    feed = connect(farm, "/ws/printer/alder?image=0")
    assert read(feed)["id"] == "alder"
    farm.printer("alder").report(kit.printing("alder", nozzle=99))
    while read(feed)["temps"].get("nozzle", [0])[0] != 99:
        continue
    feed.close()


def test_a_quiet_printer_is_told_from_a_dead_line(
    farm: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printer_feed, "ALIVE_S", 0.2)
    monkeypatch.setattr(printer_feed, "EVERY_S", 0.1)
    feed = connect(farm, "/ws/printer/birch")
    assert [read(feed)["id"] for _ in range(3)] == ["birch"] * 3
    feed.close()


def test_strangers_other_sites_and_unknown_printers_are_refused(make_farm: Any, kit: Any) -> None:
    farm = make_farm(user="owner", password=Secret(kit.password))
    basic = [f"{name}: {value}" for name, value in kit.basic().items()]
    for path, headers, status in (
        ("/ws/printer/alder", [], 401),
        ("/ws/printer/nobody", basic, 404),
    ):
        with pytest.raises(websocket.WebSocketBadStatusException) as refused:
            connect(farm, path, header=headers)
        assert refused.value.status_code == status
    with pytest.raises(websocket.WebSocketBadStatusException) as foreign:
        connect(farm, "/ws/printer/alder", header=basic, origin="http://evil.example")
    assert foreign.value.status_code == 403
    feed = connect(farm, "/ws/printer/alder", header=basic)
    assert read(feed)["id"] == "alder"
    feed.close()


def test_a_program_that_forgets_to_hang_up_cannot_take_every_place(
    make_farm: Any, monkeypatch: pytest.MonkeyPatch, kit: Any
) -> None:
    monkeypatch.setattr(printer_feed, "MAX_FEEDS", 2)
    farm = make_farm()
    feeds = [connect(farm, "/ws/printer/alder") for _ in range(2)]
    assert [read(feed)["id"] for feed in feeds] == ["alder"] * 2
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(farm, "/ws/printer/alder")
    assert refused.value.status_code == 503
    feeds.pop().close()

    def has_place() -> bool:
        try:
            connect(farm, "/ws/printer/alder").close()
        except websocket.WebSocketBadStatusException:
            return False
        return True

    kit.wait_for(has_place)
    feeds.pop().close()
