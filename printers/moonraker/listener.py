"""What the printer's own thread does with Moonraker's news: set up, follow, ask again, publish.

Everything here runs in that one thread, except where a method says otherwise.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from core.config import PrinterConfig
from printers.lan.report import StatusKeeper
from printers.moonraker import picture as k
from printers.moonraker import words
from printers.moonraker.client import Session, Timing
from printers.moonraker.history import newest, read_job
from printers.moonraker.layout import layout_of
from printers.moonraker.metadata import read_metadata
from printers.moonraker.parse import report_of
from printers.moonraker.picture import Klippy, Picture, merge
from printers.moonraker.rpc import NOT_FOUND, Answer, Notification
from printers.moonraker.sense import Sense
from printers.moonraker.values import dicts, mapping, name, names, text
from printers.status import Notice

logger = logging.getLogger(__name__)

_URGENT = {
    "print_stats": ("state", "filename", "message", "info"),
    "webhooks": ("state",),
    "pause_resume": ("is_paused",),
    "idle_timeout": ("state",),
    "exclude_object": ("excluded_objects",),
}
"""Changes that are published at once; the rest is gathered for a moment."""
_SETUP = ("printer.objects.list", "printer.objects.subscribe")
_ORDERS = {"printer.print.pause": "pause", "printer.print.cancel": "cancel"}


class PrinterListener:
    """Implements client.Listener. One per printer, for all its sessions."""

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
        self._run = 0  # of Klipper, as far as this farm can tell: answers about an old one are void
        self._subscribed = False
        self._reported = False  # in this session
        self._has_picture = False  # something of this session is worth a report
        self._dirty = False
        self._publish_at = 0.0
        self._ask_at = 0.0
        self._klipper_heard = 0.0
        self._restart_until = 0.0
        self._asked_file = ""
        self._moonraker = ""
        self._notice_until = 0.0
        self._now = 0.0
        self.failures = 0
        self.webcams: tuple[Mapping[str, Any], ...] = ()
        self.components: tuple[str, ...] = ()
        self.picture = Picture(name=config.name, model=config.model)

    # -- for any thread ------------------------------------------------------------------------

    def restart_ordered(self, now: float) -> None:
        """Klipper was told to restart: its absence in the next seconds is no outage."""
        self._restart_until = now + self._timing.restart

    def refused_later(self, what: str, answer: Answer) -> None:
        """A command that was reported as pending has been refused after all."""
        if not answer.failed:
            return
        said = words.late_refusal(self._config.name, what, answer.text)
        logger.warning("%s: %s", self._config.id, said.rstrip("."))
        self._notice_until = self._now + self._timing.notice
        notice = Notice(code="refused_later", text=said)
        self.picture = replace(self.picture, notices=(notice,))
        self._dirty = True

    def ask_all(self, session: Session) -> None:
        """A full report, made after this call."""
        run, layout = self._run, self.picture.layout
        if self._subscribed:
            session.ask(
                "printer.objects.query",
                {"objects": layout.subscription()},
                then=self._guard(lambda answer: self._on_query(answer, run)),
            )
        else:
            session.ask("server.info", then=self._guard(self._on_info))

    # -- client.Listener -----------------------------------------------------------------------

    def session_up(self, session: Session) -> None:
        self._session = session
        self._subscribed = self._reported = self._has_picture = self._dirty = False
        self._run += 1
        self._asked_file = ""
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
            "notify_webcams_changed": self._on_webcams_changed,
        }.get(news.method)
        if handle is not None:
            self._guard(handle)(news.params)

    def tick(self, now: float) -> None:
        self._guard(self._tick)(now)

    def _tick(self, now: float) -> None:
        self._now = now
        if self._notice_until and now >= self._notice_until:
            self._notice_until = 0.0
            self.picture = replace(self.picture, notices=())
            self._dirty = True
        if now >= self._ask_at:
            self._ask_again(now)
        if self._klipper_is_silent(now):
            self._set_klippy(Klippy(k.SILENT))
        if (
            (self._dirty or self._sense.is_restless)
            and self._has_picture
            and now >= self._publish_at
        ):
            self._publish()

    def _klipper_is_silent(self, now: float) -> bool:
        """It owes us an answer, or the next of its reports, for too long."""
        since = self._klipper_heard if self._subscribed else None
        if since is None and self._session is not None:
            since = self._session.calls.oldest(*_SETUP)
        return since is not None and now - since > self._timing.klipper_silent

    # -- setting up ----------------------------------------------------------------------------

    def _on_identified(self, answer: Answer) -> None:
        if answer.is_unauthorized and self._session is not None:
            self._session.end("auth")
        elif not answer.lost:  # very old servers do not know the method
            self._ask("server.info", self._on_info)

    def _on_info(self, answer: Answer) -> None:
        """server.info: the only place where "startup" and "error" of Klipper are shown."""
        if answer.is_unauthorized and self._session is not None:
            self._session.end("auth")
        if not answer.ok:
            return
        info = mapping(answer.result)
        self._moonraker = text(info.get("moonraker_version"), 60)
        self.components = names(info.get("components"))
        state = text(info.get("klippy_state"), 40)
        if info.get("klippy_connected") is False:
            state = k.DISCONNECTED
        if state in (k.READY, k.SHUTDOWN, k.ERROR):
            if not self._subscribed:
                self._set_up_klipper(state)
        else:
            self._on_absent(k.STARTUP if state == k.STARTUP else k.DISCONNECTED)

    def _on_absent(self, state: str) -> None:
        self._subscribed = False
        self._run += 1
        if state == k.STARTUP:
            self._ask("printer.info", self._on_starting)
        elif self._now < self._restart_until:
            self._set_klippy(Klippy(k.RESTARTING))
        else:
            self._set_klippy(Klippy(k.DISCONNECTED))

    def _on_starting(self, answer: Answer) -> None:
        message = text(mapping(answer.result).get("state_message")) if answer.ok else ""
        if not self._subscribed:
            self._set_klippy(Klippy(k.STARTUP, message))

    def _set_up_klipper(self, state: str) -> None:
        """Everything about this run of Klipper, each step asked for once."""
        if self._session is None or self._session.calls.is_open(*_SETUP):
            return
        self._run += 1
        run = self._run
        self._ask("printer.info", self._on_printer_info)
        self._ask("printer.objects.list", lambda answer: self._on_list(answer, run, state))
        if "history" in self.components:
            self._ask("server.history.list", self._on_history, {"limit": 1, "order": "desc"})
        if "webcam" in self.components:
            self._ask("server.webcams.list", self._on_webcams)

    def _on_printer_info(self, answer: Answer) -> None:
        info = mapping(answer.result)
        version = text(info.get("software_version"), 60)
        parts = (text(info.get("app"), 40) or "Klipper", "" if version == "?" else version)
        server = f"Moonraker {self._moonraker}" if self._moonraker else ""
        firmware = ", ".join(filter(None, (" ".join(filter(None, parts)), server)))
        self.picture = replace(self.picture, firmware=firmware if answer.ok else server)

    def _on_list(self, answer: Answer, run: int, state: str) -> None:
        if not answer.ok or run != self._run:
            return  # asked again with the next server.info
        layout = layout_of(names(mapping(answer.result).get("objects")), self._light_pin)
        self.picture = replace(self.picture, layout=layout, objects={}, settings={})
        if "configfile" in layout.listed:
            wanted = {"objects": {"configfile": ["settings"]}}
            self._ask("printer.objects.query", self._on_settings, wanted)
        self._ask(
            "printer.objects.subscribe",
            lambda found: self._on_subscribed(found, run, state),
            {"objects": layout.subscription()},
        )

    def _on_settings(self, answer: Answer) -> None:
        status = mapping(mapping(answer.result).get("status"))
        settings = mapping(mapping(status.get("configfile")).get("settings"))
        self.picture = replace(self.picture, settings=settings)
        self._dirty = True

    def _on_subscribed(self, answer: Answer, run: int, state: str) -> None:
        if not answer.ok or run != self._run:
            return
        self._subscribed = True
        self._sense.reset()
        self._asked_file = ""
        self._restart_until = 0.0
        self._take(mapping(answer.result).get("status"), fallback=state)
        self._publish()

    # -- following -----------------------------------------------------------------------------

    def _on_status(self, params: tuple[Any, ...]) -> None:
        if self._subscribed and params:
            self._take(params[0])

    def _on_query(self, answer: Answer, run: int) -> None:
        if answer.ok and self._subscribed and run == self._run:
            self._take(mapping(answer.result).get("status"))
            self._publish()

    def _take(self, status: object, fallback: str = "") -> None:
        """Lay new values over the old and see what follows. ``fallback``: Klipper's state when
        its webhooks do not tell."""
        changed = mapping(status)
        self._klipper_heard = self._now
        objects = merge(self.picture.objects, changed)
        hooks = objects.get("webhooks", {})
        before = self.picture.klippy
        was = fallback or (before.state if before.is_up else k.READY)
        state = text(hooks.get("state"), 40) or was
        message = hooks.get("state_message")
        klippy = Klippy(state, message[:4000] if isinstance(message, str) else "")
        self.picture = replace(self.picture, objects=objects, klippy=klippy)
        self._look_at_file()
        if klippy.state != before.state or _is_urgent(changed):
            self._publish_at = self._now
        self._has_picture = self._dirty = True

    def _on_klippy_ready(self, _: tuple[Any, ...]) -> None:
        """It is a new Klipper: subscriptions to the old one are gone (4.Moonraker.9)."""
        self._subscribed = False
        self._ask("server.info", self._on_info)

    def _on_klippy_shutdown(self, _: tuple[Any, ...]) -> None:
        if self._session is not None:
            self.ask_all(self._session)

    def _on_klippy_gone(self, _: tuple[Any, ...]) -> None:
        self._on_absent(k.DISCONNECTED)

    def _set_klippy(self, klippy: Klippy) -> None:
        """Klipper is away. Its last values are kept for capabilities only."""
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

    # -- the current file, history, cameras ----------------------------------------------------

    def _look_at_file(self) -> None:
        """Metadata of the file Klipper names, asked for once per file and run."""
        file = name(self.picture.object("print_stats").get("filename"))
        if file == self._asked_file:
            return
        self._asked_file = file
        self.picture = replace(self.picture, metadata=None, plain_progress=False)
        if file:
            self._ask(
                "server.files.metadata",
                lambda answer: self._on_metadata(answer, file),
                {"filename": file},
            )

    def _on_metadata(self, answer: Answer, file: str) -> None:
        if file != self._asked_file or answer.lost:
            return
        found = read_metadata(mapping(answer.result), file) if answer.ok else None
        plain = answer.code == NOT_FOUND
        self.picture = replace(self.picture, metadata=found, plain_progress=plain)
        self._dirty = True

    def _on_history(self, answer: Answer) -> None:
        if answer.ok:
            self.picture = replace(self.picture, last=newest(answer.result))
            self._dirty = True

    def _on_history_changed(self, params: tuple[Any, ...]) -> None:
        job = read_job(mapping(mapping(params[0] if params else None).get("job")))
        if job is not None:
            self.picture = replace(self.picture, last=job)
            self._publish_at = self._now
            self._dirty = True

    def _on_webcams(self, answer: Answer) -> None:
        if answer.ok:
            self.webcams = tuple(dicts(mapping(answer.result).get("webcams")))

    def _on_webcams_changed(self, params: tuple[Any, ...]) -> None:
        self.webcams = tuple(dicts(mapping(params[0] if params else None).get("webcams")))

    # -- helpers -------------------------------------------------------------------------------

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
        self._dirty = False
        self._publish_at = self._now + self._timing.publish
        session = self._session
        ordered = session.calls.is_open(*_ORDERS) if session is not None else ""
        picture = replace(self.picture, ordered=_ORDERS.get(ordered, ""))
        picture = replace(picture, sensed=self._sense.look(picture, self._now))
        self.picture = picture
        self._keeper.report(report_of(picture))
        if not self._reported:
            self._reported = True
            self._good()


def _is_urgent(changed: Mapping[str, Any]) -> bool:
    """Whether a difference report carries more than temperatures and positions."""
    for section, fields in changed.items():
        if section.startswith("filament_"):
            return True
        wanted = _URGENT.get(section)
        if wanted and any(field in wanted for field in mapping(fields)):
            return True
    return False
