"""No secret leaves the farm: not in an answer, a frame, a log line, a file or a command line.

A real server whose settings hold a canary wherever a secret can be, and whose services refuse it
and send back in their refusal all that they were sent, as some real ones do.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
import requests
import websocket

from tests.e2e.stage import FarmProcess, entry
from tests.web.canaries import MARK, Secrets, canary, forms

USER = "owner"
CODE = "7Q3xAcc5"  # of eight characters
CLOSED = 1  # a port of 127.0.0.1 at which nobody listens


class Mirror(BaseHTTPRequestHandler):
    """Refuses everything, and tells what it was sent."""

    protocol_version = "HTTP/1.1"

    def refuse(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        told = {"path": self.path, "headers": dict(self.headers), "body": repr(sent[:2000])}
        said = f"No: {json.dumps(told)}"
        body = json.dumps({"ok": False, "description": said, "error": {"message": said}}).encode()
        self.send_response(403, "Forbidden")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = refuse

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def mirrors() -> Iterator[list[int]]:
    """Ports of three: two printers are never at the same address."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), Mirror) for _ in range(3)]
    threads = [threading.Thread(target=server.serve_forever, name="mirror") for server in servers]
    for thread in threads:
        thread.start()
    yield [server.server_port for server in servers]
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def secrets() -> Secrets:
    return Secrets()


def printers(secret: Secrets, ports: list[int]) -> list[dict[str, Any]]:
    """One that works, and one of each make with a secret that is refused."""
    first, second, third = (f"http://127.0.0.1:{port}" for port in ports)
    return [
        entry("alder", "P1S", "printing", serial="01P00A000000001",
              access_code=secret("access_code", CODE)),
        {"id": "birch", "type": "bambu", "model": "X1C", "printer_ip": "127.0.0.1",
         "serial": "00M00A000000002", "access_code": secret("access_code", CODE),
         "mqtt_port": CLOSED, "ftps_port": CLOSED, "camera_port": CLOSED, "rtsp_port": CLOSED},
        {"id": "hazel", "type": "octoprint", "model": "MK3S", "url": first,
         "api_key": secret("octoprint")},
        {"id": "oak", "type": "moonraker", "model": "Voron 2.4", "url": second,
         "api_key": secret("moonraker")},
        {"id": "spruce", "type": "prusalink", "model": "MK4", "url": third, "user": "maker",
         "password": secret("prusalink")},
        {"id": "willow", "type": "feed", "url": f"ws://127.0.0.1:{ports[0]}/ws/printer/willow",
         "user": "viewer", "password": secret("feed")},
    ]  # fmt: skip


def cameras(secret: Secrets, port: int) -> list[dict[str, Any]]:
    inside = quote(secret("camera_url"), safe="")
    return [
        {"id": "door", "name": "Door", "type": "snapshot", "user": "cam",
         "url": f"http://127.0.0.1:{port}/still.jpg", "password": secret("camera")},
        {"id": "hall", "name": "Hall", "type": "mjpeg",
         "url": f"http://cam:{inside}@127.0.0.1:{port}/stream"},
        {"id": "roof", "name": "Roof", "type": "rtsp", "user": "cam",
         "url": f"rtsp://127.0.0.1:{CLOSED}/live", "password": secret("rtsp")},
    ]  # fmt: skip


def channels(secret: Secrets, port: int) -> list[dict[str, Any]]:
    def address(name: str) -> str:
        return quote(secret(name), safe="")

    web = f"http://127.0.0.1:{port}"
    return [
        {"name": "phone", "type": "telegram", "chat_id": "-1001", "api": web,
         "token": secret("telegram", f"123456:{MARK}-telegram"), "two_way": True},
        {"name": "gone", "type": "telegram", "chat_id": "-1001",
         "api": f"http://127.0.0.1:{CLOSED}",
         "token": secret("telegram_gone", f"654321:{MARK}-gone")},
        {"name": "script", "type": "webhook", "secret": secret("hmac"),
         "url": f"{web}/hook?key={address('hook_url')}"},
        {"name": "lost", "type": "webhook",
         "url": f"http://127.0.0.1:{CLOSED}/hook/{address('hook_lost')}"},
        {"name": "json", "type": "apprise",
         "url": f"json://me:{address('apprise')}@127.0.0.1:{port}/x"},
        {"name": "mail", "type": "apprise",
         "url": f"mailto://me:{address('mail')}@127.0.0.1:{CLOSED}?to=a@example.org"},
        {"name": "push", "type": "web_push", "contact": "mailto:me@example.org"},
    ]  # fmt: skip


