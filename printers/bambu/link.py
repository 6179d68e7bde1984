"""Keeps one printer connected: look at its certificate, connect, talk, wait, again.

One thread per printer ("printer:<id>:mqtt") does all of it, so a dead address, a bad message or a
slow disk of one printer never holds up another. paho's own reconnect is not used: it has been
seen to stall for hours (reliability-and-security 1.1 #22).
"""

from __future__ import annotations

import logging
import secrets
import ssl
import threading
import time
from collections import deque
from typing import Protocol

from core.config import PrinterConfig
from core.errors import FarmError
from printers.bambu import link_words as words
from printers.bambu.identity import Identity, IdentityChanged, WrongPrinter
from printers.bambu.link_words import Outage
from printers.bambu.session import Listener, Session
from printers.bambu.watchdog import Backoff, Timing
from printers.bambu.wire import Aborted, Dialer
from printers.status import PrinterState

logger = logging.getLogger(__name__)

_KICK_WINDOW_S = 30.0
_KICKS = 3
_STEADY_S = 10.0


class Owner(Listener, Protocol):
    """The adapter, as the link sees it. All calls come from the printer's thread."""

    def link_opening(self) -> None: ...
    def link_down(self, outage: Outage) -> None: ...
    def link_stopped(self) -> None: ...


class Link:
    """Owns the printer's thread and its current session."""

    def __init__(
        self, config: PrinterConfig, identity: Identity, timing: Timing, owner: Owner
    ) -> None:
        self._config = config
        self._identity = identity
        self._timing = timing
        self._owner = owner
        self._backoff = Backoff(timing)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._hurry = threading.Event()
        self._dialer: Dialer | None = None
        self._session: Session | None = None
        self._thread: threading.Thread | None = None
        self._drops: deque[float] = deque(maxlen=_KICKS)
        self._failing = ""
        self._failing_since = 0.0
        self.attempts = 0
        self.sessions = 0

    def start(self) -> None:
        name = f"printer:{self._config.id}:mqtt"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """Say goodbye to the printer and wait for the thread."""
        self._stopped.set()
        self._interrupt("stopped")
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout)
            if thread.is_alive():
                logger.warning("%s: thread did not end in %.0f s", self._config.id, timeout)

    def restart(self) -> None:
        """Drop what there is and connect now."""
        self._interrupt("asked")

    def reconnect_silent(self) -> None:
        """The watchdog gave this session up."""
        if (session := self._session) is not None:
            session.end("silent")

    @property
    def session(self) -> Session | None:
        return self._session

    def _interrupt(self, kind: str) -> None:
        with self._lock:
            dialer, session = self._dialer, self._session
        self._hurry.set()
        if dialer is not None:
            dialer.abort()
        if session is not None:
            session.end(kind)

    def _run(self) -> None:
        self._keep_connected()
        self._owner.link_stopped()

    def _keep_connected(self) -> None:
        while not self._stopped.is_set():
            try:
                outage = self._attempt()
            except Exception:  # the printer's barrier: anything else would end the thread
                logger.exception("%s: connection attempt failed inside the farm", self._config.id)
                outage = Outage(PrinterState.OFFLINE, "internal", words.internal(self._config.name))
            if self._stopped.is_set():
                return
            try:
                self._report(outage)
            except Exception:
                logger.exception("%s: telling of an outage failed", self._config.id)
            refused = outage.state in (PrinterState.AUTH, PrinterState.IDENTITY)
            if outage.kind == "asked":
                self._backoff.reset()
            else:
                self._hurry.wait(self._backoff.next(refused=refused))
            self._hurry.clear()

    def _attempt(self) -> Outage:
        """One try, to the end of its session if it got one."""
        self.attempts += 1
        self._owner.link_opening()
        dialer = Dialer(self._config.host)
        with self._lock:
            self._dialer = dialer
        if self._stopped.is_set():
            dialer.abort()
        try:
            sock = self._open(dialer)
        except Aborted:
            return Outage(PrinterState.CONNECTING, "asked", words.connecting(self._config.name))
        except IdentityChanged as error:
            text = words.identity_changed(self._config.name, error)
            return Outage(PrinterState.IDENTITY, "identity", text)
        except WrongPrinter as error:
            text = words.wrong_printer(self._config, error.presented)
            return Outage(PrinterState.IDENTITY, "wrong_printer", text)
        except FarmError as error:
            return Outage(PrinterState.OFFLINE, error.error_code, error.message)
        except OSError as error:
            kind, text = words.unreachable(self._config, error)
            notice = "client_slots_full" if kind == "closed" else ""
            return Outage(PrinterState.OFFLINE, kind, text, notice)
        return self._converse(sock)

    def _open(self, dialer: Dialer) -> ssl.SSLSocket:
        port = self._config.mqtt_port
        context = self._identity.check(dialer, port)
        try:
            return dialer.open_tls(port, context)
        except ssl.SSLCertVerificationError:
            self._identity.explain(dialer, port)
            raise

    def _converse(self, sock: ssl.SSLSocket) -> Outage:
        config = self._config
        client_id = f"farm-{config.serial[-6:]}-{secrets.token_hex(4)}"
        session = Session(config.serial, client_id, config.access_code, self._timing, self._owner)
        with self._lock:
            self._session = session
        if self._stopped.is_set():
            session.end("stopped")
        began = time.monotonic()
        try:
            ending = session.run(sock)
        finally:
            with self._lock:
                self._session = None
            session.close()
        if ending.was_up:
            self.sessions += 1
        if ending.was_up and time.monotonic() - began >= _STEADY_S:
            self._backoff.reset()
        kicked = ending.kind == "lost" and self._is_kicked(time.monotonic())
        return words.outage(config.name, "kicked" if kicked else ending.kind)

    def _is_kicked(self, now: float) -> bool:
        """Several sessions lost in a short time: somebody else uses our place."""
        self._drops.append(now)
        return len(self._drops) == _KICKS and now - self._drops[0] <= _KICK_WINDOW_S

    def session_is_good(self) -> None:
        """The owner has its first full report: the outage, if there was one, is over."""
        if self._failing:
            seconds = time.monotonic() - self._failing_since
            logger.info("%s: back after %.0f s", self._config.id, seconds)
            self._failing = ""

    def _report(self, outage: Outage) -> None:
        if outage.kind not in (self._failing, "asked"):
            if not self._failing:
                self._failing_since = time.monotonic()
            self._failing = outage.kind
            logger.warning("%s: %s", self._config.id, outage.text.rstrip("."))
        self._owner.link_down(outage)
