"""What the tests of the simulated Moonraker share: a comparison with the real server's recorded
replies, and a client made of libraries that have nothing to do with ours."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import requests
import websocket
from PIL import Image

from simulator.farm import PrinterHandle, SimulatedFarm
from simulator.machine import VirtualPrinter
from simulator.plain_gcode import build_gcode
from simulator.specs import make_spec

DATA = Path(__file__).parents[1] / "data" / "moonraker"
WAIT_S = 30.0

# Values that mean something and must be those of the real server; of the rest the type counts.
MEANINGS = frozenset(
    {
        "state", "state_message", "klippy_state", "klippy_connected", "is_paused", "is_active",
        "status", "action", "permissions", "filename", "root", "path", "print_started",
        "print_queued", "code", "message",
        "filament_detected", "excluded_objects", "login_required", "dirname",
        "queue_state", "slicer", "moonraker_version", "api_version_string",
        "relative_path", "thumbnail_path",
    }
)  # fmt: skip
PASSING = ("idle_timeout", "gcode_store")  # whose values are of the moment
MAPS = frozenset({"network"})  # keys are names of the machine's own
ROOMY = frozenset({"cpu_temp", "current_object"})  # null or not, by the machine or the moment


def recorded(state: str) -> list[dict[str, Any]]:
    """The real server's replies in one state."""
    return list(json.loads((DATA / f"recorded_{state}.json").read_text("utf-8")))


def differences(real: Any, ours: Any, where: str = "", key: str = "") -> list[str]:
    """How a reply differs from the real one: keys, types, and values that mean something."""
    if isinstance(real, dict) and isinstance(ours, dict):
        return _object_differences(real, ours, where, key)
    if isinstance(real, list) and isinstance(ours, list):
        if key == "objects" and all(isinstance(one, str) for one in real):
            return [] if real == ours else [f"{where}: {ours} instead of {real}"]
        if bool(real) != bool(ours):
            return [f"{where}: {ours!r} instead of {real!r}"]
        return _list_differences(real, ours, where, key)
    if type(real) is not type(ours):
        if key in ROOMY:
            return []
        return [f"{where}: {ours!r} instead of {real!r}"]
    told = key in MEANINGS and not any(f".{name}" in where for name in PASSING)
    if told and _bare(real) != _bare(ours):
        return [f"{where}: {ours!r} instead of {real!r}"]
    return []


def _bare(value: Any) -> Any:
    """Without coordinates and limits, which are those of one printer."""
    return re.sub(r"-?\d+\.\d+", "#", value) if isinstance(value, str) else value


def _object_differences(
    real: dict[str, Any], ours: dict[str, Any], where: str, key: str
) -> list[str]:
    if key in MAPS:
        one, other = next(iter(real.values())), next(iter(ours.values()))
        return differences(one, other, where + ".*")
    found = [f"{where}.{k}: missing" for k in real if k not in ours]
    found += [f"{where}.{k}: added" for k in ours if k not in real]
    for k in real:
        if k in ours:
            found += differences(real[k], ours[k], f"{where}.{k}", k)
    return found


def _list_differences(real: list[Any], ours: list[Any], where: str, key: str) -> list[str]:
    """Every element of ours is like one of the real ones."""
    found = []
    for i, element in enumerate(ours):
        tries = [differences(one, element, f"{where}[{i}]", key) for one in real]
        best = min(tries, key=len, default=[])
        found += best
    return found


