"""One session with one PrusaLink: who it is, then its status again and again.

Runs in the printer's thread (Supervisor). A successful status is the sign of life; two failures
in a row, or one refused connection, end the session.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any, Protocol

from core.clock import Clock
from core.errors import ConfigError, FarmError, StorageError
from printers.lan import outage as words
from printers.lan.address import Address
from printers.lan.certificates import IdentityChanged
from printers.lan.dialer import Aborted, Dialer
from printers.lan.http_answers import Answered, Malformed, NoAnswer, NotReached
from printers.lan.outage import Outage, outage_of
from printers.lan.trust import Trust
from printers.prusalink.client import PrusaLinkClient
from printers.prusalink.flavour import Server, server_of
from printers.prusalink.refusals import said
from printers.prusalink.rhythm import Rhythm
from printers.status import PrinterState

logger = logging.getLogger(__name__)

_FAILURES = 2
_KEY_HINT = (
    "Its API key, or user and password, is on the printer's own screen under Settings, Network, "
    "PrusaLink (MK3: in PrusaLink's web page under Settings)."
)


class Owner(Protocol):
    """What the poller tells of; all in the printer's thread."""

    def introduced(self, server: Server) -> None: ...
    def seen(self, status: Mapping[str, Any], asked_at: float) -> float:
        """One status, asked for at monotonic ``asked_at``; returns the seconds until the next."""
        ...

    def down(self, outage: Outage) -> None: ...
    def opening(self) -> None: ...
    def stopped(self) -> None: ...
    def session_is_good(self) -> None: ...


class Poller:
    """Handler of a Supervisor."""

    def __init__(
        self,
        name: str,
        model: str,
        address: Address,
        trust: Trust,
        client: PrusaLinkClient,
        rhythm: Rhythm,
        clock: Clock,
        owner: Owner,
    ) -> None:
        self._name = name
        self._model = model
        self._address = address
        self._trust = trust
        self._client = client
        self._rhythm = rhythm
        self._clock = clock
        self._owner = owner
        self._wake = threading.Event()
        self._broken_off = threading.Event()
        self._leaving = threading.Event()
        self._dialer: Dialer | None = None
        self.polls = 0
        self.failures = 0
        self.last_failure = ""

    # -- Handler -------------------------------------------------------------------------------

    def opening(self) -> None:
        self._broken_off.clear()
        if self._leaving.is_set():  # the farewell came just before this attempt
            self._broken_off.set()
        self._owner.opening()

    def down(self, outage: Outage) -> None:
        self._client.http.close()
        self._owner.down(outage)

    def stopped(self) -> None:
        self._client.http.close()
        self._owner.stopped()

    def interrupt(self) -> None:
        self._broken_off.set()
        self._wake.set()
        if (dialer := self._dialer) is not None:
            dialer.abort()

    def leave(self) -> None:
        """No attempt after this one; before the supervisor is stopped."""
        self._leaving.set()

    def attempt(self) -> Outage:
        try:
            self._trust_first()
            if self._broken_off.is_set():
                return words.asked(self._name)
            server = self._introduce()
            self._owner.introduced(server)
            return self._poll()
        except Aborted:
            return words.asked(self._name)
        except (IdentityChanged, FarmError, OSError) as error:
            return self._outage(error)

    def poke(self) -> None:
        """Ask now; from any thread."""
        self._wake.set()

    # -- the session ---------------------------------------------------------------------------

    def _trust_first(self) -> None:
        self._dialer = Dialer(self._address.host)
        if self._broken_off.is_set():
            self._dialer.abort()
        self._trust.check(self._dialer)

    def _introduce(self) -> Server:
        said_first = self._client.introduction(self._rhythm.answer)
        self._save_trust()
        return server_of(said_first, self._model)

    def _save_trust(self) -> None:
        try:
            self._trust.save()
        except StorageError as error:
            logger.warning("%s: %s", self._name, error.message)

    def _poll(self) -> Outage:
        failed = 0
        good = False
        while not self._broken_off.is_set():
            self._wake.clear()
            self.polls += 1
            try:
                asked_at = self._clock.monotonic()
                status = self._client.status(self._rhythm.answer)
                wait = self._owner.seen(status, asked_at)
            except FarmError as error:
                failed += 1
                self.failures += 1
                self.last_failure = error.message
                if failed >= _FAILURES or isinstance(error, (NotReached, Answered)):
                    raise
                wait = self._rhythm.soon
            else:
                failed = 0
                if not good:
                    good = True
                    self._owner.session_is_good()
            if not self._broken_off.is_set():
                self._wake.wait(wait)
        return words.asked(self._name)

    # -- its ends ------------------------------------------------------------------------------

    def _outage(self, error: Exception) -> Outage:
        if isinstance(error, NotReached):
            return self._unreachable(error)
        if isinstance(error, Answered):
            return self._refusal(error)
        if isinstance(error, NoAnswer):
            text = (
                f"{self._name} does not answer, or not whole. It may be switched off or "
                "overloaded, or its address changed."
            )
            return Outage(PrinterState.OFFLINE, "no_answer", text)
        if isinstance(error, Malformed):
            text = f"{error.message} Check the url of {self._name}, and what stands before it."
            return Outage(PrinterState.OFFLINE, "malformed", text)
        if isinstance(error, ConfigError):
            return Outage(PrinterState.MISCONFIGURED, "config", error.message)
        return outage_of(error, self._name)

    def _unreachable(self, error: NotReached) -> Outage:
        cause = self._trust.explained(error.cause, Dialer(self._address.host))
        return outage_of(cause, self._name)

    def _refusal(self, error: Answered) -> Outage:
        if error.error_code == "auth":
            return words.wrong_key(self._name, "PrusaLink", _KEY_HINT)
        if error.http_status == 503:
            text = f"PrusaLink of {self._name} is starting and does not know its printer yet."
            return Outage(PrinterState.CONNECTING, "starting", text)
        if error.http_status == 404 or error.http_status < 400:
            text = (
                f"What answers for {self._name} is not PrusaLink with its API v1. Check its url, "
                "or update its firmware."
            )
            return Outage(PrinterState.OFFLINE, "not_prusalink", text)
        text = f"PrusaLink of {self._name} cannot answer: {said(error)}."
        return Outage(PrinterState.OFFLINE, "server_error", text)
