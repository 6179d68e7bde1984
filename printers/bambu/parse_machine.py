"""Homing, door, Wi-Fi, storage, nozzles, Developer Mode and what else an operator should know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from printers.bambu.faults import SIGNATURE_ERRORS, SIGNATURE_REFUSED, hms_entries, hms_fault
from printers.bambu.models import Model
from printers.bambu.values import (
    as_bool,
    as_float,
    as_hex,
    as_int,
    as_text,
    bit,
    dicts,
    dig,
    within,
)
from printers.status import Lock, Notice, Nozzle

LOCK_KEYS = ("fun", "hms", "print_error")
NOZZLE_KEYS = ("nozzle_diameter", "nozzle_type", "device.nozzle")
STORAGE_KEYS = ("home_flag", "sdcard", "aux")
NOTICE_KEYS = (
    "ipcam", "upgrade_state", "gcode_state", "stg_cur", "layer_num", "hw_switch_state",
    "ams.tray_tar",
)  # fmt: skip

_SIGNING_BIT = 29
_DOOR_BIT = 23
_NO_TRAY = 255
_FIRST_SURE_LAYER = 2
_WIFI = re.compile(r"^\s*(-?\d{1,3})\s*(?:dBm)?\s*$", re.IGNORECASE)
_STORAGE = {1: "ok", 2: "abnormal", 3: "read_only"}
_CARD_WORDS = {
    "HAS_SDCARD_NORMAL": "ok",
    "HAS_SDCARD_ABNORMAL": "abnormal",
    "HAS_SDCARD_READONLY": "read_only",
    "NO_SDCARD": "missing",
}
_MATERIALS = {"00": "stainless steel", "01": "hardened steel", "05": "tungsten carbide"}
_FLOWS = {"H": ", high flow", "U": ", for TPU"}

DEVELOPER_MODE_OFF = Lock(
    code="developer_mode_off",
    text=(
        "The printer reports but takes no orders: its Developer Mode is off. Switch on LAN Only "
        "and Developer Mode on its screen, then enter the new access code here."
    ),
)


def parse_lock(data: Mapping[str, Any]) -> Lock | None:
    """Developer Mode off: the function bit, or the traces of a refused command (A10)."""
    if bit(as_hex(data.get("fun")), _SIGNING_BIT):
        return DEVELOPER_MODE_OFF
    refused = (as_int(data.get("print_error")) or 0) & 0xFFFFFFFF in SIGNATURE_ERRORS
    entries = hms_entries(data.get("hms"))
    if refused or any(hms_fault(*entry).code == SIGNATURE_REFUSED for entry in entries):
        return DEVELOPER_MODE_OFF
    return None


def parse_homed(data: Mapping[str, Any]) -> str:
    """The axes that know where they are: "", "xy", "xyz"."""
    flags = as_int(data.get("home_flag"))
    return "".join(axis for place, axis in enumerate("xyz") if bit(flags, place))


def parse_door(data: Mapping[str, Any], model: Model) -> bool | None:
    """Whether the door is open, on printers that can tell."""
    if not model.door_sensor:
        return None
    new = bit(as_hex(data.get("stat")), _DOOR_BIT)
    return new if new is not None else bit(as_int(data.get("home_flag")), _DOOR_BIT)


def parse_wifi(data: Mapping[str, Any]) -> int | None:
    """Signal in dBm; None on a cable."""
    match = _WIFI.match(as_text(data.get("wifi_signal")))
    return within(int(match[1]), -120, -1) if match else None


def parse_storage(data: Mapping[str, Any]) -> str:
    """ok, missing, abnormal, read_only or "". New bits first, then the old, then the switch."""
    card = data.get("sdcard")
    if isinstance(card, str) and card in _CARD_WORDS:
        return _CARD_WORDS[card]
    aux, flags = as_hex(data.get("aux")), as_int(data.get("home_flag"))
    present = as_bool(card)
    bits = [aux >> 12 & 3] if aux is not None else []
    bits += [flags >> 8 & 3] if flags is not None else []
    state = next((_STORAGE[value] for value in bits if value), "")
    if state:
        return state if present is not False or state != "ok" else "missing"
    if present is None:
        return "missing" if bits else ""
    return "ok" if present else "missing"


def parse_nozzles(data: Mapping[str, Any], model: Model) -> tuple[Nozzle, ...]:
    """Size and material of the fitted nozzles; "nozzle" is the right one of two."""
    found: dict[int, Nozzle] = {}
    for raw in dicts(dig(data, "device", "nozzle", "info")):
        number = within(as_int(raw.get("id")), 0, model.nozzles - 1)
        if number is not None:
            name = "nozzle2" if number else "nozzle"
            found[number] = _nozzle(name, raw.get("diameter"), raw.get("type"))
    if 0 not in found:
        legacy = _nozzle("nozzle", data.get("nozzle_diameter"), data.get("nozzle_type"))
        if legacy.diameter_mm is not None or legacy.type:
            found[0] = legacy
    return tuple(found[number] for number in sorted(found))


def _nozzle(name: str, diameter: object, kind: object) -> Nozzle:
    size = as_float(diameter)
    fits = size is not None and 0.05 <= size <= 3.0
    return Nozzle(name=name, diameter_mm=size if fits else None, type=nozzle_type(as_text(kind)))


def nozzle_type(word: str) -> str:
    """ "hardened_steel" and "HS01" in words."""
    if len(word) == 4 and word[2:] in _MATERIALS:
        return _MATERIALS[word[2:]] + _FLOWS.get(word[1].upper(), "")
    return word.replace("_", " ").strip()


def parse_firmware(data: Mapping[str, Any]) -> str:
    """The printer's firmware where the update section names it."""
    for module in dicts(dig(data, "upgrade_state", "new_ver_list")):
        if module.get("name") == "ota":
            return as_text(module.get("cur_ver"))
    return ""


