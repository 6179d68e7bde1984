"""Keeps the session with one Moonraker: what one attempt is, and why it ended, in sentences."""

from __future__ import annotations

import logging
import threading

from core.config import PrinterConfig
from core.errors import FarmError
from printers.lan import outage as outages
from printers.lan.address import Address
from printers.lan.backoff import Backoff
from printers.lan.certificates import IdentityChanged
from printers.lan.dialer import Aborted, Dialer
from printers.lan.http_answers import NotReached
from printers.lan.outage import Outage, outage_of
from printers.lan.report import StatusKeeper
from printers.lan.supervisor import Supervisor
from printers.lan.trust import Trust
from printers.lan.web_socket import Closed, HandshakeRefused
from printers.moonraker import words
from printers.moonraker.client import Connector, Listener, Session, Timing
from printers.status import PrinterState

logger = logging.getLogger(__name__)

_REFUSED = (401, 403)


class Link:
    """Owns the printer's thread and its current session. Implements supervisor.Handler."""

    def __init__(
        self,
        config: PrinterConfig,
        address: Address,
        trust: Trust,
        connector: Connector,
        keeper: StatusKeeper,
        timing: Timing,
    ) -> None:
        self._id = config.id
        self._name = config.name
        self._address = address
        self._trust = trust
        self._connector = connector
        self._keeper = keeper
        self._timing = timing
        self._lock = threading.Lock()
        self._dialer: Dialer | None = None
        self._session: Session | None = None
        self._listener: Listener | None = None
        self.supervisor = Supervisor(
            config, self, Backoff(timing.retry, timing.auth_retry), thread="ws"
        )
        self.sessions = 0

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self.supervisor.start()

    @property
    def session(self) -> Session | None:
        """The live one, for any thread."""
        return self._session

    def good(self) -> None:
        """The session has shown its first report."""
        self.supervisor.backoff.reset()
        self.supervisor.session_is_good()
        try:
            self._trust.save()
        except FarmError as error:
            logger.warning("%s: certificate not saved: %s", self._id, error.message)

    # -- supervisor.Handler --------------------------------------------------------------------

    def attempt(self) -> Outage:
        """One session, from the dial to its end."""
        dialer = Dialer(self._address.host)
        with self._lock:
            self._dialer = dialer
        if self.supervisor.is_stopping:
            dialer.abort()
        try:
            session = self._connector.open(dialer, self._timing)
        except Aborted:
            return outages.asked(self._name)
        except (HandshakeRefused, Closed, IdentityChanged, FarmError, OSError) as error:
            return self._outage(error, dialer)
        return self._converse(session)

    def interrupt(self) -> None:
        with self._lock:
            dialer, session = self._dialer, self._session
        if dialer is not None:
            dialer.abort()
        if session is not None:
            session.end("asked")

    def opening(self) -> None:
        self._keeper.opening()

    def down(self, outage: Outage) -> None:
        self._connector.forget()
        self._keeper.down(outage)

    def stopped(self) -> None:
        self._keeper.stopped()

    def _converse(self, session: Session) -> Outage:
        with self._lock:
            self._session = session
        if self.supervisor.is_stopping or self._listener is None:
            session.end("asked")
        self.sessions += 1
        try:
            ending = session.run(self._listener) if self._listener else "asked"
        finally:
            with self._lock:
                self._session = None
        return self._ended(ending)

    # -- words ---------------------------------------------------------------------------------

    def _ended(self, kind: str) -> Outage:
        if kind == "auth":
            return self._wrong_key()
        if kind == "asked":
            return outages.asked(self._name)
        if kind == "silent":
            return outages.silent(self._name)
        return Outage(PrinterState.OFFLINE, "lost", words.lost(self._name))

    def _wrong_key(self) -> Outage:
        return outages.wrong_key(self._name, "Moonraker", words.KEY_HINT)

    def _outage(self, error: Exception, dialer: Dialer) -> Outage:
        if isinstance(error, HandshakeRefused):
            if error.status in _REFUSED:
                return self._wrong_key()
            text = words.no_moonraker(self._name, error.status)
            return Outage(PrinterState.OFFLINE, "handshake", text)
        if getattr(error, "http_status", 0) in _REFUSED:
            return self._wrong_key()
        cause = error.cause if isinstance(error, NotReached) else error
        if isinstance(cause, Closed):
            cause = ConnectionError(str(cause))
        return outage_of(self._trust.explained(cause, dialer), self._name)
