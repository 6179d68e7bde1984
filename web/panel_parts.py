"""Pieces of the Printer JSON, each from the immutable parts of a snapshot it depends on.

Shapes: ui.md section 9. Temperatures are whole degrees: the farm page shows no more, and a
tenth of a degree is not worth a frame to every browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cameras.book import CameraInfo
from job_queue.naming import was_sent_as
from printers.conditions import Conditions, OpenJob
from printers.rules import Verdict
from printers.status import Fault, Heater, JobProgress, PrinterState, PrinterStatus, Tray
from web.job_picture import url_of as job_picture_url

Json = dict[str, Any]
_WIFI_STEP_DBM = 5


def _degrees(heater: Heater) -> list[int | None]:
    target = None if heater.target is None else round(heater.target)
    return [round(heater.current), target, heater.maximum]


def temps(status: PrinterStatus) -> Json:
    return {"temps": {heater.name: _degrees(heater) for heater in status.heaters}}


def fans(status: PrinterStatus) -> Json:
    return {"fans": {fan.name: fan.percent for fan in status.fans}}


def cameras(known: Sequence[CameraInfo]) -> Json:
    """``cam``, the printer's main camera, and ``cams``, all of them when there are several: how
    to show the picture, never where it comes from. Flips come before the turn."""
    main = next((info for info in known if info.main), None)
    several = [{"id": i.id, "name": i.name} | _turn(i) for i in known] if len(known) > 1 else None
    if main is None:
        problem = next((info.problem for info in known if info.problem), "")
        return {"cam": {"mode": "none", "text": problem}, "cams": several}
    cam = {"mode": "jpeg", "text": "", "id": main.id, "kind": main.kind}
    return {"cam": cam | _turn(main), "cams": several}


def _turn(info: CameraInfo) -> Json:
    turn = info.turn
    turned = {"flip_h": turn.flip_h, "flip_v": turn.flip_v, "rotate": turn.rotate}
    return {name: by for name, by in turned.items() if by}


def light_and_speed(status: PrinterStatus) -> Json:
    speed = status.speed
    return {
        "light": status.light,
        "speed": None if speed is None else {"level": speed.level, "percent": speed.percent},
    }


def _tray(tray: Tray) -> Json:
    return {
        "slot": tray.slot, "index": tray.index, "empty": tray.empty, "type": tray.type,
        "color": tray.color, "name": tray.name, "remain": tray.remain, "grams": tray.grams,
    }  # fmt: skip


def filament(status: PrinterStatus) -> Json:
    return {
        "ams": [
            {
                "id": unit.id,
                "label": unit.label,
                "kind": unit.kind,
                "hum": unit.humidity,
                "hum_level": unit.humidity_level,
                "temp": None if unit.temperature is None else round(unit.temperature),
                "drying_min": unit.drying_min,
                "nozzle": unit.nozzle,
                "trays": [_tray(tray) for tray in unit.trays],
            }
            for unit in status.ams
        ],
        "external": [_tray(tray) for tray in status.external],
        "tray": status.active_tray,
        "next_tray": status.next_tray,
    }


def _fault(fault: Fault) -> Json:
    return {
        "code": fault.code,
        "text": fault.text,
        "tier": fault.severity.value,
        "module": fault.module,
        "help": fault.help,
    }


def faults(status: PrinterStatus) -> Json:
    """``fault`` is what keeps jobs away; ``faults`` is everything on the printer's screen."""
    worst = next((fault for fault in status.faults if fault.severity.blocks), None)
    if worst is None and status.state is PrinterState.FAULT and status.faults:
        worst = status.faults[0]
    return {
        "fault": None if worst is None else _fault(worst),
        "faults": [_fault(fault) for fault in status.faults],
    }


def words(status: PrinterStatus) -> Json:
    paused = status.state is PrinterState.PAUSED
    return {
        "stage": status.stage,
        "message": status.message,
        "pause": {"kind": status.pause_kind, "text": status.pause_reason} if paused else None,
        "lock": {"code": status.lock.code, "text": status.lock.text} if status.lock else None,
        "notices": [{"code": notice.code, "text": notice.text} for notice in status.notices],
    }


def body(status: PrinterStatus) -> Json:
    wifi = status.wifi_dbm
    return {
        "homed": status.homed,
        "door": status.door_open,
        "wifi": None if wifi is None else _WIFI_STEP_DBM * round(wifi / _WIFI_STEP_DBM),
        "storage": status.storage,
    }


