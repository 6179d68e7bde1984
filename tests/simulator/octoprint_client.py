"""A client of a simulated OctoPrint, independent of the project: requests and websocket-client."""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import Any

import requests
import websocket

from simulator.farm import SimulatedFarm
from simulator.specs import make_spec
from tests.waiting import wait_for

WAIT_S = 30.0
SUBSCRIBE = {"state": {"logs": False, "messages": False}, "events": True, "plugins": False}


def farm_of_one(**options: Any) -> SimulatedFarm:
    """A farm, not yet started, of one OctoPrint called o."""
    options.setdefault("tick_s", 0.05)
    return SimulatedFarm([make_spec("o", "Octo", "Ender 3", 1, kind="octoprint")], **options)


def gcode(minutes: float, lines: int = 400, middle: str = "") -> bytes:
    """A file that takes so many minutes at the file's own speed, without heating."""
    moves = [f"G1 X{10 + 100 * (i % 2)} Y{10 + i % 100} E{i * 0.1:.2f}" for i in range(lines)]
    moves.insert(lines // 2, middle)
    head = f"; estimated printing time (normal mode) = {round(minutes * 60)}s\nG28\n"
    return (head + "\n".join(moves) + "\n").encode()


class Client:
    """One HTTP session. Paths begin with a slash."""

    def __init__(self, farm: SimulatedFarm) -> None:
        self.farm = farm
        self.printer = farm.printer("o")
        self.http = requests.Session()
        self.http.trust_env = False

    @property
    def url(self) -> str:
        return self.farm.endpoints["o"].url

    @property
    def key(self) -> str:
        return self.farm.endpoints["o"].api_key

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("headers", {"X-Api-Key": self.key})
        return self.http.request(
            method, self.url + path, timeout=WAIT_S, allow_redirects=False, **options
        )

    def get(self, path: str) -> Any:
        """JSON of a GET that must be 200."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **body: Any) -> int:
        """The status of a JSON command."""
        return self.call("POST", path, json=body).status_code

    def upload(self, name: str, content: bytes, **form: str) -> requests.Response:
        return self.call("POST", "/api/files/local", files={"file": (name, content)}, data=form)

    def job(self) -> Any:
        return self.get("/api/job")

    @property
    def state(self) -> str:
        return str(self.job()["state"])

    def wait(self, *states: str) -> None:
        seen: list[str] = []

        def arrived() -> bool:
            seen[:] = [*seen[-5:], self.state]
            return seen[-1] in states

        wait_for(arrived, lambda: f"one of {states}; seen last: {seen}")

    def print_file(self, name: str = "part.gcode", content: bytes | None = None) -> None:
        """Upload, select with print, and wait until it prints."""
        assert self.upload(name, content or gcode(60)).status_code == 201
        assert self.post(f"/api/files/local/{name}", command="select", print=True) == 204
        self.wait("Printing")

    def session(self) -> str:
        """ "name:session" for a web socket."""
        reply = self.call("POST", "/api/login", json={"passive": True}).json()
        return f"{reply['name']}:{reply['session']}"

    def listen(self, *, framed: bool = False, auth: bool = True, subscribe: Any = SUBSCRIBE) -> Ear:
        return Ear(self, framed=framed, auth=auth, subscribe=subscribe)

    def close(self) -> None:
        self.http.close()


class Ear:
    """A web socket that keeps all it hears, in ``heard``."""

    def __init__(self, client: Client, *, framed: bool, auth: bool, subscribe: Any) -> None:
        form = "/sockjs/123/abcdefgh/websocket" if framed else "/sockjs/websocket"
        url = client.url.replace("http", "ws", 1) + form
        self.framed = framed
        self.heard: list[dict[str, Any]] = []
        self.frames: list[str] = []
        self.closed = threading.Event()
        self._news: queue.Queue[dict[str, Any]] = queue.Queue()
        self._socket = websocket.create_connection(url, timeout=WAIT_S)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        if auth:
            self.say({"auth": client.session()})
        if subscribe is not None:
            self.say({"subscribe": subscribe})

    def say(self, message: Any) -> None:
        text = json.dumps(message)
        self._socket.send(json.dumps([text]) if self.framed else text)

    def say_text(self, text: str) -> None:
        self._socket.send(text)

    def _listen(self) -> None:
        self._socket.settimeout(0.2)
        while not self.closed.is_set():
            try:
                text = self._socket.recv()
            except websocket.WebSocketTimeoutException:
                continue
            except (websocket.WebSocketException, OSError):
                break
            self._take(str(text))
        self.closed.set()

    def _take(self, text: str) -> None:
        self.frames.append(text)
        messages = [json.loads(text)] if not self.framed else []
        if self.framed and text[:1] == "a":
            messages = json.loads(text[1:])
        for message in messages:
            self.heard.append(message)
            self._news.put(message)

    def next(self, kind: str, timeout_s: float = WAIT_S) -> Any:
        """The content of the next message of this kind that was not yet asked for."""
        end = time.monotonic() + timeout_s
        while True:
            message = self._news.get(timeout=max(0.01, end - time.monotonic()))
            if kind in message:
                return message[kind]

    def event(self, name: str) -> Any:
        """The payload of the next event of this name."""
        while True:
            event = self.next("event")
            if event["type"] == name:
                return event["payload"]

    def events(self) -> list[str]:
        """The names of all events so far."""
        return [m["event"]["type"] for m in list(self.heard) if "event" in m]

    def states(self) -> list[str]:
        """All states that were announced so far."""
        events = [m["event"] for m in list(self.heard) if "event" in m]
        return [e["payload"]["state_id"] for e in events if e["type"] == "PrinterStateChanged"]

    def of_kind(self, kind: str) -> list[Any]:
        return [m[kind] for m in list(self.heard) if kind in m]

    def close(self) -> None:
        self.closed.set()
        self._thread.join(WAIT_S)
        self._socket.close()