def parse_notices(data: Mapping[str, Any], model: Model, storage: str) -> tuple[Notice, ...]:
    """What an operator should know though it is no fault."""
    found: list[Notice] = []
    if storage in ("missing", "abnormal", "read_only"):
        found.append(_storage_notice(storage, model.storage))
    if model.camera == "rtsps" and dig(data, "ipcam", "rtsp_url") == "disable":
        text = "The live picture is off. Switch on LAN Only Liveview on the printer's screen."
        found.append(Notice(code="liveview_off", text=text))
    if is_updating(data):
        text = "The printer is installing firmware. Do not switch it off."
        found.append(Notice(code="firmware_update", text=text))
    if _prints_air(data):
        text = "The printer sees no filament in its extruder while it prints. Look at the print."
        found.append(Notice(code="air_print", text=text))
    return tuple(found)


def _prints_air(data: Mapping[str, Any]) -> bool:
    """Plainly printing, with neither filament at the sensor nor a slot to fetch it from (A5.1)."""
    return (
        data.get("gcode_state") == "RUNNING"
        and as_int(data.get("hw_switch_state")) == 0
        and as_int(dig(data, "ams", "tray_tar")) == _NO_TRAY
        and (as_int(data.get("layer_num")) or 0) >= _FIRST_SURE_LAYER
        and as_int(data.get("stg_cur")) in (0, -1, 255)
    )


def is_updating(data: Mapping[str, Any]) -> bool:
    """A firmware update is being loaded or written."""
    return dig(data, "upgrade_state", "status") in ("DOWNLOADING", "FLASHING")


def _storage_notice(storage: str, medium: str) -> Notice:
    words = {
        "missing": f"There is no {medium} in the printer. Insert one, or it cannot take files.",
        "abnormal": f"The printer cannot use its {medium}. Format or replace it.",
        "read_only": f"The printer's {medium} is write-protected. Unlock or replace it.",
    }
    return Notice(code=f"storage_{storage}", text=words[storage])
