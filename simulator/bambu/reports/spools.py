"""The ams object, vt_tray and vir_slot (bambu-lan A4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.ams import EXTERNAL, EXTERNAL_LEFT, NONE, AmsUnit, Spool

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

_TYPE_BITS = {"AMS": 1, "AMS lite": 2, "AMS 2 Pro": 3, "AMS HT": 4}


def tray(id: str, item: Spool | None, *, legacy: bool) -> dict[str, Any]:
    """One tray; an empty one is its id alone (plus state on newer firmware)."""
    if item is None:
        return {"id": id} if legacy else {"id": id, "state": 8}
    common: dict[str, Any] = {
        "id": id,
        "state": 3 if legacy else (11 if item.rfid else 9),
        "tray_type": item.type,
        "tray_info_idx": item.idx,
        "tray_sub_brands": item.brand if item.rfid else "",
        "tray_id_name": "A00-K0" if item.rfid else "",
        "tray_color": item.color,
        "cols": [item.color],
        "ctype": 0,
        "remain": item.remain,
        "tag_uid": item.uuid[:16],
        "tray_uuid": item.uuid,
        "tray_weight": "1000" if item.rfid else "0",
        "tray_diameter": "1.75" if item.rfid else "0.00",
        "nozzle_temp_min": str(item.nozzle_min),
        "nozzle_temp_max": str(item.nozzle_max),
        "bed_temp_type": "0",
        "bed_temp": "0",
        "cali_idx": -1,
        "xcam_info": "0" * 24,
        "total_len": 330000,
    }
    if legacy:
        return {**common, "tray_temp": "55", "tray_time": "8", "k": 0.02, "n": 1}
    return {**common, "drying_temp": "55", "drying_time": "8"}


def _humidity_level(percent: int) -> str:
    """5 = dry … 1 = wet."""
    return str(max(1, min(5, 6 - (percent + 5) // 8))) if percent else "5"


def _unit(unit: AmsUnit, *, legacy: bool) -> dict[str, Any]:
    info = _TYPE_BITS[unit.kind] | (2 if unit.dry_left > 0 else 0) << 4 | unit.extruder << 8
    report: dict[str, Any] = {
        "id": str(unit.id),
        "humidity": _humidity_level(unit.humidity),
        "temp": f"{unit.temp:.1f}",
        "tray": [tray(str(i), s, legacy=legacy) for i, s in enumerate(unit.slots)],
    }
    if not legacy or unit.kind != "AMS":
        report["humidity_raw"] = str(unit.humidity)
        report["info"] = f"{info:X}"
        report["dry_time"] = round(unit.dry_left)
        report["dry_setting"] = {
            "dry_temperature": unit.dry_temp if unit.dry_left else -1,
            "dry_duration": unit.dry_hours if unit.dry_left else -1,
            "dry_filament": unit.dry_filament if unit.dry_left else "",
        }
    return report


def _bit(unit: int, slot: int) -> int:
    return 1 << (16 + unit - 128 if unit >= 128 else unit * 4 + slot)


def _wire(flat: int) -> str:
    return str(EXTERNAL if flat == EXTERNAL_LEFT else flat)


def _now(machine: BambuMachine, flat: int) -> str:
    """tray_now: on dual nozzles the local slot of the active extruder's AMS (A4.4)."""
    if machine.model.nozzles == 2 and flat < EXTERNAL_LEFT:
        return str(0 if flat >= 128 else flat % 4)
    return _wire(flat)


def ams(machine: BambuMachine) -> dict[str, Any]:
    """The ams object. Its keys never change, so that differences merge."""
    box, legacy = machine.ams, not machine.model.np
    exist = sum(1 << (4 + u.id - 128 if u.id >= 128 else u.id) for u in box.units)
    filled = [(u, i, s) for _, u, i, s in box.trays() if s is not None]
    trays = sum(_bit(u.id, i) for u, i, _ in filled)
    tagged = sum(_bit(u.id, i) for u, i, s in filled if s.rfid)
    reading = _bit(box.reading[0], box.reading[1]) if box.reading else 0
    return {
        "ams": [_unit(unit, legacy=legacy) for unit in box.units],
        "ams_exist_bits": f"{exist:x}",
        "tray_exist_bits": f"{trays:x}",
        "tray_is_bbl_bits": f"{tagged:x}",
        "tray_reading_bits": f"{reading:x}",
        "tray_read_done_bits": f"{tagged & ~reading:x}",
        "tray_now": _now(machine, box.now),
        "tray_tar": _wire(box.tar),
        "tray_pre": _wire(box.pre),
        "version": 4,
        "insert_flag": box.options["tray_read_option"],
        "power_on_flag": box.options["startup_read_option"],
        "calibrate_remain_flag": box.options["calibrate_remain_flag"],
        "cali_id": 255,
        "cali_stat": 0,
    }


def external(machine: BambuMachine, flat: int, id: str) -> dict[str, Any]:
    """A spool holder; an empty one keeps its keys (differences cannot remove any)."""
    item = machine.ams.external.get(flat)
    blank = Spool(type="", color="00000000", idx="", rfid=False)
    return tray(id, item or blank, legacy=not machine.model.np)


def vir_slot(machine: BambuMachine) -> list[dict[str, Any]]:
    """The holders of newer models: 255 right and 254 left on dual nozzles."""
    if machine.model.nozzles == 2:
        return [
            external(machine, EXTERNAL, "255"),
            external(machine, EXTERNAL_LEFT, "254"),
        ]
    return [external(machine, EXTERNAL, "254")]


def snow(flat: int) -> int:
    """ams_id << 8 | slot, as device.extruder and mapping write it."""
    if flat == NONE:
        return 0xFFFF
    if flat == EXTERNAL:
        return 0xFF00
    if flat == EXTERNAL_LEFT:
        return 0xFE00
    return flat << 8 if flat >= 128 else (flat // 4) << 8 | flat % 4
