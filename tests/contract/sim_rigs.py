"""Rigs around simulated printers, one farm of one printer each."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from core.config import PrinterConfig
from core.secret import Secret
from simulator.farm import PrinterHandle, SimulatedFarm
from simulator.plain_gcode import build_gcode
from simulator.plates import PlateSpec, build_gcode_3mf
from simulator.specs import make_spec
from tests.contract.dialects import MoonrakerDialect, OctoPrintDialect, PrusaLinkDialect
from tests.contract.http_rig import HttpRig
from tests.contract.print_files import Printed
from tests.contract.rig import Rig

TIME_SCALE = 120.0  # faster, and Klipper cools down for idleness within a test
TICK_S = 0.05
SEALED = "MQTT is encrypted end to end, so no single message can be taken out on the way."


class _Sim:
    """The farm of one printer and the handle to it."""

    def __init__(self, kind: str, model: str, flavour: str = "", *, tls: bool = False) -> None:
        spec = make_spec("alder", "Alder", model, 1, kind=kind, flavour=flavour, tls=tls)
        self.farm = SimulatedFarm([spec], time_scale=TIME_SCALE, tick_s=TICK_S)

    @property
    def handle(self) -> PrinterHandle:
        return self.farm.printer("alder")

    def position(self) -> tuple[float, float, float]:
        at = self.handle.peek(lambda machine: dict(machine.axes.position))
        return at["X"], at["Y"], at["Z"]

    def files(self, folder: str = "/") -> list[str]:
        found = []
        for entry in self.handle.peek(lambda machine: list(machine.storage.list(folder))):
            path = f"{folder.rstrip('/')}/{entry.name}"
            found += self.files(path) if entry.is_dir else [path]
        return found


class SimBambu(Rig):
    """A P1S. Faults on its wire are the simulator's own knobs: MQTT and FTPS are encrypted."""

    id = "sim-bambu"
    kind = "bambu"
    suffix = ".gcode.3mf"

    def __init__(self) -> None:
        super().__init__()
        self.impossible = {
            "test_a_start_that_never_arrives_is_not_repeated": SEALED,
        }
        self._sim = _Sim("bambu", "P1S")
        self._before: set[str] = set()

    def start(self) -> None:
        self._sim.farm.start()
        self._sim.handle.set(push_interval_s=0.2)
        self._before = set(self._sim.files())

    def close(self) -> None:
        self._sim.farm.stop()

    def reset(self) -> None:
        return

    def config(self) -> PrinterConfig:
        end = self._sim.farm.endpoints["alder"]
        return PrinterConfig(
            id="alder",
            name="Alder",
            type="bambu",
            model="P1S",
            host=end.host,
            serial=end.serial,
            access_code=Secret(end.access_code),
            mqtt_port=end.mqtt_port,
            ftps_port=end.ftps_port,
            camera_port=end.camera_port,
            rtsp_port=end.rtsp_port or 322,
        )

    def secrets(self) -> list[str]:
        return [self._sim.farm.endpoints["alder"].access_code]

    def logs(self) -> str:
        return "\n".join(map(str, self._sim.handle.requests()[-8:]))

    def kill(self) -> None:
        self._sim.handle.go_offline()

    def restart(self) -> None:
        self._sim.handle.go_online()

    def wire(
        self, *, delay_s: float = 0.0, hole: bool = False, garbage: str = "", refuse: bool = False
    ) -> None:
        handle = self._sim.handle
        knobs = {"bytes": "null_reports", "broken": "truncate_json", "twisted": "wrong_types"}
        handle.set(**{knob: garbage == kind for kind, knob in knobs.items()})
        handle.set(ack_delay_s=delay_s, mute_all=hole, no_ack=False)
        if refuse:
            handle.go_offline()
        elif not hole:
            handle.go_online()

    def lose_start(self, *, delivered: bool) -> None:
        assert delivered
        self._sim.handle.set(no_ack=True)

    def break_printer(self) -> None:
        self._sim.handle.do("hard_fail")

    def disk_full(self, on: bool) -> None:
        self._sim.handle.set(sd_full=on)

    def upload_limit(self, bytes_per_s: int) -> None:
        self._sim.handle.set(ftps_bytes_per_s=bytes_per_s)

    def print_file(
        self, seconds: float, name: str = "Gear wheel", objects: tuple[str, ...] = ()
    ) -> Printed:
        plates = [PlateSpec(name="gear", minutes=seconds * TIME_SCALE / 60, layers=20)]
        return Printed(f"{name}.gcode.3mf", build_gcode_3mf(plates, model="P1S"))

    def start_foreign(self, printed: Printed) -> None:
        handle = self._sim.handle
        handle.peek(lambda machine: machine.storage.write(f"/{printed.name}", printed.content))
        handle.do("start_local", name=printed.name)

    def power_off_printer(self) -> None:
        self._sim.handle.do("power_cycle")
        self._sim.handle.go_offline()

    def power_on_printer(self) -> None:
        self._sim.handle.go_online()

    def shows(self) -> str:
        word = self._sim.handle.peek(lambda machine: machine.job.gcode_state)
        known = {"PREPARE": "printing", "RUNNING": "printing", "PAUSE": "paused"}
        return known.get(word, "idle")

    def mark(self) -> int:
        return len(self._sim.handle.requests())

    def starts(self, since: int = 0) -> int:
        return len([r for r in self._inner(since) if r.get("command") == "project_file"])

    def _inner(self, since: int) -> list[dict[str, Any]]:
        seen = self._sim.handle.requests()[since:]
        return [body for request in seen for body in request.values() if isinstance(body, dict)]

    def orders(self, since: int = 0) -> list[str]:
        reading = ("pushall", "start", "get_version", "get_access_code", "xcam_get")
        inner = self._inner(since)
        return [str(body) for body in inner if body.get("command") not in reading]

    def position(self) -> tuple[float, float, float]:
        return self._sim.position()

    def stored(self) -> list[str]:
        return [path for path in self._sim.files() if path not in self._before]


