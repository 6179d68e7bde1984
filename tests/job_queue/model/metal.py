"""One printer of metal, and what may never happen on it.

The metal knows nothing of approvals and parts: a start that arrives begins whenever the printer
is at rest and the file lies on it; Broken is raised the moment an invariant is.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import PrinterOffline, PrinterTimeout
from printers.commands import StartPrint
from printers.status import JobProgress
from printers.status import PrinterState as P
from tests.job_queue.conftest import CONTENT, FakePrinter

if TYPE_CHECKING:
    from tests.job_queue.model.world import World


class Broken(AssertionError):
    """An invariant of the queue."""


class Crash(SystemExit):
    """The process is gone here: kill -9, in the middle of whatever it did."""


class Metal:
    """What is true, whatever the farm believes; outlives every server."""

    def __init__(self, reached: Counter[str]) -> None:
        self.reached = reached
        self.files: dict[str, int] = {}
        self.part = False
        self.running: StartPrint | str | None = None  # "theirs": somebody else's
        self.reading: tuple[StartPrint, float] | None = None
        self.under_way: list[StartPrint] = []
        self.word, self.shown = P.IDLE, JobProgress(name="", file="")
        self.online = True
        self.echoes_ids = True
        self.approval = 1  # simulated beds are empty at the beginning
        self.approval_of: dict[int, int] = {}
        self.begun: list[int] = []
        self.finished: set[int] = set()

    def arrives(self, command: StartPrint, now: float, *, silent: bool = False) -> bool:
        """A start reaches the printer; whether it has any effect."""
        if self.running or self.reading or command.remote_name not in self.files:
            self.reached["arrived in vain"] += 1
            return False
        if silent:
            self.reading = (command, now)
        else:
            self.begin(command)
        return True

    def begin(self, command: StartPrint) -> None:
        self.reading = None
        token = command.token
        mine = self.approval_of[token]
        if self.part:
            raise Broken("a start on a bed that carries a part")
        if token in self.begun or mine in {self.approval_of[one] for one in self.begun}:
            raise Broken("two starts for one approval")
        if self.files.get(command.remote_name, len(CONTENT)) != len(CONTENT):
            raise Broken("a cut file was started")
        self.begun.append(token)
        self.running, self.part = command, True
        ids = str(token) if self.echoes_ids else ""
        self.word = P.PREPARING
        self.shown = JobProgress(
            name=command.display_name, file=command.remote_name, task_id=ids, subtask_id=ids
        )
        self.reached["began"] += 1

    def end(self, well: bool) -> None:
        if isinstance(self.running, StartPrint) and well:
            self.finished.add(self.running.token)
        self.under_way = [] if self.running == "theirs" else self.under_way  # long expired
        self.running = None
        self.word = P.FINISHED if well else P.FAILED


class MetalPrinter(FakePrinter):
    """The adapter of one server run; the next run gets another on the same metal."""

    world: World  # set when it is built into a farm
    metal: Metal

    def sees(self) -> None:
        """A report, as the printer is now."""
        metal = self.metal
        if not metal.online:
            self.report(P.OFFLINE)
        else:
            self.report(metal.word, job=metal.shown if metal.shown.name else None)

    def start(self) -> None:
        return

    def refresh(self, timeout: float = 10.0) -> Any:
        if not self.metal.online:
            raise PrinterOffline("Alder is offline.")
        self.sees()
        return self._status

    def upload(self, source: Path, *rest: Any) -> int:
        self.world.alive()
        if not self.metal.online:
            raise PrinterOffline("Alder is offline.")
        size = super().upload(source, *rest)
        self.world.effect()
        return size

    def delete_remote(self, path: str) -> None:
        self.world.alive()
        if not self.metal.online:
            raise PrinterOffline("Alder is offline.")
        super().delete_remote(path)
        self.world.effect()

    def start_print(self, command: StartPrint, timeout: float = 15.0) -> Any:
        self.world.alive()
        self.started.append(command)
        self.metal.approval_of[command.token] = self.metal.approval
        self.metal.reached[self.world.fate] += 1
        self.world.sent(command)
        self.world.effect()
        if self.world.fate in ("begins", "silent"):
            return None
        raise PrinterTimeout("Alder did not answer.")
