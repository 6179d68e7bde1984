"""The payload that makes a device of a printer in Home Assistant, and one of the farm.

One retained message per device (alerts 4). What a device had once and has no more stays in it as
``{"p": …}`` alone, which takes that entity out of Home Assistant, whenever it reads it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mqtt_out.entities import of_farm, of_printer
from mqtt_out.topics import Topics
from mqtt_out.words import MAKERS

Json = dict[str, Any]


class Discovery:
    """Pure: settings and facts in, payloads out."""

    def __init__(self, topics: Topics, *, version: str, commands: bool, pictures: bool) -> None:
        self._topics = topics
        self._origin = {"name": "Print farm", "sw": version}
        self._commands, self._pictures = commands, pictures

    def printer(
        self, state: Mapping[str, Any], kind: str, firmware: str, keys: Collection[str]
    ) -> Json:
        """``state``: the printer's state JSON; ``keys``: all it has ever had."""
        printer_id = str(state["id"])
        device = {
            "ids": [self._topics.node(printer_id)],
            "name": state["name"],
            "mf": MAKERS.get(kind, kind),
            "mdl": state["model"],
            "sw": firmware or None,
            "via_device": self._topics.node(),
        }
        components = of_printer(
            self._topics, printer_id, keys, commands=self._commands, pictures=self._pictures
        )
        return {
            "dev": {key: value for key, value in device.items() if value},
            "o": self._origin,
            "cmps": components,
            "stat_t": self._topics.state(printer_id),
            "avty": [{"t": self._topics.status}, {"t": self._topics.availability(printer_id)}],
            "avty_mode": "all",
            "qos": 0,
        }

    def farm(self) -> Json:
        node = self._topics.node()
        return {
            "dev": {"ids": [node], "name": f"Print farm ({self._topics.prefix})", "mdl": "Farm"},
            "o": self._origin,
            "cmps": of_farm(self._topics),
            "stat_t": self._topics.farm,
            "avty": [{"t": self._topics.status}],
            "qos": 0,
        }


def platforms(payload: Json) -> dict[str, str]:
    """Of each component that is really there."""
    return {key: part["p"] for key, part in payload["cmps"].items() if len(part) > 1}


def with_gone(payload: Json, had: Mapping[str, str]) -> Json:
    """The payload, with what the device ``had`` (key -> platform) and has no more."""
    gone = {key: {"p": platform} for key, platform in had.items() if key not in payload["cmps"]}
    return {**payload, "cmps": {**payload["cmps"], **gone}} if gone else payload
