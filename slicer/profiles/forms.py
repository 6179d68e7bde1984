"""Presets out of JSON again: as kept on disk, and as a reading child tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slicer.profiles.presets import Bundle, Choice, Family, Preset, PresetKind

WRONG = (ValueError, TypeError, KeyError, AttributeError)
"""What the functions below raise for anything else."""


def preset(data: Mapping[str, Any]) -> Preset:
    machines = data["machines"]
    return Preset(
        **{
            **data,
            "kind": PresetKind(data["kind"]),
            "settings": dict(data["settings"]),
            "machines": None if machines is None else tuple(str(name) for name in machines),
        }
    )


def bundle(data: Mapping[str, Any]) -> Bundle:
    return Bundle(
        family=Family(data["family"]),
        name=str(data["name"]),
        presets=tuple(preset(item) for item in data["presets"]),
        warnings=tuple(str(text) for text in data["warnings"]),
    )


def choice(data: Mapping[str, Any]) -> Choice:
    return Choice(
        family=Family(data["family"]),
        machine=preset(data["machine"]),
        process=preset(data["process"]),
        filaments=tuple(preset(item) for item in data["filaments"]),
    )
