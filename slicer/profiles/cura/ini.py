"""Reads Cura's .inst.cfg files: what a quality, a nozzle or a user's profile sets."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One file. Values are texts; one that begins with "=" is a formula."""

    name: str = ""
    definition: str = ""  # of the machine or group of machines it is for
    metadata: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        """ "quality", "variant", "quality_changes" …"""
        return self.metadata.get("type", "")

    @property
    def quality_type(self) -> str:
        return self.metadata.get("quality_type", "")


def parse(text: str) -> Instance:
    """Raises ValueError for what is no such file. Of a key set twice the last counts."""
    reader = configparser.ConfigParser(
        delimiters=("=",), interpolation=None, strict=False, default_section="\0"
    )
    reader.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        reader.read_string(text)
    except configparser.Error as error:
        raise ValueError("it is not an ini file") from error
    sections = {name: dict(reader[name]) for name in reader.sections()}
    general = sections.get("general", {})
    if "definition" not in general or "metadata" not in sections:
        raise ValueError("it does not say for which machine it is")
    return Instance(
        name=general.get("name", ""),
        definition=general["definition"],
        metadata=sections["metadata"],
        values=sections.get("values", {}),
    )
