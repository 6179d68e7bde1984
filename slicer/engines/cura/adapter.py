"""CuraEngine's command line, with what Cura's own front end does for it (print-files 1.3).

CuraEngine neither evaluates its definitions' formulas nor fills the placeholders of a start code,
and it ends well with models that are broken or too large. So every setting goes to it as a plain
value in definitions of its own, and its word is believed only after a look at what it wrote.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from core import jsonio
from core.clock import Clock, SystemClock
from core.errors import Unusable
from slicer.engines.asking import ask, silence
from slicer.engines.base import Ended, Installation, Invocation, SliceOrder, Step, Verdict
from slicer.engines.cura import gcode as cura_gcode
from slicer.engines.cura import settings as cura_settings
from slicer.engines.cura import verdict as cura_verdict
from slicer.engines.cura.definitions import MACHINE, definitions_of, plain
from slicer.profiles.cura import resources as cura_resources
from slicer.profiles.cura.machines import require_found
from slicer.profiles.cura.resources import EXTRUDER, PRINTER
from slicer.profiles.presets import Family

OUTPUT = "out.gcode"

_VERSION = re.compile(r"Cura_SteamEngine version (\d+(?:\.\d+){1,3})")
_PROGRESS = re.compile(r"Progress:([\w+ ]{1,30}):\d+:\d+\s+(\d+(?:\.\d+)?)%")
_VOLUME = re.compile(r"Filament \(mm\^3\): (\d+)")
_STAGES = {
    "slice": "Reading the model",
    "layerparts": "Cutting layers",
    "inset+skin": "Laying out walls and skin",
    "support": "Planning support",
    "export": "Writing G-code",
}


class CuraEngine:
    """See Engine. ``definitions``: slicer.cura_definitions of the configuration."""

    name = "cura"
    label = "CuraEngine"
    family = Family.CURA
    output_kind = "gcode"
    model_kinds = frozenset({"stl"})
    programs: tuple[str, ...] = ("CuraEngine", "curaengine", "CuraEngine.exe")
    package = "cura-engine (apt), and deploy/cura_definitions.sh for its printer definitions"

    def __init__(self, definitions: Sequence[str] = (), clock: Clock | None = None) -> None:
        self._configured = tuple(definitions)
        self._clock = clock or SystemClock()

    def version(self, program: Path) -> Installation:
        """See Engine: CuraEngine says its version at the head of its help."""
        ended = ask(program, "help")
        found = _VERSION.search(ended.tail)
        if found is None:
            problem = silence(self.label, program, ended)
            return Installation(engine=self.name, program=program, problem=problem)
        try:
            require_found(cura_resources.find(self._configured, program))
            problem = ""
        except Unusable as error:
            problem = error.message
        return Installation(engine=self.name, program=program, version=found[1], problem=problem)

    def prepare(self, order: SliceOrder) -> Invocation:
        """See Engine: writes one definition of the machine and one per extruder."""
        if order.kind not in self.model_kinds:
            raise Unusable(
                f"CuraEngine slices STL files only, not {order.kind.upper()}. Export the model "
                "as STL, or slice it with another slicer.",
                code="engine_cannot",
            )
        self._require_choice(order)
        resources = require_found(cura_resources.find(self._configured, order.installation.program))
        resolved = cura_settings.resolve(
            order.choice, resources.declared(PRINTER), resources.declared(EXTRUDER)
        )
        for name, content in definitions_of(order, resolved, self._clock.time()).items():
            (order.folder / f"{name}.def.json").write_bytes(jsonio.dumps(content))
        return Invocation(
            argv=argv_of(order),
            output=order.folder / OUTPUT,
            environment={"CURA_ENGINE_SEARCH_PATH": str(order.folder)},
        )

    def _require_choice(self, order: SliceOrder) -> None:
        choice = order.choice
        if choice.family is not self.family or "extruders" not in choice.machine.settings:
            raise Unusable(
                "CuraEngine needs Cura's own profiles. Choose a machine of Cura's.",
                code="engine_cannot",
            )
        extruders = len(choice.machine.settings["extruders"])
        if not 1 <= len(choice.filaments) <= extruders:
            raise Unusable(
                f"{choice.machine.name} has {extruders} extruder(s); "
                f"{len(choice.filaments)} filaments were chosen.",
                code="too_many_filaments",
            )

    def progress(self, line: str) -> Step | None:
        """See Engine. What it prints as per cent is a fraction of one."""
        match = _PROGRESS.search(line)
        if match is None:
            return None
        percent = min(99, int(float(match[2]) * 100))
        return Step(percent=percent, text=_STAGES.get(match[1], ""))

    def judge(self, order: SliceOrder, ended: Ended) -> Verdict:
        """See Engine. Exit code 0 is given for truncated, empty and random models alike."""
        return cura_verdict.judge(order.folder / OUTPUT, ended)

    def finish(self, order: SliceOrder, ended: Ended) -> None:
        """See Engine: the header's real values, which CuraEngine only logs, and the machine."""
        header = cura_gcode.logged_header(ended.tail)
        if not header:
            raise Unusable(cura_verdict.NO_SUMMARY, code="no_summary")
        lines = [header, *_added(order, header, ended.tail)]
        late = _late_values(order, header, ended.tail)
        cura_gcode.rewrite(order.folder / OUTPUT, "\n".join(lines), late)


