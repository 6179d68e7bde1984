"""What must be known of a 3MF before OrcaSlicer or Bambu Studio may open it (print-files 6)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import Unusable
from slicer.threemf import members, projects, settings
from slicer.threemf.archive import SafeArchive

MAX_PLATES = 64


@dataclass(frozen=True, slots=True)
class Project:
    """A 3MF to slice. Without ``is_project`` it is models alone, or another slicer's."""

    is_project: bool = False
    plates: int = 1
    filaments: int = 0  # slots of the project


LOOSE = Project()


def look_into(path: Path) -> Project:
    """Raises Unusable or TooLarge for an archive no slicer shall open: with names that lead out of
    it, or with scripts to be run."""
    with SafeArchive(path, "The project") as archive:
        found = projects.recognise(archive)
        if found.runs_scripts:
            raise Unusable(
                "The project names post-processing scripts, which the farm never runs. "
                "Remove them in the slicer's process settings and upload it again.",
                code="project_scripts",
            )
        if projects.SETTINGS not in archive:
            return LOOSE
        stored = settings.parse(members.read_json(archive, projects.SETTINGS))
        return Project(True, found.plates or 1, stored.filament_count)


def plate_number(project: Project, wanted: int) -> int:
    """What ``--slice`` is given; never 0, which slices all plates. Raises Unusable."""
    if not project.is_project:
        return 1
    if wanted == 0 and project.plates > 1:
        raise Unusable(
            f"The project has {project.plates} plates. Choose the one to slice.",
            code="plate_not_chosen",
        )
    if not 0 <= wanted <= min(project.plates, MAX_PLATES):
        raise Unusable(
            f"The project has no plate {wanted}; it has {project.plates}.", code="no_such_plate"
        )
    return wanted or 1


def filament_count(project: Project, chosen: int) -> int:
    """How many filaments the slicer must be given, so that none stays as in the project.

    One chosen filament stands for all of the project's. Raises Unusable.
    """
    if 1 < chosen < project.filaments:
        raise Unusable(
            f"The project has {project.filaments} filaments and {chosen} were chosen. "
            "Choose one for all, or one for each.",
            code="filaments_missing",
        )
    return max(project.filaments, chosen)
