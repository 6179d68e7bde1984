"""The processes of one run, each pinned to its own core: simulator, farm, and the listener."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
OTHERS_CORE = CORES[0]
FARM_CORE = CORES[1 % len(CORES)]
LISTENER_CORE = CORES[2] if len(CORES) > 2 else OTHERS_CORE
PORT_WAIT_S = 60.0


def pinned(command: list[str], core: int, **options: Any) -> subprocess.Popen[str]:
    """Start ``command`` on one core (where the system can)."""
    process = subprocess.Popen(command, cwd=ROOT, text=True, **options)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process.pid, {core})
    return process


class Simulators:
    """Simulated printers in one process. ``hertz``: reports a second of each printer that reports
    by itself, 0 = as its make does. ``report_bytes``: of a Bambu's report at least."""

    def __init__(
        self, printers: list[dict[str, Any]], *, hertz: float = 1.0, report_bytes: int = 8000
    ) -> None:
        command = [
            sys.executable, "-m", "simulator", "--specs-from-stdin", "--hz", str(hertz),
            "--pad-bytes", str(report_bytes), "--stamp",
        ]  # fmt: skip
        self.process = pinned(command, OTHERS_CORE, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(printers) + "\n")
        self.process.stdin.flush()  # and stays open: its end would end the simulator
        self.printers: list[dict[str, Any]] = json.loads(self.process.stdout.readline())["printers"]
        self._usage = psutil.Process(self.process.pid)

    def cpu_seconds(self) -> float:
        times = self._usage.cpu_times()
        return float(times.user + times.system)

    def __enter__(self) -> Simulators:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


@dataclass
class Usage:
    """What a process used between two looks."""

    cpu_percent: float
    rss_mb: float
    threads: int
    children_cpu_percent: float = 0.0  # of all programs it runs, together


CALM = {"progress_step": 0}
"""The stamp makes each print run through its hundred percent every hundred seconds, and each step
of five would be an event that is written down: as many in two minutes as in a day of prints."""


@dataclass
class Farm:
    """The real server with a configuration of its own, listening on a port of its own."""

    printers: list[dict[str, Any]]
    port: int
    settings: dict[str, Any] = field(default_factory=dict)  # of config.json, besides printers
    folder: tempfile.TemporaryDirectory[str] = field(default_factory=tempfile.TemporaryDirectory)
    first_answer_s: float = 0.0
    all_online_s: float = 0.0
    rss_first_mb: float = 0.0

    def __post_init__(self) -> None:
        config = Path(self.folder.name) / "config.json"
        printers = [_entry(printer) for printer in self.printers]
        config.write_text(json.dumps({"printers": printers, "alerts": CALM, **self.settings}))
        self._started = time.perf_counter()
        self._log = (Path(self.folder.name) / "server.log").open("w+")
        command = [
            sys.executable, "api_server.py", "--config", str(config), "--port", str(self.port),
            "--data-dir", str(Path(self.folder.name) / "jobs"),
        ]  # fmt: skip
        pipes = {"stdin": subprocess.DEVNULL, "stdout": self._log, "stderr": self._log}
        self.process = pinned(command, FARM_CORE, **pipes)
        self._usage = psutil.Process(self.process.pid)
        self._wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as answer:
            body: dict[str, Any] = json.load(answer)
            return body

    def _wait(self) -> None:
        """Note the times of the first 200 and of the last printer to come online."""
        deadline = self._started + PORT_WAIT_S
        while time.perf_counter() < deadline:
            if self.process.poll() is not None:
                self._log.seek(0)
                raise RuntimeError(f"the farm ended early: {self._log.read()[-2000:]}")
            try:
                health = self.health()
            except OSError:
                time.sleep(0.003)
                continue
            if not self.first_answer_s:
                self.first_answer_s = time.perf_counter() - self._started
                self.rss_first_mb = self._usage.memory_info().rss / 1e6
            if health["printers"]["online"] >= len(self.printers):
                self.all_online_s = time.perf_counter() - self._started
                return
            time.sleep(0.02)
        raise RuntimeError(f"not all printers came online within {PORT_WAIT_S:g} s: {health}")

    def usage_during(self, seconds: float) -> Usage:
        before, children = self._usage.cpu_times(), self._children()
        start = time.perf_counter()
        time.sleep(seconds)
        after, later = self._usage.cpu_times(), self._children()
        used = after.user + after.system - before.user - before.system
        return Usage(
            cpu_percent=100.0 * used / (time.perf_counter() - start),
            rss_mb=self._usage.memory_info().rss / 1e6,
            threads=self._usage.num_threads(),
            children_cpu_percent=100.0
            * sum(used - children[pid] for pid, used in later.items() if pid in children)
            / (time.perf_counter() - start),
        )

    def _children(self) -> dict[int, float]:
        """CPU seconds of each program it runs now."""
        times = {child.pid: child.cpu_times() for child in self._usage.children()}
        return {pid: float(t.user + t.system) for pid, t in times.items()}

    def __enter__(self) -> Farm:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.terminate()
        self.process.wait(20)
        self._log.close()
        self.folder.cleanup()


def _entry(printer: dict[str, Any]) -> dict[str, Any]:
    common = {key: printer[key] for key in ("id", "name", "model")}
    if printer["kind"] != "bambu":
        return {
            **common, "type": printer["kind"], "url": printer["url"], "api_key": printer["api_key"]
        }  # fmt: skip
    ports = {key: printer[key] for key in ("mqtt_port", "ftps_port") if printer.get(key)}
    return {
        **common, "type": "bambu", "printer_ip": printer["host"], "serial": printer["serial"],
        "access_code": printer["access_code"], **ports,
    }  # fmt: skip
