"""What the simulated print servers share: every fault knob, the log, sockets, TLS, the camera."""

from __future__ import annotations

import ast
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import websocket

from simulator.farm import Endpoint, PrinterHandle, SimulatedFarm
from simulator.http_knobs import HttpKnobs
from simulator.knobs import MachineKnobs
from simulator.prusalink.knobs import PrusaLinkKnobs
from simulator.specs import make_spec
from tests.simulator.prusalink_client import Client
from tests.waiting import wait_for

GCODE = b"M73 P0 R10\nM73 P50 R5\nM73 P100 R0\n"
PATH = "/api/v1/files/usb/a.gcode"
Pair = tuple[Client, PrinterHandle]


@pytest.fixture
def server(simulated_farm: Callable[..., SimulatedFarm]) -> Pair:
    """An MK4 with PrusaLink; any make would do."""
    farm = simulated_farm(specs=[make_spec("p", "P", "MK4", 1, kind="prusalink")], time_scale=20)
    handle = farm.printer("p")
    handle.set(settle_s=0.05)
    return Client(farm.endpoints["p"]), handle


def test_every_knob_of_http_is_used_in_a_test() -> None:
    used: set[str] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        used |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg}
        used |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    mine = HttpKnobs.names() | PrusaLinkKnobs.names()
    assert sorted(mine - used) == [], "knobs without a test"


def test_names_and_types_are_checked(server: Pair) -> None:
    _, handle = server
    with pytest.raises(KeyError):
        handle.set(sd_missing=True)  # a Bambu printer's
    with pytest.raises(ValueError, match="http_status wants int"):
        handle.set(http_delay_s=1.0, http_status="502")
    assert handle.knobs()["http_delay_s"] == 0.0
    assert MachineKnobs.names() < HttpKnobs.names() < PrusaLinkKnobs.names()


# every answer


def test_status_redirect_and_page(server: Pair) -> None:
    client, handle = server
    handle.set(http_status=502)
    assert client.ask("GET", "/api/version").status == 502
    handle.set(http_status=0, http_redirect="http://127.0.0.1:1/elsewhere")
    answer = client.ask("GET", "/api/version")
    assert (answer.status, answer.headers["Location"]) == (302, "http://127.0.0.1:1/elsewhere")
    handle.set(http_redirect="", html_page=True)
    answer = client.ask("GET", "/api/version")
    assert (answer.status, answer.type) == (200, "text/html; charset=utf-8")
    assert b"<html>" in answer.content


def test_late_and_silent_answers(server: Pair) -> None:
    client, handle = server
    handle.set(http_delay_s=0.3)
    started = time.monotonic()
    assert client.ask("GET", "/api/version").status == 200
    assert time.monotonic() - started >= 0.3
    handle.set(http_delay_s=0.0, mute_http=True)
    with pytest.raises(TimeoutError):
        client.ask("GET", "/api/version", timeout=0.3)
    handle.set(mute_http=False)
    assert client.ask("GET", "/api/version").status == 200


def test_broken_json(server: Pair) -> None:
    client, handle = server
    handle.set(malformed_json=True)
    with pytest.raises(ValueError, match="utf-8"):
        client.get("/api/version")
    handle.set(malformed_json=False, wrong_types=True)
    twisted = client.get("/api/version")
    assert twisted["api"] == 7
    assert twisted["nozzle_diameter"] == "0.4 or so"
    assert twisted["capabilities"] == {"upload-by-put": "yes"}
    handle.set(wrong_types=False, huge_body=100_000)
    answer = client.ask("GET", "/api/version")
    assert len(answer.content) == 100_000 and answer.json()["api"] == "2.0.0"


def test_bodies_that_break_off_or_dribble(server: Pair) -> None:
    client, handle = server
    handle.set(truncate_body=True)
    with pytest.raises(http.client.IncompleteRead):
        client.ask("GET", "/api/version")
    handle.set(truncate_body=False, slow_body_s=0.3)
    started = time.monotonic()
    assert client.get("/api/version")["api"] == "2.0.0"
    assert time.monotonic() - started > 0.2


def test_an_answer_that_is_lost_after_the_deed(server: Pair) -> None:
    client, handle = server
    handle.set(answer_lost=True)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        client.put_file(PATH, GCODE)
    assert handle.file("/a.gcode") == GCODE
    assert client.ask("GET", "/api/version").status == 200  # changes nothing, so it is answered


# connections


