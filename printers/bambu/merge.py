"""The merged report of one printer (bambu-lan A4).

P1 and A1 send differences after the first full frame, so everything known is kept and patched.
Mappings are merged key by key, lists are replaced whole (an empty tray is a tray with only its id).
A value of the wrong kind is dropped instead of wiping out what is known: a broken message must
not change what a healthy printer is doing.
"""

from __future__ import annotations

from typing import Any

from printers.bambu.values import as_float

_MISSING = object()
_NOTHING: frozenset[str] = frozenset()
_MAX_DEPTH = 12


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DICTS = _words("2D 3D ams device info ipcam job net online upgrade_state upload vt_tray xcam")
_LISTS = _words("filam_bak hms lights_report mapping s_obj stg vir_slot")
_NUMBERS = _words(
    "ams_rfid_status ams_status bed_target_temper bed_temper big_fan1_speed big_fan2_speed"
    " chamber_temper cooling_fan_speed ctt fan_gear heatbreak_fan_speed home_flag hw_switch_state"
    " layer_num mc_percent mc_print_sub_stage mc_remaining_time nozzle_diameter"
    " nozzle_target_temper nozzle_temper print_error spd_lvl spd_mag stg_cd stg_cur"
    " total_layer_num"
)
_TEXTS = _words(
    "aux cfg fail_reason fun gcode_file gcode_file_prepare_percent mc_print_error_code nozzle_type"
    " print_type profile_id project_id stat subtask_id subtask_name task_id wifi_signal"
)


class Report:
    """The raw ``print`` object as far as it is known. Used by one thread.

    ``data`` may be copied by another thread with ``dict(report.data)``: nested values are
    replaced, never edited in place.
    """

    __slots__ = ("data", "has_full")

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.has_full = False
        """A whole snapshot with a state has been seen since the last reset."""

    def reset(self) -> None:
        """Forget everything: after a reconnect old values prove nothing."""
        self.data = {}
        self.has_full = False

    def apply(self, patch: dict[str, Any], *, full: bool) -> frozenset[str]:
        """Merge one message and name the top-level keys whose value changed. Never raises."""
        if not isinstance(patch, dict):
            return _NOTHING
        known = self.data
        get = known.get
        try:
            touched = [key for key, value in patch.items() if get(key, _MISSING) != value]
        except RecursionError:  # nested deeper than any printer does; go key by key
            touched = list(patch)
        changed = frozenset([key for key in touched if self._take(key, patch[key], full)])
        if full and isinstance(known.get("gcode_state"), str):
            self.has_full = True
        return changed

    def _take(self, key: str, value: Any, full: bool) -> bool:
        if not _is_acceptable(key, value):
            return False
        known = self.data.get(key, _MISSING)
        if known is _MISSING:
            self.data[key] = value
            return True
        try:
            merged = _merged(known, value, full, 0)
            if merged == known:
                return False
        except RecursionError:
            return False
        self.data[key] = merged
        return True


def _is_acceptable(key: str, value: Any) -> bool:
    if value is None:
        return False
    if key == "gcode_state":
        return isinstance(value, str)
    if key in _NUMBERS:
        return as_float(value) is not None
    if key in _DICTS:
        return isinstance(value, dict)
    if key in _LISTS:
        return isinstance(value, list)
    return key not in _TEXTS or isinstance(value, (str, int, float))


def _merged(known: Any, value: Any, full: bool, depth: int) -> Any:
    """``value`` laid over ``known``. Only a full frame may change the kind of a container."""
    if value is None:
        return known
    if isinstance(known, dict) and isinstance(value, dict):
        if depth >= _MAX_DEPTH:
            return value
        result = dict(known)
        for key, item in value.items():
            result[key] = _merged(known[key], item, full, depth + 1) if key in known else item
        return result
    if isinstance(known, (dict, list)) and type(known) is not type(value) and not full:
        return known
    return value
