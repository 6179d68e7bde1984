"""The video a printer makes of a print by itself: short, real, of the part as it grew.

X1, P2S and H2 write MP4, P1 and A1 AVI with JPEG pictures in it, both as
/timelapse/video_YYYY-MM-DD_HH-MM-SS with a picture of the same name in /timelapse/thumbnail
(bambu-lan A11; jneilliii/OctoPrint-BambuPrinter 29 and 30).
"""

from __future__ import annotations

import io
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from simulator.storage import Storage

FOLDER = "/timelapse"
THUMBNAILS = f"{FOLDER}/thumbnail"
PICTURES = 24
_FPS = 12
_LONGEST_S = 60.0
_CODECS = {
    "mp4": ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-threads", "1"],
    "avi": ["-c:v", "copy"],
}


class NoFilm(Exception):
    """It could not be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Film:
    """What a printer has recorded."""

    part: str
    color: str
    open_frame: bool
    started_at: float  # epoch seconds
    suffix: Literal["mp4", "avi"]

    @property
    def name(self) -> str:
        """Of its files, without suffix; by the printer's clock."""
        return time.strftime("video_%Y-%m-%d_%H-%M-%S", time.localtime(self.started_at))


def make(film: Film, ffmpeg: str) -> tuple[bytes, bytes]:
    """The video and its thumbnail (JPEG). Takes about a second. Raises NoFilm."""
    return _make(film.part, film.color, film.open_frame, film.suffix, ffmpeg)


@lru_cache(maxsize=16)
def _make(part: str, color: str, open_frame: bool, suffix: str, ffmpeg: str) -> tuple[bytes, bytes]:
    from simulator.scene import draw_growth  # Pillow only when there is something to draw

    pictures = []
    for number in range(1, PICTURES + 1):
        out = io.BytesIO()
        draw_growth(open_frame, part, color, number / PICTURES).save(out, "JPEG", quality=70)
        pictures.append(out.getvalue())
    return _encode(pictures, suffix, ffmpeg), pictures[-1]


def _encode(pictures: list[bytes], suffix: str, ffmpeg: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="simulator-") as folder:
        target = Path(folder) / f"video.{suffix}"
        command = [
            ffmpeg, "-loglevel", "error", "-f", "image2pipe", "-framerate", str(_FPS),
            "-c:v", "mjpeg", "-i", "pipe:0", "-an", *_CODECS[suffix], str(target),
        ]  # fmt: skip
        try:
            subprocess.run(
                command, input=b"".join(pictures), capture_output=True, check=True,
                timeout=_LONGEST_S,
            )  # fmt: skip
            return target.read_bytes()
        except subprocess.CalledProcessError as error:
            raise NoFilm(error.stderr.decode("utf-8", "replace").strip()[-300:]) from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoFilm(str(error)) from error


def keep(storage: Storage, film: Film, video: bytes, thumbnail: bytes) -> None:
    """Put both on the card. Raises StorageError."""
    for folder in (FOLDER, THUMBNAILS):
        if not storage.is_dir(folder):
            storage.mkdir(folder)
    storage.write(f"{FOLDER}/{film.name}.{film.suffix}", video)
    storage.write(f"{THUMBNAILS}/{film.name}.jpg", thumbnail)
