"""What tests of the PrusaSlicer adapter share: its own presets, and slicing in a folder."""

from __future__ import annotations

import functools
import shutil
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from slicer.engines import runner
from slicer.engines.base import Ended, Installation, Invocation, SliceOrder, Step, Verdict
from slicer.engines.prusa.adapter import PrusaSlicer
from slicer.profiles.presets import Bundle, Choice, Family, Preset, PresetKind
from slicer.profiles.prusa.reader import PrusaPresets

PROGRAM = shutil.which("prusa-slicer")
MK3S = "Original Prusa i3 MK3S & MK3S+"


@functools.cache
def prusa_research() -> Bundle:
    """The presets that the installed PrusaSlicer brings for Prusa's own printers."""
    reader = PrusaPresets()
    (vendor,) = (v for v in reader.vendors(Path(PROGRAM or "")) if v.name == "PrusaResearch")
    return reader.load(vendor)


def preset(kind: PresetKind, name: str) -> Preset:
    (found,) = (item for item in prusa_research().of(kind) if item.name == name)
    return found


def mk3s(
    process: str = "0.20mm QUALITY @MK3",
    filaments: tuple[str, ...] = ("Prusament PLA",),
    machine: str = MK3S,
    **changed: Any,
) -> Choice:
    """A choice for the MK3S; ``changed`` are settings of the process."""
    chosen = preset(PresetKind.PROCESS, process)
    return Choice(
        family=Family.PRUSA,
        machine=preset(PresetKind.MACHINE, machine),
        process=replace(chosen, settings={**chosen.settings, **changed}),
        filaments=tuple(preset(PresetKind.FILAMENT, name) for name in filaments),
    )


@dataclass
class Sliced:
    ended: Ended
    verdict: Verdict
    output: Path
    steps: list[Step] = field(default_factory=list)


def order(folder: Path, model: Path, choice: Choice, **more: Any) -> SliceOrder:
    return SliceOrder(
        installation=Installation(engine="prusa", program=Path(PROGRAM or "")),
        folder=folder,
        model=model,
        kind=model.suffix[1:],
        choice=choice,
        **more,
    )


def slice_model(
    folder: Path,
    model: Path,
    choice: Choice,
    *,
    memory_mb: int = 4096,
    arguments: tuple[str, ...] = (),
) -> Sliced:
    """As the service does it; ``arguments`` go before the model, as if a person had added them."""
    engine = PrusaSlicer()
    asked = order(folder, model, choice)
    invocation = engine.prepare(asked)
    return run(engine, asked, invocation, memory_mb, arguments)


def run(
    engine: PrusaSlicer,
    asked: SliceOrder,
    invocation: Invocation,
    memory_mb: int = 4096,
    arguments: tuple[str, ...] = (),
) -> Sliced:
    steps: list[Step] = []
    *before, model = invocation.argv
    ended = runner.run(
        replace(invocation, argv=(*before, *arguments, model)),
        asked.folder,
        timeout_s=120,
        memory_mb=memory_mb,
        output_mb=512,
        on_step=steps.append,
        progress=engine.progress,
        cancel=threading.Event(),
    )
    return Sliced(ended, engine.judge(asked, ended), invocation.output, steps)
