"""What the printer's own thread does with Moonraker's news: follow, ask again, publish.

Everything here runs in that one thread, except where a method says otherwise.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from core.config import PrinterConfig
from printers.lan.report import StatusKeeper
from printers.moonraker import picture as k
from printers.moonraker import words
from printers.moonraker.client import Session, Timing
from printers.moonraker.commands import RESTARTS
from printers.moonraker.console import Console
from printers.moonraker.facts import Facts
from printers.moonraker.parse import report_of
from printers.moonraker.picture import Klippy, Picture, is_urgent, merge
from printers.moonraker.rpc import Answer, Notification
from printers.moonraker.sense import Sense
from printers.moonraker.setup_klipper import STEPS, Setup
from printers.moonraker.values import mapping, name, text
from printers.status import Notice

logger = logging.getLogger(__name__)

_FACTS = ("server.history.list", "server.files.metadata")
_SETTLE_S = 0.5
_ORDERS = {"printer.print.pause": "pause", "printer.print.cancel": "cancel"}


class PrinterListener:
    """Implements client.Listener, setup_klipper.Target and courier.Notes. One per printer, for all
    its sessions."""

    def __init__(
        self,
        config: PrinterConfig,
        keeper: StatusKeeper,
        timing: Timing,
        identity: Callable[[], Mapping[str, str]],
        good: Callable[[], None],
        light_pin: str = "",
    ) -> None:
        """``good`` is called with the first report of each session."""
        self._config = config
        self._keeper = keeper
        self._timing = timing
        self._identity = identity
        self._good = good
        self._light_pin = light_pin
        self._sense = Sense(timing)
        self._session: Session | None = None
        self._setup: Setup | None = None
        self._subscribed = False
        self._reported = False  # in this session
        self._has_picture = False  # something of this session is worth a report
        self._dirty = False
        self._now = self._publish_at = self._ask_at = 0.0
        self._klipper_heard = 0.0
        self._restart_until = 0.0
        self._notice_until = 0.0
        self._settle_until = 0.0
        self._awaited: list[threading.Event] = []
        self.failures = 0
        self.facts = Facts(self._ask, self.learned)
        self.picture = Picture(name=config.name, model=config.model)

    # -- for any thread ------------------------------------------------------------------------

    @property
    def console(self) -> Console:
        return self.facts.console

    def ordered(self, method: str) -> None:
        """A person sends this now: what follows from it is no surprise."""
        if method in RESTARTS:
            self._restart_until = time.monotonic() + self._timing.restart
        elif method == "printer.print.pause":
            self._sense.pause_asked = True

    def refused(self, method: str) -> None:
        """It will not happen after all."""
        if method in RESTARTS:
            self._restart_until = 0.0
        elif method == "printer.print.pause":
            self._sense.pause_asked = False

    def ask_all(self, session: Session) -> threading.Event:
        """A full report, made after this call; set when it has been published."""
        done = threading.Event()
        setup = self._setup
        if self._subscribed and setup is not None:
            run = setup.run
            session.ask(
                "printer.objects.query",
                {"objects": self.picture.layout.subscription()},
                then=self._guard(lambda a: self._told(done, self._on_query, a, run)),
            )
        else:
            session.ask(
                "server.info", then=self._guard(lambda a: self._told(done, self._on_info, a))
            )
        return done

    def _told(self, done: threading.Event, handler: Callable[..., None], *arguments: Any) -> None:
        """An answer that somebody waits for: told once it can be seen."""
        handler(*arguments)
        self._awaited.append(done)
        self._dirty = True

    # -- client.Listener -----------------------------------------------------------------------

    def session_up(self, session: Session) -> None:
        self._session = session
        self._setup = Setup(session, self, self._guard, self._light_pin)
        self._subscribed = self._reported = self._has_picture = False
        self.learned(last=None)
        self._sense.reset()
        self._now = self._klipper_heard = time.monotonic()
        self._ask_at = self._now + self._timing.ask_starting
        session.ask("server.connection.identify", self._identity(), then=self._on_identified)

    def notified(self, news: Notification) -> None:
        handle = {
            "notify_status_update": self._on_status,
            "notify_klippy_ready": self._on_klippy_ready,
            "notify_klippy_shutdown": self._on_klippy_shutdown,
            "notify_klippy_disconnected": self._on_klippy_gone,
            "notify_history_changed": self._on_history_changed,
            "notify_webcams_changed": self.facts.on_webcams_changed,
            "notify_gcode_response": self.facts.on_console,
        }.get(news.method)
        if handle is not None:
            self._guard(handle)(news.params)

    def tick(self, now: float) -> float:
        self._guard(self._tick)(now)
        return min(self._publish_at, self._ask_at) if self._has_news else self._ask_at

    def _tick(self, now: float) -> None:
        self._now = now
        if self._notice_until and now >= self._notice_until:
            self._notice_until = 0.0
            self.learned(notices=())
        if now >= self._ask_at:
            self._ask_again(now)
        if self._klipper_is_silent(now):
            self._set_klippy(Klippy(k.SILENT))
        if self._has_news and now >= self._publish_at and not self._is_settling(now):
            self._publish()

    @property
    def _has_news(self) -> bool:
        return self._has_picture and (self._dirty or self._sense.is_restless)

    def _is_settling(self, now: float) -> bool:
        """The first report waits a moment for what belongs to it."""
        session = self._session
        if session is None or now >= self._settle_until:
            return False
        return bool(session.calls.is_open(*_FACTS))

    # -- is Klipper there? ---------------------------------------------------------------------

    def _on_identified(self, answer: Answer) -> None:
        if answer.is_unauthorized:
            self._end("auth")
        elif not answer.lost:  # very old servers do not know the method
            self._ask("server.info", self._on_info)

    def _on_info(self, answer: Answer) -> None:
        """server.info: the only place where "startup" and "error" of Klipper are shown."""
        if answer.is_unauthorized:
            self._end("auth")
        if not answer.ok or self._setup is None:
            return
        info = mapping(answer.result)
        self._setup.learn_server(info)
        connected = info.get("klippy_connected") is not False
        state = text(info.get("klippy_state"), 40) if connected else k.DISCONNECTED
        if state not in (k.READY, k.SHUTDOWN, k.ERROR):
            self._on_absent(k.STARTUP if state == k.STARTUP else k.DISCONNECTED)
        elif not self._subscribed:
            self._setup.begin(state)

    def _on_absent(self, state: str) -> None:
        self._subscribed = False
        if self._setup is not None:
            self._setup.forget()
        if state == k.STARTUP:
            self._ask("printer.info", self._on_starting)
        elif time.monotonic() < self._restart_until:
            self._set_klippy(Klippy(k.RESTARTING))
        else:
            self._set_klippy(Klippy(k.DISCONNECTED))

    def _on_starting(self, answer: Answer) -> None:
        message = mapping(answer.result).get("state_message") if answer.ok else ""
        if not self._subscribed:
            self._set_klippy(Klippy(k.STARTUP, words.klipper_text(message)))

    def _on_klippy_ready(self, _: tuple[Any, ...]) -> None:
        """It is a new Klipper: subscriptions to the old one are gone (4.Moonraker.9)."""
        self._subscribed = False
        self._ask("server.info", self._on_info)

    def _on_klippy_shutdown(self, _: tuple[Any, ...]) -> None:
        if self._session is not None:
            self.ask_all(self._session)

    def _on_klippy_gone(self, _: tuple[Any, ...]) -> None:
        self._on_absent(k.DISCONNECTED)

    def _klipper_is_silent(self, now: float) -> bool:
        """It owes us an answer, or the next of its reports, for too long."""
        since = self._klipper_heard if self._subscribed else None
        if since is None and self._session is not None:
            since = self._session.calls.oldest(*STEPS)
        return since is not None and now - since > self._timing.klipper_silent

    def _set_klippy(self, klippy: Klippy) -> None:
        """Klipper is away. Its last values are kept, but no longer shown as live."""
        if klippy != self.picture.klippy or not self._reported:
            self.picture = replace(self.picture, klippy=klippy)
            self._publish_at = self._now
        self._has_picture = self._dirty = True

    def _ask_again(self, now: float) -> None:
        """Klipper itself must answer now and then; Moonraker tells whether it is there."""
        settled = self._subscribed and self.picture.klippy.is_up
        self._ask_at = now + (self._timing.ask if settled else self._timing.ask_starting)
        session = self._session
        if session is None:
            return
        if not session.calls.is_open("server.info"):
            self._ask("server.info", self._on_info)
        if self._subscribed and not session.calls.is_open("printer.objects.query"):
            self.ask_all(session)

    # -- setup_klipper.Target ------------------------------------------------------------------

    def learned(self, **changes: Any) -> None:
        self.picture = replace(self.picture, **changes)
        self._dirty = True

    def found_webcams(self, webcams: tuple[Mapping[str, Any], ...]) -> None:
        self.facts.found_webcams(webcams)

    def subscribed(self, status: object, state: str) -> None:
        self._subscribed = True
        self._restart_until = 0.0
        self._sense.reset()
        self.facts.forget_file()
        self._settle_until = self._now + _SETTLE_S
        self._take(status, state)
        self._publish_at = self._now

    # -- following -----------------------------------------------------------------------------

    def _on_status(self, params: tuple[Any, ...]) -> None:
        if self._subscribed and params:
            self._take(params[0])

    def _on_query(self, answer: Answer, run: int) -> None:
        current = self._setup is not None and run == self._setup.run
        if answer.ok and self._subscribed and current:
            self._take(mapping(answer.result).get("status"))
            self._publish()

    def _take(self, status: object, state: str = "") -> None:
        """Lay new values over the old and see what follows. ``state``: Klipper's, should its
        webhooks not tell."""
        self._klipper_heard = self._now
        objects = merge(self.picture.objects, status)
        hooks = objects.get("webhooks", {})
        before = self.picture.klippy
        was = state or (before.state if before.is_up else k.READY)
        message = hooks.get("state_message")
        klippy = Klippy(
            text(hooks.get("state"), 40) or was, message[:4000] if isinstance(message, str) else ""
        )
        self.picture = replace(self.picture, objects=objects, klippy=klippy)
        file = name(self.picture.object("print_stats").get("filename"))
        self.facts.look_at_file(file, self.picture.metadata)
        if klippy.state != before.state or is_urgent(mapping(status)):
            self._publish_at = self._now
        self._has_picture = self._dirty = True

    def _on_history_changed(self, params: tuple[Any, ...]) -> None:
        self._publish_at = self._now
        self.facts.on_history_changed(params)

    # -- courier.Notes, in the session's thread ------------------------------------------------

    def refused_later(self, what: str, answer: Answer) -> None:
        """A command that was reported as pending has been refused after all."""
        said = words.late_refusal(self._config.name, what, answer.text)
        logger.warning("%s: %s", self._config.id, said.rstrip("."))
        self._notice_until = self._now + self._timing.notice
        self.learned(notices=(Notice(code="refused_later", text=said),))

    # -- helpers -------------------------------------------------------------------------------

    def _end(self, kind: str) -> None:
        if self._session is not None:
            self._session.end(kind)

    def _ask(
        self, method: str, then: Callable[[Answer], None], params: Mapping[str, Any] | None = None
    ) -> None:
        if self._session is not None:
            self._session.ask(method, params, then=self._guard(then))

    def _guard(self, handle: Callable[[Any], None]) -> Callable[[Any], None]:
        """A message the farm cannot digest is logged and counted, and ends nothing."""

        def guarded(news: Any) -> None:
            try:
                handle(news)
            except Exception:
                self.failures += 1
                logger.exception("%s: a message of Moonraker was not understood", self._config.id)

        return guarded

    def _publish(self) -> None:
        news, self._dirty = self._dirty, False
        self._publish_at = self._now + self._timing.publish
        session = self._session
        waiting = session.calls.is_open(*_ORDERS) if session is not None else ""
        sensed = self._sense.look(self.picture, self._now)
        picture = replace(self.picture, ordered=_ORDERS.get(waiting, ""), sensed=sensed)
        self.picture = picture
        self._keeper.report(report_of(picture), seen=news)
        awaited, self._awaited = self._awaited, []
        for done in awaited:
            done.set()
        if not self._reported:
            self._reported = True
            self._good()
