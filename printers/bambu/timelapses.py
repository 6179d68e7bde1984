"""The videos a printer records itself: /timelapse/video_*.mp4 (X1, P2S, H2) or .avi (P1, A1).

Names, sizes and dates come from the printer, which may be anything that holds its address: a name
is used only when it is harmless, and never as a path on this machine (bambu-lan A11).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from core.errors import Blocked, NotFound
from printers.bambu.transfer import FileStore
from printers.base import OwnVideo
from printers.commands import RemoteFile

FOLDER = "/timelapse"
MAX_BYTES = 2_000_000_000
MOST_LISTED = 500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.()+-]{0,94}\.(?:mp4|avi)", re.IGNORECASE)
_MOMENT = re.compile(r"(\d{4})-(\d\d)-(\d\d)_(\d\d)-(\d\d)-(\d\d)")


def is_name(name: str) -> bool:
    """Whether it can be a video's: a plain word with the right ending, no folder in it."""
    return _NAME.fullmatch(name) is not None


def path_of(name: str) -> str:
    """On the printer. Raises NotFound for what is no name of a video."""
    if not is_name(name):
        raise NotFound("There is no video of that name on the printer.", code="video_not_found")
    return f"{FOLDER}/{name}"


def taken_at(name: str) -> float | None:
    """The moment in the name, epoch s; printers keep local time. None when there is none."""
    found = _MOMENT.search(name)
    if found is None:
        return None
    try:
        return datetime(*(int(part) for part in found.groups())).astimezone().timestamp()  # type: ignore[arg-type]
    except (ValueError, OverflowError, OSError):
        return None


def listed(files: FileStore) -> tuple[OwnVideo, ...]:
    """What the printer has now; a printer that never recorded has no folder either."""
    try:
        return videos_in(files.list_files(FOLDER))
    except NotFound:
        return ()


def videos_in(listing: Iterable[RemoteFile]) -> tuple[OwnVideo, ...]:
    """The videos of a listing, newest first; what is too large or oddly named is left out."""
    found = [
        OwnVideo(name=file.name, size_bytes=file.size_bytes, taken_at=taken_at(file.name))
        for file in listing
        if not file.folder and is_name(file.name) and file.size_bytes is not None
        if 0 < file.size_bytes <= MAX_BYTES
    ]
    found.sort(key=lambda video: (video.taken_at or 0.0, video.name), reverse=True)
    return tuple(found[:MOST_LISTED])


def remove(files: FileStore, printer: str, name: str, size_bytes: int) -> None:
    """Delete it when it is still the file of that size. Raises Blocked, NotFound, …"""
    path = path_of(name)
    size = files.size(path)
    if size is None:
        raise NotFound(f"{printer} has no video {name} any more.", code="video_not_found")
    if size != size_bytes:
        raise Blocked(
            f"{name} on {printer} is not the file that was fetched any more. It was left there.",
            code="video_changed",
        )
    files.delete(path)
