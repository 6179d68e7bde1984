"""A real mosquitto on a loopback port, an independent client, and a farm that tells it."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cameras.frames import Frame
from core.alert_config import MqttConfig
from core.clock import SystemClock
from core.errors import Blocked
from core.events import Bus
from mqtt_out.build import Doors, MqttOut, build_mqtt
from printers.commands import Command
from printers.registry import Registry
from tests.mqtt_out import samples
from tests.waiting import free_port, wait_for

PATH = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
WAIT_S = 30.0


class Broker:
    """mosquitto, without persistence: a restart forgets everything it kept."""

    def __init__(self, folder: Path, *lines: str) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\npersistence false\n" + "\n".join(lines) + "\n"
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("mosquitto") or shutil.which("mosquitto", path=PATH)
        assert program, "mosquitto is missing: run deploy/system_packages.sh"
        command = [program, "-c", str(self._config)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(self._answers, "mosquitto's answer")

    def _answers(self) -> bool:
        assert self._process is not None and self._process.poll() is None, "mosquitto ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


class Wire:
    """A cable to the broker that can be cut."""

    def __init__(self, target: int) -> None:
        self._target, self._lock = target, threading.Lock()
        self._ends: list[socket.socket] = []
        self._server: socket.socket | None = None
        self.port = free_port()
        self.mend()

    def mend(self) -> None:
        self._server = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for _ in range(100):
                near, _address = server.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                with self._lock:
                    self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    @staticmethod
    def _carry(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                sink.sendall(chunk)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            server.close()
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class Client:
    """Somebody else at the broker; hears everything under ``topics``."""

    def __init__(self, port: int, *topics: str, user: str = "", password: str = "") -> None:
        self.heard: dict[str, list[mqtt.MQTTMessage]] = defaultdict(list)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        if user:
            self._client.username_pw_set(user, password)
        self._client.on_message = lambda _c, _d, message: self.heard[message.topic].append(message)
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._client.subscribe([(topic, 1) for topic in topics or ("#",)])
        assert subscribed.wait(WAIT_S)

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(WAIT_S)

    def texts(self, topic: str) -> list[str]:
        return [message.payload.decode() for message in list(self.heard[topic])]

    def last(self, topic: str) -> Any:
        """The newest message there as JSON (or as text), None = nothing yet."""
        texts = self.texts(topic)
        if not texts:
            return None
        try:
            return json.loads(texts[-1])
        except ValueError:
            return texts[-1]

    def wait(self, topic: str, wanted: Callable[[Any], Any] = lambda value: value) -> Any:
        """The newest message there, as soon as it is the wanted one."""

        def found() -> Any:
            value = self.last(topic)
            return value is not None and wanted(value) and [value]

        return wait_for(found, f"the wanted message on {topic}")[0]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


class Farm:
    """The room as the server builds it, with a registry and a gate that the test plays."""

    def __init__(
        self, folder: Path, config: MqttConfig, ids: tuple[str, ...], *, enabled: bool = True
    ) -> None:
        self.folder = folder
        self.bus = Bus()
        self.registry = Registry(self.bus)
        self.executed: list[tuple[str, Command]] = []
        self.cleared: list[str] = []
        self.notes: list[tuple[str, str, str, str]] = []
        self.frames: dict[str, Frame] = {}
        self.refusal = ""
        self.hang: threading.Event | None = None
        self.room: MqttOut = build_mqtt(
            replace(config, enabled=enabled, every_s=0.5),
            printers={name: samples.config(name) for name in ids},
            registry=self.registry, bus=self.bus, clock=SystemClock(), folder=folder,
            doors=Doors(
                facts=samples.NoFacts(), look=self.frames.get, execute=self._execute,
                mark_clear=self.cleared.append, note=lambda *note: self.notes.append(note),
            ),
            version="1.2.3", retry=(0.1, 0.5),
        )  # fmt: skip

    def _execute(self, printer_id: str, command: Command) -> None:
        if self.hang is not None and command.name == "pause":
            self.hang.wait(WAIT_S)
        if self.refusal:
            raise Blocked(self.refusal, code="printer_busy")
        self.executed.append((printer_id, command))

    def frame(self, printer_id: str, jpeg: bytes) -> None:
        before = self.frames.get(printer_id)
        seq = before.seq + 1 if before else 1
        self.frames[printer_id] = Frame(jpeg, time.time(), time.monotonic(), seq)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path, "allow_anonymous true")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def wire(broker: Broker) -> Iterator[Wire]:
    wire = Wire(broker.port)
    yield wire
    wire.cut()


@pytest.fixture
def client(broker: Broker) -> Iterator[Callable[..., Client]]:
    """Makes clients: client("farm/#")."""
    made: list[Client] = []

    def make(*topics: str, **who: str) -> Client:
        made.append(Client(broker.port, *topics, **who))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def farm(broker: Broker, tmp_path: Path) -> Iterator[Callable[..., Farm]]:
    """Makes farms (not started): farm("alder", "oak", commands=True)."""
    made: list[Farm] = []

    def make(*ids: str, start: bool = True, **settings: Any) -> Farm:
        config = MqttConfig(**{"port": broker.port, **settings})
        one = Farm(tmp_path / "mqtt", config, ids)
        made.append(one)
        if start:
            one.room.start()
        return one

    yield make
    for one in made:
        one.room.stop()
