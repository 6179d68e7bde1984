"""Builders for tests against simulated printers: a farm factory and independent clients."""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simulator.farm import Endpoint, SimulatedFarm
from simulator.specs import PrinterSpec, make_spec
from tests.simulator.moonraker_client import Bench, bench
from tests.waiting import wait_for

WAIT_S = 30.0


@pytest.fixture
def simulated_farm() -> Iterator[Callable[..., SimulatedFarm]]:
    """simulated_farm("P1S", "X1C", ...) or simulated_farm(specs=[...]): a running farm.

    The printers of given models are called p0, p1, ...; options go to SimulatedFarm.
    """
    with contextlib.ExitStack() as stack:

        def start(
            *models: str,
            specs: list[PrinterSpec] | None = None,
            scenario: str = "idle",
            **options: Any,
        ) -> SimulatedFarm:
            chosen = specs or [
                make_spec(f"p{i}", f"Printer {i}", model, i + 1, scenario)
                for i, model in enumerate(models or ("P1S",))
            ]
            return stack.enter_context(SimulatedFarm(chosen, **options))

        yield start


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """A client's TLS context that accepts any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture
def eventually() -> Callable[..., None]:
    """eventually(condition): wait until it is true, or fail after a minute."""

    def wait(condition: Callable[[], object], timeout_s: float = 60.0) -> None:
        wait_for(condition, seconds=timeout_s, every=0.01)

    return wait


@pytest.fixture
def moonraker() -> Iterator[Bench]:
    """A simulated Moonraker and its client, 40 times as fast as a real one."""
    with bench() as one:
        yield one


class MqttProbe:
    """A paho client that keeps what it hears."""

    def __init__(
        self, endpoint: Endpoint, context: ssl.SSLContext, *, code: str = "", client_id: str = ""
    ) -> None:
        self.serial = endpoint.serial
        self.messages: queue.Queue[bytes] = queue.Queue()
        self.connack: queue.Queue[int] = queue.Queue()
        self.granted: queue.Queue[int] = queue.Queue()
        self.lost = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        self.client.tls_set_context(context)
        self.client.username_pw_set("bblp", code or endpoint.access_code)
        self.client.reconnect_delay_set(30, 30)  # a probe shows what happened, it does not heal
        self.client.on_connect = lambda _c, _u, _f, reason, _p: self.connack.put(reason.value)
        self.client.on_subscribe = lambda _c, _u, _m, codes, _p: self.granted.put(codes[0].value)
        self.client.on_message = lambda _c, _u, message: self.messages.put(message.payload)
        self.client.on_disconnect = lambda *_: self.lost.set()
        self.client.connect(endpoint.host, endpoint.mqtt_port, 30)
        self.client.loop_start()

    def online(self) -> MqttProbe:
        """Wait for the CONNACK and subscribe to the reports."""
        assert self.connack.get(timeout=WAIT_S) == 0
        return self.subscribe(f"device/{self.serial}/report")

    def subscribe(self, topic: str) -> MqttProbe:
        self.client.subscribe(topic)
        assert self.granted.get(timeout=WAIT_S) < 3
        return self

    def ask(self, section: str, qos: int = 0, **body: Any) -> mqtt.MQTTMessageInfo:
        payload = json.dumps({section: {"sequence_id": "20001", **body}})
        return self.client.publish(f"device/{self.serial}/request", payload, qos)

    def next(self) -> bytes:
        return self.messages.get(timeout=WAIT_S)

    def answer(self, section: str, command: str) -> dict[str, Any]:
        """The next message with this section and command."""
        while True:
            message = json.loads(self.next())
            body = message.get(section, {})
            if body.get("command") == command:
                return dict(body)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def probe(trusting: ssl.SSLContext) -> Iterator[Callable[..., MqttProbe]]:
    """probe(endpoint, code=, client_id=): a paho client; closed at the end."""
    probes: list[MqttProbe] = []

    def connect(endpoint: Endpoint, **options: Any) -> MqttProbe:
        probes.append(MqttProbe(endpoint, trusting, **options))
        return probes[-1]

    yield connect
    for one in probes:
        one.close()


@pytest.fixture
def tls_socket(trusting: ssl.SSLContext) -> Iterator[Callable[[str, int], ssl.SSLSocket]]:
    """tls_socket(host, port): a bare TLS connection; closed at the end."""
    with contextlib.ExitStack() as stack:

        def connect(host: str, port: int) -> ssl.SSLSocket:
            raw = socket.create_connection((host, port), WAIT_S)
            return stack.enter_context(trusting.wrap_socket(raw))

        yield connect
