"""The whole server at a real broker: wired, gated, and missed when it is killed."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.mqtt_out.conftest import Broker, Client
from tests.waiting import free_port, wait_for

ROOT = Path(__file__).parents[2]


class Server:
    def __init__(self, folder: Path, broker: Broker) -> None:
        self.port = free_port()
        config = folder / "config.json"
        config.write_text(
            json.dumps(
                {
                    "printers": [
                        {"id": "alder", "name": "Alder", "type": "bambu", "model": "X1C",
                         "simulate": True},
                    ],
                    "mqtt": {"enabled": True, "port": broker.port, "commands": True},
                }
            )
        )  # fmt: skip
        command = [
            sys.executable, "api_server.py", "--config", str(config), "--port", str(self.port),
            "--data-dir", str(folder / "jobs"),
        ]  # fmt: skip
        self.log = (folder / "server.log").open("w")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self.log, stderr=self.log)

    def get(self, path: str) -> Any:
        try:
            url = f"http://127.0.0.1:{self.port}{path}"
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)
        except OSError:
            return None  # not yet

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self.log.close()


@pytest.fixture
def server(broker: Broker, tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path, broker)
    yield server
    server.close()


def test_orders_go_through_the_farms_own_gate(server: Server, client: Any) -> None:
    hand: Client = client("#")
    state = hand.wait("farm/printer/alder/state", lambda told: told["state"] == "ready")
    assert state["print_status"] == "idle" and not state["can"]["pause"]
    assert server.get("/api/mqtt")["state"] == "online"
    hand.publish("farm/printer/alder/order/pause", "PRESS")
    answer = hand.wait("farm/printer/alder/answer")
    assert not answer["ok"]

    def panel_says() -> str:
        return str(server.get("/api/status?printer_id=alder")["gates"]["pause"]["why"])

    wait_for(lambda: panel_says() == answer["text"], "the same words in the panel")
    hand.publish("farm/printer/alder/order/mark_clear", "PRESS")  # it is clear: said twice
    assert hand.wait("farm/printer/alder/answer", lambda told: told["order"] == "mark_clear")
    wait_for(lambda: server.get("/api/mqtt")["orders"].get("refused"))
    server.process.send_signal(signal.SIGKILL)
    assert hand.wait("farm/status", lambda word: word == "offline")


def test_a_clean_stop_takes_no_time_and_says_goodbye(server: Server, client: Any) -> None:
    hand: Client = client("farm/status")
    hand.wait("farm/status", lambda word: word == "online")
    server.process.terminate()
    assert server.process.wait(15) == 0
    assert hand.wait("farm/status", lambda word: word == "offline")