class Client:
    """A requests session and a web socket on one simulated (or real) Moonraker."""

    def __init__(self, url: str, key: str = "") -> None:
        self.url = url
        self.key = key
        self.http = requests.Session()
        self.http.trust_env = False
        if key:
            self.http.headers["X-Api-Key"] = key
        self.socket: websocket.WebSocket | None = None
        self.messages: list[dict[str, Any]] = []
        self.lost = threading.Event()
        self._news = threading.Condition()
        self._number = 0
        self._reader: threading.Thread | None = None

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        """One request; never raises for a status."""
        return self.http.request(method, self.url + path, timeout=30, **options)

    def get(self, path: str, **params: Any) -> Any:
        """The result of a GET that must succeed."""
        reply = self.call("GET", path, params=params)
        assert reply.status_code == 200, reply.text
        return reply.json()["result"]

    def status(self, *objects: str) -> dict[str, Any]:
        """Klippy's objects."""
        return dict(self.get("/printer/objects/query?" + "&".join(objects))["status"])

    def job(self) -> str:
        """print_stats.state."""
        return str(self.status("print_stats")["print_stats"]["state"])

    def upload(self, name: str, content: bytes, **fields: str) -> requests.Response:
        """POST /server/files/upload."""
        return self.call(
            "POST",
            "/server/files/upload",
            files={"file": (name, content, "application/octet-stream")},
            data={"root": "gcodes", **fields},
        )

    def open(self, path: str = "/websocket", **options: Any) -> Client:
        """Connect the web socket and read it in a thread."""
        address = self.url.replace("http", "ws", 1) + path
        self.socket = websocket.create_connection(address, timeout=30, **options)
        self.lost.clear()
        self._reader = threading.Thread(target=self._read, args=(self.socket,), daemon=True)
        self._reader.start()
        return self

    def online(self, **objects: Any) -> Client:
        """Connected, signed in, and subscribed to ``objects`` when there are any."""
        self.open()
        me = {"client_name": "test", "version": "1", "type": "other", "url": "http://test"}
        assert "result" in self.rpc("server.connection.identify", **me, api_key=self.key)
        if objects:
            assert "result" in self.rpc("printer.objects.subscribe", objects=objects)
        return self

    def _read(self, socket: websocket.WebSocket) -> None:
        with contextlib.suppress(websocket.WebSocketException, OSError):
            while text := socket.recv():
                with self._news:
                    self.messages.append(_read_message(text))
                    self._news.notify_all()
        self.lost.set()
        with self._news:
            self._news.notify_all()

    def send(self, method: str, **params: Any) -> int:
        """A request whose answer is awaited elsewhere; its id."""
        assert self.socket is not None
        self._number += 1
        request = {"jsonrpc": "2.0", "method": method, "params": params, "id": self._number}
        self.socket.send(json.dumps(request))
        return self._number

    def answer(self, number: int, timeout_s: float = WAIT_S) -> dict[str, Any]:
        """The answer to a request."""
        return self.wait_for(lambda m: m.get("id") == number and "method" not in m, timeout_s)

    def rpc(self, method: str, /, **params: Any) -> dict[str, Any]:
        """Send and wait; the whole answer."""
        return self.answer(self.send(method, **params))

    def raw(self, text: str) -> dict[str, Any]:
        """Send any text and wait for the next message that is no notification."""
        assert self.socket is not None
        seen = len(self.messages)
        self.socket.send(text)
        return self.wait_for(lambda m: "method" not in m, since=seen)

    def wait_for(
        self, wanted: Callable[[dict[str, Any]], bool], timeout_s: float = WAIT_S, since: int = 0
    ) -> dict[str, Any]:
        """The first message from ``since`` on that fits."""
        end = time.monotonic() + timeout_s
        with self._news:
            while True:
                for message in self.messages[since:]:
                    if isinstance(message, dict) and wanted(message):
                        return message
                left = end - time.monotonic()
                assert left > 0 and not self.lost.is_set(), (
                    f"heard only {str(self.messages)[-300:]}"
                )
                self._news.wait(left)

    def notified(self, method: str, timeout_s: float = WAIT_S, since: int = 0) -> dict[str, Any]:
        """The first notification of this kind."""
        return self.wait_for(lambda m: m.get("method") == method, timeout_s, since)

    def close(self) -> None:
        """Close both."""
        self.http.close()
        if self.socket is not None:
            self.socket.close()
            self.socket = None
        if self._reader is not None:
            self._reader.join(WAIT_S)


def _read_message(text: Any) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"garbage": text}


class Bench:
    """A running farm with one Moonraker printer, and a client of it."""

    def __init__(self, farm: SimulatedFarm, client: Client, printer: PrinterHandle) -> None:
        self.farm = farm
        self.client = client
        self.printer = printer

    def another(self, key: str | None = None) -> Client:
        """A second client; the caller closes it."""
        return Client(self.client.url, self.client.key if key is None else key)


