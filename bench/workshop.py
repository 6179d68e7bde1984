"""A workshop to rehearse in: simulated printers in a process of their own, and the real server,
which reaches them by address as it would real ones and may die without them.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
Json = dict[str, Any]
_WITH_ADDRESS = ("serial", "access_code", "mqtt_port", "ftps_port")
_WITH_CAMERA = ("camera_port", "rtsp_port")
_WITH_URL = ("url", "api_key", "user", "password")
_ANSWER_S = 20.0


class NoAnswer(Exception):
    """The server did not answer: whether it did what it was asked for is not known."""


def fetch(request: urllib.request.Request) -> tuple[int, Any]:
    """(status, answer). Raises NoAnswer."""
    try:
        with urllib.request.urlopen(request, timeout=_ANSWER_S) as response:
            raw, status = response.read(), response.status
    except urllib.error.HTTPError as error:
        with error:
            raw, status = error.read(), error.code
    except (OSError, ValueError, http.client.HTTPException) as error:  # cut in its middle
        raise NoAnswer(repr(error)) from error
    try:
        return status, json.loads(raw)
    except ValueError:
        return status, raw.decode("utf-8", "replace")


class Printers:
    """The machines. ``entries``: id, name, type and model of each, as in config.json. ``cameras``:
    the server gets to know where their cameras are."""

    def __init__(
        self,
        entries: Sequence[Mapping[str, Any]],
        folder: Path,
        time_scale: float,
        *,
        cameras: bool = False,
    ) -> None:
        command = [
            sys.executable, "-m", "simulator", "--specs-from-stdin",
            "--time-scale", str(time_scale), "--data-dir", str(folder),
        ]  # fmt: skip
        self._log = (folder.parent / "printers.log").open("a")
        self.process = subprocess.Popen(
            command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._log, start_new_session=True,
        )  # fmt: skip
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps([dict(entry) for entry in entries]) + "\n")
        self.process.stdin.flush()  # and stays open: its end would end the printers
        ready = json.loads(self.process.stdout.readline())
        self.control: str = ready["control"]
        pairs = zip(entries, ready["printers"], strict=True)
        self.entries = [_entry(dict(wanted), made, cameras) for wanted, made in pairs]
        self.ids = [str(entry["id"]) for entry in self.entries]

    def truth(self) -> dict[str, Json]:
        """By printer: "bed" (the part on it), "busy", "prints" (simulator/ledger.py)."""
        return dict(self._call("/prints")["printers"])

    def do(self, printer_id: str, action: str, **arguments: Any) -> bool:
        """False when the machine would not."""
        path = f"/printers/{printer_id}/actions/{action}"
        return "error" not in self._call(path, arguments, strict=False)

    def files(self, printer_id: str) -> list[str]:
        """Paths on its storage."""
        rows = self._call(f"/printers/{printer_id}/storage")["files"]
        return [str(row["path"]).lstrip("/") for row in rows if not row["folder"]]

    def knobs(self, printer_id: str, **values: Any) -> None:
        self._call(f"/printers/{printer_id}/knobs", values)

    def _call(self, path: str, body: Any = None, *, strict: bool = True) -> Json:
        data = None if body is None else json.dumps(body).encode()
        status, answer = fetch(urllib.request.Request(self.control + path, data))
        if status != 200 and (strict or not isinstance(answer, dict)):
            raise RuntimeError(f"{path}: {answer}")
        return dict(answer)

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(20)
        for pipe in (self.process.stdin, self.process.stdout, self._log):
            if pipe:
                pipe.close()


def _entry(wanted: Json, made: Mapping[str, Any], cameras: bool) -> Json:
    """As an owner would write it into config.json: address and credentials, not "simulate"."""
    common = {key: value for key, value in wanted.items() if key not in ("simulate", "flavour")}
    names: tuple[str, ...] = _WITH_URL if made.get("url") else _WITH_ADDRESS
    names += _WITH_CAMERA if cameras else ()
    where = {name: made[name] for name in names if made.get(name)}
    if not made.get("url"):
        where["printer_ip"] = made["host"]
    return {**common, **where, "camera_enabled": cameras}


class Server:
    """``api_server.py`` with waits that suit a high time scale (bench/quick_server.py)."""

    def __init__(
        self,
        folder: Path,
        printers: Sequence[Mapping[str, Any]],
        *,
        timing: Mapping[str, float],
        dispatch: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        module: str = "bench.quick_server",
    ) -> None:
        """``settings``: more of config.json."""
        self.folder = folder
        self.data = folder / "data"
        self.port = 0
        self.url = ""
        self._module = module
        self._timing = dict(timing)
        self._config = folder / "config.json"
        document = {
            "printers": list(printers), "dispatch": dict(dispatch or {}), **(settings or {})
        }  # fmt: skip
        self._config.write_text(json.dumps(document), "utf-8")
        self._process: subprocess.Popen[str] | None = None

    def launch(self, **environment: str) -> None:
        """Start the process; ``ready`` waits for its first line."""
        foreign = {"HOST", "PORT", "DASH_USER", "DASH_PASS", "FARM_CONFIG", "FARM_DATA_DIR"}
        inherited = {k: v for k, v in os.environ.items() if k not in foreign}
        command = [
            sys.executable, "-m", self._module, "--config", str(self._config),
            "--data-dir", str(self.data), "--port", str(self.port),
        ]  # fmt: skip
        with (self.folder / "server.log").open("a") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=log,
                start_new_session=True,
                env=inherited | {"FARM_TIMING": json.dumps(self._timing)} | environment,
            )  # fmt: skip

    def ready(self, patience_s: float = 60.0) -> bool:
        """Wait until it serves; False when it died before. Raises AssertionError when it did
        not die and did not serve."""
        process = self._process
        assert process is not None and process.stdout is not None
        watchdog = threading.Timer(patience_s, process.kill)
        watchdog.start()
        line = process.stdout.readline()
        watchdog.cancel()
        found = re.search(r"http://[\d.]+:(\d+)", line)
        if found is None:
            process.wait()
            return False
        self.url, self.port = found[0], int(found[1])
        return True

    def start(self, **environment: str) -> None:
        self.launch(**environment)
        if not self.ready():
            raise RuntimeError(f"The server did not start: {self.log()[-3000:]}")

    def strike(self) -> None:
        """SIGKILL, from any thread, and no more: requests are cut in their middle."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)

    def kill(self) -> None:
        """SIGKILL, as the kernel's own hand or a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """As Ctrl+C on a service does; its exit code."""
        return self._end(signal.SIGTERM)

    def died(self, patience_s: float) -> bool:
        """Wait for it to end by itself."""
        assert self._process is not None
        try:
            self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _end(self, number: int) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
        return process.returncode

    def log(self) -> str:
        return (self.folder / "server.log").read_text("utf-8", "replace")

    def api(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One JSON request. Raises NoAnswer."""
        headers = {"Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        return fetch(urllib.request.Request(self.url + path, data, headers, method=method))

    def upload(self, path: str, name: str, content: bytes, **fields: str) -> tuple[int, Any]:
        """A file as a form. Raises NoAnswer."""
        mark = "part-of-a-form-4711"
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = b"".join([*parts, head.encode(), content, f"\r\n--{mark}--\r\n".encode()])
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        return fetch(urllib.request.Request(self.url + path, body, headers))
