"""What is known of one timelapse, as its manifest.json says it.

States on disk: recording → waiting (for its video) → ready, failed or frames_only. That a video is
being made right now is never written: after a crash it would be a lie for ever (cameras-and-rig 7,
moonraker-timelapse 135).
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cameras.configured import NO_TURN, Turn
from core import jsonio

_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
MAX_BYTES = 64 * 1024


class State(Enum):
    RECORDING = "recording"
    WAITING = "waiting"  # over; its video is to be made
    READY = "ready"  # with a video that was counted frame by frame
    FAILED = "failed"  # no video; frames are kept and "render again" is offered
    FRAMES_ONLY = "frames_only"  # too few frames for a video, or none was wanted


RESULTS = ("finished", "failed", "cancelled", "unknown", "stopped")
"""How the print ended; "stopped": a person ended the recording while the print went on."""


@dataclass(frozen=True, slots=True)
class PrintMark:
    """What the printer calls the job. Together they tell one print from the next."""

    name: str = ""
    file: str = ""
    task_id: str = ""
    subtask_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """How the video is made; fields as in the settings (core.camera_config.TimelapseConfig)."""

    fps: int = 25
    max_s: float = 60.0
    hold_s: float = 2.0
    deflicker: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Immutable; the store replaces it as a whole. Times are epoch seconds."""

    id: str
    printer_id: str
    printer: str  # its name then
    state: State
    started_at: float
    origin: str = "farm"  # "printer": a video the printer itself had made
    camera_id: str = ""
    turn: Turn = NO_TURN  # what the video still has to do to the frames
    job: str = ""  # what people call it
    job_id: str = ""  # of the farm's queue, "" = started elsewhere
    mark: PrintMark = PrintMark()
    ended_at: float | None = None
    fetched_at: float | None = None  # when a printer's own video came to the farm
    result: str = ""  # one of RESULTS, "" while it is recorded
    frames: int = 0  # good ones kept
    gaps: int = 0  # shots that were due and gave no picture
    layer: int = 0  # of the newest shot by layer
    percent: int = 0  # the furthest the print was seen
    width: int = 0  # of the first frame, pixels
    height: int = 0
    reason: str = ""  # why frames are missing just now, or were last
    options: RenderOptions | None = None  # other than the settings', for the next video
    video: str = ""  # its file's name
    original: str = ""  # of a printer's own video, where another form of it is played
    seconds: float | None = None  # of the video
    bytes: int | None = None
    error: str = ""  # why there is no video, or no newer one
    kept: bool = False  # frames stay beside the video


def is_id(text: str) -> bool:
    """Whether it can be a timelapse's id, and so a folder's name."""
    return _ID.fullmatch(text) is not None


def encode(manifest: Manifest) -> bytes:
    values = {f.name: getattr(manifest, f.name) for f in dataclasses.fields(manifest)}
    values["state"] = manifest.state.value
    return jsonio.dumps_pretty(values)


def decode(raw: bytes) -> Manifest:
    """Raises ValueError for what is no manifest. Fields of a later version are passed over."""
    if len(raw) > MAX_BYTES:
        raise ValueError("longer than any manifest")
    data = jsonio.loads(raw)
    if not isinstance(data, dict):
        raise ValueError("no object")
    try:
        values = _known(Manifest, data)
        values["state"] = State(values["state"])
        values["mark"] = PrintMark(**_known(PrintMark, values.get("mark") or {}))
        values["turn"] = Turn(**_known(Turn, values.get("turn") or {}))
        options = values.get("options")
        values["options"] = RenderOptions(**_known(RenderOptions, options)) if options else None
        manifest = Manifest(**values)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not understood: {error}") from error
    _check(manifest)
    return manifest


def _known(kind: type[Any], data: dict[str, Any]) -> dict[str, Any]:
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in data.items() if name in names}


def _check(manifest: Manifest) -> None:
    """A hand that edited it must not be able to break whoever reads it."""
    texts: tuple[Any, ...] = (manifest.id, manifest.printer_id, manifest.printer, manifest.job)
    texts += (manifest.video, manifest.original)
    numbers = (manifest.started_at, manifest.frames, manifest.gaps, manifest.layer)
    if not all(isinstance(text, str) for text in texts) or not is_id(manifest.id):
        raise ValueError("texts that are none")
    if not all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers):
        raise ValueError("numbers that are none")
    for at in (manifest.ended_at, manifest.fetched_at):
        if at is not None and not isinstance(at, (int, float)):
            raise ValueError("an end that is no time")
    for name in (manifest.video, manifest.original):
        if "/" in name or "\\" in name or name.startswith("."):
            raise ValueError("a video outside its folder")
