"""What the broker has been told of every printer, and what it should be told now.

Used by one thread (mqtt_out/service.py). Nothing is queued here: a printer is told as it is when
its turn comes, so a slow broker gets fewer messages, never older ones.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.alert_config import MqttConfig
from core.clock import Clock
from core.config import PrinterConfig
from core.jsonio import dumps
from mqtt_out.bands import settled
from mqtt_out.discovery import Discovery, platforms, with_gone
from mqtt_out.entities import FROM_THE_START
from mqtt_out.facts import Facts
from mqtt_out.known import Known
from mqtt_out.state import state_of
from mqtt_out.topics import Topics
from printers.registry import Registry, Snapshot

logger = logging.getLogger(__name__)

Json = dict[str, Any]
Publish = Callable[..., int]
"""Link.publish."""

AT_ONCE = 5
"""Devices announced per round, so that Home Assistant is not flooded by a hundred (alerts 4)."""
FARM_EVERY_S = 5.0
GONE_AFTER_S = 10.0
"""Between the end of a device and that of its values."""


class Desk:
    def __init__(
        self, config: MqttConfig, topics: Topics, registry: Registry,
        printers: Mapping[str, PrinterConfig], facts: Facts, known: Known, discovery: Discovery,
        clock: Clock, publish: Publish,
    ) -> None:  # fmt: skip
        self._config, self._topics, self._registry = config, topics, registry
        self._printers, self._facts, self._known = printers, facts, known
        self._discovery, self._clock, self._publish = discovery, clock, publish
        self._told: dict[str, Json] = {}
        self._due: dict[str, float] = {}  # monotonic s
        self._online: dict[str, bool] = {}
        self._broken: set[str] = set()  # printers that could not be told
        self._stale: set[str] = set()  # printers whose last state has to be said again
        self._identity: dict[str, tuple[Any, ...]] = {}
        self._announce: dict[str, None] = {}  # in this order; "" = the farm
        self._leaving: dict[int, str] = {}
        self._gone: tuple[list[str], float] = ([], 0.0)  # and from when on, monotonic s
        self._farm: Json | None = None
        self._farm_due = 0.0
        self._picture_at: dict[str, str] = {}
        self.states = 0  # state messages since the start
        known.forget_printers_but(printers)

    # -- sessions ------------------------------------------------------------------------------

    def retained(self) -> set[str]:
        """Every topic on which this configuration leaves a message."""
        topics = {self._topics.status, self._topics.farm}
        for printer_id in self._printers:
            topics |= {self._topics.state(printer_id), self._topics.availability(printer_id)}
            if self._config.pictures:
                topics.add(self._topics.image(printer_id))
        if self._config.discovery:
            topics |= {self._topics.config(), *map(self._topics.config, self._printers)}
        return topics

    def begin_session(self) -> None:
        """The broker may have forgotten everything; it gets all of it."""
        wanted = self.retained()
        self._known.add_topics(wanted)
        self._known.save()  # before anything is out: what is out must not be forgotten
        self._publish(self._topics.status, b"online", qos=1, retain=True)
        self._leaving.clear()
        self._begin_removal(self._known.topics - wanted)
        self.say_all()

    def _begin_removal(self, gone: set[str]) -> None:
        """Devices first: one that still listens would complain of each value that is taken away."""
        devices = {topic for topic in gone if topic in self._known.components}
        self._take_away(sorted(devices))
        wait_s = GONE_AFTER_S if devices else 0.0
        self._gone = (sorted(gone - devices), self._clock.monotonic() + wait_s)

    def _take_away(self, topics: Iterable[str]) -> None:
        for topic in topics:
            number = self._publish(topic, b"", qos=1, retain=True)
            if number:
                self._leaving[number] = topic

    def end_removal(self) -> None:
        """The second half of it, once devices have had time to go."""
        topics, due = self._gone
        if topics and self._clock.monotonic() >= due:
            self._gone = ([], 0.0)
            self._take_away(topics)

    def say_all(self) -> None:
        """Announce every device and say every state again."""
        self._online.clear()
        self.due_now()
        self._stale = set(self._printers)
        self._farm, self._farm_due = None, 0.0
        self._identity.clear()
        if self._config.discovery:
            self._announce = dict.fromkeys(["", *self._printers])

    def due_now(self) -> None:
        """Nobody's turn is awaited."""
        self._due.clear()

    def delivered(self, number: int) -> None:
        """The broker has it: what was taken away there is over."""
        topic = self._leaving.pop(number, None)
        if topic is not None:
            self._known.forget_topic(topic)

    # -- rounds --------------------------------------------------------------------------------

    def look(self, printer_ids: Iterable[str]) -> set[str]:
        """Say what is new of these; those whose turn has not come are given back."""
        mono, later = self._clock.monotonic(), set()
        for printer_id in printer_ids:
            if mono < self._due.get(printer_id, 0.0):
                later.add(printer_id)
                continue
            snapshot = self._registry.get(printer_id)
            if snapshot is not None and printer_id in self._printers:
                self._try_to_say(snapshot, mono)
        return later

    def _try_to_say(self, snapshot: Snapshot, mono: float) -> None:
        """A printer that cannot be told is told as away, and keeps no other from being told."""
        printer_id = snapshot.status.printer_id
        try:
            self._say(snapshot, mono)
        except Exception:
            if printer_id not in self._broken:  # every few seconds the same would fill the log
                logger.exception("mqtt: the state of %s could not be told", printer_id)
            self._broken.add(printer_id)
            self._say_online(printer_id, online=False)
        else:
            self._broken.discard(printer_id)

    def _say(self, snapshot: Snapshot, mono: float) -> None:
        printer_id = snapshot.status.printer_id
        new = self._state(snapshot, mono)
        before = self._told.get(printer_id)
        state = settled(new, before)
        self._say_online(printer_id, online=new["online"])
        if state == before and printer_id not in self._stale:
            return
        if not self._publish(self._topics.state(printer_id), dumps(state), retain=True):
            return
        self._told[printer_id] = state
        self._stale.discard(printer_id)
        self._due[printer_id] = mono + self._config.every_s
        self.states += 1

    def _say_online(self, printer_id: str, *, online: bool) -> None:
        if online is not self._online.get(printer_id):
            self._online[printer_id] = online
            word = b"online" if online else b"offline"
            self._publish(self._topics.availability(printer_id), word, qos=1, retain=True)

    def _state(self, snapshot: Snapshot, mono: float) -> Json:
        """With null for whatever it has told once and does not tell now."""
        printer_id = snapshot.status.printer_id
        config = self._printers[printer_id]
        state = state_of(snapshot, config, self._facts, mono, self._clock.time())
        state["picture_at"] = self._picture_at.get(printer_id)
        had = (key for key, value in state.items() if value is not None)
        self._known.add_keys(printer_id, [*had, *FROM_THE_START])
        keys = self._known.keys[printer_id]
        self._know(snapshot, state, len(keys))
        return {**dict.fromkeys(sorted(keys - state.keys())), **state}

    def _know(self, snapshot: Snapshot, state: Json, keys: int) -> None:
        """What its device in Home Assistant is made of; when that changes, it is told anew."""
        status = snapshot.status
        made_of = (status.name, status.kind, status.machine.firmware, state["model"], keys)
        if self._identity.get(status.printer_id) != made_of:
            self._identity[status.printer_id] = made_of
            if self._config.discovery:
                self._announce.setdefault(status.printer_id)

    def announce(self) -> None:
        """Some of the devices that have to be announced."""
        for printer_id in list(self._announce)[:AT_ONCE]:
            if printer_id and printer_id not in self._told:
                if self._registry.get(printer_id) is None:
                    del self._announce[printer_id]
                continue  # its state comes first
            payload = self._payload(printer_id)
            topic = self._topics.config(printer_id)
            self._known.add_components(topic, platforms(payload))
            complete = with_gone(payload, self._known.components[topic])
            if not self._publish(topic, dumps(complete), qos=1, retain=True):
                return
            del self._announce[printer_id]

    def _payload(self, printer_id: str) -> Json:
        if not printer_id:
            return self._discovery.farm()
        snapshot = self._registry.get(printer_id)
        firmware = snapshot.status.machine.firmware if snapshot else ""
        kind = snapshot.status.kind if snapshot else ""
        keys = self._known.keys[printer_id]
        return self._discovery.printer(self._told[printer_id], kind, firmware, keys)

    def farm(self) -> None:
        """The totals, when they have changed."""
        mono = self._clock.monotonic()
        if mono < self._farm_due:
            return
        self._farm_due = mono + max(FARM_EVERY_S, self._config.every_s)
        new = settled(self._facts.farm(self._registry.all(), mono), self._farm)
        if new != self._farm and self._publish(self._topics.farm, dumps(new), retain=True):
            self._farm = new

    def picture(self, printer_id: str, jpeg: bytes, taken_at: str) -> None:
        if self._publish(self._topics.image(printer_id), jpeg, retain=True):
            self._picture_at[printer_id] = taken_at

    def save(self) -> None:
        self._known.save()

    @property
    def has_more(self) -> bool:
        """Devices wait to be announced whose state has been told."""
        return any(not one or one in self._told for one in self._announce)

    @property
    def announced(self) -> int:
        """Devices that Home Assistant has been told of and that are there."""
        return len(self._told) if self._config.discovery else 0
