"""What was physically printed on a machine: the truth that a farm's records are held against."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 10_000


@dataclass(slots=True, kw_only=True)
class Print:
    """One start of a file, whoever asked for it. Times are epoch seconds."""

    file: str  # its name on the storage, without folders
    on: str  # the part that lay on the bed at that moment, "" = the bed was empty
    began: float
    ended: float | None = None
    how: str = ""  # "finished", "failed", "cancelled", "cut" (the power); "" = it still runs


class Ledger:
    """Every print of one machine, oldest first."""

    def __init__(self) -> None:
        self.prints: deque[Print] = deque(maxlen=KEPT)

    def begin(self, file: str, on: str) -> None:
        """A file is being printed from now on."""
        self.prints.append(Print(file=file.rsplit("/", 1)[-1], on=on, began=time.time()))

    def end(self, how: str) -> None:
        """The running print is over; nothing happens when there is none."""
        if self.prints and self.prints[-1].ended is None:
            self.prints[-1].ended, self.prints[-1].how = time.time(), how

    @property
    def running(self) -> bool:
        """Whether a file is being printed, however badly it is told."""
        return bool(self.prints) and self.prints[-1].ended is None

    def rows(self) -> list[dict[str, Any]]:
        """For the control port."""
        return [asdict(one) for one in self.prints]
