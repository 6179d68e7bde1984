"""The thread that keeps the broker in step with the farm, and how it is doing."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import Any

from alerts.model import TRAITS, Event
from core.alert_config import MqttConfig
from core.clock import Clock
from core.events import Bus
from mqtt_out.bands import iso
from mqtt_out.desk import Desk
from mqtt_out.events import Outgoing
from mqtt_out.link import Link
from mqtt_out.orders import Orders
from mqtt_out.pictures import Pictures, small
from mqtt_out.topics import Topics
from printers.registry import TOPIC as PRINTER
from printers.registry import Registry, Snapshot

logger = logging.getLogger(__name__)

BATCH_S = 0.1
"""Between two rounds: a hundred printers are told in a few packets, not in a hundred wake-ups."""
TICK_S = 1.0
ALL_S = 5.0
"""So often every printer is looked at: silence is news too."""
AGAIN_S = 10.0
"""Home Assistant may start this often; everything is announced no more often."""
SAVE_S = 5.0
"""What is out is written down this late at most; what a session begins with, before it begins."""
ALERT = "alert"
_SELF = "mqtt"
_BYE_S = 3.0


class Publisher:
    """Thread "mqtt:out". ``start`` and ``stop`` once each; the link calls its ``link_…``."""

    def __init__(
        self, config: MqttConfig, topics: Topics, registry: Registry, bus: Bus, clock: Clock,
        pictures: Pictures | None,
    ) -> None:  # fmt: skip
        """``pictures``: None = none are sent. ``employ`` before ``start``."""
        self._config, self._topics, self._registry = config, topics, registry
        self._bus, self._clock, self._pictures = bus, clock, pictures
        self.events = Outgoing()
        self._dirty: set[str] = set()
        self._delivered: deque[tuple[int, int]] = deque()  # session, number
        self._session = 0  # the one that has been begun here; numbers mean nothing in another
        self._next_all = self._next_pictures = self._next_save = self._next_again = 0.0
        self._again = False
        self._stopping = threading.Event()
        self._box = bus.subscribe(PRINTER, ALERT, _SELF)
        self._thread = threading.Thread(target=self._run, name="mqtt:out", daemon=True)
        self.link: Link
        self.desk: Desk
        self.orders: Orders | None = None

    def employ(self, link: Link, desk: Desk, orders: Orders | None) -> None:
        """``orders``: None = none are taken."""
        self.link, self.desk, self.orders = link, desk, orders

    def start(self) -> None:
        self._thread.start()
        self.link.start()

    def stop(self) -> None:
        """The broker is told that the farm is gone."""
        self._stopping.set()
        self._bus.unsubscribe(self._box)  # wakes the thread
        if self._thread.is_alive():
            self._thread.join(_BYE_S)
        self.desk.save()
        self.link.stop(_BYE_S)

    # -- what the link calls, in its thread ------------------------------------------------------

    def link_up(self) -> None:
        self._box.put((_SELF, "up"), True)

    def link_delivered(self, number: int) -> None:
        self._delivered.append((self.link.sessions, number))

    def link_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        if topic == self._topics.birth:
            if payload == b"online" and not retained:  # a retained one is of some time ago
                self._box.put((_SELF, "again"), True)
        elif self.orders is not None:
            self.orders.take(topic, payload, retained=retained)
            if retained and payload and self._topics.read_order(topic):
                self.link.publish(topic, b"", qos=1, retain=True)  # it would lie there for ever

    # -- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._hear(self._box.take(0.0 if self._has_more() else TICK_S))
                self._round()
            except Exception:
                # The barrier of this thread: one round less, the next sees all of it again.
                logger.exception("mqtt: a round failed")
            self._stopping.wait(BATCH_S)

    def _has_more(self) -> bool:
        """Something waits for its turn, not for news."""
        return self._may_send() and bool(self._dirty or self._delivered or self.desk.has_more)

    def _hear(self, slots: dict[Any, Any]) -> None:
        for (topic, name), value in slots.items():
            if topic == PRINTER:
                self._dirty.add(name)
            elif isinstance(value, Event):
                self._take(value)
        if (_SELF, "up") in slots:
            self._session = self.link.sessions
            self.events.begin_session()
            self.desk.begin_session()
            self._next_all = 0.0
        elif (_SELF, "again") in slots:
            self._again = True

    def _take(self, event: Event) -> None:
        self.events.add(event)
        if self._pictures is not None and event.printer_id and TRAITS[event.kind].photo:
            self._pictures.want(event.printer_id, self._clock.monotonic())

    def _round(self) -> None:
        self._note_delivered()
        if not self._may_send() or self.link.is_behind:
            return
        self._send_events()
        mono = self._clock.monotonic()
        if self._again and mono >= self._next_again:
            self._again, self._next_again = False, mono + AGAIN_S
            logger.info("mqtt: Home Assistant has started; everything is announced again")
            self.desk.say_all()
            self._next_all = 0.0
        if mono >= self._next_all:
            self._next_all = mono + ALL_S
            self._dirty |= {snapshot.status.printer_id for snapshot in self._registry.all()}
        dirty, self._dirty = self._dirty, set()
        self._dirty |= self.desk.look(dirty)
        self.desk.announce()
        self.desk.end_removal()
        self.desk.farm()
        if self._pictures is not None and mono >= self._next_pictures:
            self._next_pictures = mono + TICK_S
            self._send_pictures(self._pictures, mono)
        if mono >= self._next_save:
            self._next_save = mono + SAVE_S
            self.desk.save()

    def _may_send(self) -> bool:
        return self.link.is_up and self._session == self.link.sessions

    def _note_delivered(self) -> None:
        while self._delivered:
            session, number = self._delivered.popleft()
            if session == self._session:
                self.events.delivered(number)
                self.desk.delivered(number)

    def _send_events(self) -> None:
        def send(printer_id: str, payload: bytes) -> int:
            return self.link.publish(self._topics.event(printer_id), payload, qos=1)

        self.events.send(send, self._clock.time())

    def _send_pictures(self, pictures: Pictures, mono: float) -> None:
        for snapshot in self._registry.all():
            pictures.follow(snapshot.status.printer_id, printing=_prints(snapshot), mono=mono)
        for printer_id, frame in pictures.taken(mono):
            self.desk.picture(printer_id, small(frame.jpeg), iso(frame.taken_at) or "")
            self._dirty.add(printer_id)


def _prints(snapshot: Snapshot) -> bool:
    return snapshot.status.state.has_job
