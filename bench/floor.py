"""The floor in the same run: a bare paho client per printer that only parses the JSON.

``python -m bench.floor SECONDS`` reads the printers as one JSON line from standard input.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
import time
from typing import Any

import paho.mqtt.client as mqtt
import psutil
from paho.mqtt.enums import CallbackAPIVersion

from core.jsonio import loads


def _client(printer: dict[str, Any], context: ssl.SSLContext, delays: list[float]) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"floor-{printer['id']}")
    client.tls_set_context(context)
    client.username_pw_set("bblp", printer["access_code"])
    topic = f"device/{printer['serial']}"

    def connected(*_: object) -> None:
        client.subscribe(f"{topic}/report")
        client.publish(f"{topic}/request", json.dumps({"pushing": {"command": "pushall"}}))

    def received(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        sent = loads(message.payload).get("print", {}).get("t_stamp")
        if sent:
            delays.append((time.time_ns() - sent) / 1e6)

    client.on_connect = connected
    client.on_message = received
    client.connect(printer["host"], printer["mqtt_port"], 30)
    client.loop_start()
    return client


def run(printers: list[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """Wire-to-parsed latency and the CPU of this process."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    delays: list[float] = []
    clients = [_client(printer, context, delays) for printer in printers]
    pause = threading.Event()
    pause.wait(3)
    delays.clear()
    usage = psutil.Process()
    before = usage.cpu_times()
    pause.wait(seconds)
    after = usage.cpu_times()
    result = {
        "delays_ms": list(delays),
        "cpu_percent": 100 * (after.user + after.system - before.user - before.system) / seconds,
        "rss_mb": usage.memory_info().rss / 1e6,
        "threads": usage.num_threads(),
    }
    for client in clients:
        client.disconnect()
        client.loop_stop()
    return result


if __name__ == "__main__":
    listed = json.loads(sys.stdin.readline())
    sys.stdout.write(json.dumps(run(listed, float(sys.argv[1]))) + "\n")
