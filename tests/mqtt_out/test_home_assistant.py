"""Home Assistant itself, where HOME_ASSISTANT_PYTHON names a Python that has its wheel: its MQTT
integration at a real broker, from discovery to removal (docs/mqtt.md says how to get one)."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from printers.commands import Pause
from printers.status import PrinterState
from tests.mqtt_out import samples
from tests.mqtt_out.conftest import Broker, Farm
from tests.waiting import wait_for

PYTHON = os.environ.get("HOME_ASSISTANT_PYTHON", "")
SCRIPT = Path(__file__).with_name("home_assistant_core.py")
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="HOME_ASSISTANT_PYTHON is not set (docs/mqtt.md)"
)


class HomeAssistant:
    def __init__(self, folder: Path, port: int) -> None:
        command = [PYTHON, str(SCRIPT), str(folder), str(port)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True,
        )  # fmt: skip
        self.version = self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "Home Assistant ended"
        return json.loads(line)

    def ask(self, **request: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._read()

    def state(self, entity: str) -> str | None:
        told = self.ask(state=entity)
        return told[0] if told else None

    def wait(self, entity: str, *wanted: str) -> None:
        try:
            wait_for(lambda: self.state(entity) in wanted)
        except AssertionError:
            told = [self.ask(state=entity), self.ask(registry=True)["devices"], self.ask(log=True)]
            raise AssertionError(f"{entity} should be {wanted}: {told}") from None

    def close(self) -> None:
        self._process.communicate(timeout=30)


@pytest.fixture
def home(broker: Broker, tmp_path: Path) -> Iterator[HomeAssistant]:
    one = HomeAssistant(tmp_path / "home", broker.port)
    yield one
    one.close()


def test_from_discovery_to_removal(
    home: HomeAssistant, farm: Any, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mqtt_out.desk.GONE_AFTER_S", 2.0)
    here: Farm = farm("alder", "mk3.9", commands=True)
    here.frame("alder", b"\xff\xd8 twelve bytes")
    samples.publish(here.registry, samples.rich())
    samples.publish(here.registry, samples.plain("mk3.9"))
    for entity, wanted in (
        ("sensor.alder_print_status", "running"), ("sensor.alder_print_progress", "42"),
        ("sensor.alder_ams_1_tray_1", "PLA Basic"), ("binary_sensor.alder_door_open", "off"),
        ("button.alder_resume", "unavailable"),
        ("button.alder_pause", "unknown"), ("sensor.mk3_9_print_status", "idle"),
        ("sensor.farm_printers", "2"), ("event.alder_event", "unknown"),
    ):  # fmt: skip
        home.wait(entity, wanted)
    wait_for(lambda: (home.state("sensor.alder_end_time") or "").startswith("20"))
    wait_for(lambda: home.ask(image="camera.alder_camera") == 15)
    assert sorted(home.ask(registry=True)["devices"]) == ["Alder", "Mk3.9", "Print farm (farm)"]
    home.ask(press="button.alder_pause")
    wait_for(lambda: here.executed == [("alder", Pause())])
    assert home.ask(log=True) == []

    broker.stop()
    home.wait("sensor.alder_print_status", "unavailable")
    samples.publish(here.registry, samples.rich(state=PrinterState.PAUSED))
    broker.start()
    home.wait("sensor.alder_print_status", "pause")
    home.wait("button.alder_resume", "unknown")
    home.ask(log=True)  # that the connection was lost

    here.room.stop()
    home.wait("sensor.mk3_9_print_status", "unavailable")
    second: Farm = farm("alder", commands=False)
    samples.publish(second.registry, samples.rich())
    home.wait("sensor.alder_print_status", "running")

    def only_alder() -> bool:
        there = home.ask(registry=True)
        gone = [one for one in there["entities"] if one.startswith("button.") or "mk3" in one]
        return not gone and sorted(there["devices"]) == ["Alder", "Print farm (farm)"]

    wait_for(only_alder, "the end of the printer and of the buttons")
    complaints = [line for line in home.ask(log=True) if "No device components" not in line]
    assert complaints == []
