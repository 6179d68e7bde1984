"""Reads Cura's materials (*.xml.fdm_material): temperatures and what differs by machine, nozzle."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

MAX_BYTES = 1_000_000
_FORBIDDEN = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_SPACE = "{http://www.ultimaker.com/material}"
_CURA_SETTING = "{http://www.ultimaker.com/cura}setting"

KEYS: Mapping[str, str] = {
    "print temperature": "default_material_print_temperature",
    "heated bed temperature": "default_material_bed_temperature",
    "standby temperature": "material_standby_temperature",
    "build volume temperature": "build_volume_temperature",
    "print cooling": "cool_fan_speed",
    "retraction amount": "retraction_amount",
    "retraction speed": "retraction_speed",
    "adhesion tendency": "material_adhesion_tendency",
    "surface energy": "material_surface_energy",
    "shrinkage percentage": "material_shrinkage_percentage",
    "anti ooze retract position": "material_anti_ooze_retracted_position",
    "anti ooze retract speed": "material_anti_ooze_retraction_speed",
    "break preparation position": "material_break_preparation_retracted_position",
    "break preparation speed": "material_break_preparation_speed",
    "break preparation temperature": "material_break_preparation_temperature",
    "break position": "material_break_retracted_position",
    "break speed": "material_break_speed",
    "break temperature": "material_break_temperature",
    "flush purge length": "material_flush_purge_length",
    "flush purge speed": "material_flush_purge_speed",
    "end of filament purge length": "material_end_of_filament_purge_length",
    "end of filament purge speed": "material_end_of_filament_purge_speed",
}
"""The material's name of a setting -> Cura's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One filament. Settings are texts under Cura's own keys."""

    id: str  # "generic_pla_175"
    name: str  # "Generic PLA", "Ultimaker ABS Black"
    type: str  # "PLA"
    brand: str = ""
    diameter_mm: float = 0.0
    density: float | None = None  # g/cm³
    settings: Mapping[str, str] = field(default_factory=dict)
    machines: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Product name -> {"compatible": bool, "settings": {…}, "nozzles": {name: {the same two}}}"""


def read(path: Path) -> Material:
    """Raises OSError, or ValueError for what is no material."""
    if path.stat().st_size > MAX_BYTES:
        raise ValueError("it is too large for a material")
    return parse(path.read_bytes(), path.name.removesuffix(".xml.fdm_material"))


def parse(raw: bytes, material_id: str) -> Material:
    """Raises ValueError."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in raw or _FORBIDDEN.search(raw):
        raise ValueError("it defines XML entities, which no material does")
    try:
        root = ElementTree.fromstring(raw)  # noqa: S314  (entities were ruled out above)
    except (ElementTree.ParseError, LookupError) as error:
        raise ValueError("it is not valid XML") from error
    if root.tag != f"{_SPACE}fdmmaterial":
        raise ValueError("it is not a material")
    named = {
        part: _text(root, f"{_SPACE}metadata/{_SPACE}name/{_SPACE}{part}")
        for part in ("brand", "material", "color", "label")
    }
    settings = root.find(f"{_SPACE}settings")
    return Material(
        id=material_id,
        name=_name(named),
        type=named["material"],
        brand=named["brand"],
        diameter_mm=_number(_text(root, f"{_SPACE}properties/{_SPACE}diameter")) or 2.85,
        density=_number(_text(root, f"{_SPACE}properties/{_SPACE}density")),
        settings={} if settings is None else _settings(settings),
        machines={} if settings is None else _machines(settings),
    )


def _name(named: Mapping[str, str]) -> str:
    if not named["material"]:
        raise ValueError("it does not say what it is made of")
    color = "" if named["color"].lower() == "generic" else named["color"]
    name = named["label"] or " ".join(part for part in (named["material"], color) if part)
    if named["brand"].casefold() in name.casefold():
        return name
    return f"{named['brand']} {name}"


def _settings(parent: ElementTree.Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for element in parent:
        text = (element.text or "").strip()
        name = element.get("key", "")
        if element.tag == f"{_SPACE}setting" and name in KEYS and text:
            found[KEYS[name]] = text
        elif element.tag == _CURA_SETTING and name and text:
            found[name] = text
    return found


def _said(parent: ElementTree.Element) -> dict[str, Any]:
    fits = True
    for element in parent.findall(f"{_SPACE}setting"):
        if element.get("key") == "hardware compatible":
            fits = (element.text or "").strip().lower() != "no"
    return {"compatible": fits, "settings": _settings(parent)}


def _machines(settings: ElementTree.Element) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for element in settings.findall(f"{_SPACE}machine"):
        said = _said(element)
        said["nozzles"] = {
            nozzle.get("id", ""): _said(nozzle) for nozzle in element.findall(f"{_SPACE}hotend")
        }
        for identifier in element.findall(f"{_SPACE}machine_identifier"):
            found[identifier.get("product", "").casefold()] = said
    return found


def _text(root: ElementTree.Element, path: str) -> str:
    return (root.findtext(path) or "").strip()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
