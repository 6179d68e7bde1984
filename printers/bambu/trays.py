"""Filament changers, their slots and the external spools (bambu-lan A4.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from printers.bambu.faults import slot_label, unit_label
from printers.bambu.filaments import lookup
from printers.bambu.models import Model
from printers.bambu.values import as_dict, as_float, as_hex, as_int, as_text, dicts, dig, within
from printers.status import AmsUnit, Tray

AMS_KEYS = ("ams.ams", "ams.ams_exist_bits", "ams.tray_exist_bits")
ACTIVE_KEYS = ("ams.tray_now", "device.extruder")

EXTERNAL_LEFT = 254  # also the only external spool of a printer with one nozzle
EXTERNAL_RIGHT = 255
_FIRST_HT = 128
_A2L_UNIT = 16
_NO_TRAY = 255
_KINDS = {1: "AMS", 2: "AMS lite", 3: "AMS 2 Pro", 4: "AMS HT", 5: "AMS lite"}
_SIDES = {0: "right", 1: "left"}
_HAS_SPOOL = (9, 10, 11)  # ``state`` of new firmware; 8 = empty
_HEX_DIGITS = frozenset("0123456789ABCDEF")


def tray_bit(unit: int, slot: int) -> int:
    """The slot's place in tray_exist_bits and its like."""
    if unit >= _FIRST_HT:
        return 16 + unit - _FIRST_HT
    return 24 + slot if unit == _A2L_UNIT else unit * 4 + slot


def tray_index(unit: int, slot: int) -> int:
    """The printer's number for a slot: ams*4+slot, an AMS HT's own id."""
    return unit if unit >= _FIRST_HT else unit * 4 + slot