def settings(secret: Secrets, port: int) -> dict[str, Any]:
    every = ["now", "soon", "info"]
    return {
        "server": {"send_keys": [{"name": "Workshop", "key": secret("send_key")}]},
        "cameras": {"list": cameras(secret, port)},
        "rigs": [{"id": "rig", "name": "Rig", "printer": "alder", "token": secret("rig")}],
        "prusa_connect": {
            "enabled": True, "host": f"http://127.0.0.1:{port}",
            "cameras": [{"camera": "alder", "token": secret("connect", f"{MARK}ConnectToken")}],
        },
        "alerts": {"channels": channels(secret, port), "rules": [{"events": every, "group_s": 0}]},
        "ai": {"provider": "openai", "base_url": f"http://127.0.0.1:{port}/v1",
               "api_key": secret("ai")},
        "mqtt": {"enabled": True, "host": "127.0.0.1", "port": CLOSED, "user": "farm",
                 "password": secret("mqtt")},
        "metrics": {"token": secret("metrics")},
    }  # fmt: skip


class CommandLines:
    """Of the farm and all its children, as long as it is looked at."""

    def __init__(self, pid: int) -> None:
        self.seen: set[str] = set()
        self._farm = psutil.Process(pid)
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look, name="argv")
        self._thread.start()

    def _look(self) -> None:
        while not self._end.wait(0.02):
            for one in (self._farm, *self._farm.children(recursive=True)):
                with suppress(psutil.Error):
                    self.seen.add(" ".join(one.cmdline()))

    def end(self) -> str:
        self._end.set()
        self._thread.join()
        return "\n".join(self.seen)


@pytest.fixture(scope="module")
def farm(
    tmp_path_factory: pytest.TempPathFactory, mirrors: list[int], secrets: Secrets
) -> Iterator[FarmProcess]:
    environment = {"DASH_USER": USER, "DASH_PASS": secrets("dash")}
    running = FarmProcess(
        tmp_path_factory.mktemp("canary"), printers(secrets, mirrors),
        settings=settings(secrets, mirrors[0]), environment=environment,
    )  # fmt: skip
    running.start()
    yield running
    assert running.stop() == 0, running.log()[-3000:]


class Client:
    """Asks, and keeps all that came back."""

    def __init__(self, farm: FarmProcess, password: str) -> None:
        self._farm, self._password = farm, password
        self.answers: dict[str, bytes] = {}
        self.statuses: dict[str, int] = {}
        self.slow: set[str] = set()

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        with requests.request(
            method, self._farm.url + path, json=body, auth=(USER, self._password.encode()),
            timeout=60, allow_redirects=False,
        ) as answer:  # fmt: skip
            raw = json.dumps(dict(answer.headers)).encode() + answer.content
            key = f"{method} {path}"
            if answer.elapsed.total_seconds() > 1.0:
                self.slow.add(path)  # it waits for a camera or printer that never answers
            self.answers[key], self.statuses[key] = raw, answer.status_code
            return answer

    def printer(self, printer_id: str) -> dict[str, Any]:
        return dict(self.ask("GET", f"/api/printer/{printer_id}").json())

    def frames(self, path: str, count: int) -> None:
        """The first frames of a WebSocket."""
        url = self._farm.url.replace("http", "ws") + path
        pair = requests.auth._basic_auth_str(USER, self._password.encode())
        line = websocket.create_connection(
            url, timeout=20, header={"Authorization": pair}, suppress_origin=True
        )
        self.answers[f"WS {path}"] = b"\n".join(line.recv().encode() for _ in range(count))
        line.shutdown()


def paths_of(document: Mapping[str, Any], method: str) -> Iterator[str]:
    """Every path of that method, filled with names that exist and one that does not."""
    names = {
        "printer_id": ["alder", "birch", "hazel", "oak", "spruce", "willow"],
        "name": ["phone", "gone", "script", "lost", "json", "mail", "push"],
        "rig_id": ["rig"], "plate": ["1"], "attempt": ["1"],
    }  # fmt: skip
    for path, methods in document["paths"].items():
        if method not in methods or "101" in methods[method]["responses"]:
            continue
        (field,) = re.findall(r"\{(\w+)\}", path)[:1] or [""]
        for value in names.get(field, ["j-1"]):
            filled = re.sub(r"\{(\w+)\}", value, path, count=1)
            yield re.sub(r"\{\w+\}", "1", filled)
        if path in ("/api/camera/snapshot", "/api/camera/diag"):
            yield from (f"{path}?camera_id={one}" for one in ("alder", "door", "hall", "roof"))