def test_connections_refused_dropped_and_off(server: Pair) -> None:
    client, handle = server
    handle.set(refuse_connections=True)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        client.ask("GET", "/api/version")
    handle.set(refuse_connections=False)
    host, port = client.host.split(":")
    with socket.create_connection((host, int(port)), 5) as idle:
        assert client.ask("GET", "/api/version").status == 200
        handle.drop_tcp()
        with pytest.raises(ConnectionResetError):
            idle.recv(1)
    with socket.create_connection((host, int(port)), 5) as idle:
        handle.set(drop_every_s=0.1)
        with pytest.raises(ConnectionResetError):
            idle.recv(1)
    handle.set(drop_every_s=0.0)
    handle.go_offline()
    with pytest.raises(ConnectionRefusedError):
        client.ask("GET", "/api/version")
    handle.go_online()
    assert client.ask("GET", "/api/version").status == 200  # on the same port


def test_half_open(server: Pair) -> None:
    client, handle = server
    connection = http.client.HTTPConnection(client.host, timeout=0.3)
    key = {"X-Api-Key": client.endpoint.api_key}
    connection.request("GET", "/api/version", headers=key)
    connection.getresponse().read()
    handle.half_open()
    connection.request("GET", "/api/version", headers=key)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert client.ask("GET", "/api/version").status == 200  # a new connection


def test_a_request_under_way_when_the_power_goes(server: Pair) -> None:
    client, handle = server
    handle.set(http_delay_s=0.5)
    failures: list[type[BaseException]] = []

    def ask() -> None:
        try:
            client.ask("GET", "/api/version", timeout=1.0)
        except (TimeoutError, OSError) as error:
            failures.append(type(error))

    asking = threading.Thread(target=ask)
    asking.start()
    wait_for(lambda: handle.asked("GET", "/api/version"))
    handle.half_open()
    asking.join()
    assert failures == [TimeoutError]


# uploads


def test_uploads_that_go_wrong(server: Pair) -> None:
    client, handle = server
    content = b";" * 200_000 + b"\n"
    handle.set(drop_upload_at=70_000)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        client.put_file(PATH, content)
    assert client.ask("GET", PATH).status == 404
    handle.set(drop_upload_at=0, upload_truncate_at=1000)
    assert client.put_file(PATH, content).status == 201
    assert len(handle.file("/a.gcode")) == 1000
    handle.set(upload_truncate_at=0, disk_full=True)
    assert client.put_file(PATH, content, Overwrite="?1").status == 507
    handle.set(disk_full=False, upload_lost=True)
    assert client.put_file("/api/v1/files/usb/lost.gcode", content).status == 201
    assert client.ask("GET", "/api/v1/files/usb/lost.gcode").status == 404


def test_slow_uploads_and_the_transfer(server: Pair) -> None:
    client, handle = server
    handle.set(upload_bytes_per_s=100_000)
    started = time.monotonic()
    upload = threading.Thread(target=lambda: client.put_file(PATH, b";" * 50_000))
    upload.start()
    wait_for(lambda: client.ask("GET", "/api/v1/transfer").status == 200)
    assert client.get("/api/v1/status")["transfer"]["progress"] < 100
    upload.join()
    assert time.monotonic() - started >= 0.4
    assert len(handle.file("/a.gcode")) == 50_000


# the log


def test_requests_are_remembered_without_secrets(server: Pair) -> None:
    client, handle = server
    client.ask("PUT", PATH, GCODE, Content_Type="text/x.gcode", Print_After_Upload="?0")
    client.post("/api/job", {"command": "pause", "password": "hunter2"})
    client.ask("GET", "/api/version?token=abc", key="wrong")
    put, post, get = handle.requests()
    assert (put["method"], put["path"], put["body"]) == ("PUT", PATH, {"bytes": len(GCODE)})
    assert put["headers"]["Print-After-Upload"] == "?0"
    assert post["body"] == {"command": "pause", "password": "***"}
    assert get["refused"] is True
    assert client.endpoint.api_key not in json.dumps(handle.requests())
    assert handle.asked("PUT") == [put]


# TLS


@pytest.fixture
def secure(simulated_farm: Callable[..., SimulatedFarm]) -> tuple[Endpoint, PrinterHandle]:
    spec = make_spec("p", "P", "MK4", 1, kind="prusalink", tls=True)
    farm = simulated_farm(specs=[spec])
    return farm.endpoints["p"], farm.printer("p")


def _version(endpoint: Endpoint, context: ssl.SSLContext) -> tuple[int, bytes]:
    connection = http.client.HTTPSConnection(
        urlsplit(endpoint.url).netloc, timeout=30, context=context
    )
    try:
        connection.request("GET", "/api/version", headers={"X-Api-Key": endpoint.api_key})
        with connection.getresponse() as answer:
            answer.read()
            peer = connection.sock.getpeercert(binary_form=True) if connection.sock else b""
            return answer.status, peer or b""
    finally:
        connection.close()


