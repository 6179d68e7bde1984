"""Takes events, each once, and turns them into messages by the rules.

An event is on the disk, with the channels it goes to, before ``take`` returns. What becomes one
message is on the disk as one line. So a kill between the two loses nothing and doubles nothing:
what is owed without a message is put to the rules again at the start.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace

from alerts.codec import storable
from alerts.ends import begins, urgency
from alerts.incidents import Incident, IncidentBook
from alerts.log import AlertLog, Draft, Owed
from alerts.model import TRAITS, Event, Kind, Level, Message
from alerts.mutes import Mutes
from alerts.photos import AlertPhotos
from alerts.rules.compose import compose, plain
from alerts.rules.holder import HOUR_S, Bundle, Holder, Waiting
from alerts.rules.routing import channels_of, level_of, rule_for, rules_of, targets
from core.alert_config import AlertsConfig, ChannelConfig, RuleConfig
from core.clock import Clock
from core.events import Bus

logger = logging.getLogger(__name__)

TOPIC, INCIDENTS = "alert", "incident"
"""On the bus: (TOPIC, identity) -> Event, (INCIDENTS, id) -> Incident."""
TIDY_S = 3600.0
GONE = "The settings have no such channel any more."
RECALLED = 1000
"""Messages that are looked at for the rules' limits."""


