"""A farm of one thread for the defect watch: manual time, pretended cameras, a scripted model."""

from __future__ import annotations

import io
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PIL import Image

from alerts.defects.budget import Budget
from alerts.defects.build import judge_of
from alerts.defects.eye import Eye
from alerts.defects.guard import Guard
from alerts.defects.memory import Memory, part
from alerts.defects.prints import load
from alerts.defects.verdict import Trouble, Verdict
from alerts.defects.view import View
from alerts.defects.watch import DefectWatch
from alerts.defects.words import Subject
from alerts.model import Event, Kind
from cameras.book import CameraInfo
from cameras.frames import CameraStatus, Frame
from core.alert_config import DefectConfig
from core.clock import ManualClock
from core.errors import Blocked
from core.events import Bus
from printers.commands import Pause
from printers.registry import Registry
from printers.status import JobProgress, PrinterState, PrinterStatus

S = PrinterState
BAD, GOOD = Verdict(score=0.9, kind="spaghetti", usd=0.0004), Verdict(score=0.0, usd=0.0004)


@lru_cache(maxsize=512)
def make_picture(number: int = 0, light: int = 255) -> bytes:
    """Another one for each number; ``light``: 0 is a dark room."""
    dots = random.Random(number).randbytes(16 * 12 * 3)
    picture = Image.frombytes("RGB", (16, 12), dots).resize((160, 120))
    out = io.BytesIO()
    picture.point(lambda value: value * light // 255).save(out, "JPEG", quality=90)
    return out.getvalue()


def make_status(
    clock: ManualClock, state: PrinterState = S.PRINTING, *, name: str = "gear",
    percent: int | None = 10, layer: int | None = 50, printer_id: str = "alder", age_s: float = 0.0,
    **more: Any,
) -> PrinterStatus:  # fmt: skip
    job = JobProgress(name=name, file=f"{name}.3mf", percent=percent, layer=layer, **more)
    return PrinterStatus(
        printer_id=printer_id, name=printer_id.capitalize(), kind="fake", state=state,
        job=job if name else None, observed_at=clock.time() - age_s,
        observed_mono=clock.monotonic() - age_s,
    )  # fmt: skip


class FakeCameras:
    """What the hub does, for one camera per printer; counts who holds it."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.frames: dict[str, Frame] = {}
        self.held = 0
        self.live: bool = True
        """Another picture at every look."""
        self.without: set[str] = set()
        self._seq = 0

    def show(self, camera_id: str, jpeg: bytes, age_s: float = 0.0) -> None:
        self._seq += 1
        taken = self._clock.monotonic() - age_s
        self.frames[camera_id] = Frame(jpeg, self._clock.time() - age_s, taken, self._seq)

    def hold(self, camera_id: str) -> Any:
        self.held += 1
        return SimpleNamespace(close=self._let_go)

    def _let_go(self) -> None:
        assert self.held > 0
        self.held -= 1

    def frame(self, camera_id: str) -> Frame | None:
        assert self.held, "looked at without being kept on"
        if self.live:
            self.show(camera_id, make_picture(self._seq % 509 + 1))
        return self.frames.get(camera_id)

    def status(self, camera_id: str) -> CameraStatus:
        return CameraStatus(mode="none", code="unreachable", text="Camera cannot be reached")

    def find(self, camera_id: str) -> CameraInfo | None:
        if camera_id in self.without:
            return None
        return CameraInfo(
            id=camera_id, name=camera_id, printer_id=camera_id, kind="mjpeg", main=True
        )


@dataclass
class FakeProvider:
    """Says what the test tells it to; ``usual`` when the script is empty."""

    usual: Verdict | Trouble = GOOD
    script: deque[Verdict | Trouble] = field(default_factory=deque)
    asked: list[bytes] = field(default_factory=list)
    name: str = "fake"
    at_once: int = 4
    paid: bool = True
    closed: bool = False

    def ask(self, jpeg: bytes) -> Verdict:
        self.asked.append(jpeg)
        answer = self.script.popleft() if self.script else self.usual
        if isinstance(answer, Trouble):
            raise answer
        return answer

    def abandon(self) -> None:
        """Nothing hangs."""

    def close(self) -> None:
        self.closed = True


@dataclass
class FakeSink:
    """As the desk: each identity once."""

    events: list[Event] = field(default_factory=list)
    repeated: int = 0

    def take(self, event: Event) -> bool:
        if event.identity in {one.identity for one in self.events}:
            self.repeated += 1
            return False
        self.events.append(event)
        return True

    def of(self, kind: Kind, *, ends: bool = False) -> list[Event]:
        return [one for one in self.events if one.kind is kind and one.ends is ends]


class Scene:
    """The watch over ``printers``, moved by ``go`` in steps of a second."""

    def __init__(
        self, folder: Path, config: DefectConfig, printers: tuple[str, ...] = ("alder",),
        *, clock: ManualClock | None = None, sink: FakeSink | None = None,
    ) -> None:  # fmt: skip
        self.folder, self.config, self.names = folder, config, printers
        self.clock = clock or ManualClock()
        self.sink = sink or FakeSink()
        self.provider = FakeProvider(
            at_once=1 if config.provider == "obico" else 4, paid=config.provider == "openai"
        )
        self.pauses: list[str] = []
        self.refusal = ""
        self.states: dict[str, Callable[[], PrinterStatus]] = {}
        self.jobs: dict[str, str] = {}
        self.cameras = FakeCameras(self.clock)
        self.bus = Bus()
        self.registry = Registry(self.bus)
        self.watch = self._build()

    def _build(self) -> DefectWatch:
        memory = Memory(self.folder)
        guards = {
            name: Guard(
                Subject(name, name.capitalize()), self.config,
                judge_of(self.config, part(part(memory.kept, "means"), name)),
                Eye(self.cameras, lambda name=name: self.cameras.find(name), self.clock),
                self.clock, kept=load(part(memory.kept, "prints").get(name)),
                distrust=memory.damaged,
            )
            for name in self.names
        }  # fmt: skip
        self.guards = guards
        return DefectWatch(
            self.provider, guards,
            Budget(self.config, self.provider.paid, part(memory.kept, "day")), memory,
            registry=self.registry, bus=self.bus, execute=self._execute,
            run_of=lambda name: self.jobs.get(name, ""), sink=self.sink,
            photos=self.folder / "photos", clock=self.clock, timeout_s=self.config.timeout_s,
            chance=lambda: 0.0, spawn=lambda work, _: work(),
        )  # fmt: skip

    def _execute(self, printer_id: str, command: Pause) -> None:
        assert isinstance(command, Pause)
        if self.refusal:
            raise Blocked(self.refusal)
        self.pauses.append(printer_id)

    def set(self, state: PrinterState = S.PRINTING, printer_id: str = "alder", **more: Any) -> None:
        """What this printer reports from now on, every second."""
        self.states[printer_id] = lambda: make_status(
            self.clock, state, printer_id=printer_id, **more
        )
        self._report()
        self.watch.turn(0)

    def _report(self) -> None:
        for make in self.states.values():
            self.registry.publish(make())

    def go(self, seconds: float, step: float = 1.0) -> None:
        """Let time pass."""
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self._report()
            self.watch.turn(0)

    def restart(self) -> None:
        """As after kill -9: only what is on the disk is known."""
        self.bus = Bus()
        self.registry = Registry(self.bus)
        self.watch = self._build()
        self._report()
        self.watch.turn(0)

    def view(self, printer_id: str = "alder") -> View:
        found = self.watch.view(printer_id)
        assert found is not None
        return found

    @property
    def told(self) -> list[str]:
        return [f"{e.kind}{'/end' if e.ends else ''}" for e in self.sink.events]
