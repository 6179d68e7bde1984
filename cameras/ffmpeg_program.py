"""Which ffmpeg the farm uses: the settings', the one of PATH, or the one imageio-ffmpeg carries."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from cameras.frames import CameraFailed

_PROBE_S = 15.0
_VERSION = re.compile(r"^ffmpeg version (\S+)")
_NUMBER = re.compile(r"^n?(\d+)\.(\d+)")
_LIBRARY = re.compile(r"^libavutil\s+(\d+)\.", re.MULTILINE)
_MAJOR_OF_AVUTIL = {54: 2, 55: 3, 56: 4, 57: 5, 58: 6, 59: 7, 60: 8}
"""Builds of a day name no number ("N-118-g…"); their libavutil does."""

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "TZ",
              "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # fmt: skip


def environment() -> dict[str, str]:
    """For ffmpeg, of the farm's: that may hold passwords, which are none of ffmpeg's business."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}


@dataclass(frozen=True, slots=True)
class Program:
    """An ffmpeg that answered."""

    path: str
    version: str  # as it calls itself, "5.1.9-0+deb12u1"
    number: tuple[int, int] = (0, 0)  # (major, minor)

    @property
    def io_timeout(self) -> str:
        """RTSP's option for the time-out of its sockets, microseconds (bambu-lan A12.2)."""
        return "timeout" if self.number >= (5, 0) else "stimeout"

    @property
    def frame_rate_mode(self) -> str:
        """The option that keeps pictures as they come (cameras-and-rig 5)."""
        return "fps_mode" if self.number >= (5, 1) else "vsync"


class FfmpegFinder:
    """Thread-safe. Looks once it is needed, remembers what it found, looks again after nothing."""

    def __init__(self, configured: str = "") -> None:
        """``configured``: a path or name, "" = PATH, else imageio-ffmpeg."""
        self._configured = configured
        self._lock = threading.Lock()
        self._found: Program | None = None

    @property
    def known(self) -> Program | None:
        """What has been found so far; never looks."""
        return self._found

    def find(self) -> Program:
        """Raises CameraFailed (no_ffmpeg) with what to do."""
        with self._lock:
            if self._found is None:
                self._found = probe(locate(self._configured))
            return self._found


def locate(configured: str = "") -> str:
    """The path of an ffmpeg. Raises CameraFailed (no_ffmpeg)."""
    if configured:
        found = shutil.which(configured)
        if found is None:
            raise _missing(f'"cameras.ffmpeg" names {configured!r}, which is no program')
        return found
    return shutil.which("ffmpeg") or _carried()


def _carried() -> str:
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # loaded only where the system has none

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError) as error:
        raise _missing("This camera needs ffmpeg; install it on the farm's computer") from error


def probe(path: str) -> Program:
    """Ask it for its version. Raises CameraFailed (no_ffmpeg)."""
    try:
        said = subprocess.run(
            [path, "-hide_banner", "-version"], capture_output=True, timeout=_PROBE_S, check=True,
            stdin=subprocess.DEVNULL, env=environment(),
        ).stdout.decode("utf-8", "replace")  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise _missing(f"{Path(path).name} does not run on the farm's computer") from error
    named = _VERSION.match(said)
    if named is None:
        raise _missing(f"{Path(path).name} is not an ffmpeg")
    return Program(os.fspath(path), named[1], _number(named[1], said))


def _number(version: str, said: str) -> tuple[int, int]:
    if plain := _NUMBER.match(version):
        return int(plain[1]), int(plain[2])
    library = _LIBRARY.search(said)
    major = _MAJOR_OF_AVUTIL.get(int(library[1]), 8) if library else 8
    return major, 1  # of a major's middle: the options differ only before 5.1


def _missing(text: str) -> CameraFailed:
    return CameraFailed(text, code="no_ffmpeg")
