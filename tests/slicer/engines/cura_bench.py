"""What tests of the CuraEngine adapter share: the installed machines, and slicing in a folder."""

from __future__ import annotations

import functools
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path

from slicer.engines import runner
from slicer.engines.base import Ended, Installation, SliceOrder, Step, Verdict
from slicer.engines.cura.adapter import CuraEngine
from slicer.profiles.cura import resources as cura_resources
from slicer.profiles.cura.reader import CuraReader
from slicer.profiles.presets import Bundle, Choice
from tests.slicer.engines import cura_tree

PROGRAM = shutil.which("CuraEngine")
RESOURCES = cura_resources.find([], Path(PROGRAM) if PROGRAM else None)
ENDER3 = "Creality Ender-3 0.4mm Nozzle"
MISSING = (
    "CuraEngine is not installed (make test installs it)"
    if PROGRAM is None
    else "Cura's definitions are not here (deploy/cura_definitions.sh fetches them)"
)


@functools.cache
def maker(name: str) -> Bundle:
    """The machines that Cura brings for a manufacturer."""
    reader = CuraReader()
    (vendor,) = (v for v in reader.vendors(Path(PROGRAM or "")) if v.name == name)
    return reader.load(vendor)


def ender3(filament: str = "Generic PLA", process: str = "Standard Quality") -> Choice:
    return cura_tree.pick(maker("Creality3D"), ENDER3, process, (filament,))


@dataclass
class Sliced:
    ended: Ended
    verdict: Verdict
    output: Path
    steps: list[Step] = field(default_factory=list)


def slice_model(folder: Path, model: Path, choice: Choice, memory_mb: int = 4096) -> Sliced:
    """As the service does it."""
    engine = CuraEngine()
    order = SliceOrder(
        installation=Installation(engine="cura", program=Path(PROGRAM or "")),
        folder=folder,
        model=model,
        kind="stl",
        choice=choice,
    )
    steps: list[Step] = []
    invocation = engine.prepare(order)
    ended = runner.run(
        invocation,
        folder,
        timeout_s=120,
        memory_mb=memory_mb,
        output_mb=512,
        on_step=steps.append,
        progress=engine.progress,
        cancel=threading.Event(),
    )
    verdict = engine.judge(order, ended)
    if verdict.ok:
        engine.finish(order, ended)
    return Sliced(ended, verdict, invocation.output, steps)
