"""``python -m bench.mqtt``: what MQTT out costs a farm, through a real mosquitto on loopback.

The same simulated farm without and with it, each process on a core of its own; then how soon Home
Assistant has everything again after its own start, and what one state message costs in the farm.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import psutil
from paho.mqtt.enums import CallbackAPIVersion

from bench.__main__ import free_port
from bench.mixes import entries
from bench.processes import CORES, FARM_CORE, LISTENER_CORE, Farm, Simulators, Usage, pinned
from bench.rows import Row
from core.alert_config import MqttConfig
from core.clock import SystemClock
from core.config import PrinterConfig
from core.events import Bus
from job_queue.records import QueueState
from mqtt_out.desk import Desk
from mqtt_out.discovery import Discovery
from mqtt_out.facts import FarmFacts
from mqtt_out.known import Known
from mqtt_out.topics import Topics
from printers.registry import Registry
from printers.status import Heater, Link, PrinterState, PrinterStatus

SETTLE_S = 4.0


@contextmanager
def broker() -> Iterator[int]:
    """The port of a mosquitto that keeps nothing on the disk."""
    program = shutil.which("mosquitto", path=f"/usr/sbin:{sys.exec_prefix}") or "mosquitto"
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = pinned([program, "-c", str(config)], LISTENER_CORE, **quiet)
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("mosquitto does not answer")


class Ears:
    """Counts what comes, by the last part of the topic."""

    def __init__(self, port: int) -> None:
        self.counts: Counter[str] = Counter()
        self.bytes = 0
        self.devices: set[str] = set()
        self.states: set[str] = set()
        self.complete = threading.Event()
        self.wanted = 0
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.subscribe("#")
        self._client.loop_start()

    def _take(self, _client: Any, _data: Any, message: mqtt.MQTTMessage) -> None:
        kind = message.topic.rsplit("/", 1)[1]
        self.counts[kind] += 1
        self.bytes += len(message.payload)
        if kind in ("config", "state"):
            (self.devices if kind == "config" else self.states).add(message.topic)
            if self.wanted and min(len(self.devices), len(self.states)) >= self.wanted:
                self.complete.set()

    def reset(self, wanted: int = 0) -> None:
        self.counts.clear()
        self.devices.clear()
        self.states.clear()
        self.bytes, self.wanted = 0, wanted
        self.complete.clear()

    def say_home_assistant_has_started(self) -> None:
        self._client.publish("homeassistant/status", b"online")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def without(printers: Sequence[dict[str, Any]], seconds: float) -> Usage:
    with Farm(list(printers), free_port()) as farm:
        farm.usage_during(SETTLE_S)
        return farm.usage_during(seconds)


def with_mqtt(printers: Sequence[dict[str, Any]], seconds: float) -> tuple[Usage, Ears, float]:
    """Also the seconds until everything had come again after Home Assistant's birth."""
    with broker() as port:
        settings = {"mqtt": {"enabled": True, "port": port, "pictures": False}}
        with Farm(list(printers), free_port(), settings) as farm:
            ears = Ears(port)
            farm.usage_during(SETTLE_S)
            ears.reset()
            usage = farm.usage_during(seconds)
            heard = Counter(ears.counts)
            size = ears.bytes
            ears.reset(wanted=len(printers))
            began = time.perf_counter()
            ears.say_home_assistant_has_started()
            if not ears.complete.wait(60):
                raise RuntimeError("not everything was announced again within 60 s")
            again = time.perf_counter() - began
            ears.close()
            ears.counts, ears.bytes = heard, size
            return usage, ears, again


def farm_rows(count: int, seconds: float) -> Iterator[Row]:
    with Simulators(entries("bambu", count), hertz=1.0) as simulators:
        bare = without(simulators.printers, seconds)
        usage, ears, again = with_mqtt(simulators.printers, seconds)
    yield Row("farm CPU of one core, without MQTT", bare.cpu_percent, "%")
    yield Row("farm CPU of one core, with MQTT", usage.cpu_percent, "%")
    yield Row("farm RSS, without MQTT", bare.rss_mb, "MB")
    yield Row("farm RSS, with MQTT", usage.rss_mb, "MB")
    yield Row("state messages", ears.counts["state"] / seconds, "/s")
    yield Row("all messages", sum(ears.counts.values()) / seconds, "/s")
    yield Row("bytes", ears.bytes / seconds / 1000, "kB/s")
    yield Row("all devices and states again, to one reader", again, "s")


def message_rows(count: int, rounds: int) -> Iterator[Row]:
    """One process, no network: looking at every printer, and making each one's message."""
    with tempfile.TemporaryDirectory() as folder:
        desk, registry = _desk(count, Path(folder))
        names = [f"p-{number}" for number in range(count)]
        for label, warmer in (("a look that finds no news", 0.0), ("a state message", 5.0)):
            spent = 0.0
            for round_no in range(rounds):
                for name in names:
                    registry.publish(_status(name, 20.0 + warmer * (round_no % 40)))
                desk.due_now()
                began = time.perf_counter()
                desk.look(names)
                spent += time.perf_counter() - began
            each = spent / (rounds * count)
            yield Row(label, each * 1e6, "us")
            if warmer:
                yield Row("state messages one core could make", 1 / each, "/s")


def _desk(count: int, folder: Path) -> tuple[Desk, Registry]:
    config = MqttConfig(enabled=True)
    topics, registry = Topics("farm", "homeassistant"), Registry(Bus())
    printers = {
        f"p-{number}": PrinterConfig(id=f"p-{number}", name="P", type="bambu", model="X1C")
        for number in range(count)
    }
    desk = Desk(
        config, topics, registry, printers, FarmFacts(QueueState, lambda: None), Known(folder),
        Discovery(topics, version="0", commands=False, pictures=False), SystemClock(),
        lambda *_, **__: 1,
    )  # fmt: skip
    return desk, registry


def _status(printer_id: str, nozzle: float) -> PrinterStatus:
    return PrinterStatus(
        printer_id=printer_id, name=printer_id, kind="bambu", state=PrinterState.IDLE,
        observed_at=time.time(), observed_mono=time.monotonic(), link=Link(online=True),
        heaters=(
            Heater(name="nozzle", current=nozzle, target=0.0, maximum=300),
            Heater(name="bed", current=20.0, target=0.0, maximum=120),
            Heater(name="chamber", current=20.0, target=None, maximum=None),
        ),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.mqtt", description=__doc__)
    parser.add_argument("--printers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=100)
    args = parser.parse_args()
    load = statistics.fmean(psutil.cpu_percent(0.2, percpu=True))
    print(f"MQTT out, {args.printers} simulated Bambu printers, mosquitto; {len(CORES)} cores,")
    print(f"farm on {FARM_CORE}, other load at the start {load:.0f} % of all cores")
    print("\nOne report a second each, all of them news, at most one state every 2 s", flush=True)
    for row in farm_rows(args.printers, args.seconds):
        print(row.text(), flush=True)
    print("\nIn the farm itself", flush=True)
    for row in message_rows(args.printers, args.rounds):
        print(row.text(), flush=True)


if __name__ == "__main__":
    main()
