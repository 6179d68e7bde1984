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


def _kinds() -> dict[str, str]:
    """What a key must carry: w(ord), n(umber), d(ict), l(ist), t(ext or number)."""
    kinds = {
        "w": _words("gcode_state"),
        "d": _words("2D 3D ams device info ipcam job net online upgrade_state upload vt_tray xcam"),
        "l": _words("filam_bak hms lights_report mapping s_obj stg vir_slot"),
        "n": _words(
            "ams_rfid_status ams_status bed_target_temper bed_temper big_fan1_speed big_fan2_speed"
            " chamber_temper cooling_fan_speed ctt fan_gear heatbreak_fan_speed home_flag"
            " hw_switch_state layer_num mc_percent mc_print_sub_stage mc_remaining_time"
            " nozzle_target_temper nozzle_temper percent print_error remain_time"
            " spd_lvl spd_mag stg_cd stg_cur total_layer_num"
        ),
        "t": _words(
            "aux cfg fail_reason fun gcode_file gcode_file_prepare_percent mc_print_error_code"
            " nozzle_diameter nozzle_type print_type profile_id project_id stat subtask_id"
            " subtask_name task_id wifi_signal"
        ),
    }
    return {key: kind for kind, keys in kinds.items() for key in keys}


_KINDS = _kinds()
_TYPES: dict[str, type | tuple[type, ...]] = {
    "w": str, "d": dict, "l": list, "t": (str, int, float),
}  # fmt: skip


class Report:
    """The raw ``print`` object as far as it is known. Used by one thread.

    ``data`` may be copied by another thread with ``dict(report.data)``: nested values are
    replaced, never edited in place.
    """

    __slots__ = ("_forgotten", "data", "has_full")

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.has_full = False
        """A whole snapshot with a state has been seen since the last reset."""
        self._forgotten: frozenset[str] = _NOTHING

    def reset(self) -> None:
        """Forget everything: after a reconnect old values prove nothing."""
        self._forgotten |= self.data.keys()
        self.data = {}
        self.has_full = False

    def apply(self, patch: dict[str, Any], *, full: bool) -> frozenset[str]:
        """Merge one message and name the top-level keys whose value changed. Never raises.

        The first whole snapshot names every key there is or was before the reset.
        """
        if not isinstance(patch, dict):
            return _NOTHING
        known = self.data
        get = known.get
        try:
            touched = [key for key, value in patch.items() if get(key, _MISSING) != value]
        except RecursionError:  # nested deeper than any printer does; go key by key
            touched = list(patch)
        take = self._take
        changed = frozenset([key for key in touched if take(key, patch[key], full)])
        if full and not self.has_full and "gcode_state" in known:
            self.has_full = True
            changed = self._forgotten.union(known)
            self._forgotten = _NOTHING
        return changed

    def _take(self, key: str, value: Any, full: bool) -> bool:
        """Store one value that differs from the known one; False when it is not believed."""
        if value is None or (key in _KINDS and not _fits(_KINDS[key], value)):
            return False
        known = self.data.get(key, _MISSING)
        if isinstance(known, (dict, list)):
            try:
                merged = _merged(known, value, full, 0)
                if merged == known:
                    return False
            except RecursionError:
                return False
            value = merged
        self.data[key] = value
        return True


def _fits(kind: str, value: Any) -> bool:
    if kind == "n":
        return type(value) is int or as_float(value) is not None
    return isinstance(value, _TYPES[kind])


def _merged(known: Any, value: Any, full: bool, depth: int) -> Any:
    """``value`` laid over ``known``. Only a full frame may change the kind of a container."""
    if value is None:
        return known
    if isinstance(known, dict) and isinstance(value, dict):
        if depth >= _MAX_DEPTH or (full and value.keys() >= known.keys()):
            return value
        result = dict(known)
        for key, item in value.items():
            result[key] = _merged(known[key], item, full, depth + 1) if key in known else item
        return result
    if isinstance(known, (dict, list)) and type(known) is not type(value) and not full:
        return known
    return value
