"""PrusaSlicer's command line (2.4 and later; measured with 2.5, print-files 1.2)."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from core.errors import Unusable
from slicer.engines.asking import ask, silence
from slicer.engines.base import Ended, Installation, Invocation, SliceOrder, Step, Verdict
from slicer.engines.prusa import config as prusa_config
from slicer.engines.prusa import verdict as prusa_verdict
from slicer.engines.prusa.scripts import refuse_scripts
from slicer.profiles.presets import Family

_TITLE = re.compile(r"^(\w*Slicer)-(\d+)\.(\d+)([\w.\-]*)", re.MULTILINE)
_OLDEST = (2, 4)  # the first that can be told to refuse wrong values
_PROGRESS = re.compile(r"(\d{1,3}) => (.{1,200})")
_WARNING = re.compile(r"(?:print )?warning: (.{1,500})", re.IGNORECASE)
_WHERE = re.compile(r" to \S.*")


class PrusaSlicer:
    """The Engine. Stateless."""

    name: str = "prusa"
    label: str = "PrusaSlicer"
    family: Family = Family.PRUSA
    output_kind: str = "gcode"
    model_kinds: frozenset[str] = frozenset({"stl", "obj", "amf", "3mf", "step"})
    programs: tuple[str, ...] = (
        "prusa-slicer-console",  # on Windows the only one that answers
        "prusa-slicer",
        "PrusaSlicer",
        "prusaslicer",
    )
    package: str = "prusa-slicer (apt), or an AppImage of PrusaSlicer in tools/"

    def version(self, program: Path) -> Installation:
        """Its ``--help`` begins with it: "PrusaSlicer-2.5.0+UNKNOWN based on Slic3r"."""
        ended = ask(program, "--help")
        found = _TITLE.search(ended.tail)
        if found is None:
            return self._found(program, problem=silence(self.label, program, ended))
        version = f"{found[2]}.{found[3]}{found[4]}"
        problem = ""
        if found[1] != self.label:
            problem = f"{program} is {found[1]}, not {self.label}."
        elif (int(found[2]), int(found[3])) < _OLDEST:
            problem = f"{self.label} {version} is too old. Install 2.4 or later."
        return self._found(program, version, problem)

    def _found(self, program: Path, version: str = "", problem: str = "") -> Installation:
        return Installation(engine=self.name, program=program, version=version, problem=problem)

    def prepare(self, order: SliceOrder) -> Invocation:
        """One flat ini; values of a project in the model count only where it says nothing.

        ``--post-process`` takes the next argument even when written with an equals sign and
        nothing behind it, so an empty one follows. Raises Unusable.
        """
        if order.choice.family is not self.family or order.kind not in self.model_kinds:
            raise Unusable(
                f"{self.label} cannot slice a {order.kind} file with these profiles.",
                code="engine_cannot",
            )
        if order.plate > 1:
            raise Unusable(
                f"{self.label} knows no plates; choose plate 1 or export the others on their own.",
                code="plate_not_found",
            )
        refuse_scripts(order.model, order.kind)
        config = order.folder / "config.ini"
        config.write_text(prusa_config.config_text(order.choice), encoding="utf-8", newline="\n")
        output = order.folder / "out.gcode"
        argv = (
            *line_by_line(),
            str(order.installation.program),
            "--export-gcode",
            "--load", str(config),
            "--config-compatibility", "disable",
            "--post-process", "",
            "--output", str(output),
            str(order.model),
        )  # fmt: skip
        return Invocation(argv=argv, output=output)

    def progress(self, line: str) -> Step | None:
        """ "70 => Infilling layers"; the numbers fall between stages, the runner sees to that."""
        step = _PROGRESS.fullmatch(line)
        if step is not None:
            return Step(percent=min(int(step[1]), 99), text=_WHERE.sub("", step[2]))
        warning = _WARNING.fullmatch(line)
        return Step(warning=warning[1]) if warning is not None else None

    def judge(self, order: SliceOrder, ended: Ended) -> Verdict:
        """A print file that is whole, or why there is none."""
        return prusa_verdict.judge(order, ended, order.folder / "out.gcode")

    def finish(self, order: SliceOrder, ended: Ended) -> None:
        """Nothing is left wrong in its header."""


def line_by_line() -> tuple[str, ...]:
    """Else it keeps its progress to itself until it is done, as its output is no terminal."""
    program = shutil.which("stdbuf")
    return (program, "-oL") if program else ()
