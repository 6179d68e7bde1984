"""The job Klipper has or had: whose it is, how far it is, how it ended."""

from __future__ import annotations

from printers.lan.remote_paths import FARM_FOLDER
from printers.moonraker.history import HistoryJob
from printers.moonraker.metadata import Metadata
from printers.moonraker.picture import READY, Picture
from printers.moonraker.values import (
    dicts,
    mapping,
    name,
    names,
    number,
    rounded,
    text,
    whole,
)
from printers.status import JobProgress, PrintObject

ACTIVE = ("printing", "paused")
ENDED = {"complete": "finished", "cancelled": "cancelled", "error": "failed"}
"""print_stats.state -> JobProgress.ended."""
_MAX_OBJECTS = 500  # of a print; they go to every browser with each of its changes
_MAX_MINUTES = 60 * 24 * 60


def parse_job(picture: Picture) -> JobProgress | None:
    """None when Klipper names no file and Moonraker's history has none either."""
    stats = picture.object("print_stats")
    filename = name(stats.get("filename"))
    if not filename:
        return _from_history(picture.last)
    state = picture.print_state
    ended = ended_of(picture)
    running = state in ACTIVE and not ended
    layer, layers = _layers(picture) if running or ended == "finished" else (None, None)
    objects = _objects(picture) if running else ()
    return JobProgress(
        name=shown_name(filename),
        file=filename,
        task_id=_task_id(picture.last, filename, active=state in ACTIVE and not ended),
        percent=_percent(picture, ended, running=running),
        remaining_min=_remaining(picture) if running else None,
        layer=layer,
        layers=layers,
        skipped=tuple(item.id for item in objects if item.skipped),
        objects=objects,
        picture=_has_picture(picture, filename),
        ended=ended,
    )


def _has_picture(picture: Picture, filename: str) -> bool:
    known = picture.metadata
    return known is not None and known.filename == filename and bool(known.thumbnails)


def _percent(picture: Picture, ended: str, *, running: bool) -> int | None:
    """Also how far a failed print got; a cancelled one has forgotten."""
    if ended == "finished":
        return 100
    return percent_of(picture) if running or ended == "failed" else None


def shown_name(filename: str) -> str:
    """As a person reads it: without our own folder."""
    return text(filename.removeprefix(f"{FARM_FOLDER}/"))


def _from_history(last: HistoryJob | None) -> JobProgress | None:
    """Klipper has started anew or forgot its file; the record still says how the last one ended."""
    if last is None:
        return None
    ended = last.ended
    return JobProgress(
        name=shown_name(last.filename),
        file=last.filename,
        task_id=last.task_id,
        percent=100 if ended == "finished" else None,
        ended=ended,
    )


def ended_of(picture: Picture) -> str:
    """A stopped Klipper keeps the word "printing" for a print that is lost (4.Moonraker.1)."""
    state = picture.print_state
    if state not in ACTIVE or picture.klippy.state == READY:
        return ENDED.get(state, "")
    if picture.klippy.is_up:
        return "failed"
    file, last = picture.object("print_stats").get("filename"), picture.last
    return last.ended if last is not None and last.filename == file else ""


def _task_id(last: HistoryJob | None, filename: str, *, active: bool) -> str:
    """The record of this very print; that of an earlier print of the same file is not."""
    if last is None or last.filename != filename or (active and not last.may_run):
        return ""
    return last.task_id


# -- how far -------------------------------------------------------------------------------------


def progress_of(picture: Picture) -> float | None:
    """0–1 of the moves in the file: a large header must not count (4.Moonraker.7)."""
    card, data = picture.object("virtual_sdcard"), picture.metadata
    position = number(card.get("file_position"))
    if data is not None and data.start_byte is not None and data.end_byte is not None:
        span = data.end_byte - data.start_byte
        if position is not None and span > 0:
            return max(0.0, min(1.0, (position - data.start_byte) / span))
    if data is None and not picture.plain_progress:
        return None
    whole_file = number(card.get("progress"))
    return None if whole_file is None else max(0.0, min(1.0, whole_file))


def percent_of(picture: Picture) -> int | None:
    """0–99, rounded down: 100 is only said of a print that is done."""
    progress = progress_of(picture)
    return None if progress is None else min(99, int(progress * 100))


def _remaining(picture: Picture) -> int | None:
    """Minutes by the slicer's estimate; once that is used up, by what is left of the file."""
    data = picture.metadata
    printed = number(picture.object("print_stats").get("print_duration"))
    if printed is None or data is None or data.estimated_s is None:
        return None
    left = data.estimated_s - printed
    if left <= 0:
        progress = progress_of(picture)
        if not progress or printed <= 0:
            return None
        left = printed * (1 - progress) / progress
    return rounded(left / 60, _MAX_MINUTES)


def _layers(picture: Picture) -> tuple[int | None, int | None]:
    """(current, total): as the file tells Klipper, else from the heights."""
    stats, data = picture.object("print_stats"), picture.metadata
    info = mapping(stats.get("info"))
    current, total = whole(info.get("current_layer")), whole(info.get("total_layer"))
    if total is None or total <= 0:
        total = data.layers if data else None
    if current is None:
        current = _layer_by_height(picture, data)
    if current is not None and (current < 0 or (total is not None and current > total)):
        current = None
    return current, total


def _layer_by_height(picture: Picture, data: Metadata | None) -> int | None:
    if data is None:
        return None
    if picture.print_state == "complete":
        return data.layers
    printed = number(picture.object("print_stats").get("print_duration"))
    if not printed or picture.sensed.z is None:
        return None
    return data.layer_at(picture.sensed.z)


# -- objects -------------------------------------------------------------------------------------


def _objects(picture: Picture) -> tuple[PrintObject, ...]:
    raw = picture.object("exclude_object")
    skipped = set(names(raw.get("excluded_objects")))
    current = name(raw.get("current_object"))
    ids = picture.sensed.object_ids
    listed = [name(entry.get("name")) for entry in dicts(raw.get("objects"))[:_MAX_OBJECTS]]
    return tuple(
        PrintObject(id=ids[own], name=own, skipped=own in skipped, current=own == current)
        for own in listed
        if own in ids
    )