def machine(status: PrinterStatus) -> Json:
    volume = status.machine.volume_mm
    return {
        "firmware": status.machine.firmware,
        "volume": None if volume is None else list(volume),
        "caps": sorted(status.machine.capabilities),
        "files": list(status.machine.file_kinds),
        "nozzles": [
            {"name": nozzle.name, "mm": nozzle.diameter_mm, "type": nozzle.type}
            for nozzle in status.nozzles
        ],
    }


def thumbnail_url(file_id: str, plate: int) -> str | None:
    return f"/api/files/{file_id}/plates/{plate}/thumbnail" if file_id else None


def _total_s(job: OpenJob | None, percent: int | None, left_s: int | None) -> int | None:
    if job is not None and job.seconds:
        return job.seconds
    if not percent or left_s is None or percent >= 100:
        return None
    return round(left_s / (1 - percent / 100) / 60) * 60


def job(status: PrinterStatus, conditions: Conditions) -> Json:
    """The open job: the farm's own, or one the printer was given by somebody else ("local")."""
    ours = conditions.job
    shown = None if status.job is None or status.state.is_at_rest else status.job
    if ours is None and shown is None:
        return {"job": None}
    last = "" if status.state.has_job else _last_of_ours(shown, conditions)
    percent = left_s = None
    if shown is not None:
        percent = shown.percent
        left_s = _left_s(ours, shown)
    return {
        "job": {
            "name": ours.name if ours else last or (shown.name if shown else ""),
            "file_id": ours.file_id if ours else "",
            "job_id": ours.job_id if ours else "",
            "plate": ours.plate if ours else (shown.plate if shown else None),
            "plates": ours.plates if ours else None,
            "pct": percent,
            "left_s": left_s,
            "total_s": _total_s(ours, percent, left_s),
            "layer": shown.layer if shown else None,
            "layers": shown.layers if shown else None,
            "thumb": _picture(status, ours),
            "local": ours is None and not last and not status.shown_only,
            "phase": _phase(ours),
            "phase_pct": ours.percent if ours else None,
            "text": ours.text if ours else "",
            "skipped": list(shown.skipped) if shown else [],
            "objects": _objects(shown),
        }
    }


def _picture(status: PrinterStatus, ours: OpenJob | None) -> str | None:
    if ours is None:
        return job_picture_url(status)
    return thumbnail_url(ours.file_id, ours.plate) if ours.picture else None


def _left_s(job: OpenJob | None, shown: JobProgress) -> int | None:
    """The printer's own estimate, else what the slicer's leaves after this percentage."""
    if shown.remaining_min is not None:
        return shown.remaining_min * 60
    if job is None or not job.seconds or shown.percent is None:
        return None
    return round(job.seconds * (1 - shown.percent / 100) / 60) * 60


def _last_of_ours(shown: JobProgress | None, known: Conditions) -> str:
    """Servers go on showing a job that has ended; "" unless it was the farm's own."""
    if shown is None or known.job is not None or not known.last_name:
        return ""
    return known.last_name if was_sent_as(shown.file, known.last_name) else ""


def _objects(shown: JobProgress | None) -> list[Json]:
    """What can be left out, where the printer lists it; Bambu's objects are in the file."""
    return [
        {"id": one.id, "name": one.name, "skipped": one.skipped, "current": one.current}
        for one in (shown.objects if shown else ())
    ]


def _phase(ours: OpenJob | None) -> str:
    return "" if ours is None or ours.phase in ("printing", "paused") else ours.phase


def conditions(known: Conditions) -> Json:
    return {
        "bed": {
            "clear": known.bed_clear,
            "since": known.bed_since,
            "why": known.bed_why,
            "name": known.last_name,
            "result": known.last_result,
            "file_id": known.last_file_id,
        },
        "maintenance": {
            "on": known.maintenance,
            "note": known.maintenance_note,
            "since": known.maintenance_since,
        },
    }


def gates(verdicts: Mapping[str, Verdict]) -> Json:
    return {
        "gates": {
            name: {"ok": True}
            if verdict.ok
            else {"ok": False, "code": verdict.code, "why": verdict.why}
            for name, verdict in verdicts.items()
        }
    }