ENDLESS = ("/api/camera",)


def drive(client: Client) -> None:
    """Every GET; every test and reading command; then every GET of what that has left behind."""
    document = client.ask("GET", "/api/openapi.json").json()
    gets = [path for path in paths_of(document, "get") if path not in ENDLESS]
    posts = [
        path for path in paths_of(document, "post")
        if path.endswith(("/test", "/reconnect", "/home", "/pause", "/once", "/fetch", "/connect"))
    ]  # fmt: skip
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda path: client.ask("GET", path), gets))
        list(pool.map(lambda path: client.ask("POST", path, {}), posts))
        client.ask("POST", "/api/defect-watch/test", {"printer_id": "alder"})
        client.frames("/api/ws", 3)
        client.frames("/ws/printer/alder", 2)
        again = [path for path in gets if path not in client.slow]
        list(pool.map(lambda path: client.ask("GET", path), again))


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def told(farm: FarmProcess, secrets: Secrets) -> dict[str, bytes]:
    """All that the farm has said, by where."""
    lines = CommandLines(farm.pid)
    client = Client(farm, secrets("dash"))
    until(lambda: client.printer("alder")["state"] == "printing", "alder prints")
    drive(client)
    settled(client)
    said = {**client.answers, "command lines": lines.end().encode()}
    broken = {where: code for where, code in client.statuses.items() if code == 500}
    assert not broken
    reached = sum(code == 200 for code in client.statuses.values())
    assert reached > 90, "the canaries were hardly looked for"
    return {**said, "log": farm.log().encode(), **files_below(farm.folder / "data")}


def until(true: Callable[[], bool], what: str) -> None:
    """Fails the test when it is not so within half a minute."""
    pause = threading.Event()
    for _ in range(300):
        if true():
            return
        pause.wait(0.1)
    raise AssertionError(f"waited in vain: {what}")


def settled(client: Client) -> None:
    """Each channel has failed at something: that text is what may hold what it was sent."""

    def all_failed() -> bool:
        found = client.ask("GET", "/api/alerts/sent?limit=500").json()["messages"]
        failed = {one["channel"] for one in found if one["reason"]}
        return {"phone", "script", "lost", "json", "mail"} <= failed

    until(all_failed, "every channel has failed at something")


def test_nothing_the_farm_says_holds_a_secret(told: dict[str, bytes], secrets: Secrets) -> None:
    leaks = {where: found for where, raw in told.items() if (found := secrets.found_in(raw))}
    assert not leaks
    assert len(secrets) >= 18


def test_nor_a_piece_of_one(told: dict[str, bytes]) -> None:
    assert not [where for where, raw in told.items() if MARK.encode() in raw]


@pytest.mark.parametrize(
    "where",
    ["GET /metrics", "GET /api/status", "GET /api/openapi.json", "GET /api/printers/hazel/diag",
     "GET /api/alerts/channels", "GET /api/mqtt", "GET /api/prusa-connect", "GET /api/send-keys",
     "GET /api/cameras", "GET /api/camera/diag?camera_id=hall", "GET /api/defect-watch",
     "POST /api/alerts/channels/phone/test", "POST /api/alerts/channels/lost/test",
     "POST /api/defect-watch/test", "WS /api/ws", "WS /ws/printer/alder", "log", "command lines"],
)  # fmt: skip
def test_it_was_looked_for_where_it_could_be(told: dict[str, bytes], where: str) -> None:
    assert len(told[where]) > 20


def test_the_settings_were_read(told: dict[str, bytes]) -> None:
    """A section that is refused would hold its secret back for nothing."""
    assert told["GET /api/status"].count(b'"gates":') == 6
    assert b'"misconfigured"' not in told["GET /api/status"]
    channels = told["GET /api/alerts/channels"]
    assert b'"unusable"' not in channels and channels.count(b'"where"') == 7
    refused = [f"GET /api/camera/diag?camera_id={name}" for name in ("door", "roof")]
    assert not [where for where in refused if b"misconfigured" in told[where]]
    assert b"misconfigured" in told["GET /api/camera/diag?camera_id=hall"]  # for its address


@pytest.mark.parametrize(
    "form", list(dict.fromkeys(forms(canary("x")))), ids=range(len(set(forms(canary("x")))))
)
def test_a_planted_secret_is_found(form: bytes) -> None:
    secret = Secrets()
    secret("x")
    assert secret.found_in(b'{"text": "' + form + b'ABCD"}') == ["x"]
