"""What the browser tests stand on: a real server process, and a real Chromium that looks at it."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

ROOT = Path(__file__).parents[2]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome") or ""
WAIT_MS = 30_000
STOP_S = 15.0


def entry(id: str, model: str, scenario: str = "idle", **more: Any) -> dict[str, Any]:
    """One simulated printer of a configuration; its name is the id with a capital."""
    return {
        "id": id, "name": id.capitalize(), "type": "bambu", "model": model, "simulate": True,
        "options": {"scenario": scenario}, **more,
    }  # fmt: skip


class FarmProcess:
    """``api_server.py`` with a configuration of its own, as a user would start it."""

    def __init__(
        self,
        folder: Path,
        printers: Sequence[Mapping[str, Any]],
        *,
        time_scale: float = 30.0,
        environment: Mapping[str, str] | None = None,
        settings: Mapping[str, Any] | None = None,
        entry: Sequence[str] = (str(ROOT / "api_server.py"),),
    ) -> None:
        self.folder = folder
        self._entry = entry
        folder.mkdir(parents=True, exist_ok=True)
        self._config = folder / "config.json"
        document = {"printers": list(printers), "simulation": {"time_scale": time_scale}}
        self._config.write_text(json.dumps({**document, **(settings or {})}), "utf-8")
        self._environment = dict(environment or {})
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.control = ""
        self.port = 0

    def start(self) -> None:
        """Start it (again: on the same port) and read its address from its first line."""
        foreign = {"HOST", "PORT", "DASH_USER", "DASH_PASS", "FARM_CONFIG", "FARM_DATA_DIR"}
        environment = {k: v for k, v in os.environ.items() if k not in foreign}
        log = (self.folder / "server.log").open("a")
        command = [
            sys.executable, *self._entry, "--config", str(self._config),
            "--data-dir", str(self.folder / "data"), "--port", str(self.port),
        ]  # fmt: skip
        with log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, text=True,
                env=environment | {"PYTHONFAULTHANDLER": "1"} | self._environment,
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        assert self._process.stdout is not None
        watchdog = threading.Timer(30, self._process.kill)
        watchdog.start()
        line = self._process.stdout.readline()
        watchdog.cancel()
        found = re.search(r"http://[\d.]+:(\d+)", line)
        assert found, f"The server did not start: {self.log()[-2000:]}"
        self.url, self.port = found[0], int(found[1])
        self.control = re.findall(r"control port (http://\S+)", self.log())[-1]

    def stop(self) -> int:
        """End it as Ctrl+C on a service does; its exit code."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # what every thread waits for goes to the log
            process.wait()
        assert process.stdout is not None
        process.stdout.close()
        return process.returncode

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def log(self) -> str:
        return (self.folder / "server.log").read_text("utf-8", "replace")

    def api(
        self, method: str, path: str, body: Any = None, auth: tuple[str, str] | None = None
    ) -> tuple[int, Any]:
        """One JSON request; (status, answer)."""
        headers = {"Content-Type": "application/json"}
        if auth:
            headers["Authorization"] = f"Basic {base64.b64encode(':'.join(auth).encode()).decode()}"
        data = None if body is None else json.dumps(body).encode()
        return _fetch(urllib.request.Request(self.url + path, data, headers, method=method))

    def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """A file into the library; its manifest."""
        mark = "part-of-a-form-4711"
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        status, answer = _fetch(urllib.request.Request(self.url + "/api/files", body, headers))
        assert status == 201, answer
        return dict(answer)

    def knobs(self, printer_id: str, **values: Any) -> None:
        """Turn fault knobs of a simulated printer."""
        self._control(f"/printers/{printer_id}/knobs", values)

    def do(self, printer_id: str, action: str, **arguments: Any) -> None:
        """Let something happen at a simulated printer."""
        self._control(f"/printers/{printer_id}/actions/{action}", arguments)

    def requests(self, printer_id: str) -> list[Any]:
        """What the simulated printer was asked, newest last."""
        url = f"{self.control}/printers/{printer_id}/requests"
        return list(_fetch(urllib.request.Request(url))[1]["requests"])

    def camera_guests(self, printer_id: str) -> dict[str, int]:
        """How many viewers a simulated camera for one has had, and how many too many."""
        answer = _fetch(urllib.request.Request(f"{self.control}/printers/{printer_id}"))[1]
        return dict(answer["camera"])

    def printer_addresses(self) -> list[str]:
        """What would tell where a simulated printer's own server is: ":PORT", "port PORT"."""
        printers = _fetch(urllib.request.Request(self.control))[1]["printers"]
        names = ("mqtt_port", "ftps_port", "camera_port", "rtsp_port")
        ports = {str(entry[name]) for entry in printers for name in names if entry[name]}
        ports |= {entry["url"].rsplit(":", 1)[1] for entry in printers if entry["url"]}
        return [f"{before}{port}" for port in sorted(ports) for before in (":", "port ")]

    def _control(self, path: str, body: Any) -> None:
        data = json.dumps(body).encode()
        status, answer = _fetch(urllib.request.Request(self.control + path, data))
        assert status == 200, answer

    def printer(self, printer_id: str) -> dict[str, Any]:
        """A printer as the panel sees it."""
        status, answer = self.api("GET", "/api/status")
        assert status == 200
        return next(dict(p) for p in answer["printers"] if p["id"] == printer_id)

    def wait_for(self, printer_id: str, *states: str, seconds: float = 40.0) -> dict[str, Any]:
        """Wait until the farm shows the printer in one of the states."""
        pause = threading.Event()
        for _ in range(int(seconds / 0.1)):
            seen = self.printer(printer_id)
            if seen["state"] in states:
                return seen
            pause.wait(0.1)
        raise AssertionError(f"{printer_id} is {seen['state']} ({seen['sub']}), not {states}")