class SimHttp(HttpRig):
    """A simulated OctoPrint, Moonraker or PrusaLink."""

    printer_model = ""
    flavour = ""

    def __init__(self) -> None:
        super().__init__()
        self._sim = _Sim(self.kind, self.printer_model, self.flavour)
        self._before: set[str] = set()

    @property
    def model(self) -> str:
        return self.printer_model

    @property
    def handle(self) -> PrinterHandle:
        """The simulated side."""
        return self._sim.handle

    def open_server(self) -> int:
        self._sim.farm.start()
        self._before = set(self._sim.files())
        return int(self._sim.farm.endpoints["alder"].url.rpartition(":")[2])

    def close_server(self) -> None:
        self._sim.farm.stop()

    def reset(self) -> None:
        return

    def ask(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        end = self._sim.farm.endpoints["alder"]
        raw = isinstance(body, bytes)
        data = body if raw or body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{end.url}{path}", data=data, method=method)
        request.add_header("X-Api-Key", end.api_key)
        if body is not None and not raw:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status, _decoded(reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _decoded(error.read())

    def credentials(self) -> dict[str, str]:
        return {"api_key": self._sim.farm.endpoints["alder"].api_key}

    def server_logs(self) -> str:
        return "\n".join(map(str, self.handle.requests()[-8:]))

    def kill(self) -> None:
        if not self.dialect.survives_restart:
            self.handle.do("power_cycle")
        self.handle.go_offline()

    def restart(self) -> None:
        self.handle.go_online()

    def disk_full(self, on: bool) -> None:
        self.handle.set(disk_full=on)

    def print_file(
        self, seconds: float, name: str = "Gear wheel", objects: tuple[str, ...] = ()
    ) -> Printed:
        minutes = seconds * TIME_SCALE / 60
        content = build_gcode("gear", self.printer_model, minutes, 20, objects=objects)
        return Printed(f"{name}.gcode", content)

    def break_printer(self) -> None:
        self.handle.do("hard_fail")

    def power_off_printer(self) -> None:
        self.handle.do("unplug")

    def power_on_printer(self) -> None:
        self.handle.do("plug")

    def position(self) -> tuple[float, float, float]:
        return self._sim.position()

    def stored(self) -> list[str]:
        return [path for path in self._sim.files() if path not in self._before]


class SimOctoPrint(SimHttp):
    id = "sim-octoprint"
    kind = "octoprint"
    printer_model = "Ender 3"
    dialect = OctoPrintDialect()

    def kill(self) -> None:
        self.handle.go_offline()

    def restart(self) -> None:
        self.handle.do("server_restart")

    def power_off_printer(self) -> None:
        self.handle.do("power_off")

    def power_on_printer(self) -> None:
        self.handle.do("power_on")
        self.ask("POST", "/api/connection", {"command": "connect"})


class SimMoonraker(SimHttp):
    id = "sim-moonraker"
    kind = "moonraker"
    printer_model = "Voron 2.4"
    dialect = MoonrakerDialect()

    def kill_klippy(self) -> None:
        """Klipper's process ends; Moonraker stays."""
        self.handle.do("klippy_disconnect")

    def start_klippy(self) -> None:
        self.handle.do("klippy_reconnect")

    def position(self) -> tuple[float, float, float]:
        return self.dialect.position(self.ask)


class _SimPrusaLink(SimHttp):
    kind = "prusalink"

    def api_key(self) -> str:
        """What its owner copies from its settings."""
        return self._sim.farm.endpoints["alder"].api_key

    def digest(self) -> tuple[str, str]:
        """(user, password)"""
        end = self._sim.farm.endpoints["alder"]
        return end.user, end.password

    def ask_attention(self, on: bool) -> None:
        """The printer waits for an answer at its own screen."""
        self.handle.do("ask_attention" if on else "answer_attention")


class SimPrusaLinkMk3(_SimPrusaLink):
    id = "sim-prusalink-mk3"
    printer_model = "MK3S"
    flavour = "mk3"
    refused_characters = "#%+"
    dialect = PrusaLinkDialect("local")


class SimPrusaLinkFirmware(_SimPrusaLink):
    """The server inside an MK4: it is digest that its owner uses here."""

    id = "sim-prusalink-firmware"
    printer_model = "MK4"
    flavour = "firmware"
    dialect = PrusaLinkDialect("usb")

    def credentials(self) -> dict[str, str]:
        end = self._sim.farm.endpoints["alder"]
        return {"user": end.user, "password": end.password}

    def secrets(self) -> list[str]:
        return [*super().secrets(), self._sim.farm.endpoints["alder"].api_key]

    def power_off_printer(self) -> None:
        self.kill()

    def power_on_printer(self) -> None:
        self.restart()


def _decoded(body: bytes) -> Any:
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text
