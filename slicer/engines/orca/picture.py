"""Gives a sliced 3MF its preview: without a screen the slicer draws none, or a broken one."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

from slicer import png
from slicer.threemf.archive import SafeArchive

PICTURE = "picture.png"
"""In the order's folder, when somebody drew the model."""

_PLATE = re.compile(r"Metadata/plate_([1-9]\d{0,2})\.gcode")
_TIME = (2026, 1, 1, 0, 0, 0)


def add_missing(file: Path, picture: Path) -> bool:
    """Put ``picture`` in as the preview of every plate that has none; whether it did.

    Everything else stays as it is. A new file is written beside and takes the old one's place.
    Raises Unusable for a file that is not sound, OSError.
    """
    raw = _sound(picture)
    if raw is None:
        return False
    with SafeArchive(file, "the sliced file") as archive:
        plates = [match[1] for name in archive.names if (match := _PLATE.fullmatch(name))]
        wanted = [
            f"Metadata/plate_{plate}{size}.png"
            for plate in plates
            if not _has_preview(archive, plate)
            for size in ("", "_small")
        ]
        if not wanted:
            return False
        beside = file.with_name(f".{file.name}.new")
        broken = [name for name in wanted if name in archive]
        if broken:
            _rewrite(archive, beside, set(broken))
    if not broken:
        shutil.copyfile(file, beside)
    with zipfile.ZipFile(beside, "a") as target:
        for name in wanted:
            target.writestr(zipfile.ZipInfo(name, _TIME), raw)
    beside.replace(file)
    return True


def _sound(picture: Path) -> bytes | None:
    try:
        raw = picture.read_bytes()
    except FileNotFoundError:
        return None
    size = png.size_of(raw)
    fits = size is not None and max(size) <= png.MAX_SIDE and len(raw) <= png.MAX_BYTES
    return raw if fits and png.is_whole(raw) else None


def _has_preview(archive: SafeArchive, plate: str) -> bool:
    member = f"Metadata/plate_{plate}.png"
    if member not in archive or archive.size(member) > png.MAX_BYTES:
        return False
    raw = archive.read(member, png.MAX_BYTES)
    return png.size_of(raw) is not None and png.is_whole(raw)


def _rewrite(archive: SafeArchive, target: Path, without: set[str]) -> None:
    """Copy the archive member by member, piece by piece."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.names:
            if name in without:
                continue
            member = zipfile.ZipInfo(name, _TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.file_size = archive.size(name)  # so that zip64 is used where it is needed
            with copy.open(member, "w") as stream:
                for chunk in archive.chunks(name):
                    stream.write(chunk)
