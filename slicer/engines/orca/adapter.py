"""OrcaSlicer and Bambu Studio: one command line with two names (print-files 1.4)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import StorageError, Unusable
from slicer.engines.base import Ended, Installation, Invocation, SliceOrder, Step, Verdict
from slicer.engines.orca import picture as orca_picture
from slicer.engines.orca import project as orca_project
from slicer.engines.orca import result as orca_result
from slicer.engines.orca import settings as orca_settings
from slicer.engines.orca import version as orca_version
from slicer.engines.orca.progress import step_of
from slicer.engines.orca.project import LOOSE, Project
from slicer.engines.orca.settings import BED_TYPES
from slicer.profiles.presets import Family

MAX_TRIANGLES = 2_000_000  # of one plate
MAX_SECONDS = 7_200
"""Slicing time of one plate, by the slicer's own clock; the runner's limit is usually shorter."""

_SPLITS = frozenset(';"')  # in a path these would end a name of --load-settings


@dataclass(slots=True, kw_only=True, eq=False)
class OrcaEngine:
    """One of the two. Stateless; see slicer.engines.base.Engine for the methods' contract."""

    name: str
    label: str
    title: str  # what the program calls itself
    programs: tuple[str, ...]
    package: str
    family: Family = Family.ORCA
    output_kind: str = "gcode.3mf"
    model_kinds: frozenset[str] = frozenset({"stl", "obj", "step", "3mf"})

    def version(self, program: Path) -> Installation:
        return orca_version.ask(program, self.name, self.title, self.label)

    def prepare(self, order: SliceOrder) -> Invocation:
        """Raises Unusable with the reason, StorageError when the folder cannot be written."""
        self._check(order)
        project = orca_project.look_into(order.model) if order.kind == "3mf" else LOOSE
        plate = orca_project.plate_number(project, order.plate)
        count = orca_project.filament_count(project, len(order.choice.filaments))
        try:
            (order.folder / orca_result.FOLDER).mkdir(exist_ok=True)
            settings, filaments = orca_settings.write(order.folder, order.choice, count)
        except OSError as error:
            raise StorageError(
                f"The settings for {self.label} could not be written ({error.strerror}). "
                "Check the farm's disk."
            ) from error
        pipe = order.folder / "progress" if sys.platform == "linux" else None
        argv = build_argv(
            order, settings=settings, filaments=filaments, plate=plate, project=project, pipe=pipe
        )
        return Invocation(argv=argv, output=orca_result.output_of(order), pipe=pipe)

    def _check(self, order: SliceOrder) -> None:
        if order.kind not in self.model_kinds:
            raise Unusable(
                f"{self.label} does not slice {order.kind.upper()} files.", code="model_kind"
            )
        if order.bed_type and order.bed_type not in BED_TYPES:
            raise Unusable(
                f"{self.label} knows no build plate of that name. "
                f"It knows: {', '.join(BED_TYPES)}.",
                code="bed_type_unknown",
            )
        if _SPLITS & set(str(order.folder)):
            raise Unusable(
                f"{self.label} cannot work in the data folder, whose path holds a semicolon or a "
                "quotation mark. Move it.",
                code="folder_name",
            )
        version = order.installation.version
        is_safe = self.name != "orca" or orca_version.is_safe_for_projects(version)
        if order.kind == "3mf" and not is_safe:
            raise Unusable(
                f"OrcaSlicer {version} lets a 3MF file write outside its folder. "
                "Update it to 2.3.2 or later; STL files can be sliced meanwhile.",
                code="slicer_outdated",
            )

    def progress(self, line: str) -> Step | None:
        return step_of(line)

    def judge(self, order: SliceOrder, ended: Ended) -> Verdict:
        return orca_result.judge(order, ended, self.label)

    def finish(self, order: SliceOrder, ended: Ended) -> None:  # noqa: ARG002
        """Put the model's picture in where the slicer drew none. Raises StorageError, Unusable."""
        try:
            orca_picture.add_missing(
                orca_result.output_of(order), order.folder / orca_picture.PICTURE
            )
        except OSError as error:
            raise StorageError(
                f"The preview could not be put into the sliced file ({error.strerror}). "
                "Check the farm's disk."
            ) from error


def build_argv(
    order: SliceOrder,
    *,
    settings: Sequence[Path],
    filaments: Sequence[Path],
    plate: int,
    project: Project,
    pipe: Path | None,
) -> tuple[str, ...]:
    """The command line. Switches stand alone: a value behind one would be an input file."""
    argv = [str(order.installation.program)]
    argv += ["--debug", "2" if pipe else "4"]  # without a pipe the log tells the progress
    argv += ["--load-settings", ";".join(map(str, settings))]
    argv += ["--load-filaments", ";".join(map(str, filaments))]
    usual = "" if project.is_project else orca_settings.bed_type(order.choice)
    if bed := order.bed_type or usual:
        argv += ["--curr-bed-type", bed]
    if not project.is_project:
        argv += ["--arrange", "1"]
    argv += ["--slice", str(plate), "--export-3mf", orca_result.OUTPUT]
    argv += ["--min-save", "--allow-newer-file"]
    argv += ["--mtcpp", str(MAX_TRIANGLES), "--mstpp", str(MAX_SECONDS)]
    if pipe:
        argv += ["--pipe", str(pipe)]
    argv += ["--outputdir", str(order.folder / orca_result.FOLDER)]
    return (*argv, str(order.model))


ORCA = OrcaEngine(
    name="orca",
    label="OrcaSlicer",
    title="OrcaSlicer",
    programs=("orca-slicer", "OrcaSlicer", "orcaslicer", "OrcaSlicer.AppImage"),
    package="OrcaSlicer 2.3.2 or later (its AppImage, unpacked with --appimage-extract in tools/)",
)
BAMBU = OrcaEngine(
    name="bambu",
    label="Bambu Studio",
    title="BambuStudio",
    programs=("bambu-studio", "BambuStudio", "bambustudio", "BambuStudio.AppImage"),
    package="Bambu Studio (its AppImage, unpacked with --appimage-extract in tools/)",
)
