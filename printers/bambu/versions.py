"""The get_version reply: firmware, model and which changers are plugged in (bambu-lan A3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from printers.bambu.models import by_name
from printers.bambu.parsed import Versions
from printers.bambu.values import as_int, as_text, dicts, within

_BOARDS = ("esp32", "rv1126", "ap")
_AMS_MODULES = {"ams": "AMS", "ams_f1": "AMS lite", "n3f": "AMS 2 Pro", "n3s": "AMS HT"}
_BY_BOARD = {
    ("esp32", "AP04", "C11"): "C11",
    ("esp32", "AP04", "C12"): "C12",
    ("esp32", "AP05", "N1"): "N1",
    ("esp32", "AP05", "N2S"): "N2S",
    ("rv1126", "AP05", ""): "BL-P001",
    ("ap", "AP02", ""): "C13",
}


def read_versions(info: Mapping[str, Any]) -> Versions:
    """Read the ``info`` object of the reply; whatever cannot be read stays empty. Never raises."""
    modules = {as_text(m.get("name")): m for m in dicts(_modules(info))}
    ota = modules.get("ota", {})
    kinds: dict[int, str] = {}
    for name in modules:
        kind, _, number = name.partition("/")
        unit = within(as_int(number), 0, 135) if kind in _AMS_MODULES else None
        if unit is not None:
            kinds[unit] = _AMS_MODULES[kind]
    return Versions(
        firmware=as_text(ota.get("sw_ver")),
        model=_model_code(modules),
        serial=as_text(ota.get("sn")),
        ams_kinds=MappingProxyType(kinds),
    )


def _modules(info: object) -> object:
    return info.get("module") if isinstance(info, dict) else None


def _model_code(modules: Mapping[str, Mapping[str, Any]]) -> str:
    for name in ("ota", *_BOARDS):
        module = modules.get(name, {})
        product = by_name(as_text(module.get("product_name")))
        if product is not None:
            return product.code
    for name in _BOARDS:
        module = modules.get(name, {})
        hardware, project = as_text(module.get("hw_ver")), as_text(module.get("project_name"))
        code = _BY_BOARD.get((name, hardware, project)) or _BY_BOARD.get((name, hardware, ""))
        if code:
            return code
        if (model := by_name(project)) is not None:
            return model.code
    ota = by_name(as_text(modules.get("ota", {}).get("project_name")))
    return ota.code if ota else ""