@contextlib.contextmanager
def bench(
    model: str = "Voron 2.4",
    *,
    time_scale: float = 40.0,
    scenario: str = "idle",
    empty: bool = True,
) -> Iterator[Bench]:
    """Heat and homing take no time to speak of at this scale; ``empty``: no demo files."""
    spec = make_spec("p0", "Printer 0", model, 1, scenario, kind="moonraker")
    with SimulatedFarm([spec], time_scale=time_scale, tick_s=0.05) as farm:
        endpoint = farm.endpoints["p0"]
        client = Client(endpoint.url, endpoint.api_key)
        try:
            made = Bench(farm, client, farm.printer("p0"))
            if empty:
                made.printer.peek(_forget_files)
            yield made
        finally:
            client.close()


def _forget_files(machine: VirtualPrinter) -> None:
    for entry in machine.storage.list("/"):
        machine.storage.delete(entry.name)


def as_recorded(minutes: int = 2, layers: int = 3) -> bytes:
    """Like the file of the recordings: PrusaSlicer's comments, two pictures, two objects."""
    lines = ["; generated by PrusaSlicer 2.7.1 on 2026-01-05 at 10:00:00 UTC", ""]
    for edge in (32, 48):
        out = io.BytesIO()
        Image.new("RGB", (edge, edge), (200, 90, 60)).save(out, format="PNG")
        text = base64.b64encode(out.getvalue()).decode()
        lines += [f"; thumbnail begin {edge}x{edge} {len(text)}", f"; {text}", "; thumbnail end"]
    for name in ("cube", "ring"):
        box = "[[40,40],[60,40],[60,60],[40,60]]"
        lines.append(f"EXCLUDE_OBJECT_DEFINE NAME={name}_id_0_copy_0 CENTER=50,50 POLYGON={box}")
    lines += ["M140 S40", "M104 S60", "G28", "M190 S40", "M109 S60", "G90", "M83", "G92 E0"]
    lines += [f"SET_PRINT_STATS_INFO TOTAL_LAYER={layers}", "M73 P0 R2"]
    for layer in range(1, layers + 1):
        lines += [f"G1 Z{0.2 * layer:.2f} F6000", f"SET_PRINT_STATS_INFO CURRENT_LAYER={layer}"]
        lines.append("EXCLUDE_OBJECT_START NAME=cube_id_0_copy_0")
        lines += [f"G1 X{10 + 100 * (i % 2)} Y{10 + i} E0.5 F6000" for i in range(4)]
        lines += ["EXCLUDE_OBJECT_END NAME=cube_id_0_copy_0", f"M73 P{90 * layer // layers} R1"]
    lines += ["M104 S0", "M140 S0", "M107", "M84", "; filament used [mm] = 123.4"]
    lines += ["; filament used [g] = 0.37", "; total filament used [g] = 0.37"]
    lines.append(f"; estimated printing time (normal mode) = {minutes}m 3s")
    lines += ["; first_layer_bed_temperature = 40", "; first_layer_height = 0.2"]
    lines += ["; first_layer_temperature = 60", "; layer_height = 0.2", "; filament_type = PLA"]
    lines += ["; nozzle_diameter = 0.4", '; filament_settings_id = "Generic PLA"', ""]
    return "\n".join(lines).encode()


def sliced(minutes: float = 60.0, **options: Any) -> bytes:
    """A file with two objects, "a" and "b", for a Voron."""
    chosen = {"slicer": "orca", "objects": ("a", "b"), "layers": 6, **options}
    return build_gcode("part", "Voron 2.4", minutes, **chosen)


def plain(seconds: int, body: str = "", heat: int = 0) -> bytes:
    """A short file: ``seconds`` of printing time after an optional heat-up, °C."""
    lines = [
        "; made for a test",
        f"; estimated printing time (normal mode) = {seconds}s",
        "G28",
        f"M109 S{heat}",
        "G90",
        "M83",
        "SET_PRINT_STATS_INFO TOTAL_LAYER=2 CURRENT_LAYER=1",
        body,
    ]
    lines += [f"G1 X{10 + i % 2 * 100} Y20 Z0.2 E0.5 F3000" for i in range(40)]
    return "\n".join([*lines, "M104 S0", "M107 ", ""]).encode()
