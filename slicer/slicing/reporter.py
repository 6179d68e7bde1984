"""From a slicer's steps to what people see of a task."""

from __future__ import annotations

from collections.abc import Callable

from slicer.engines.base import Engine, Step
from slicer.slicing.task import State
from slicer.slicing.work import Watcher


class Reporter(Watcher):
    """Passes on what changed; a percentage never falls, not even when another slicer starts."""

    def __init__(self, change: Callable[..., None]) -> None:
        self._change = change
        self._percent: int | None = None
        self._text = ""

    def begun(self, engine: Engine) -> None:
        self._change(state=State.SLICING, engine=engine.name, text=f"{engine.label} starts")

    def step(self, step: Step) -> None:
        percent, text = self._percent, step.text or self._text
        if step.percent is not None:
            percent = max(self._percent or 0, min(step.percent, 99))  # 100 is for what is kept
        if (percent, text) != (self._percent, self._text):
            self._percent, self._text = percent, text
            self._change(percent=percent, text=text)

    def checking(self) -> None:
        self._change(state=State.CHECKING, text="Checking what was sliced")
