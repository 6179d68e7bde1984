"""One attempt to talk to a Bambu printer: look at its certificate, connect, converse (MQTT).

The thread that repeats attempts is printers/lan/supervisor.py's.
"""

from __future__ import annotations

import secrets
import ssl
import threading
import time
from collections import deque
from typing import Protocol

from core.config import PrinterConfig
from core.errors import FarmError
from printers.bambu import link_words as words
from printers.bambu.identity import Identity, WrongPrinter
from printers.bambu.session import Listener, Session
from printers.bambu.watchdog import Timing
from printers.lan.backoff import Backoff
from printers.lan.certificates import IdentityChanged
from printers.lan.dialer import Aborted, Dialer
from printers.lan.outage import Outage
from printers.lan.supervisor import Supervisor
from printers.status import PrinterState

_KICK_WINDOW_S = 30.0
_KICKS = 3
_STEADY_S = 10.0


class Owner(Listener, Protocol):
    """The adapter, as the link sees it. All calls come from the printer's thread."""

    def link_opening(self) -> None: ...
    def link_down(self, outage: Outage) -> None: ...
    def link_stopped(self) -> None: ...


class Link:
    """Owns the printer's connection and its current session."""

    def __init__(
        self, config: PrinterConfig, identity: Identity, timing: Timing, owner: Owner
    ) -> None:
        self._config = config
        self._identity = identity
        self._timing = timing
        self._owner = owner
        self._supervisor = Supervisor(
            config, self, Backoff(timing.retry, timing.auth_retry), thread="mqtt"
        )
        self._lock = threading.Lock()
        self._dialer: Dialer | None = None
        self._session: Session | None = None
        self._drops: deque[float] = deque(maxlen=_KICKS)
        self.sessions = 0

    def start(self) -> None:
        self._supervisor.start()

    def stop(self, timeout: float) -> None:
        """Say goodbye to the printer and wait for the thread."""
        self._supervisor.stop(timeout)

    def restart(self) -> None:
        """Drop what there is and connect now."""
        self._supervisor.restart()

    def reconnect_silent(self) -> None:
        """The watchdog gave this session up."""
        if (session := self._session) is not None:
            session.end("silent")

    def session_is_good(self) -> None:
        """The owner has its first full report."""
        self._supervisor.session_is_good()

    @property
    def attempts(self) -> int:
        return self._supervisor.attempts

    @property
    def session(self) -> Session | None:
        return self._session

    # -- what the supervisor calls -------------------------------------------------------------

    def opening(self) -> None:
        self._owner.link_opening()

    def down(self, outage: Outage) -> None:
        self._owner.link_down(outage)

    def stopped(self) -> None:
        self._owner.link_stopped()

    def interrupt(self) -> None:
        with self._lock:
            dialer, session = self._dialer, self._session
        if dialer is not None:
            dialer.abort()
        if session is not None:
            session.end("stopped" if self._supervisor.is_stopping else "asked")

    def attempt(self) -> Outage:
        """One try, to the end of its session if it got one."""
        dialer = Dialer(self._config.host)
        with self._lock:
            self._dialer = dialer
        if self._supervisor.is_stopping:
            dialer.abort()
        try:
            sock = self._open(dialer)
        except Aborted:
            return words.outage(self._config.name, "asked")
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
        if self._supervisor.is_stopping:
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
            self._supervisor.backoff.reset()
        kicked = ending.kind == "lost" and self._is_kicked(time.monotonic())
        return words.outage(config.name, "kicked" if kicked else ending.kind)

    def _is_kicked(self, now: float) -> bool:
        """Several sessions lost in a short time: somebody else uses our place."""
        self._drops.append(now)
        return len(self._drops) == _KICKS and now - self._drops[0] <= _KICK_WINDOW_S
