"""The ``progress`` of a virtual OctoPrint counts bytes (octoprint-moonraker 4.OctoPrint.5)."""

from __future__ import annotations

from typing import Any

from simulator.plain_job import PlainRun

NO_PROGRESS: dict[str, Any] = {
    "completion": None,
    "filepos": None,
    "printTime": None,
    "printTimeLeft": None,
    "printTimeLeftOrigin": None,
}
_LINEAR_FROM = 5.0  # percent; before, no time is guessed


def running(run: PlainRun, *, analysed: bool) -> dict[str, Any]:
    """Of a job under way. Times in seconds; without an analysis they are guessed from the bytes."""
    position, size = run.file_position, max(1, run.size)
    percent = 100 * position / size
    left: int | None = None
    if analysed:
        left = int(run.remaining_s)
    elif percent >= _LINEAR_FROM:
        left = int(run.printing_s * (100 - percent) / percent)
    return {
        "completion": percent,
        "filepos": position,
        "printTime": int(run.printing_s),
        "printTimeLeft": left,
        "printTimeLeftOrigin": "analysis" if analysed else "linear",
    }


def finished(size: int, seconds: float) -> dict[str, Any]:
    """Of a job that was printed to its end."""
    return {
        "completion": 100.0,
        "filepos": size,
        "printTime": int(seconds),
        "printTimeLeft": 0,
        "printTimeLeftOrigin": None,
    }
