"""A real Home Assistant core with its MQTT integration, without pages. Run by a Python that has its
wheel:

    python home_assistant_core.py FOLDER PORT

Reads one JSON request per line, answers one JSON line each: ``{"state": entity}`` → its state,
``{"press": entity}``, ``{"image": entity}`` → how many bytes, ``{"registry": true}`` → names of
devices, ids of entities; ``{"log": true}`` → what it has warned of since the last time. Imports
nothing of the farm. http is a stand-in: nothing listens.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

from homeassistant import bootstrap, config_entries, loader
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.setup import async_setup_component

OURS = ("homeassistant.components.mqtt", "homeassistant.helpers.template")
ENTRY = {
    "entry_id": "m1", "version": 2, "minor_version": 1, "domain": "mqtt", "title": "broker",
    "options": {"discovery": True, "discovery_prefix": "homeassistant"}, "source": "user",
    "pref_disable_new_entities": False, "pref_disable_polling": False, "unique_id": None,
    "disabled_by": None, "discovery_keys": {}, "subentries": [],
    "created_at": "2026-01-01T00:00:00+00:00", "modified_at": "2026-01-01T00:00:00+00:00",
}  # fmt: skip


class Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(OURS):
            self.lines.append(record.getMessage()[:300])

    def take(self) -> list[str]:
        lines, self.lines = self.lines, []
        return lines


async def started(folder: Path, port: int) -> HomeAssistant:
    """As bootstrap does it, with MQTT and nothing else."""
    storage = folder / ".storage"
    storage.mkdir(parents=True)
    entry = {**ENTRY, "data": {"broker": "127.0.0.1", "port": port}}
    content = {"version": 1, "minor_version": 5, "key": "core.config_entries"}
    content["data"] = {"entries": [entry]}
    (storage / "core.config_entries").write_text(json.dumps(content))
    (folder / "configuration.yaml").write_text("homeassistant:\n")
    hass = HomeAssistant(str(folder))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.http = MagicMock()
    for name in ("http", "file_upload"):
        hass.config.components.add(name)
    assert await async_setup_component(hass, "mqtt", {"mqtt": {}})
    await hass.async_start()
    return hass


async def answer(hass: HomeAssistant, heard: Heard, request: dict[str, Any]) -> Any:
    if "state" in request:
        state = hass.states.get(request["state"])
        return None if state is None else [state.state, dict(state.attributes)]
    if "press" in request:
        data = {"entity_id": request["press"]}
        await hass.services.async_call("button", "press", data, blocking=True)
        return True
    if "image" in request:
        image = await hass.data["camera"].get_entity(request["image"]).async_camera_image()
        return len(image or b"")
    if "registry" in request:
        devices = device_registry.async_get(hass).devices.values()
        entities = entity_registry.async_get(hass).entities
        return {"devices": [device.name for device in devices], "entities": sorted(entities)}
    return heard.take()


async def main(folder: Path, port: int) -> None:
    heard = Heard()
    logging.getLogger().addHandler(heard)
    hass = await started(folder, port)
    print(json.dumps(__version__), flush=True)  # noqa: T201
    while line := await asyncio.to_thread(sys.stdin.readline):
        told = await answer(hass, heard, json.loads(line))
        print(json.dumps(told, default=str), flush=True)  # noqa: T201
    await hass.async_stop(force=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
