"""Runs the simulated printers of a configuration in a process of their own.

The farm reaches them as it reaches real ones: by address, port, serial number and access code, or
by URL and key.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from core.config import FarmConfig, PrinterConfig
from core.errors import ConfigError
from core.jsonio import JSONDecodeError, dumps, loads
from core.secret import Secret

logger = logging.getLogger(__name__)
ROOT = Path(__file__).parents[1]


class SimulatorProcess:
    """The child. It ends with its parent: its standard input is the life line."""

    def __init__(self, config: FarmConfig) -> None:
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None
        self.control_url = ""

    def start(self) -> FarmConfig:
        """Start the child and fill address, ports and credentials into its printers' entries.

        A configuration without ``"simulate": true`` comes back as it is. Raises ConfigError with
        the child's own words when it does not get ready.
        """
        wanted = [p for p in self._config.printers if p.simulate and not p.problems]
        if not wanted:
            return self._config
        ready = self._spawn(wanted)
        self.control_url = str(ready.get("control", ""))
        endpoints = {str(entry["id"]): entry for entry in ready["printers"]}
        printers = tuple(
            _connected(printer, endpoints[printer.id]) if printer.id in endpoints else printer
            for printer in self._config.printers
        )
        return replace(self._config, printers=printers)

    def _spawn(self, wanted: Sequence[PrinterConfig]) -> dict[str, Any]:
        simulation = self._config.simulation
        command = [
            sys.executable, "-m", "simulator", "--specs-from-stdin",
            "--time-scale", str(simulation.time_scale),
            "--control-port", str(simulation.control_port),
            "--data-dir", str(self._config.data_dir / "simulator"),
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl+C is for the farm, which ends its child in order
        )
        life_line, answers = _pipes(self._process)
        try:
            life_line.write(dumps([_spec(p) for p in wanted]) + b"\n")
            life_line.flush()
            ready = loads(answers.readline())
        except (OSError, JSONDecodeError) as error:
            self.stop()
            raise ConfigError(
                "The simulated printers did not start; their own message is above."
            ) from error
        logger.info(
            "%d simulated printers are running, control port %s", len(wanted), ready.get("control")
        )
        return dict(ready)

    def stop(self, timeout: float = 5.0) -> None:
        """Cut the life line, then insist."""
        if self._process is None:
            return
        life_line, answers = _pipes(self._process)
        life_line.close()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        answers.close()
        self._process = None


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """Its input and output; both were asked for when it was started."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the simulator was started without pipes")
    return process.stdin, process.stdout


def _spec(printer: PrinterConfig) -> dict[str, Any]:
    return {
        "id": printer.id,
        "name": printer.name,
        "type": printer.type,
        "model": printer.model,
        "serial": printer.serial,
        "access_code": printer.access_code.reveal(),
        "api_key": printer.api_key.reveal(),
        "user": printer.user,
        "password": printer.password.reveal(),
        "tls": printer.url.startswith("https:"),
        "flavour": str(printer.options.get("flavour", "")),
        "scenario": str(printer.options.get("scenario", "idle")),
    }


def _connected(printer: PrinterConfig, endpoint: dict[str, Any]) -> PrinterConfig:
    if endpoint.get("url"):
        return replace(
            printer,
            url=endpoint["url"],
            api_key=Secret(endpoint["api_key"]),
            user=endpoint["user"],
            password=Secret(endpoint["password"]),
        )
    return replace(
        printer,
        host=endpoint["host"],
        serial=endpoint["serial"],
        access_code=Secret(endpoint["access_code"]),
        mqtt_port=endpoint["mqtt_port"],
        ftps_port=endpoint["ftps_port"],
        camera_port=endpoint.get("camera_port") or printer.camera_port,
        rtsp_port=endpoint.get("rtsp_port") or printer.rtsp_port,
    )
