"""The barest clients there can be, one thread for each printer: they parse the JSON and look at
the stamp, nothing else. Well-known libraries, nothing of the farm's own but its JSON parser."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
import websocket
from paho.mqtt.enums import CallbackAPIVersion

from core.jsonio import loads
from simulator.stamp import CYCLE_MS

Printer = dict[str, Any]
Note = Callable[[float], None]
Stop = Callable[[], None]
_WAIT_S = 10.0
_POLL_S = 1.0
_OCTOPRINT = {"state": {"logs": False, "messages": False}, "events": True, "plugins": False}
_KLIPPER: dict[str, list[str]] = {
    "webhooks": ["state", "state_message"],
    "print_stats": ["filename", "state", "message", "info", "print_duration", "total_duration"],
    "virtual_sdcard": ["progress", "is_active", "file_position"],
    "toolhead": ["homed_axes"],
    "gcode_move": ["speed_factor", "gcode_position"],
    "idle_timeout": ["state"],
    "extruder": ["temperature", "target"],
    "heater_bed": ["temperature", "target"],
    "fan": ["speed"],
}


def _since(milliseconds: float, percent: float) -> float:
    return (time.time_ns() / 1e6 - milliseconds - int(percent) / 100) % CYCLE_MS


# -- Bambu ---------------------------------------------------------------------------------------


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_SHARED_CONTEXT = _context()


def bambu(printer: Printer, note: Note) -> Stop:
    """paho with one TLS context for all."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"floor-{printer['id']}")
    client.tls_set_context(_SHARED_CONTEXT)
    client.username_pw_set("bblp", printer["access_code"])
    topic = f"device/{printer['serial']}"

    def connected(*_: object) -> None:
        client.subscribe(f"{topic}/report")
        client.publish(f"{topic}/request", json.dumps({"pushing": {"command": "pushall"}}))

    def received(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        sent = loads(message.payload).get("print", {}).get("t_stamp")
        if sent:
            note((time.time_ns() - sent) / 1e6)

    client.on_connect = connected
    client.on_message = received
    client.connect(printer["host"], printer["mqtt_port"], 30)
    client.loop_start()

    def stop() -> None:
        client.disconnect()
        client.loop_stop()

    return stop


# -- OctoPrint and Moonraker ---------------------------------------------------------------------


def _asked(printer: Printer, path: str, body: object = None) -> Any:
    request = urllib.request.Request(
        printer["url"] + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"X-Api-Key": printer["api_key"], "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_WAIT_S) as answer:
        return json.load(answer)


def _listen(
    printer: Printer, path: str, hello: list[Any], take: Callable[[dict[str, Any]], None]
) -> Stop:
    url = printer["url"].replace("http", "ws", 1) + path
    connection = websocket.create_connection(url, timeout=_WAIT_S)
    for message in hello:
        connection.send(json.dumps(message))
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            try:
                text = connection.recv()
            except (websocket.WebSocketException, OSError):
                if ended.is_set():
                    return
                raise
            take(loads(text))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def stop() -> None:
        ended.set()
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)  # wakes recv
        thread.join(_WAIT_S)
        connection.close()

    return stop


def octoprint(printer: Printer, note: Note) -> Stop:
    """websocket-client on the raw SockJS address."""
    login = _asked(printer, "/api/login", {"passive": True})
    hello = [{"auth": f"{login['name']}:{login['session']}"}, {"subscribe": _OCTOPRINT}]

    def take(message: dict[str, Any]) -> None:
        progress = message.get("current", {}).get("progress", {})
        left = progress.get("printTimeLeft")
        if left is not None:
            note(_since(left / 60, progress["completion"]))

    return _listen(printer, "/sockjs/websocket", hello, take)


def moonraker(printer: Printer, note: Note) -> Stop:
    """websocket-client, subscribed to about what the farm reads."""
    token = _asked(printer, "/access/oneshot_token")["result"]
    loaded = _asked(printer, "/printer/objects/query?print_stats=filename")["result"]
    name = loaded["status"]["print_stats"]["filename"]
    file = _asked(printer, f"/server/files/metadata?filename={name}")["result"]
    begin, end = file["gcode_start_byte"], file["gcode_end_byte"]
    last = {"file_position": begin}

    def take(message: dict[str, Any]) -> None:
        if message.get("method") != "notify_status_update":
            return
        objects = message["params"][0]
        last.update(objects.get("virtual_sdcard", {}))
        layer = objects.get("print_stats", {}).get("info", {}).get("current_layer")
        if layer is not None:
            note(_since(layer, 100 * (last["file_position"] - begin) / (end - begin)))

    subscribe = {"method": "printer.objects.subscribe", "params": {"objects": _KLIPPER}}
    hello = [{"jsonrpc": "2.0", "id": 1, **subscribe}]
    return _listen(printer, f"/websocket?token={token}", hello, take)


# -- PrusaLink -----------------------------------------------------------------------------------


def prusalink(printer: Printer, note: Note) -> Stop:
    """http.client, asking once a second."""
    ended = threading.Event()
    connection = http.client.HTTPConnection(printer["url"].partition("://")[2], timeout=_WAIT_S)
    headers = {"X-Api-Key": printer["api_key"]}

    def run() -> None:
        before = None
        while not ended.wait(_POLL_S):
            connection.request("GET", "/api/v1/status", headers=headers)
            job = loads(connection.getresponse().read()).get("job", {})
            stamp = job.get("time_remaining"), job.get("progress")
            if stamp != before and stamp[0] is not None:
                note(_since(stamp[0] / 60, stamp[1]))
            before = stamp
        connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def stop() -> None:
        ended.set()
        thread.join(_WAIT_S)

    return stop


CLIENTS: dict[str, Callable[[Printer, Note], Stop]] = {
    "bambu": bambu,
    "octoprint": octoprint,
    "moonraker": moonraker,
    "prusalink": prusalink,
}
