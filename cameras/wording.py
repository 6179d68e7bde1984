"""A camera's status in words and figures."""

from __future__ import annotations

from dataclasses import replace

from cameras.frames import CameraStatus, Means
from cameras.jpeg import size_of
from cameras.slot import FrameSlot
from cameras.worker import CameraWorker


def describe(worker: CameraWorker, kind: str, means: Means) -> CameraStatus:
    """Of a camera the farm reads."""
    code, text = _words(worker)
    last_error, last_error_at = worker.last_error
    status = CameraStatus(
        mode="jpeg",
        code=code,
        text=text,
        kind=kind,
        failures=worker.failures,
        retry_in_s=worker.retry_in(),
        readers_idle_s=round(worker.slot.idle_for(), 1),
        restarts=worker.restarts,
        last_error=last_error,
        last_error_at=last_error_at,
        command=means.command,
        ffmpeg=means.version,
    )
    return _with_figures(status, worker.slot)


def pushed(slot: FrameSlot) -> CameraStatus:
    """Of a camera that sends by itself."""
    code, text = "live", ""
    if slot.frame is None:
        code, text = "starting", "Rig has sent no picture yet"
    elif slot.latest() is None:
        code, text = "stale", _silent(slot)
    return _with_figures(CameraStatus(mode="jpeg", code=code, text=text, kind="push"), slot)


def _with_figures(status: CameraStatus, slot: FrameSlot) -> CameraStatus:
    frame = slot.frame
    status = replace(status, fps=round(slot.fps(), 1), frames=slot.count, held=slot.holds)
    if frame is None:
        return status
    width, height = size_of(frame.jpeg)
    return replace(
        status, seq=frame.seq, age_s=round(slot.age(frame), 1), width=width, height=height
    )


def _words(worker: CameraWorker) -> tuple[str, str]:
    if worker.paused:
        return "paused", "Camera waits while a file is being sent"
    if worker.slot.latest() is not None:
        return "live", ""
    problem = worker.problem
    if problem is not None:
        return problem.error_code, problem.message
    if worker.slot.frame is not None:
        return "stale", _silent(worker.slot)
    if worker.running:
        return "starting", "Waiting for the first picture"
    return "idle", ""


def _silent(slot: FrameSlot) -> str:
    return f"No frame for {slot.stale_s:.0f} s"