class Desk:
    """Thread-safe: any thread may ``take``; messages are made by the desk's own."""

    def __init__(
        self,
        config: AlertsConfig,
        log: AlertLog,
        book: IncidentBook,
        mutes: Mutes,
        photos: AlertPhotos,
        bus: Bus,
        clock: Clock,
    ) -> None:
        self._config, self._log, self._book, self._mutes = config, log, book, mutes
        self._photos, self._bus, self._clock = photos, bus, clock
        self._channels = channels_of(config)
        self._lock = threading.Lock()
        self._holder = Holder(clock, config.image_timeout_s, photos.is_done)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._tidied_at = float("-inf")  # monotonic s
        self._thread = threading.Thread(target=self._run, name="alerts:desk", daemon=True)
        self._recall()

    # -- any thread --------------------------------------------------------------------------------

    def take(self, event: Event) -> bool:
        """Keep it durably; False for one that is known. Never waits for a channel."""
        event = storable(event)
        with self._lock:
            if self._log.known(event.identity):
                return False
            self._mutes.heard(event)
            routes = self._routes(event)
            muted = self._mutes.is_muted(event.printer_id)
            if not self._log.add_event(event, () if muted else routes, muted=muted):
                return False
            changed = self._book.note(event)
            now = self._clock.time()
            if not muted:
                self._wish(event, routes)
                self._put(event, routes, now)
        self._bus.publish((TOPIC, event.identity), event)
        self.publish(changed)
        self._wake.set()
        return True

    def publish(self, changed: Iterable[Incident]) -> None:
        """Tell the bus of incidents; also for acknowledgements, which the web makes."""
        for incident in changed:
            self._bus.publish((INCIDENTS, incident.id), incident)

    def waiting(self) -> int:
        """Events that wait for their message: grouped, in quiet hours, for a digest."""
        with self._lock:
            return len(self._holder.waiting())

    def start(self) -> None:
        self._photos.start(self._photo_taken)
        self._close_gone()
        self._thread.start()

    def stop(self, timeout: float = 3.0) -> None:
        """What waits, waits on the disk."""
        self._stopping.set()
        self._wake.set()
        self._photos.stop()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _close_gone(self) -> None:
        """What is told of a channel that the settings have no more waits for nobody."""
        for one in self._book.open():
            if text := _is_gone(one.event, self._config.channels):
                at = self._clock.time()
                self.take(replace(one.event, at=at, text=text, ends=True, level=Level.INFO))

    # -- taking ------------------------------------------------------------------------------------

    def _routes(self, event: Event) -> Mapping[str, RuleConfig]:
        told: tuple[str, ...] = ()
        if event.ends:
            beginning = self._log.taken(event.incident + "|")
            told = beginning.to if beginning else ()
        return targets(event, self._config, told)

    def _wish(self, event: Event, routes: Mapping[str, RuleConfig]) -> None:
        """A picture that a message or the page will show."""
        if not TRAITS[event.kind].photo or event.ends or event.repeat:
            return
        if begins(event) or any(rule.photo for rule in routes.values()):
            levels = {level_of(event, rule) for rule in routes.values()} | {urgency(event)}
            self._photos.wish(event, Level.NOW if Level.NOW in levels else Level.SOON)

    def _put(self, event: Event, routes: Mapping[str, RuleConfig], at: float) -> None:
        since = self._clock.monotonic()
        for channel, rule in routes.items():
            level = level_of(event, rule)
            edits = _edits(self._channels[channel])
            self._holder.put(Waiting(event, channel, rule, level, edits, at, since))

    def _recall(self) -> None:
        """What an earlier life owes, and how much it has sent within the last hour."""
        configured = {channel.name for channel in self._config.channels}
        for owed in self._log.owed():
            if owed.channel in self._channels:
                self._owe(owed)
            elif owed.channel not in configured:  # one with a mistake may be mended
                self._log.settle([owed.event.identity], owed.channel, GONE)
        for message in self._log.unsent():
            if message.channel not in configured:
                self._log.note(message.id, "failed", GONE)
        self._recall_limits(self._clock.time())

    def _owe(self, owed: Owed) -> None:
        routes = {owed.channel: rule_for(owed.event, owed.channel, self._config)}
        if self._photos.is_done(owed.event.identity):  # else another channel has wished for it
            self._wish(owed.event, routes)
        self._put(owed.event, routes, owed.at)

    def _recall_limits(self, now: float) -> None:
        rules = {rule.name: rule for rule in reversed(rules_of(self._config))}
        for record in reversed(self._log.messages(RECALLED)):
            rule, at = rules.get(record.rule), record.message.created_at
            if rule is not None and now - at < HOUR_S:
                self._holder.note_sent(rule, record.message.channel, at)

    def _photo_taken(self, event: Event, file: str) -> None:
        if file:
            self._log.set_photo(event.identity, file)
            changed = self._book.set_photo(replace(event, photo=file))
            self.publish([changed] if changed else [])
        self._wake.set()

    # -- the desk's thread -------------------------------------------------------------------------

    def step(self) -> float:
        """Make the messages that are due; seconds until there may be more."""
        with self._lock:
            mono = self._clock.monotonic()
            bundles = self._holder.take_due(mono)
            if bundles:
                now = self._clock.time()
                self._log.add_messages([self._draft(bundle, now) for bundle in bundles])
            return self._holder.due_in(mono)

    def _draft(self, bundle: Bundle, now: float) -> Draft:
        shown = tuple(replace(one, event=self._newest(one.event)) for one in bundle.events)
        message = self._worded(replace(bundle, events=shown), now)
        also = tuple(one.event.identity for one in bundle.superseded)
        return Draft(message, bundle.events[0].rule.name, also)

    def _worded(self, bundle: Bundle, now: float) -> Message:
        try:
            return compose(bundle, now)
        except Exception:
            # The barrier of one message: it must not hold up the others, nor be lost.
            logger.exception("alerts: a message of %s is sent without its words", bundle.events)
            return plain(bundle, now)

    def _newest(self, event: Event) -> Event:
        """With its picture, which came after it was taken."""
        taken = self._log.taken(event.identity)
        return taken.event if taken else event

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            wait = 1.0
            try:
                wait = self.step()
                self._tidy()
            except Exception:
                # The barrier of this thread: what was not made yet is still owed in the log.
                logger.exception("alerts: messages could not be made")
            self._wake.wait(wait)

    def _tidy(self) -> None:
        self._log.tend()
        mono = self._clock.monotonic()
        if mono - self._tidied_at >= TIDY_S:
            self._tidied_at = mono
            self._photos.clear(self._log.photos())


def _is_gone(event: Event, channels: Iterable[ChannelConfig]) -> str:
    """Why it is over with these settings, "" = it is not."""
    named = event.key.partition(" ")[0]
    if event.kind is Kind.CHANNEL_DEAD and named not in {one.name for one in channels}:
        return f'The alerts channel "{named}" is not in the settings any more.'
    chats = {chat.strip() for one in channels for chat in (one.chat_id, *one.allowed_chats)}
    if event.kind is Kind.CHANNEL_MOVED and named not in chats:
        return f"The settings do not name the Telegram group {named} any more."
    return ""


def _edits(channel: ChannelConfig) -> bool:
    """It has one message per print, or per printer, that newer news takes the place of."""
    return channel.type == "web_push" or (channel.type == "telegram" and channel.live)
