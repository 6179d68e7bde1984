"""A slicing service around a real child: a tiny slicer whose process preset says what it does."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import SlicerConfig
from core.events import Bus
from slicer.engines.base import Ended, Installation, Invocation, SliceOrder, Step, Verdict
from slicer.library import FileLibrary
from slicer.profiles import kept
from slicer.profiles.presets import Bundle, Family, Preset, PresetKind
from slicer.profiles.reading import ChildReading
from slicer.profiles.store import ProfileStore
from slicer.slicing.service import Enqueue, SlicingService
from slicer.slicing.slicers import Slicers
from slicer.slicing.task import SliceRequest, Task
from slicer.slicing.work import Workshop
from tests.waiting import wait_for

SCRIPT = Path(__file__).with_name("tiny_slicer.py")
SET = "0" * 32
AMF = b'<?xml version="1.0"?><amf unit="millimeter"><object id="0"/></amf>'
"""A model that costs no children: neither measured nor drawn, and what it holds does not matter."""
BED = {"bed_shape": "0x0,200x0,200x200,0x200", "max_print_height": "180"}


@dataclass
class TinyEngine:
    """Its process settings are the script's order."""

    name: str = "tiny"
    label: str = "Tiny"
    family: Family = Family.PRUSA
    output_kind: str = "gcode"
    model_kinds: frozenset[str] = frozenset({"stl", "amf"})
    programs: tuple[str, ...] = ("tiny",)
    package: str = "tiny (apt)"
    program: Path = field(default_factory=lambda: Path(sys.executable))
    orders: list[SliceOrder] = field(default_factory=list)

    def version(self, program: Path) -> Installation:
        return Installation(engine=self.name, program=program, version="1.0")

    def prepare(self, order: SliceOrder) -> Invocation:
        self.orders.append(order)
        settings = dict(order.choice.process.settings)
        settings["do"] = settings.get(f"do_{self.name}", settings["do"])
        note, output = order.folder / "order.json", order.folder / "out.gcode"
        note.write_text(json.dumps(settings))
        argv = (str(self.program), str(SCRIPT), str(note), str(order.model), str(output))
        return Invocation(argv=argv, output=output)

    def progress(self, line: str) -> Step | None:
        percent, found, text = line.partition(" => ")
        return Step(percent=int(percent), text=text) if found else None

    def judge(self, order: SliceOrder, ended: Ended) -> Verdict:
        if ended.code < 0:
            text = f"{self.label} crashed."
            return Verdict(ok=False, code="engine_crashed", text=text, blame="engine")
        if ended.code:
            text = ended.tail.strip().splitlines()[-1]
            return Verdict(ok=False, code="refused", text=text, blame="model")
        return Verdict(ok=True, warnings=("It was small.",))

    def finish(self, order: SliceOrder, ended: Ended) -> None:
        pass


def preset(kind: PresetKind, name: str, **more: Any) -> Preset:
    return Preset(kind=kind, name=name, **more)


def bundle(processes: Mapping[str, Mapping[str, str]]) -> Bundle:
    """One machine, one filament, and these processes."""
    machine = preset(PresetKind.MACHINE, "Tiny machine", settings=BED, model="TINY", nozzle_mm=0.4)
    return Bundle(
        family=Family.PRUSA,
        name="Tiny presets",
        presets=(
            machine,
            preset(PresetKind.FILAMENT, "PLA", material="PLA"),
            *(preset(PresetKind.PROCESS, name, settings=s) for name, s in processes.items()),
        ),
    )


def box_stl(width: float = 20, depth: float = 20, height: float = 20) -> bytes:
    """A closed box as binary STL."""
    w, d, h = width, depth, height
    corners = [(x, y, z) for z in (0, h) for y in (0, d) for x in (0, w)]
    faces = (
        (0, 2, 1), (1, 2, 3), (4, 5, 6), (5, 7, 6), (0, 1, 4), (1, 5, 4),
        (2, 6, 3), (3, 6, 7), (0, 4, 2), (2, 4, 6), (1, 3, 5), (3, 7, 5),
    )  # fmt: skip
    parts = [b"\0" * 80, struct.pack("<I", len(faces))]
    for face in faces:
        parts.append(struct.pack("<3f", 0, 0, 0))
        parts += [struct.pack("<3f", *corners[index]) for index in face]
        parts.append(b"\0\0")
    return b"".join(parts)


@dataclass
class Shop:
    """A service with its library, its store and what the bus said of each task."""

    service: SlicingService
    library: FileLibrary
    engines: tuple[TinyEngine, ...]
    folder: Path
    seen: list[Task]

    def add(self, content: bytes = AMF, name: str = "box.amf") -> str:
        return self.library.add(BytesIO(content), name).id

    def request(self, process: str, **more: Any) -> SliceRequest:
        file_id = more.pop("file_id", "") or self.add()
        known = {"file_id": file_id, "set": SET, "machine": "Tiny machine", "process": process}
        return SliceRequest(**{**known, "filaments": ("PLA",), **more})

    def submit(self, process: str = "good", **more: Any) -> Task:
        return self.service.submit(self.request(process, **more))

    def ended(self, task: Task) -> Task:
        wait_for(lambda: self.service.task(task.id).state.has_ended)
        return self.service.task(task.id)

    def slice(self, process: str = "good", **more: Any) -> Task:
        return self.ended(self.submit(process, **more))


class RecordingBus(Bus):
    """Keeps everything that was published, where mailboxes keep the latest."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: list[Task] = []

    def publish(self, key: tuple[str, str], value: Any) -> None:
        if isinstance(value, Task):
            self.tasks.append(value)
        super().publish(key, value)


@pytest.fixture
def make_shop(tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    """make_shop({"process": settings}, engines=…, enqueue=…, **config) -> Shop, started."""
    shops: list[Shop] = []

    def make(
        processes: Mapping[str, Mapping[str, str]] | None = None,
        *,
        engines: tuple[TinyEngine, ...] | None = None,
        there: tuple[str, ...] | None = None,
        enqueue: Enqueue | None = None,
        start: bool = True,
        **config: Any,
    ) -> Shop:
        clock, bus = SystemClock(), RecordingBus()
        settings = replace(SlicerConfig(enabled=True), **config)
        library = FileLibrary(tmp_path / "files", clock, 50_000_000, models=True)
        profiles = tmp_path / "profiles"
        profiles.mkdir(exist_ok=True)
        kept.write(profiles, SET, bundle({"good": {"do": "slice"}, **(processes or {})}), 1.0)
        store = ProfileStore(profiles, ChildReading(profiles), clock)
        chosen = (TinyEngine(),) if engines is None else engines
        found = [
            Installation(engine=engine.name, program=engine.program, version="1.0")
            for engine in chosen
            if there is None or engine.name in there
        ]
        slicers = Slicers(chosen, lambda: found, clock, settings.preferred)
        workshop = Workshop(tmp_path / "slicing", library, settings, clock)
        service = SlicingService(settings, library, store, slicers, workshop, clock, bus, enqueue)
        shop = Shop(service, library, chosen, tmp_path, bus.tasks)
        shops.append(shop)
        if start:
            service.start()
        return shop

    yield make
    for shop in shops:
        shop.service.stop()


@pytest.fixture
def kit() -> SimpleNamespace:
    """The builders above, for test modules (which cannot import this file)."""
    return SimpleNamespace(
        engine=TinyEngine, box=box_stl, wait_for=wait_for, bundle=bundle, set=SET, preset=preset
    )