def _fetch(request: urllib.request.Request) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(request, timeout=15) as response:
            raw, status = response.read(), response.status
    except urllib.error.HTTPError as error:
        with error:
            raw, status = error.read(), error.code
    try:
        return status, json.loads(raw)
    except ValueError:
        return status, raw.decode("utf-8", "replace")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's browser, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Complaints:
    """Everything a page says that it should not: script errors, broken loads, CSP violations."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        # A refusal, a camera without a picture and a printer that no longer has its file are
        # answers: the page shows words, or a sign in the picture's place.
        self.expected: list[str] = ["status of 409", "/api/camera", "/job/thumbnail"]

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.lines.append(f"script error: {error}"))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.lines.append(f"{message.type}: {message.text} ({message.location.get('url')})")

    def unexpected(self) -> list[str]:
        return [line for line in self.lines if not any(e in line for e in self.expected)]


def drop(page: Page, selector: str, name: str, content: bytes) -> None:
    """A file dropped from the desktop: the browser's own events, with a DataTransfer in them."""
    page.evaluate(
        """async ([selector, name, data]) => {
            const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], name, { type: 'application/octet-stream' }));
            const target = document.querySelector(selector);
            const fire = (type, relatedTarget = null) => target.dispatchEvent(new DragEvent(type, {
                bubbles: true, cancelable: true, composed: true, dataTransfer: transfer,
                relatedTarget }));
            fire('dragenter');
            fire('dragover');
            await new Promise((done) => setTimeout(done, 50));
            fire('dragover');
            fire('drop');
        }""",
        [selector, name, base64.b64encode(content).decode()],
    )


def card(printer_id: str) -> str:
    """The selector of a printer's card on the farm page."""
    return f'pf-printer-card[data-id="{printer_id}"]'


def settle(page: Page) -> None:
    """Wait until the page is live (the WebSocket has said hello) and hears keys and drops."""
    page.locator("#conn.on").wait_for(state="attached", timeout=WAIT_MS)
    page.locator("body[data-ready]").wait_for(state="attached", timeout=WAIT_MS)
