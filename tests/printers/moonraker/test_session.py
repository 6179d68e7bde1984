"""A session begins: what is asked, what a key gets, what cannot be used."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import (
    ConfigError,
    PrinterOffline,
)
from printers import commands as c
from printers.moonraker.adapter import MoonrakerPrinter
from tests.printers.lan.servers import LoopbackServer, read_head
from tests.printers.moonraker.server import KEY, FakeMoonraker
from tests.printers.moonraker.steps import Make, S, in_state, start_of


def test_building_needs_neither_network_nor_disk(make: Make, tmp_path: Path) -> None:
    printer = make("http://198.51.100.1", start=False)
    assert printer.status.state is S.CONNECTING
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "options"),
    [("ftp://x", {}), ("http://x", {"light_pin": 5}), ("http://x", {"webcam": ["a"]})],
)
def test_what_cannot_be_used_is_a_configuration_error(
    make: Make, url: str, options: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="Rowan"):
        make(url, start=False, options=options)


def test_the_first_report_is_whole(server: FakeMoonraker, rowan: MoonrakerPrinter) -> None:
    status = rowan.status
    assert status.link.online
    assert [h.name for h in status.heaters] == ["nozzle", "bed"]
    assert status.machine.firmware == "Kalico, Moonraker 0.11.0"
    assert "temperature_bed" in status.machine.capabilities
    (wanted,) = server.asked("printer.objects.subscribe")
    assert "mcu" not in wanted["objects"]


def test_a_key_gets_a_token_and_identifies(make: Make) -> None:
    with FakeMoonraker(key=KEY) as server:
        printer = make(server.url, KEY)
        in_state(printer, S.IDLE)
        assert ("GET", "/access/oneshot_token") in server.requests
        assert any(target.startswith("/websocket?token=TOKEN") for _, target in server.requests)
        assert server.asked("server.connection.identify")[0]["api_key"] == KEY
        assert KEY not in json.dumps(dict(printer.diagnostics()), default=str)
        printer.stop()


@pytest.mark.parametrize("key", ["wrong-key-of-somebody", ""])
def test_a_refused_key_is_said_and_not_hurried(make: Make, key: str) -> None:
    with FakeMoonraker(key=KEY) as server:
        printer = make(server.url, key)
        status = in_state(printer, S.AUTH)
        assert "API key" in status.message
        assert not status.link.online
        with pytest.raises(PrinterOffline, match="Nothing was sent"):
            printer.refresh()
        printer.stop()


def test_nobody_there(make: Make) -> None:
    printer = make("http://127.0.0.1:9")
    status = in_state(printer, S.OFFLINE)
    assert "refuses the connection" in status.message
    for act in (
        lambda: printer.execute(c.Home()),
        lambda: printer.execute(c.EmergencyStop()),
        lambda: printer.start_print(start_of("x.gcode")),
        lambda: printer.remote_size("x.gcode"),
    ):
        with pytest.raises(PrinterOffline):
            act()


def test_a_server_that_never_answers_the_upgrade_holds_up_no_stop(make: Make) -> None:
    done = threading.Event()
    asked = threading.Event()

    def mute(sock: socket.socket) -> None:
        read_head(sock)
        asked.set()
        done.wait(10)

    with LoopbackServer(mute) as server:
        printer = make(f"http://127.0.0.1:{server.port}")
        assert asked.wait(60)
        began = time.monotonic()
        printer.stop()
        assert time.monotonic() - began < 2
        assert printer.status.state is S.OFFLINE
        done.set()
