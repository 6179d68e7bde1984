"""Rigs that come and vanish by the dozen: nothing stays behind, and nothing is a fault of ours."""

from __future__ import annotations

import hashlib
import json
import logging
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

import pytest
import websocket

from core.camera_config import RigConfig
from core.secret import Secret
from tests.waiting import wait_for
from web.frames import FrameSocket

TOKEN = "canary-token-of-the-rig-0815"
RESET = struct.pack("ii", 1, 0)
HELLO = json.dumps({"t": "hello", "v": 1, "rig": "rig", "now": 1.0})
HEAD = json.dumps({"t": "frame", "seq": 1, "size": 50_000, "age": 0})


def test_a_line_that_is_closed_already_is_said_to_be() -> None:
    ours, theirs = socket.socketpair()
    line = FrameSocket(ours)
    line.close()
    with theirs, pytest.raises(OSError, match="closed"), line.lock:
        line.flush(b"more", 1.0)


def dialled(url: str) -> websocket.WebSocket | None:
    """None: the house is full of those whose end has not been noticed yet."""
    try:
        return websocket.create_connection(
            url, timeout=30, suppress_origin=True, header={"Authorization": f"Bearer {TOKEN}"}
        )
    except websocket.WebSocketBadStatusException as refusal:
        assert refusal.status_code == 503
        return None


def vanish(line: websocket.WebSocket, number: int) -> None:
    """In the middle of all that a rig may be saying."""
    if number % 5 > 0:
        line.send(HELLO)
    if number % 5 == 2:
        line.send(HEAD)
        line.sock.sendall(b"\x82\xfe\xc3\x50abcd" + b"x" * 100)
    elif number % 5 == 3:
        line.send("x" * 70_000)  # the farm wants to hang up itself
    elif number % 5 == 4:
        line.send(json.dumps({"t": "event", "id": f"e{number}", "at": 1.0, "event": "photo"}))
    line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    line.shutdown()


def test_rigs_that_vanish_are_no_faults_of_the_farm(
    make_farm: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    rigs = (RigConfig(id="rig", name="Rig", printer="", sha256=digest),)
    farm = make_farm(rigs=rigs, user="owner", password=Secret("canary-password"))
    url = f"ws://127.0.0.1:{farm.serve().port}/ws/rig/rig"

    def storm(first: int) -> None:
        for number in range(first, first + 40):
            line = wait_for(lambda: dialled(url), "a place at the farm")
            try:
                vanish(line, number)
            except OSError:  # a later one of the same rig has ended this one
                line.shutdown()

    with caplog.at_level(logging.ERROR):
        threads = [threading.Thread(target=storm, args=(n * 40,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_for(lambda: not farm.services.rigs.all()[0]["online"], "the last one's end")
    assert [record.getMessage() for record in caplog.records] == []
