"""Rigs around real servers. One of each runs for a whole worker; ``reset`` tidies it."""

from __future__ import annotations

import resource
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from tests.contract.dialects import MoonrakerDialect, OctoPrintDialect, PrusaLinkDialect
from tests.contract.http_rig import HttpRig
from tests.contract.print_files import Printed, moves
from tests.real.moonraker import Moonraker
from tests.real.octoprint import OctoPrint
from tests.real.prusalink import PrusaLink
from tests.real.server import RealServer

FULL_BYTES = 1024
"""A server may write files of this size only: how a full disk is made without filling one."""


class RealRig(HttpRig):
    """What the three have in common."""

    is_real = True
    pace = 1.0
    one_way = False
    server: RealServer

    def open_server(self) -> int:
        self.server.start()
        return self.server.port

    def close_server(self) -> None:
        self.server.stop()

    def credentials(self) -> dict[str, str]:
        return {"api_key": self.server.api_key}

    def ask(
        self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        return self.server.ask(method, path, body, headers=headers)

    def server_logs(self) -> str:
        return self.server.logs()

    def kill(self) -> None:
        self.server.kill()

    def restart(self) -> None:
        self.server.restart()

    def disk_full(self, on: bool) -> None:
        pid = self.server.processes[-1].pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (FULL_BYTES if on else hard, hard))

    def print_file(
        self, seconds: float, name: str = "Gear wheel", objects: tuple[str, ...] = ()
    ) -> Printed:
        content = moves(seconds, pace=self.pace, one_way=self.one_way, objects=objects)
        return Printed(f"{name}.gcode", content)

    def stored(self) -> list[str]:
        found = self.server.files.rglob("*.g*code")
        return [str(path.relative_to(self.server.files)) for path in found if path.is_file()]

    def reset(self) -> None:
        self.wire()
        if not all(process.is_running for process in self.server.processes):
            self.server.restart()
        self.disk_full(False)
        self.settle()
        for path in self.server.files.rglob("*"):
            if path.is_file():  # folders stay: a server that watches them may lose a new one
                path.unlink(missing_ok=True)

    @abstractmethod
    def settle(self) -> None:
        """No job, no fault, cold."""


class RealOctoPrint(RealRig):
    """OctoPrint 1.11 with its virtual printer."""

    id = "real-octoprint"
    kind = "octoprint"
    pace = 0.1
    one_way = True  # the virtual printer takes no time for moves to the left
    dialect = OctoPrintDialect()

    def __init__(self) -> None:
        super().__init__()
        self.server: OctoPrint = OctoPrint()

    def break_printer(self) -> None:
        self.server.order("!!DEBUG:trigger_fatal_error_marlin")

    def power_off_printer(self) -> None:
        self.server.order("!!DEBUG:drop_connection")

    def power_on_printer(self) -> None:
        self.ask("POST", "/api/connection", {"command": "connect"})

    def settle(self) -> None:
        if self.shows() in ("printing", "paused"):
            self.ask("POST", "/api/job", {"command": "cancel"})
            self.until(lambda: self.shows() not in ("printing", "paused", "Cancelling"), "cancel")
        if self.shows() != "idle":
            self.ask("POST", "/api/connection", {"command": "disconnect"})
            self.ask("POST", "/api/connection", {"command": "connect"})
            self.until(lambda: self.shows() == "idle", "never Operational again")
        self.ask("POST", "/api/printer/tool", {"command": "target", "targets": {"tool0": 0}})
        self.ask("POST", "/api/printer/bed", {"command": "target", "target": 0})


class RealMoonraker(RealRig):
    """Moonraker, Klippy and a pretend board."""

    id = "real-moonraker"
    kind = "moonraker"
    dialect = MoonrakerDialect()

    def __init__(self) -> None:
        super().__init__()
        self.server: Moonraker = Moonraker()

    def break_printer(self) -> None:
        self.server.order("shutdown 1")

    def kill_klippy(self) -> None:
        """Klipper's process ends; Moonraker stays."""
        self.server.klippy.kill()

    def start_klippy(self) -> None:
        self.server.order("reboot")
        self.server.launch()

    def power_off_printer(self) -> None:
        self.server.order("mute")

    def power_on_printer(self) -> None:
        self.server.order("reboot")
        self.ask("POST", "/printer/firmware_restart")

    def position(self) -> tuple[float, float, float]:
        return self.dialect.position(self.ask)

    def settle(self) -> None:
        if self.shows() in ("printing", "paused"):
            self.ask("POST", "/printer/print/cancel")
        if self.shows() != "idle":
            self.power_on_printer()
            self.until(lambda: self.shows() == "idle", "Klippy never ready again")
        script = {"script": "TURN_OFF_HEATERS\nSDCARD_RESET_FILE\nM84"}
        self.ask("POST", "/printer/gcode/script", script)
        for sensor in ("PK5", "PK6"):
            self.server.order(f"temp {sensor} 22")
        self.calm()

    def calm(self) -> None:
        def still() -> bool:
            _, answer = self.ask("GET", "/printer/objects/query?idle_timeout")
            return bool(answer["result"]["status"]["idle_timeout"]["state"] != "Printing")

        self.until(still, "Klipper never came to rest")


class RealPrusaLink(RealRig):
    """PrusaLink of the MK3 family with a pretend board."""

    id = "real-prusalink"
    kind = "prusalink"
    refused_characters = "#%+"
    dialect = PrusaLinkDialect("local")

    def __init__(self) -> None:
        super().__init__()
        self.server: PrusaLink = PrusaLink()
        self._stuck = False

    @property
    def model(self) -> str:
        return "MK3S"

    def secrets(self) -> list[str]:
        return [self.server.api_key, self.server.password]

    def api_key(self) -> str:
        """What its owner copies from its settings."""
        return self.server.api_key

    def digest(self) -> tuple[str, str]:
        """(user, password)"""
        return self.server.user, self.server.password

    def ask_attention(self, on: bool) -> None:
        """The printer waits for an answer at its own screen."""
        self.server.order("attention" if on else "calm")

    def break_printer(self) -> None:
        self.server.order("halt")
        self._stuck = True  # it answers again only after a new start

    def power_off_printer(self) -> None:
        self.server.board.kill()

    def power_on_printer(self) -> None:
        self.server.launch()

    def disk_full(self, on: bool) -> None:
        """After a write error PrusaLink takes its transfer for running until it is restarted."""
        super().disk_full(on)
        self._stuck = self._stuck or on

    def reset(self) -> None:
        if self._stuck:
            self.kill()
            self.server.board.kill()
            self._stuck = False
        super().reset()

    def calm(self) -> None:
        def idle() -> bool:
            return bool(self.ask("GET", "/api/v1/status")[1]["printer"]["state"] == "IDLE")

        self.until(idle, "never IDLE again")

    def start_foreign(self, printed: Printed) -> None:
        self.calm()  # it starts nothing while it still shows the print before
        super().start_foreign(printed)

    def position(self) -> tuple[float, float, float]:
        at = self.server.order("status")["at"]
        return at["X"], at["Y"], at["Z"]

    def settle(self) -> None:
        if not self.server.board.is_running:
            self.server.launch()
        if self.shows() in ("printing", "paused"):
            status, job = self.ask("GET", "/api/v1/job")
            if status == 200:
                self.ask("DELETE", f"/api/v1/job/{job['id']}")
        self.until(lambda: self.shows() == "idle", "never IDLE again", 40.0)
        for line in ("temp tool 22", "temp bed 22"):
            self.server.order(line)
