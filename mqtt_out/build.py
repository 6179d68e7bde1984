"""Builds the room from the settings. Switched off, nothing runs and nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cameras.build import CameraRoom
from cameras.frames import Frame
from core.alert_config import MqttConfig
from core.clock import Clock
from core.config import FarmConfig, PrinterConfig
from core.events import Bus
from job_queue.forecast.prediction import Forecast
from job_queue.service import JobService
from mqtt_out.desk import Desk
from mqtt_out.discovery import Discovery
from mqtt_out.facts import Facts, FarmFacts
from mqtt_out.known import Known
from mqtt_out.link import Link
from mqtt_out.orders import Execute, MarkClear, Note, Orders
from mqtt_out.pictures import Look, Pictures
from mqtt_out.service import Publisher
from mqtt_out.topics import Topics
from printers.fleet import Fleet
from printers.registry import Registry

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """What the room needs of the farm."""

    facts: Facts
    look: Look
    execute: Execute  # Fleet.execute
    mark_clear: MarkClear
    note: Note


class MqttOut:
    """``start`` once the queue runs, ``stop`` before it ends."""

    def __init__(self, config: MqttConfig, publisher: Publisher | None) -> None:
        self._config, self._publisher = config, publisher

    def start(self) -> None:
        if self._publisher is not None:
            self._publisher.start()

    def stop(self) -> None:
        if self._publisher is not None:
            self._publisher.stop()

    def status(self) -> Json:
        """For the panel. state: off, connecting, online, refused, unreachable, stopped; text: why
        not, for the operator."""
        publisher, config = self._publisher, self._config
        if publisher is None:
            return {"enabled": False, "state": "off", "text": "MQTT is switched off."}
        link = publisher.link.status
        return {
            "enabled": True,
            "state": link.state,
            "text": link.text,
            "since": link.since,
            "broker": f"{config.host}:{config.port}",
            "tls": config.tls,
            "prefix": config.prefix,
            "discovery": config.discovery,
            "commands": config.commands,
            "pictures": config.pictures,
            "devices": publisher.desk.announced,
            "sessions": publisher.link.sessions,
            "states_sent": publisher.desk.states,
            "events_waiting": len(publisher.events),
            "events_dropped": publisher.events.dropped,
            "orders": dict(publisher.orders.counts) if publisher.orders else {},
        }


def build_mqtt(
    config: MqttConfig, *, printers: Mapping[str, PrinterConfig], registry: Registry, bus: Bus,
    clock: Clock, folder: Path, doors: Doors, version: str,
    retry: tuple[float, float] = (1.0, 30.0),
) -> MqttOut:  # fmt: skip
    """``folder``: where it keeps what it has told; ``retry``: s between attempts to connect."""
    if not config.enabled:
        return MqttOut(config, None)
    topics = Topics(config.prefix, config.discovery_prefix)
    known = Known(folder)
    pictures = Pictures(doors.look, config.picture_s) if config.pictures else None
    publisher = Publisher(config, topics, registry, bus, clock, pictures)
    wanted = ((topics.birth,) if config.discovery else ()) + (
        (topics.orders,) if config.commands else ()
    )
    link = Link(config, known.client_id, topics.status, wanted, publisher, clock, retry=retry)
    discovery = Discovery(
        topics, version=version, commands=config.commands, pictures=config.pictures
    )
    desk = Desk(
        config, topics, registry, printers, doors.facts, known, discovery, clock, link.publish
    )
    orders = None
    if config.commands:
        orders = Orders(
            topics, exists=printers.__contains__, execute=doors.execute,
            mark_clear=doors.mark_clear, note=doors.note, send=link.publish, clock=clock,
        )  # fmt: skip
    publisher.employ(link, desk, orders)
    return MqttOut(config, publisher)


def build_mqtt_out(
    config: FarmConfig, *, fleet: Fleet, registry: Registry, jobs: JobService,
    forecast: Callable[[], Forecast | None], cameras: CameraRoom, bus: Bus, clock: Clock,
    note: Note, version: str, defects: Callable[[str], Mapping[str, Any] | None] = lambda _: None,
) -> MqttOut:  # fmt: skip
    """For the farm. ``note``: EventLog.add; ``defects``: the defect watch's word on a printer."""

    def look(printer_id: str) -> Frame | None:
        camera_id = cameras.book.main_of(printer_id)
        return None if camera_id is None else cameras.hub.frame(camera_id)

    doors = Doors(
        facts=FarmFacts(jobs.view, forecast, defects),
        look=look,
        execute=fleet.execute,
        mark_clear=lambda printer_id: jobs.mark_clear(printer_id, by="MQTT"),
        note=note,
    )
    printers = {printer.id: printer for printer in config.printers}
    return build_mqtt(
        config.mqtt, printers=printers, registry=registry, bus=bus, clock=clock,
        folder=config.data_dir / "mqtt", doors=doors, version=version,
    )  # fmt: skip