def argv_of(order: SliceOrder) -> tuple[str, ...]:
    """The command line. Paths are the farm's own; all settings are in the definitions."""
    return (
        str(order.installation.program),
        *("slice", "-v", "-p"),
        *("-j", str(order.folder / f"{MACHINE}.def.json")),
        *("-o", str(order.folder / OUTPUT)),
        *("-e0", "-l", str(order.model)),
    )


def _added(order: SliceOrder, header: str, log: str) -> list[str]:
    """What the farm's gates ask every file for, and CuraEngine leaves out of some.

    The machine as Cura's front end writes it, the nozzle as Cura does for Ultimaker's printers,
    the filament as PrusaSlicer and its kin do.
    """
    machine = order.choice.machine
    filament = order.choice.filaments[0]
    volume = _volume(log)
    density = float(filament.settings.get("density") or 0)
    area = math.pi / 4 * float(filament.settings["diameter"]) ** 2
    lines: list[str] = []
    if ";TARGET_MACHINE.NAME:" not in header:
        lines.append(f";TARGET_MACHINE.NAME:{plain(machine.model or machine.name)}")
    if machine.nozzle_mm is not None and ";EXTRUDER_TRAIN." not in header:
        lines.append(f";EXTRUDER_TRAIN.0.NOZZLE.DIAMETER:{machine.nozzle_mm:g}")
    lines.append(f"; filament_type = {plain(filament.material)}")
    lines.append(f"; filament used [mm] = {volume / area:.1f}")
    if density:
        lines.append(f"; filament used [g] = {volume * density / 1000:.2f}")
    return lines


def _late_values(order: SliceOrder, header: str, log: str) -> dict[str, str]:
    """Values of cura_gcode.LATE: what a start code may ask for and only slicing tells."""
    filament = order.choice.filaments[0].settings
    volume = _volume(log)
    density = float(filament.get("density") or 0)
    area = math.pi / 4 * float(filament["diameter"]) ** 2
    minutes = cura_gcode.seconds_in(header) // 60
    return {
        "print_time": f"{minutes // 60:02}:{minutes % 60:02}",
        "filament_amount": f"{volume / area / 1000:.2f}",
        "filament_weight": f"{volume * density / 1000:.2f}",
        "filament_cost": "0",
        "jobname": "model",
    }


def _volume(log: str) -> float:
    """Filament in mm³. A model alone is printed by the first extruder."""
    found = _VOLUME.findall(log)
    return sum(float(text) for text in found)
