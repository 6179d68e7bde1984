"""What every slicer's adapter answers; the runner and the service know only this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from slicer.profiles.presets import Choice, Family


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """A slicer's program on this machine."""

    engine: str  # Engine.name
    program: Path
    version: str = ""  # "2.5.0"
    problem: str = ""  # a sentence when it is there but cannot be used


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceOrder:
    """One slicing. Every path is the farm's own; a person's file name is never among them."""

    installation: Installation
    folder: Path  # its own empty folder: cwd, HOME and the only place it may write to
    model: Path  # in that folder, "model.stl", "model.3mf" …
    kind: str  # printfile.MODEL_KINDS: "stl", "obj", "step", "amf", "3mf"
    choice: Choice
    plate: int = 0  # of a 3MF project: 1…64, 0 = the only one
    bed_type: str = ""  # "Textured PEI Plate", "" = as in the presets


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What the runner starts, without a shell."""

    argv: tuple[str, ...]
    output: Path  # where the print file will be
    environment: Mapping[str, str] = field(default_factory=dict)  # besides the runner's own few
    pipe: Path | None = None  # a FIFO the runner makes and reads progress from


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far a slicing is."""

    percent: int | None = None  # 0–100; None = not told
    text: str = ""  # "Generating perimeters"
    warning: str = ""  # a sentence to keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How the program ended, as the runner saw it."""

    code: int  # exit code; negative: the signal that ended it
    tail: str  # the last 64 kB of stdout and stderr, in the order they came
    limit: str = ""  # "time", "output" when the runner ended it; "cancelled" by a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the adapter makes of it."""

    ok: bool
    code: str = ""  # "model_too_large", "engine_crashed"
    text: str = ""  # a sentence for the operator
    blame: str = ""  # "model", "settings", "engine": only an engine's failure tries the next one
    warnings: tuple[str, ...] = ()


class Engine(Protocol):
    """One slicer. Pure but for ``prepare`` and ``finish``, which touch only the order's folder."""

    @property
    def name(self) -> str: ...  # "prusa", "cura", "orca", "bambu"

    @property
    def label(self) -> str: ...  # "PrusaSlicer"

    @property
    def family(self) -> Family: ...

    @property
    def output_kind(self) -> str: ...  # "gcode" or "gcode.3mf"

    @property
    def model_kinds(self) -> frozenset[str]: ...  # what it slices

    @property
    def programs(self) -> tuple[str, ...]: ...  # names to look for in PATH and tools/

    @property
    def package(self) -> str: ...  # what a person installs: "prusa-slicer (apt)"

    def version(self, program: Path) -> Installation:
        """Ask the program itself, within 10 s. Never raises: ``problem`` says what is wrong."""

    def prepare(self, order: SliceOrder) -> Invocation:
        """Write the settings files into the folder. Raises Unusable for what cannot be asked."""

    def progress(self, line: str) -> Step | None:
        """One line of its output or of its pipe."""

    def judge(self, order: SliceOrder, ended: Ended) -> Verdict:
        """Exit code, messages and result files as one answer. Exit code 0 proves nothing yet."""

    def finish(self, order: SliceOrder, ended: Ended) -> None:
        """Put right in the output what this slicer is known to leave wrong (Cura's header)."""
