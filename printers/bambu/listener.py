"""What the printer's own thread does: take messages, watch the silence, publish the status.

Everything here runs in that one thread, except where a method says otherwise.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from core.config import PrinterConfig
from core.errors import FarmError, PrinterOffline
from printers.bambu import link_words as words
from printers.bambu.commander import Commander
from printers.bambu.identity import Identity
from printers.bambu.inbox import Inbox
from printers.bambu.link import Link
from printers.bambu.models import by_name
from printers.bambu.parse import read_versions
from printers.bambu.parse_machine import DEVELOPER_MODE_OFF
from printers.bambu.payloads import GET_VERSION, PUSH_START, PUSHALL, Request
from printers.bambu.pending import Answer, Pending
from printers.bambu.proofs import Proofs
from printers.bambu.reading import Reading
from printers.bambu.refusals import is_locked
from printers.bambu.status_of import MachineCache, Shown, build
from printers.bambu.watchdog import Action, Timing, Watchdog
from printers.base import AdapterContext
from printers.lan import outage as outage_words
from printers.lan.outage import Outage
from printers.status import Link as LinkStatus
from printers.status import Notice, PrinterState, PrinterStatus

logger = logging.getLogger(__name__)

_ANSWERING = ("info", "system", "camera", "xcam", "upgrade")
_UNSIGNED = Answer(ok=False, code=0x0502_4007)
"""What newer firmware answers to an unsigned command; P1 and A1 only show an HMS entry (A10)."""

_ASK_AT_MOST_EVERY_S = 60.0
_SILENCES = ("wrong_serial", "no_full_report", "unreadable_reports")
"""Notices that say why a session has not shown the printer's state yet."""

_REQUESTS = {Action.PROBE: GET_VERSION, Action.START: PUSH_START, Action.PUSHALL: PUSHALL}


