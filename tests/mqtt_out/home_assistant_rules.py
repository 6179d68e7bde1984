"""Home Assistant's rules for device discovery, written by hand from alerts 4 (checked against the
validators of 2026.2.3), so that every run checks payloads without its wheel. Stricter in one
point: a key that a platform does not know is a mistake of ours, where it would only be ignored.
"""

from __future__ import annotations

import re
from typing import Any

Json = dict[str, Any]

TOPIC = re.compile(r"[^/+#]+/device/(?:[a-zA-Z0-9_-]+/)?[a-zA-Z0-9_-]+/config")
TOP = {"dev", "o", "cmps", "avty", "avty_mode", "pl_avail", "pl_not_avail", "stat_t", "cmd_t",
       "qos", "e"}  # fmt: skip
DEVICE = {"ids", "cns", "name", "mf", "mdl", "mdl_id", "sn", "hw", "sw", "via_device", "sa", "cu"}
ORIGIN = {"name", "sw", "url"}
COMMON = {"p", "uniq_id", "def_ent_id", "name", "ic", "en", "ent_cat", "avty", "avty_mode", "qos",
          "json_attr_t", "json_attr_tpl"}  # fmt: skip
PLATFORM: dict[str, set[str]] = {
    "sensor": {"stat_t", "val_tpl", "dev_cla", "unit_of_meas", "stat_cla", "ops", "exp_aft"},
    "binary_sensor": {"stat_t", "val_tpl", "dev_cla", "pl_on", "pl_off"},
    "button": {"cmd_t", "pl_prs", "dev_cla"},
    "camera": {"t", "img_e"},
    "image": {"img_t", "url_t", "cont_type", "img_e"},
    "event": {"stat_t", "evt_typ", "val_tpl", "dev_cla"},
}
TRIGGER = {"p", "atype", "type", "stype", "t", "pl", "val_tpl", "qos"}
UNITS = {
    "temperature": {"°C", "°F", "K"}, "duration": {"d", "h", "min", "s", "ms"},
    "signal_strength": {"dB", "dBm"}, "humidity": {"%"}, "timestamp": {None}, "enum": {None},
}  # fmt: skip
BINARY_CLASSES = {"connectivity", "problem", "door"}


def violations(topic: str, payload: Json) -> list[str]:
    """What Home Assistant would refuse, or what of it would do nothing; [] = all is well."""
    found = [] if TOPIC.fullmatch(topic) else [f"illegal topic {topic}"]
    found += [f"unknown key {key}: the device is dropped" for key in payload.keys() - TOP]
    found += [f"{key} is missing" for key in {"dev", "o", "cmps"} - payload.keys()]
    device, origin = payload.get("dev", {}), payload.get("o", {})
    found += [f"unknown key dev.{key}: the device is dropped" for key in device.keys() - DEVICE]
    found += [f"unknown key o.{key}" for key in origin.keys() - ORIGIN]
    if not (device.get("ids") or device.get("cns")):
        found.append("dev has neither ids nor cns")
    if not origin.get("name"):
        found.append("o.name is missing")
    if any(not isinstance(value, str) for key, value in device.items() if key not in ("ids",)):
        found.append("a value of dev is no text")
    for key, part in payload.get("cmps", {}).items():
        found += [f"{key}: {why}" for why in _component(part, payload)]
    names = [part["uniq_id"] for part in payload.get("cmps", {}).values() if "uniq_id" in part]
    if len(names) != len(set(names)):
        found.append("a uniq_id is there twice")
    return found


def _component(part: Json, payload: Json) -> list[str]:
    platform = part.get("p")
    if platform == "device_automation":
        return _trigger(part) if len(part) > 1 else []
    if platform not in PLATFORM:
        return [f"unknown platform {platform}"]
    if len(part) == 1:
        return []  # takes it away
    found = [f"unknown key {key}" for key in part.keys() - COMMON - PLATFORM[platform]]
    if not part.get("uniq_id"):
        found.append("uniq_id is missing: the device is dropped")
    domain, _, name = str(part.get("def_ent_id")).partition(".")
    if domain != platform or not re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name):
        found.append(f"def_ent_id {part.get('def_ent_id')}")
    if "stat_t" in PLATFORM[platform] and not (part.get("stat_t") or payload.get("stat_t")):
        found.append("stat_t is missing")
    for entry in [*payload.get("avty", ()), *part.get("avty", ())]:
        if entry.keys() - {"t", "val_tpl", "pl_avail", "pl_not_avail"} or not entry.get("t"):
            found.append(f"avty {entry}")
    if part.get("ent_cat") == "config" and platform in ("sensor", "binary_sensor"):
        found.append("a sensor cannot be of the category config")
    return found + _MORE.get(platform, lambda _: [])(part)


def _sensor(part: Json) -> list[str]:
    found, kind, unit = [], part.get("dev_cla"), part.get("unit_of_meas")
    if "ops" in part and (kind != "enum" or unit or "stat_cla" in part or not part["ops"]):
        found.append("ops go with dev_cla enum, without unit or stat_cla")
    if kind is not None and unit not in UNITS.get(kind, set()):
        found.append(f"{unit} is no unit of {kind}")
    if part.get("stat_cla") not in (None, "measurement", "total", "total_increasing"):
        found.append(f"stat_cla {part['stat_cla']}")
    return found


def _binary(part: Json) -> list[str]:
    return [] if part.get("dev_cla") in {None, *BINARY_CLASSES} else [part["dev_cla"]]


def _button(part: Json) -> list[str]:
    topic = part.get("cmd_t", "")
    return [] if topic and not set(topic) & {"+", "#"} else ["cmd_t is missing or a filter"]


def _camera(part: Json) -> list[str]:
    return [] if part.get("t") else ["t is missing"]


def _image(part: Json) -> list[str]:
    found = [] if ("img_t" in part) != ("url_t" in part) else ["one of img_t and url_t"]
    return (
        [*found, "cont_type goes with img_t"] if "url_t" in part and "cont_type" in part else found
    )


def _event(part: Json) -> list[str]:
    kinds = part.get("evt_typ")
    return [] if kinds and len(kinds) == len(set(kinds)) else ["evt_typ is missing, or doubled"]


def _trigger(part: Json) -> list[str]:
    found = [f"unknown key {key}" for key in part.keys() - TRIGGER]
    found += [f"{key} is missing" for key in {"type", "stype", "t"} - part.keys()]
    return found if part.get("atype") == "trigger" else [*found, "atype is not trigger"]


_MORE = {
    "sensor": _sensor, "binary_sensor": _binary, "button": _button, "camera": _camera,
    "image": _image, "event": _event,
}  # fmt: skip
