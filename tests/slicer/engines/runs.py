"""Runs Python code or a shell line as if it were a slicer."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path

from core.clock import ManualClock
from slicer.engines import runner
from slicer.engines.base import Ended, Invocation, Step

LONG_S = 60.0  # for what a test ends otherwise


class Runs:
    """One slicing after another in the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.steps: list[Step] = []
        self.lines: list[str] = []
        self.cancel = threading.Event()
        self.memory_mb = 512
        self.output_mb = 16
        self.timeout_s = LONG_S
        self.pipe: Path | None = None
        self.clock: ManualClock | None = None
        self.on_line: Callable[[str], Step | None] = lambda line: Step(text=line)

    def python(self, code: str) -> Ended:
        return self(sys.executable, "-c", code)

    def __call__(self, *argv: str, more: dict[str, str] | None = None) -> Ended:
        invocation = Invocation(
            argv=argv, output=self.folder / "out.gcode", environment=more or {}, pipe=self.pipe
        )
        return runner.run(
            invocation,
            self.folder,
            timeout_s=self.timeout_s,
            memory_mb=self.memory_mb,
            output_mb=self.output_mb,
            on_step=self.steps.append,
            progress=self.hear,
            cancel=self.cancel,
            clock=self.clock,
        )

    def hear(self, line: str) -> Step | None:
        self.lines.append(line)
        return self.on_line(line)