class PrinterListener:
    """Implements link.Owner."""

    def __init__(
        self,
        config: PrinterConfig,
        context: AdapterContext,
        identity: Identity,
        reading: Reading,
        timing: Timing,
    ) -> None:
        self._config = config
        self._publish_status = context.publish
        self._clock = context.clock
        self._identity = identity
        self._timing = timing
        self.reading = reading
        self.inbox = Inbox()
        self.pending = Pending()
        self.proofs = Proofs()
        self.next_tray = ""
        self.held_until = 0.0
        self.failures = 0
        self._machine = MachineCache(config)
        text = outage_words.connecting(config.name)
        self._shown = Shown(state=PrinterState.CONNECTING, message=text, link=LinkStatus(text=text))
        self._notices: dict[str, Notice] = {}
        self._proof_notes: tuple[Notice, ...] = ()
        self._heard: tuple[float | None, float | None] = (None, None)
        self._published_at = 0.0
        self._dirty = False
        self._up_since = 0.0
        self._ask_at = self._ask_gap = 0.0
        self._dropped_before = 0
        self._watchdog = Watchdog(timing, 0.0, weak=True)
        self._full_waiters: list[threading.Event] = []
        self._link: Link | None = None
        self._commander: Commander | None = None

    def attach(self, link: Link, commander: Commander) -> None:
        """Before the thread starts."""
        self._link = link
        self._commander = commander

    # for any thread

    def status(self) -> PrinterStatus:
        """The status as of now."""
        return build(
            self._config,
            self.reading,
            self._machine.get(self.reading),
            self._shown,
            self._heard,
            self.next_tray,
            self._all_notices(),
        )

    def expect_full(self) -> threading.Event:
        """Set when the next whole report has been taken in."""
        event = threading.Event()
        self._full_waiters.append(event)
        return event

    def asked_for_all(self) -> None:
        """Somebody else sent a pushall; weak printers must not get another one soon."""
        self._watchdog.asked(self._clock.monotonic())

    def mark_dirty(self) -> None:
        """Something was set from outside; the thread publishes it at its next turn."""
        self._dirty = True

    # link.Owner

    def link_opening(self) -> None:
        """An attempt begins; what is shown stays until it is known how it ends."""

    def link_down(self, outage: Outage) -> None:
        self.pending.drop_all()
        self.proofs.clear()
        self._proof_notes = ()
        self._forget_silence()
        self._set_notice(outage.notice, outage.text)
        self._show(outage.state, outage.text, online=False)
        self._publish()

    def link_stopped(self) -> None:
        """The adapter is no longer in charge; what it last said must not be taken for live."""
        self.pending.drop_all()
        self._show(PrinterState.OFFLINE, outage_words.stopped(self._config.name), online=False)

    def session_up(self) -> None:
        now = self._clock.monotonic()
        self._up_since = now
        self._ask_gap = self._timing.first_again
        self._ask_at = now + self._ask_gap
        self._dropped_before = self.inbox.dropped
        self.reading.reset()
        self._watchdog = Watchdog(self._timing, now, weak=self.reading.model.pushes_diffs)
        self._notices.pop("client_slots_full", None)
        self._show(PrinterState.CONNECTING, words.waiting(self._config.name), online=True)
        self._tell(PUSHALL)
        self._tell(GET_VERSION)
        self._publish()

    def session_payload(self, payload: bytes) -> None:
        """One message. No message may end the thread, whatever is in it."""
        try:
            message = self.inbox.decode(payload)
            if message is not None:
                self._take(message)
        except Exception as error:  # the barrier around each message
            self.failures += 1
            self.inbox.drop(f"{type(error).__name__}: {error}"[:200])
            if self.failures == 1:
                logger.exception("%s: report could not be handled", self._config.id)

    def session_tick(self) -> None:
        try:
            self._tick(self._clock.monotonic())
        except Exception:  # as above: the thread goes on
            logger.exception("%s: watchdog failed", self._config.id)

    # messages

    def _take(self, message: dict[str, Any]) -> None:
        body = message.get("print")
        if type(body) is dict:
            command = body.get("command")
            if command == "push_status" or command is None:
                self._report(body)
            else:
                self._answer("print", body)
            return
        for section in _ANSWERING:
            body = message.get(section)
            if type(body) is dict:
                self._answer(section, body)
                return

    def _report(self, body: dict[str, Any]) -> None:
        now = self._clock.monotonic()
        reading = self.reading
        before, free = reading.full_frames, reading.parsed.lock is None
        changed = reading.take(body, now)
        if free and reading.parsed.lock is not None:
            self.pending.refuse("print", _UNSIGNED)
        self._watchdog.reported(now)
        self._heard = (self._clock.time(), now)
        self._dropped_before = self.inbox.dropped
        if self._shown.state is not None and reading.has_full:
            self._first_report()
            return
        if self.proofs.waiting or self._proof_notes:
            changed = self._check_proofs(now, fresh=True) or changed
        if changed or self._dirty or now - self._published_at >= self._timing.publish:
            self._publish()
        if reading.full_frames != before and self._full_waiters:
            self._release_waiters()

    def _first_report(self) -> None:
        """The session is good: the printer's own state stands from here on."""
        self._forget_silence()
        self._show(None, "", online=True)
        self._publish()
        self._release_waiters()
        if self._link is not None:
            self._link.session_is_good()
        try:
            self._identity.save()
        except FarmError as error:
            logger.warning("%s: certificate not saved: %s", self._config.id, error.message)
            self._set_notice("certificate_unsaved", error.message)

    def _answer(self, section: str, body: dict[str, Any]) -> None:
        now = self._clock.monotonic()
        self._heard = (self._clock.time(), now)
        self._watchdog.heard(now)
        if section == "info" and body.get("command") == "get_version":
            self._learn(body)
        answer = self.pending.resolve(section, body)
        if answer is not None and is_locked(answer):
            self.reading.lock = DEVELOPER_MODE_OFF
            self._dirty = True
        if self._dirty or now - self._published_at >= self._timing.publish:
            self._publish()

    def _learn(self, body: dict[str, Any]) -> None:
        versions = read_versions(body)
        model = by_name(versions.model)
        configured = by_name(self._config.model)
        if self.reading.learn(versions, model):
            self._dirty = True
            differs = model is not None and configured is not None and model is not configured
            text = f"{self._config.name} is a {model.name if model else ''}, not a "
            text += f"{self._config.model} as the settings say."
            self._set_notice("model_differs" if differs else "", text)

    def _check_proofs(self, now: float, *, fresh: bool) -> bool:
        notes = self.proofs.check(self.status(), now, fresh=fresh)
        if notes == self._proof_notes:
            return False
        self._proof_notes = notes
        return True

    def _release_waiters(self) -> None:
        waiters, self._full_waiters = self._full_waiters, []
        for event in waiters:
            event.set()

    # silence

    def _tick(self, now: float) -> None:
        if self.reading.has_full and self.reading.settle(now):
            self._dirty = True
        if self._proof_notes and self._check_proofs(now, fresh=False):
            self._dirty = True
        self._judge_silence(now)
        state = self.reading.state
        action = self._watchdog.due(
            now,
            active=state.has_job or state is PrinterState.BUSY,
            held=now < self.held_until and not state.has_job,
        )
        if action is Action.RECONNECT and self._link is not None:
            self._link.reconnect_silent()
        elif action is not None:
            self._tell(_REQUESTS[action])
        if self._dirty:
            self._publish()

    def _judge_silence(self, now: float) -> None:
        name = self._config.name
        if "kicked" in self._notices and now - self._up_since >= self._timing.steady:
            del self._notices["kicked"]
            self._dirty = True
        if self.reading.has_full:
            quiet = now - self._watchdog.heard_at
            if quiet >= self._timing.offline and self._shown.state is None:
                text = words.unreadable(name) if self._is_unreadable else words.silent(name)
                self._show(PrinterState.OFFLINE, text, online=False)
                self._dirty = True
            return
        if now >= self._ask_at:  # without a whole report differences mean nothing
            self._ask_gap = min(self._ask_gap * 2, _ASK_AT_MOST_EVERY_S)
            self._ask_at = now + self._ask_gap
            self._watchdog.asked(now)
            self._tell(PUSHALL)
        if now - self._up_since >= self._timing.first_report:
            self._explain_silence()

    @property
    def _is_unreadable(self) -> bool:
        """Something came since the last report, and nothing of it could be read."""
        return self.inbox.dropped > self._dropped_before

    def _explain_silence(self) -> None:
        """Connected, but the printer's state is not known: say what is seen of it."""
        name = self._config.name
        if self._is_unreadable:
            code, text = "unreadable_reports", words.unreadable(name)
        elif self._watchdog.reported_at > self._up_since:
            code, text = "no_full_report", words.only_changes(name)
        else:
            code, text = "wrong_serial", words.wrong_serial(name, self._config.serial)
        if code in self._notices:
            return
        self._forget_silence()
        self._set_notice(code, text)
        self._show(PrinterState.CONNECTING, text, online=True)
        self._dirty = True

    def _forget_silence(self) -> None:
        for code in _SILENCES:
            self._notices.pop(code, None)

    # showing

    def _tell(self, request: Request) -> None:
        if self._commander is None:
            return
        try:
            self._commander.tell(request)
        except PrinterOffline:
            logger.debug("%s: %s not sent, session ended", self._config.id, request.command)

    def _show(self, state: PrinterState | None, text: str, *, online: bool) -> None:
        link = self._shown.link
        if link.online is not online or link.text != text or link.since is None:
            link = LinkStatus(online=online, text=text, since=self._clock.time())
        self._shown = Shown(state=state, message=text, link=link)

    def _set_notice(self, code: str, text: str) -> None:
        if code:
            self._notices[code] = Notice(code=code, text=text)

    def _all_notices(self) -> tuple[Notice, ...]:
        reading = self.reading
        parsed = reading.parsed.notices
        if parsed and reading.storage != reading.parsed.storage:  # not settled yet
            parsed = tuple(note for note in parsed if not note.code.startswith("storage_"))
        if not self._notices and not self._proof_notes:
            return parsed
        return (*self._notices.values(), *self._proof_notes, *parsed)

    def _publish(self) -> None:
        self._dirty = False
        self._published_at = self._clock.monotonic()
        self._publish_status(self.status())
