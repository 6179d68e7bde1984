"""What Moonraker and Klipper said -> Report. Pure; odd data is unknown, never an exception."""

from __future__ import annotations

from printers.lan.report import Report
from printers.moonraker import picture as k
from printers.moonraker import words
from printers.moonraker.machine import machine_of, notices_of, nozzles_of
from printers.moonraker.parse_heat import fans_of, heaters_of, heating, light_of, speed_of
from printers.moonraker.parse_job import ended_of, parse_job
from printers.moonraker.picture import Picture
from printers.moonraker.values import mapping, number, whole
from printers.status import Fault, PrinterState, Severity

S = PrinterState

_REST = {
    "standby": S.IDLE,
    "complete": S.FINISHED,
    "cancelled": S.FAILED,
    "error": S.FAILED,
}


def report_of(picture: Picture) -> Report:
    """The whole picture as the farm shows it. Klipper's own state comes before the print's: in a
    shutdown print_stats keeps saying "printing" (octoprint-moonraker 4.Moonraker.1)."""
    if not picture.klippy.is_up:
        return _absent(picture)
    if picture.klippy.state != k.READY:
        return _stopped(picture)
    return _running(picture)


def _absent(picture: Picture) -> Report:
    """Moonraker answers, Klipper does not: the last temperatures are no news any more."""
    name, klippy = picture.name, picture.klippy
    waiting = klippy.state in (k.STARTUP, k.RESTARTING)
    message = {
        k.STARTUP: words.starting(name, klippy.message),
        k.RESTARTING: words.restarting(name),
        k.SILENT: words.not_answering(name),
    }.get(klippy.state, words.disconnected(name))
    return Report(
        state=S.CONNECTING if waiting else S.OFFLINE,
        raw_state=klippy.state,
        message=message,
        job=parse_job(picture),
        machine=machine_of(picture),
        notices=picture.notices,
    )


def _stopped(picture: Picture) -> Report:
    """Shutdown, or an error while starting: nothing moves until a person restarts Klipper."""
    name, klippy = picture.name, picture.klippy
    reason = words.klipper_text(klippy.message)
    shutdown = klippy.state == k.SHUTDOWN
    fault = Fault(
        code=f"klipper_{klippy.state}",
        text=reason or f"Klipper reports {klippy.state} and gives no reason",
        severity=Severity.FATAL if shutdown else Severity.SERIOUS,
        module="Klipper",
    )
    say = words.stopped if shutdown else words.misconfigured
    return Report(
        state=S.FAULT,
        raw_state=klippy.state,
        message=say(name, reason),
        job=parse_job(picture),
        faults=(fault,),
        machine=machine_of(picture),
        nozzles=nozzles_of(picture),
        notices=picture.notices,
    )


def _running(picture: Picture) -> Report:
    state, stage = _activity(picture)
    pause_reason, pause_kind = _pause(picture) if state is S.PAUSED else ("", "")
    message, faults = _failure(picture)
    return Report(
        state=state,
        raw_state=picture.print_state,
        stage=stage,
        pause_reason=pause_reason,
        pause_kind=pause_kind,
        message=message,
        job=parse_job(picture),
        heaters=heaters_of(picture),
        fans=fans_of(picture),
        light=light_of(picture),
        speed=speed_of(picture),
        faults=faults,
        cancelled=picture.sensed.cancelled and state is S.FAILED,
        homed=_homed(picture),
        nozzles=nozzles_of(picture),
        storage="ok" if "virtual_sdcard" in picture.layout.listed else "missing",
        notices=notices_of(picture),
        machine=machine_of(picture),
    )


def _activity(picture: Picture) -> tuple[PrinterState, str]:
    """(state, stage) while Klipper is ready."""
    word = picture.print_state
    if word == "paused":
        return S.PAUSED, "Cancelling" if picture.ordered == "cancel" else ""
    if word == "printing":
        return _printing(picture)
    if word not in _REST:
        return S.UNKNOWN, ""
    if picture.sensed.moving:
        return S.BUSY, "Moving"
    if word == "standby" and picture.sensed.cancelled:
        return S.FAILED, ""
    return _REST[word], ""


def _printing(picture: Picture) -> tuple[PrinterState, str]:
    """print_duration starts with the first extrusion, so 0 means: still heating and homing."""
    ordered = {"pause": "Pausing", "cancel": "Cancelling"}.get(picture.ordered, "")
    stats = picture.object("print_stats")
    layer = whole(mapping(stats.get("info")).get("current_layer"))
    begun = (number(stats.get("print_duration")) or 0.0) > 0 or (layer or 0) > 0
    if begun:
        return S.PRINTING, ordered
    return S.PREPARING, ordered or heating(picture) or "Preparing"


def _pause(picture: Picture) -> tuple[str, str]:
    """(sentence, kind). Klipper gives no reason of its own; its filament sensors may."""
    sensed = picture.sensed
    if sensed.ran_out:
        if sensed.filament_back:
            return f"Filament ran out (sensor {sensed.ran_out}) and is back", "filament"
        return f"Filament ran out (sensor {sensed.ran_out})", "filament"
    if sensed.asked_pause:
        return "Paused by a person", "user"
    return "Paused by the file, at the printer or from another program", "printer"


def _failure(picture: Picture) -> tuple[str, tuple[Fault, ...]]:
    """A print that Klipper gave up: its words. They keep no next job away."""
    if picture.print_state != "error" or ended_of(picture) != "failed":
        return "", ()
    reason = words.klipper_text(picture.object("print_stats").get("message"))
    shown = reason or "Klipper ended the print with an error and gives no reason"
    return shown, (Fault(code="print_error", text=shown, severity=Severity.COMMON),)


def _homed(picture: Picture) -> str:
    axes = picture.object("toolhead").get("homed_axes")
    return "".join(a for a in "xyz" if a in axes.lower()) if isinstance(axes, str) else ""