def index_label(index: int) -> str:
    """The slot with that number on a printer with one nozzle; "" = none."""
    if 0 <= index < 16 or 64 <= index < 68:
        return slot_label(index // 4, index % 4)
    if _FIRST_HT <= index < _FIRST_HT + 8:
        return slot_label(index, 0)
    return "Ext" if index == EXTERNAL_LEFT else ""


def parse_ams(
    ams: object, model: Model, kinds: Mapping[int, str] | None = None
) -> tuple[AmsUnit, ...]:
    """Every changer that is plugged in, by id."""
    section = as_dict(ams)
    exist = as_hex(section.get("ams_exist_bits"))
    slots = as_hex(section.get("tray_exist_bits"))
    units: dict[int, AmsUnit] = {}
    for raw in dicts(section.get("ams")):
        number = within(as_int(raw.get("id")), 0, _FIRST_HT + 7)
        if number is None or not _is_plugged(exist, number):
            continue
        units[number] = _unit(raw, number, slots, model, kinds or {})
    return tuple(units[number] for number in sorted(units))


def _is_plugged(exist: int | None, unit: int) -> bool:
    if exist is None or 4 <= unit < _FIRST_HT:
        return True
    place = unit if unit < 4 else 4 + unit - _FIRST_HT
    return bool(exist >> place & 1)


def _unit(
    raw: Mapping[str, Any], number: int, slots: int | None, model: Model, kinds: Mapping[int, str]
) -> AmsUnit:
    info = as_hex(raw.get("info"))
    trays: dict[int, Tray] = {}
    for tray in dicts(raw.get("tray")):
        slot = within(as_int(tray.get("id")), 0, 3)
        if slot is not None:
            trays[slot] = _tray(tray, number, slot, slots)
    temperature = as_float(raw.get("temp"))
    humidity = within(as_int(raw.get("humidity_raw")), 1, 100)
    return AmsUnit(
        id=number,
        label=unit_label(number),
        kind=_kind(info, number, model, kinds),
        humidity=humidity,
        humidity_level=within(as_int(raw.get("humidity")), 1, 5),
        temperature=temperature if temperature and -40 < temperature < 150 else None,
        drying_min=within(as_int(raw.get("dry_time")), 0, 100_000) or 0,
        nozzle=_side(info, model),
        trays=tuple(trays[slot] for slot in sorted(trays)),
    )


def _kind(info: int | None, number: int, model: Model, kinds: Mapping[int, str]) -> str:
    known = _KINDS.get(info & 15) if info is not None else None
    if known or (known := kinds.get(number)):
        return known
    if number >= _FIRST_HT:
        return "AMS HT"
    return "AMS lite" if model.ams_kinds == ("AMS lite",) else "AMS"


def _side(info: int | None, model: Model) -> str:
    if info is None or model.nozzles < 2:
        return ""
    return _SIDES.get(info >> 8 & 15, "")


def _tray(raw: Mapping[str, Any], unit: int, slot: int, slots: int | None) -> Tray:
    label, index = slot_label(unit, slot), tray_index(unit, slot)
    if _is_empty(raw, unit, slot, slots):
        return Tray(slot=label, index=index, empty=True)
    return _spool(raw, label, index)


def _is_empty(raw: Mapping[str, Any], unit: int, slot: int, slots: int | None) -> bool:
    """The bits decide; without them a slot that says no more than its id is empty."""
    if slots is not None:
        return not slots >> tray_bit(unit, slot) & 1
    if as_text(raw.get("tray_type")):
        return False
    return as_int(raw.get("state")) not in _HAS_SPOOL


def _spool(raw: Mapping[str, Any], label: str, index: int) -> Tray:
    kind = as_text(raw.get("tray_type"))
    filament = as_text(raw.get("tray_info_idx"))
    remain = _remain(raw)
    return Tray(
        slot=label,
        index=index,
        type=kind,
        color=_color(raw.get("tray_color")),
        name=as_text(raw.get("tray_sub_brands")) or _table_name(filament, kind),
        remain=remain,
        grams=_grams(raw, remain),
        filament_id=filament,
    )


def _table_name(filament: str, kind: str) -> str:
    entry = lookup(filament) if filament else None
    return entry.name if entry is not None and entry.name != kind else ""


def _remain(raw: Mapping[str, Any]) -> int | None:
    """Percent left. A spool without tag that claims 0 % is one the printer knows nothing about."""
    remain = within(as_int(raw.get("remain")), 0, 100)
    if remain == 0 and not as_text(raw.get("tag_uid")).strip("0"):
        return None
    return remain


def _grams(raw: Mapping[str, Any], remain: int | None) -> int | None:
    weight = within(as_int(raw.get("tray_weight")), 1, 20_000)
    return None if remain is None or weight is None else round(weight * remain / 100)


def _color(value: object) -> str:
    """RRGGBB of RRGGBBAA; "00000000" means unset."""
    text = as_text(value).upper()
    if len(text) not in (6, 8) or text == "00000000" or not _HEX_DIGITS.issuperset(text):
        return ""
    return text[:6]


def parse_external(vt_tray: object, vir_slot: object, model: Model) -> tuple[Tray, ...]:
    """The spools beside the printer: one, or left and right of a printer with two nozzles."""
    slots = dicts(vir_slot)
    if model.nozzles < 2:
        single = vt_tray if isinstance(vt_tray, dict) else slots[0] if slots else None
        return (_spool(single, "Ext", EXTERNAL_LEFT),) if single is not None else ()
    found: dict[int, Tray] = {}
    for raw in slots or dicts([vt_tray]):
        number = within(as_int(raw.get("id")), EXTERNAL_LEFT, EXTERNAL_RIGHT)
        if number is not None:
            label = "Ext L" if number == EXTERNAL_LEFT else "Ext R"
            found[number] = _spool(raw, label, number)
    return tuple(found[number] for number in sorted(found))


def parse_active(data: Mapping[str, Any], model: Model) -> str:
    """The slot filament comes from right now, "" when none or not known.

    With two nozzles ``tray_now`` is only the slot within some unit; the extruder's own source
    (``snow``) is meant instead (A4.4).
    """
    if model.nozzles < 2:
        now = as_int(dig(data, "ams", "tray_now"))
        return index_label(now) if now is not None else ""
    state = as_int(dig(data, "device", "extruder", "state"))
    extruders = dicts(dig(data, "device", "extruder", "info"))
    if state is None:
        return ""
    return source_label(_source(extruders, state >> 4 & 15))


def _source(extruders: Sequence[Mapping[str, Any]], current: int) -> int | None:
    for extruder in extruders:
        if as_int(extruder.get("id")) == current:
            return as_int(extruder.get("snow"))
    return None


def source_label(source: int | None) -> str:
    """A dual-nozzle source ``ams_id<<8 | slot`` as a slot's name."""
    if source is None or not 0 <= source <= 0xFFFF:
        return ""
    unit, slot = source >> 8, source & 0xFF
    if slot == _NO_TRAY:
        return ""
    if unit == EXTERNAL_LEFT:
        return "Ext L"
    if unit == EXTERNAL_RIGHT:
        return "Ext R"
    return slot_label(unit, slot) if slot < 4 else ""
