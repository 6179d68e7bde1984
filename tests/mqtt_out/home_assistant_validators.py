"""Home Assistant's own validators over discovery payloads. Run by a Python that has its wheel:

    python home_assistant_validators.py < payloads.json

Reads ``[{"topic": …, "payload": {…}, "state": {…}, "event": {…}}]``; does with each what its
``mqtt/discovery.py`` does with a device payload, runs each component through the schema of its
platform, and renders every template with its own engine over the state (a trigger's over the
event). Prints JSON
``{"version", "devices", "components", "rendered", "problems": […]}``. Imports nothing of the farm.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import logging
import sys
import tempfile
from typing import Any

from homeassistant.components.mqtt import discovery
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers.template import Template

TEMPLATES = ("value_template", "json_attributes_template")


class Heard(logging.Handler):
    """What Home Assistant would have written into its log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "libturbojpeg" not in record.getMessage():  # a camera works without
            self.lines.append(record.getMessage()[:500])


def schema_of(platform: str) -> Any:
    if platform == "device_automation":
        module = importlib.import_module("homeassistant.components.mqtt.device_trigger")
        return module.TRIGGER_DISCOVERY_SCHEMA
    module = importlib.import_module(f"homeassistant.components.mqtt.{platform}")
    return module.DISCOVERY_SCHEMA


def parsed(hass: HomeAssistant, text: str, topic: str, match: Any) -> Any:
    """{} for one that it would drop; newer versions want the topic besides, for their log."""
    values = {"hass": hass, "payload": text, "topic": topic}
    values |= {"object_id": match["object_id"], "node_id": match["node_id"]}
    wanted = inspect.signature(discovery._parse_device_payload).parameters
    return discovery._parse_device_payload(**{name: values[name] for name in wanted})


def components_of(device: dict[str, Any]) -> Any:
    """As async_discovery_message_received takes them apart."""
    for key, config in device["components"].items():
        platform = config.pop("platform")
        if not config:
            continue
        merged = discovery.MQTTDiscoveryPayload(config)
        merged["device"], merged["origin"] = device["device"], device["origin"]
        discovery._merge_common_device_options(merged, device)
        yield key, platform, merged


def rendered(hass: HomeAssistant, config: dict[str, Any], state: dict[str, Any]) -> int:
    found = [config.get(name) for name in TEMPLATES]
    found += [entry.get("value_template") for entry in config.get("availability", ())]
    texts = [getattr(one, "template", one) for one in found if one is not None]
    for text in texts:
        Template(text, hass).async_render(
            {"value_json": state, "value": json.dumps(state)}, parse_result=False, strict=True
        )
    return len(texts)


async def check(cases: list[dict[str, Any]]) -> dict[str, Any]:
    heard, problems = Heard(), []
    logging.getLogger().addHandler(heard)
    components = templates = 0
    with tempfile.TemporaryDirectory() as folder:
        hass = HomeAssistant(folder)
        for case in cases:
            match = discovery.TOPIC_MATCHER.match(case["topic"].split("/", 1)[1])
            if match is None or match["component"] != "device":
                problems.append(f"{case['topic']}: illegal discovery topic")
                continue
            text = json.dumps(case["payload"])
            device = parsed(hass, text, case["topic"], match)
            if not device:
                problems.append(f"{case['topic']}: the whole device is dropped")
                continue
            for key, platform, config in components_of(device):
                components += 1
                try:
                    clean = schema_of(platform)(dict(config))
                    said = case["event" if platform == "device_automation" else "state"]
                    templates += rendered(hass, clean, said)
                except Exception as error:  # noqa: BLE001 - whatever it raises is its refusal
                    problems.append(f"{case['topic']} {key}: {type(error).__name__}: {error}")
        await hass.async_stop(force=True)
    return {
        "version": __version__, "devices": len(cases), "components": components,
        "rendered": templates, "problems": problems + heard.lines,
    }  # fmt: skip


if __name__ == "__main__":
    json.dump(asyncio.run(check(json.load(sys.stdin))), sys.stdout)
