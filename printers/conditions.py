"""What the farm itself knows about a printer: the bed, maintenance, and the job it holds there.

job_queue owns this data (durably) and hands it to the registry; safety.py and display.py read it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenJob:
    """A job of the farm that holds this printer, from its claim to its end."""

    job_id: str
    phase: str  # claimed, uploading, uploaded, starting, printing, paused, needs_human
    name: str  # the file's display name
    percent: int | None = None  # of the transfer, while uploading
    text: str = ""  # what is awaited, or why a person is needed
    file_id: str = ""
    plate: int = 1
    plates: int = 1
    seconds: int | None = None  # estimated by the slicer
    picture: bool = True  # the file has a thumbnail of this plate
    token: int = 0  # how the printer would echo it
    remote_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Fails closed: a printer nobody has vouched for has no clear bed."""

    bed_clear: bool = False
    bed_since: float | None = None  # epoch s of the last change
    bed_why: str = ""  # "Gear finished", "First seen with a finished print"
    last_name: str = ""  # the job whose part lies there
    last_result: str = ""  # "finished", "failed", "cancelled", "" = unknown
    last_file_id: str = ""
    maintenance: bool = False
    maintenance_note: str = ""
    maintenance_since: float | None = None
    job: OpenJob | None = None
    file_left: str = ""  # why nothing may start while a given-up job's file may be there; "" = none
    stopping: bool = False  # stop sent, not yet proved; lifted after 20 s