def test_tls_with_the_authority_of_the_farm(secure: tuple[Endpoint, PrinterHandle]) -> None:
    endpoint, handle = secure
    assert endpoint.url.startswith("https://127.0.0.1:")
    trusting = ssl.create_default_context(cafile=endpoint.ca_file)
    assert _version(endpoint, trusting)[0] == 200  # host name and chain are checked
    with pytest.raises(ssl.SSLCertVerificationError):
        _version(endpoint, ssl.create_default_context())
    before = endpoint.certificate_sha256
    after = handle.rotate_certificate()
    assert after != before and len(after) == 64
    assert _version(endpoint, trusting)[0] == 200


# the camera


def test_snapshots_and_streams(
    simulated_farm: Callable[..., SimulatedFarm],
) -> None:
    farm = simulated_farm(specs=[make_spec("p", "P", "Ender 3", 1, kind="octoprint")])
    handle, client = farm.printer("p"), Client(farm.endpoints["p"])
    handle.set(camera_fps=20.0)
    picture = client.ask("GET", "/webcam/?action=snapshot")
    assert picture.type == "image/jpeg" and picture.content.endswith(b"\xff\xd9")
    connection = http.client.HTTPConnection(client.host, timeout=30)
    connection.request("GET", "/webcam/?action=stream")
    stream = connection.getresponse()
    assert stream.headers["Content-Type"].startswith("multipart/x-mixed-replace;boundary=")
    for _ in range(2):
        while not (line := stream.readline()).lower().startswith(b"content-length"):
            assert line
        stream.readline()
        assert stream.read(int(line.split(b":")[1])).startswith(b"\xff\xd8")
        stream.readline()
    handle.set(camera_stall=True)
    stream.close()
    connection.close()
    with pytest.raises(TimeoutError):
        client.ask("GET", "/webcam/?action=snapshot", timeout=0.3)
    handle.set(camera_stall=False, camera_off=True)
    assert client.ask("GET", "/webcam/?action=snapshot").status == 503


# web sockets


@pytest.fixture
def klipper(simulated_farm: Callable[..., SimulatedFarm]) -> Pair:
    farm = simulated_farm(specs=[make_spec("p", "P", "Voron 0.2", 1, kind="moonraker")])
    return Client(farm.endpoints["p"]), farm.printer("p")


def _open(client: Client) -> websocket.WebSocket:
    key = [f"X-Api-Key: {client.endpoint.api_key}"]
    return websocket.create_connection(f"ws://{client.host}/websocket", timeout=2, header=key)


def _ask(line: websocket.WebSocket, number: int) -> None:
    line.send(json.dumps({"jsonrpc": "2.0", "method": "server.info", "id": number}))


def _answers(line: websocket.WebSocket, number: int, timeout: float = 2.0) -> int:
    """How many answers to this request come within the time; one is enough."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        line.settimeout(max(0.01, end - time.monotonic()))
        try:
            text = line.recv()
        except websocket.WebSocketTimeoutException:
            return 0
        if json.loads(text).get("id") == number:
            return 1
    return 0


def test_web_socket_faults(klipper: Pair) -> None:
    client, handle = klipper
    line = _open(client)
    _ask(line, 1)
    assert _answers(line, 1) == 1
    assert len(handle.clients()) == 1
    handle.set(ws_mute=True)
    _ask(line, 2)
    assert _answers(line, 2, 0.4) == 0
    handle.set(ws_mute=False, ws_flood=3)
    _ask(line, 3)
    assert [_answers(line, 3) for _ in range(3)] == [1, 1, 1]
    handle.set(ws_flood=0, ws_garbage=True)
    _ask(line, 4)
    line.settimeout(2)
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(line.recv())
    handle.set(ws_garbage=False, ws_off=True)
    with pytest.raises((ConnectionError, websocket.WebSocketConnectionClosedException)):
        while True:
            line.recv()
    line.shutdown()
    with pytest.raises(websocket.WebSocketBadStatusException, match="404"):
        _open(client)
    assert handle.asked("WS")[0]["body"]["method"] == "server.info"


def test_a_half_open_web_socket(klipper: Pair) -> None:
    client, handle = klipper
    line = _open(client)
    _ask(line, 1)
    assert _answers(line, 1) == 1
    handle.half_open()
    _ask(line, 2)
    assert _answers(line, 2, 0.5) == 0
    line.shutdown()
