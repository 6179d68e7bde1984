"""Keeps the connection to another farm's feed: what one attempt is, and why it ended."""

from __future__ import annotations

import base64
import logging
import threading
import time
from collections.abc import Mapping

from core.config import PrinterConfig
from core.errors import FarmError
from printers.base import AdapterContext
from printers.feed import words
from printers.feed.backoff import BoundedBackoff
from printers.feed.calm import Calm
from printers.feed.conversation import Conversation, Ending
from printers.feed.inbox import MAX_FRAME, Inbox
from printers.feed.parse import MOST_HOPS, SILENT_S, News
from printers.feed.parse import Picture as PictureTurn
from printers.feed.timing import Timing
from printers.lan import outage as outages
from printers.lan.address import Address
from printers.lan.certificates import IdentityChanged
from printers.lan.dialer import Aborted, Dialer
from printers.lan.outage import Outage, outage_of
from printers.lan.report import StatusKeeper
from printers.lan.supervisor import Supervisor
from printers.lan.trust import Trust
from printers.lan.web_socket import Closed, HandshakeRefused, WebSocket

logger = logging.getLogger(__name__)

_MOST_PATIENCE = 16
"""Pictures that stay away over several connections are waited for up to so many times longer: the
camera itself is dead, and connecting anew does not mend it."""


class Link:
    """Owns the printer's thread and its connection. Implements supervisor.Handler."""

    def __init__(
        self,
        config: PrinterConfig,
        context: AdapterContext,
        address: Address,
        path: str,
        trust: Trust,
        keeper: StatusKeeper,
        inbox: Inbox,
        timing: Timing,
    ) -> None:
        self._config = config
        self._name = config.name
        self._run_id = context.run_id
        self._address, self._path, self._trust = address, path, trust
        self._keeper, self._inbox, self._timing = keeper, inbox, timing
        self._calm = Calm(config.name)
        self._lock = threading.Lock()
        self._dialer: Dialer | None = None
        self._socket: WebSocket | None = None
        self._broken = threading.Event()
        self._without_pictures = 0  # sessions in a row that ended for want of them
        self._between = False  # connecting anew for pictures' sake: nothing else is wrong
        self.supervisor = Supervisor(config, self, BoundedBackoff(*timing.retry), thread="ws")
        self.sessions = 0
        self.picture = PictureTurn()

    # -- supervisor.Handler --------------------------------------------------------------------

    def attempt(self) -> Outage:
        """One session, from the dial to its end."""
        dialer = Dialer(self._address.host)
        with self._lock:
            self._dialer = dialer
            self._broken.clear()
        if self.supervisor.is_stopping:
            dialer.abort()
        try:
            self._trust.check(dialer)
            socket = WebSocket.open(
                dialer, self._address, self._trust, self._target(), self._headers(),
                max_bytes=MAX_FRAME,
            )  # fmt: skip
        except Aborted:
            return outages.asked(self._name)
        except (HandshakeRefused, Closed, IdentityChanged, FarmError, OSError) as error:
            return self._outage(error, dialer)
        return self._converse(socket)

    def interrupt(self) -> None:
        with self._lock:
            self._broken.set()
            dialer, socket = self._dialer, self._socket
        if dialer is not None:
            dialer.abort()
        if socket is not None:
            socket.abort()

    def opening(self) -> None:
        if not self._between:
            self._keeper.opening()

    def down(self, outage: Outage) -> None:
        self._between = outage.kind == Ending.NO_PICTURES.value
        if not self._between:
            self._keeper.down(outage)

    def stopped(self) -> None:
        self._keeper.stopped()

    # -- one session ---------------------------------------------------------------------------

    def _target(self) -> str:
        return self._path if self._config.camera_enabled else f"{self._path}?image=0"

    def _headers(self) -> Mapping[str, str]:
        config = self._config
        if not config.user and not config.password:
            return {}
        pair = f"{config.user}:{config.password.reveal()}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def _patience(self) -> float:
        if not self._config.camera_enabled:
            return 0.0
        return self._timing.pictures * min(2.0**self._without_pictures, _MOST_PATIENCE)

    def _converse(self, socket: WebSocket) -> Outage:
        with self._lock:
            self._socket = socket
        if self.supervisor.is_stopping:
            self._broken.set()
        self.sessions += 1
        talk = Conversation(
            self._inbox, self._timing, self._run_id, self._deliver, self._patience()
        )
        try:
            ending = talk.run(socket, self._broken)
        finally:
            with self._lock:
                self._socket = None
            socket.close()
        self._settle(talk, ending)
        return self._ended(ending, talk)

    def _settle(self, talk: Conversation, ending: Ending) -> None:
        """After a good session the waits begin anew; after a short one they go on growing."""
        if talk.pictures:
            self._without_pictures = 0
        if ending is Ending.NO_PICTURES:
            self._without_pictures += 1
        if talk.is_open and talk.lasted >= self._timing.settled:
            self.supervisor.backoff.reset()

    def _deliver(self, news: News) -> None:
        self._between = False
        self.picture = news.picture
        report = self._calm.judged(news.report, time.monotonic())
        self._keeper.report(report, seen=news.live, silent_s=SILENT_S if news.silent else 0.0)
        self.supervisor.session_is_good()
        try:
            self._trust.save()
        except FarmError as error:
            logger.warning("%s: certificate not saved: %s", self._config.id, error.message)

    # -- words ---------------------------------------------------------------------------------

    def _ended(self, ending: Ending, talk: Conversation) -> Outage:
        name = self._name
        match ending:
            case Ending.ASKED:
                return outages.asked(name)
            case Ending.SILENT:
                return words.silent(name)
            case Ending.NO_FEED:
                return words.no_feed(name)
            case Ending.NO_PICTURES:
                return words.no_pictures(name, talk.patience)
            case Ending.LOOP:
                return words.loop(name)
            case Ending.TOO_FAR:
                return words.too_far(name, MOST_HOPS)
        return words.lost(name) if talk.is_open else words.no_feed(name)

    def _outage(self, error: Exception, dialer: Dialer) -> Outage:
        if isinstance(error, HandshakeRefused):
            return words.refused(self._name, error.status)
        if isinstance(error, Closed):
            error = ConnectionError(str(error))
        return outage_of(self._trust.explained(error, dialer), self._name)
