"""One preset file of OrcaSlicer or Bambu Studio: checked and cleaned, nothing inherited yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core import jsonio
from core.errors import TooLarge, Unusable
from slicer import values
from slicer.profiles.presets import PresetKind

MAX_BYTES = 2_000_000  # one preset; real ones reach 100 kB
MAX_VALUES = 20_000
MAX_KEYS = 3_000
MAX_NAME = 200

_KINDS = {
    "machine": PresetKind.MACHINE,
    "process": PresetKind.PROCESS,
    "filament": PresetKind.FILAMENT,
}
_MARKS = (
    ("filament_settings_id", PresetKind.FILAMENT),
    ("print_settings_id", PresetKind.PROCESS),
    ("printer_settings_id", PresetKind.MACHINE),
    ("filament_type", PresetKind.FILAMENT),
    ("layer_height", PresetKind.PROCESS),
    ("printer_model", PresetKind.MACHINE),
)
"""Keys that a user's export carries and that tell what it is when it does not say ``type``."""

_HOSTS = frozenset(
    {"print_host", "print_host_webui", "printhost_apikey", "printhost_authorization_type",
     "printhost_cafile", "printhost_port", "printhost_user", "printhost_password",
     "printhost_ssl_ignore_revoke", "host_type", "bbl_use_printhost", "printer_agent"}
)  # fmt: skip
"""Where a printer is and how to sign in there: none of the farm's business, and not to be kept."""
_DROPPED = _HOSTS | {"post_process", "inherits", "include"}
_SCALARS = frozenset(
    {"name", "from", "type", "version", "setting_id", "filament_id", "instantiation",
     "description", "base_id", "user_id", "updated_time", "is_custom_defined", "alias",
     "compatible_printers_condition", "compatible_prints_condition", "renamed_from"}
)  # fmt: skip
"""Of a filament; all its other values are lists, and the slicer crashes on plain ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPreset:
    """A file's own values; what it inherits is still somewhere else."""

    kind: PresetKind
    name: str
    parent: str = ""
    includes: tuple[str, ...] = ()
    offered: bool = True  # not a mere base for others
    values: Mapping[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()  # keys of the person's that were left out


def parse(raw: bytes, shown: str, *, stem: str = "", listed: PresetKind | None = None) -> RawPreset:
    """``shown`` is for sentences; ``stem`` names a preset that has no name of its own.

    ``listed`` is what a vendor's index says it is: its pieces for inclusion say nothing themselves.
    Raises Unusable or TooLarge with a code of its own for what is no preset.
    """
    data = load_object(raw, shown)
    is_piece = listed is not None and not data.get("name")
    kind = listed if listed is not None and "type" not in data else _kind(data, shown)
    name = values.clean_text(data.get("name") or stem, MAX_NAME)
    if not name:
        raise Unusable(f"A preset in {shown} has no name.", code="preset_nameless")
    kept = {
        key: _listed(key, value, kind)
        for key, value in data.items()
        if key not in _DROPPED and _is_plain(value)
    }
    return RawPreset(
        kind=kind,
        name=name,
        parent=values.clean_text(data.get("inherits"), MAX_NAME),
        includes=values.texts(data.get("include") or []),
        offered=not is_piece and str(data.get("instantiation", "true")).lower() != "false",
        values={**kept, "name": name},
        dropped=tuple(key for key in sorted(_DROPPED & set(data)) if _matters(key, data[key])),
    )


def load_object(raw: bytes, shown: str) -> dict[str, Any]:
    """Bounded JSON with an object at its top. Raises Unusable or TooLarge."""
    if len(raw) > MAX_BYTES or raw.count(b",") > MAX_VALUES or raw.count(b"[") > MAX_VALUES:
        raise TooLarge(
            f"A preset in {shown} is larger than any slicer writes.", code="preset_too_large"
        )
    try:
        data = jsonio.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise Unusable(
            f"{shown} is not valid JSON, or damaged. Export the preset again.", code="preset_json"
        ) from error
    if not isinstance(data, dict) or len(data) > MAX_KEYS:
        raise Unusable(
            f"{shown} holds no preset of OrcaSlicer or Bambu Studio.", code="not_a_preset"
        )
    return data


def _kind(data: Mapping[str, Any], shown: str) -> PresetKind:
    told = data.get("type")
    if isinstance(told, str) and told in _KINDS:
        return _KINDS[told]
    found = next((kind for key, kind in _MARKS if key in data), None)
    if told is not None or found is None:
        raise Unusable(
            f"{shown} holds no machine, process or filament preset of OrcaSlicer or Bambu Studio.",
            code="not_a_preset",
        )
    return found


def _is_plain(value: Any) -> bool:
    """A text, a number or a list of such; presets hold nothing else."""
    items = value if isinstance(value, list) else [value]
    return all(isinstance(item, (str, int, float)) for item in items)


def _listed(key: str, value: Any, kind: PresetKind) -> Any:
    if isinstance(value, list):
        return [_text(item) for item in value]
    if kind is PresetKind.FILAMENT and key not in _SCALARS:
        return [_text(value)]
    return _text(value)


def _text(value: Any) -> str:
    """As slicers write values: everything is text, a switch is "1" or "0"."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def _matters(key: str, value: Any) -> bool:
    """Whether a person should hear that it was left out."""
    items = value if isinstance(value, list) else [value]
    return key not in ("inherits", "include") and any(item not in ("", None) for item in items)
