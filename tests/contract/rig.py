"""What a test of this suite may do to the server under test, whatever it is."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.config import PrinterConfig
from tests.contract.print_files import Printed

POLL_S = 0.02


class Rig(ABC):
    """One print server with its printer, and every fault this suite asks for.

    ``impossible`` maps a test's name to the reason why it cannot be asked of this server.
    """

    id = ""
    kind = ""
    is_real = False
    suffix = ".gcode"
    refused_characters = ""
    """What the server itself allows in no file name."""
    impossible: dict[str, str]

    def __init__(self) -> None:
        self.impossible = {}

    # life

    @abstractmethod
    def start(self) -> None:
        """The server listens and its printer is ready."""

    @abstractmethod
    def close(self) -> None:
        """Everything ends."""

    @abstractmethod
    def reset(self) -> None:
        """As after start: no job, no fault, no files of former tests."""

    @abstractmethod
    def config(self) -> PrinterConfig:
        """An entry for this printer with the id "alder"."""

    @abstractmethod
    def secrets(self) -> list[str]:
        """What must never be shown or logged."""

    @abstractmethod
    def logs(self) -> str:
        """For a failure's message."""

    # the server's computer

    @abstractmethod
    def kill(self) -> None:
        """The server dies: its port is closed, its connections break."""

    @abstractmethod
    def restart(self) -> None:
        """It comes up again. Whether its print survived is the make's own matter."""

    @abstractmethod
    def wire(
        self, *, delay_s: float = 0.0, hole: bool = False, garbage: str = "", refuse: bool = False
    ) -> None:
        """The way to the server is so from now on; without arguments it is healthy."""

    @abstractmethod
    def lose_start(self, *, delivered: bool) -> None:
        """The connection breaks at the next start: before or after the server got it."""

    @abstractmethod
    def disk_full(self, on: bool) -> None:
        """Nothing more can be stored there."""

    @abstractmethod
    def upload_limit(self, bytes_per_s: int) -> None:
        """How fast a file can be sent to it; 0 = no limit."""

    # the printer

    @abstractmethod
    def print_file(
        self, seconds: float, name: str = "Gear wheel", objects: tuple[str, ...] = ()
    ) -> Printed:
        """A file that prints for about so many real seconds, after heating if there is any."""

    @abstractmethod
    def start_foreign(self, printed: Printed) -> None:
        """Somebody else uploads and starts this past the farm."""

    @abstractmethod
    def power_off_printer(self) -> None:
        """The printer loses power; its server stays up. On Bambu they are one."""

    @abstractmethod
    def power_on_printer(self) -> None:
        """It has power again."""

    @abstractmethod
    def break_printer(self) -> None:
        """The printer's own firmware halts with an error."""

    @abstractmethod
    def shows(self) -> str:
        """The server's own word: "idle", "printing", "paused" or something else."""

    def calm(self) -> None:
        """Wait until the server takes moves again after a print."""
        return

    def position(self) -> tuple[float, float, float] | None:
        """Where the head is, as the machine itself says; None: it says nothing of that."""
        return None

    # what reached it

    @abstractmethod
    def mark(self) -> int:
        """A place in the log of requests."""

    @abstractmethod
    def starts(self, since: int = 0) -> int:
        """How many requests to start a print came through the farm."""

    @abstractmethod
    def orders(self, since: int = 0) -> list[str]:
        """Everything the farm sent that changes something, in short words."""

    @abstractmethod
    def stored(self) -> list[str]:
        """Names of all print files on the server."""

    def span(self, seconds: float) -> float:
        """How long to watch that something does not happen."""
        return seconds if self.is_real else seconds / 2

    def skip_reason(self, test: str) -> str:
        return self.impossible.get(test, "")

    def until(self, holds: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
        """Wait for something on the server's side."""
        end = time.monotonic() + seconds
        while not (value := holds()):
            assert time.monotonic() < end, f"{what}\n{self.logs()}"
            time.sleep(POLL_S)
        return value

    def write(self, printed: Printed, folder: Path) -> Path:
        """The file on the farm's disk, for Fleet.upload."""
        path = folder / "source.bin"
        path.write_bytes(printed.content)
        return path
