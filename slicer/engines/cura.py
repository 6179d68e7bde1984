"""CuraEngine's command line, with what Cura's own front end does for it (print-files 1.3).

CuraEngine neither evaluates its definitions' formulas nor fills the placeholders of a start code,
and it ends well with models that are broken or too large. So every setting goes to it as a plain
value in definitions of its own, and its word is believed only after a look at what it wrote.
"""

from __future__ import annotations

import math
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from core import jsonio
from core.clock import Clock, SystemClock
from core.errors import Unusable
from slicer.engines import cura_gcode, cura_settings
from slicer.engines.base import Ended, Installation, Invocation, SliceOrder, Step, Verdict
from slicer.engines.cura_definitions import MACHINE, definitions_of, plain
from slicer.profiles import cura_resources
from slicer.profiles.cura_machines import require_found
from slicer.profiles.cura_resources import EXTRUDER, PRINTER
from slicer.profiles.presets import Family

OUTPUT = "out.gcode"
ASK_S = 10.0

_VERSION = re.compile(r"Cura_SteamEngine version (\d+(?:\.\d+){1,3})")
_PROGRESS = re.compile(r"Progress:([\w+ ]{1,30}):\d+:\d+\s+(\d+(?:\.\d+)?)%")
_VOLUME = re.compile(r"^Filament \(mm\^3\): (\d+)", re.M)
_STAGES = {
    "slice": "Reading the model",
    "layerparts": "Cutting layers",
    "inset+skin": "Laying out walls and skin",
    "support": "Planning support",
    "export": "Writing G-code",
}
_FAILURES = (
    (
        "Failed to load model",
        "model_unreadable",
        "model",
        "CuraEngine cannot read the model; it may be damaged. Export it as STL again.",
    ),
    (
        "Couldn't open JSON file",
        "cura_definition",
        "engine",
        "CuraEngine does not find its definitions. Run deploy/cura_definitions.sh.",
    ),
    (
        "Trying to retrieve setting with no value given",
        "cura_settings",
        "settings",
        "CuraEngine misses a setting. Its definitions are of another version; install those "
        "that belong to it.",
    ),
    (
        "bad_alloc",
        "engine_memory",
        "model",
        "CuraEngine needed more memory than it may have. Simplify the model, or raise "
        "slicer.memory_mb.",
    ),
)
_LIMITS = {
    "time": "took longer than it may. Simplify the model, or raise slicer.timeout_s.",
    "output": "wrote more than it may. Simplify the model or choose a coarser profile.",
    "cancelled": "was cancelled.",
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
        try:
            asked = subprocess.run(
                [str(program), "help"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=ASK_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            problem = f"{program.name} does not answer ({error}). Install {self.package}."
            return Installation(engine=self.name, program=program, problem=problem)
        said = (asked.stdout + asked.stderr)[:65_536].decode("utf-8", "replace")
        found = _VERSION.search(said)
        return Installation(
            engine=self.name,
            program=program,
            version=found[1] if found else "",
            problem=self._problem(program, bool(found)),
        )

    def _problem(self, program: Path, answered: bool) -> str:
        if not answered:
            return f"{program.name} does not answer like CuraEngine. Install {self.package}."
        try:
            require_found(cura_resources.find(self._configured, program))
        except Unusable as error:
            return error.message
        return ""

    def prepare(self, order: SliceOrder) -> Invocation:
        """See Engine: writes one definition of the machine and one per extruder."""
        if order.kind not in self.model_kinds:
            raise Unusable(
                f"CuraEngine slices STL files only, not {order.kind.upper()}. Export the model "
                "as STL, or slice it with another slicer.",
                code="engine_model_kind",
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
                code="engine_profiles",
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
        match = _PROGRESS.match(line)
        if match is None:
            return None
        percent = min(100, int(float(match[2]) * 100))
        return Step(percent=percent, text=_STAGES.get(match[1], ""))

    def judge(self, order: SliceOrder, ended: Ended) -> Verdict:
        """See Engine. Exit code 0 is given for truncated, empty and random models alike."""
        if ended.limit:
            text = f"Slicing {_LIMITS.get(ended.limit, 'was ended.')}"
            blame = "" if ended.limit == "cancelled" else "model"
            return Verdict(ok=False, code=f"slicing_{ended.limit}", text=text, blame=blame)
        if ended.code != 0:
            return _failure(ended)
        return _look_at(order.folder / OUTPUT, ended)

    def finish(self, order: SliceOrder, ended: Ended) -> None:
        """See Engine: the header's real values, which CuraEngine only logs, and the machine."""
        header = cura_gcode.logged_header(ended.tail)
        if not header:
            raise _no_summary()
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


def _failure(ended: Ended) -> Verdict:
    for sign, code, blame, text in _FAILURES:
        if sign in ended.tail:
            return Verdict(ok=False, code=code, text=text, blame=blame)
    if ended.code < 0 or ended.code >= 128:
        text = f"CuraEngine crashed (code {ended.code}). The model may be more than it can do."
        return Verdict(ok=False, code="engine_crashed", text=text, blame="engine")
    errors = [line.strip() for line in ended.tail.splitlines() if "[ERROR]" in line]
    said = errors[-1].replace("[ERROR]", "").strip()[:300] if errors else "it gave no reason"
    text = f"CuraEngine ended with code {ended.code}: {said}."
    return Verdict(ok=False, code="engine_failed", text=text, blame="engine")


def _look_at(output: Path, ended: Ended) -> Verdict:
    if not output.is_file() or not output.stat().st_size:
        text = "CuraEngine ended well but wrote nothing. Install it again."
        return Verdict(ok=False, code="engine_no_output", text=text, blame="engine")
    header = cura_gcode.logged_header(ended.tail)
    if not header:
        error = _no_summary()
        return Verdict(ok=False, code=error.error_code, text=error.message, blame="engine")
    if cura_gcode.is_empty(output) or not cura_gcode.seconds_in(header):
        text = (
            "CuraEngine found nothing to print in the model: it is empty, damaged, open or "
            "smaller than one line. Repair it and export it again."
        )
        return Verdict(ok=False, code="empty_plate", text=text, blame="model")
    if not cura_gcode.is_whole(output):
        text = "CuraEngine's file is cut short. Check that the farm's disk has room."
        return Verdict(ok=False, code="truncated", text=text, blame="engine")
    return Verdict(ok=True)


def _no_summary() -> Unusable:
    return Unusable(
        "CuraEngine ended without saying how long the print takes, so its file cannot be trusted. "
        "Use CuraEngine 4.13 or newer.",
        code="engine_output",
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
