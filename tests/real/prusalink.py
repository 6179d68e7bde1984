"""A real PrusaLink (the Raspberry Pi server of the MK3 family) with a pretend MK3S board."""

from __future__ import annotations

import secrets
import subprocess
import sys
from typing import Any

from tests.real.install import PRUSALINK, install
from tests.real.places import ROOT
from tests.real.process import Process, wait_until
from tests.real.pty_line import give_order
from tests.real.server import RealServer

SETTINGS = """\
[daemon]
data_dir = {folder}
pid_file = {folder}/link.pid
[http]
address = 127.0.0.1
port = {port}
[printer]
port = {folder}/mk3
settings = {folder}/settings.ini
directory = {folder}/gcodes
[cameras]
auto_detect = False
"""
PRINTER = """\
[printer]
type = MK3S
name = bench
location = here

[service::local]
enable = 1
username = {user}
digest = {digest}
api_key = {key}
"""
DIGEST = """\
import sys
from poorwsgi.digest import hexdigest
print(hexdigest(sys.argv[1], "Administrator", sys.argv[2]))
"""
QUIET_ZEROCONF = '''\
"""Stands in for zeroconf: nothing of a test is announced on the network."""

import logging


class _Module:
    log = logging.getLogger("zeroconf")


_logger = _Module()


class NonUniqueNameException(Exception):
    pass


class ServiceInfo:
    name = type = server = ""
    port = 0

    def __init__(self, *args, **more):
        pass


class Zeroconf:
    def register_service(self, *args, **more):
        pass

    def unregister_all_services(self):
        pass
'''
SURELY_S = 45.0  # 8 s for the board, then two; after a kill in mid print about 25
STARTS = 2


class PrusaLink(RealServer):
    """PrusaLink 0.8. It waits 8 s for its board at every start."""

    kind = "prusalink"
    files_folder = "gcodes"
    user = "maker"

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.password = f"Aa1{secrets.token_hex(6)}"
        self.orders = self.short / "board.sock"

    @property
    def board(self) -> Process:
        return self.processes[0]

    def prepare(self) -> None:
        install((PRUSALINK,))
        self.api_key = secrets.token_hex(8)
        (self.folder / "gcodes").mkdir()
        stand_in = self.folder / "stand_in"
        stand_in.mkdir()
        (stand_in / "zeroconf.py").write_text(QUIET_ZEROCONF, "utf-8")
        command = [PRUSALINK.program("python"), "-c", DIGEST, self.user, self.password]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=True)
        printer = PRINTER.format(user=self.user, digest=done.stdout.strip(), key=self.api_key)
        (self.folder / "settings.ini").write_text(printer, "utf-8")
        settings = SETTINGS.format(folder=self.folder, port=self.port)
        (self.folder / "prusalink.ini").write_text(settings, "utf-8")
        board = [sys.executable, "-m", "tests.real.board_mk3", "--link", self.folder / "mk3"]
        link = [PRUSALINK.program("prusalink"), "-f", "-c", self.folder / "prusalink.ini"]
        where = ["-a", "127.0.0.1", "-t", str(self.port)]
        self.processes = [
            Process("board", self.folder, [*board, "--orders", self.orders]),
            Process("prusalink", self.folder, [*link, *where]),
        ]

    def launch(self) -> None:
        if not self.board.is_running:
            (self.folder / "mk3").unlink(missing_ok=True)
            self.board.start(cwd=ROOT)
            wait_until((self.folder / "mk3").is_symlink, 10.0, "the board's serial line")
        if not self.processes[1].is_running:
            stand_in = str(self.folder / "stand_in")
            environment = {"PYTHONPATH": stand_in, "HOME": str(self.folder)}
            (self.folder / "link.pid").unlink(missing_ok=True)
            self.processes[1].start(environment, cwd=self.folder)

    def wait_ready(self, seconds: float = SURELY_S) -> None:
        """About one start in fifty ends in BUSY for ever: PrusaLink lost count of the answers
        while it asked the board who it is. As its owner would, start it again."""
        for _ in range(STARTS - 1):
            try:
                return super().wait_ready(seconds)
            except RuntimeError:
                self.kill()
                self.launch()
        return super().wait_ready(seconds)

    def is_ready(self) -> bool:
        shown = self.answers("/api/v1/status")
        return shown is not None and shown["printer"]["state"] == "IDLE"

    def order(self, line: str) -> dict[str, Any]:
        """An order to the board, see board_mk3.py."""
        return give_order(self.orders, line)
