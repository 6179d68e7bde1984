"""Keeps the conversation with one OctoPrint: introduce, then the live link, or polling.

Runs in the printer's thread (lan/supervisor.py). REST answers questions; the websocket tells what
changes. Where a proxy lets no websocket through, the same is asked for by REST, and the websocket
is tried again from time to time.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import closing

from core.config import PrinterConfig
from core.errors import FarmError
from printers.lan import outage as words
from printers.lan.address import Address
from printers.lan.certificates import IdentityChanged
from printers.lan.dialer import Aborted, Dialer
from printers.lan.http_answers import Answered, NoAnswer, NotReached
from printers.lan.outage import Outage
from printers.lan.report import StatusKeeper
from printers.lan.supervisor import Supervisor
from printers.lan.trust import Trust
from printers.lan.web_socket import Closed, HandshakeRefused, WebSocket
from printers.octoprint.client import Client
from printers.octoprint.inbox import Inbox
from printers.octoprint.live import PATH, Ending, Live
from printers.octoprint.reading import Reading
from printers.octoprint.states import Phase
from printers.octoprint.timing import Timing
from printers.octoprint.webcam import Webcam
from printers.status import Notice, PrinterState

logger = logging.getLogger(__name__)

_KEY_HINT = (
    "Make a key in OctoPrint under Settings, Application Keys, and enter it as the "
    'printer\'s "api_key".'
)


class Session:
    """Implements supervisor.Handler."""

    def __init__(
        self,
        config: PrinterConfig,
        address: Address,
        trust: Trust,
        client: Client,
        reading: Reading,
        keeper: StatusKeeper,
        timing: Timing,
    ) -> None:
        self._config = config
        self._address = address
        self._trust = trust
        self._client = client
        self._reading = reading
        self._keeper = keeper
        self._timing = timing
        self._lock = threading.Lock()
        self._broken = threading.Event()
        self._dialer: Dialer | None = None
        self._socket: WebSocket | None = None
        self._supervisor: Supervisor | None = None
        self._chore_at = self._opened_at = 0.0
        self._server = ""
        self.inbox = Inbox(config.id, reading)
        self.webcam = Webcam()
        self.how = ""  # "websocket", "polling", "" = no session
        self.sessions = 0

    def attach(self, supervisor: Supervisor) -> None:
        """Before the thread starts."""
        self._supervisor = supervisor

    # -- supervisor.Handler ------------------------------------------------------------------------

    def attempt(self) -> Outage:
        with self._lock:
            broken = self._broken = threading.Event()
            dialer = self._dialer = Dialer(self._address.host)
        if self._supervisor is not None and self._supervisor.is_stopping:
            return words.asked(self._config.name)
        try:
            self._introduce(dialer)
            return self._converse(dialer, broken)
        except (FarmError, OSError, IdentityChanged, Closed) as error:
            if broken.is_set() or isinstance(error, Aborted):
                return words.asked(self._config.name)
            return self._outage(error, dialer)  # before _rest: it asks how far it had come
        finally:
            self._rest()

    def _rest(self) -> None:
        """The session is over; one that held for a while ends the growing patience."""
        held = bool(self.how) and time.monotonic() - self._opened_at >= self._timing.steady
        if held and self._supervisor is not None:
            self._supervisor.backoff.reset()
        self.how = ""

    def interrupt(self) -> None:
        with self._lock:
            broken, dialer, socket = self._broken, self._dialer, self._socket
        broken.set()
        if dialer is not None:
            dialer.abort()
        if socket is not None:
            socket.abort()

    def opening(self) -> None:
        self._keeper.opening()

    def down(self, outage: Outage) -> None:
        self._client.close()  # an idle connection may be as dead as the one that was lost
        self._keeper.down(outage)

    def stopped(self) -> None:
        self._keeper.stopped()

    # -- for any thread ----------------------------------------------------------------------------

    def look(self, timeout: float) -> None:
        """Ask by REST now and report it. Raises FarmError.

        What an event told in the meantime is newer than the answer; then it is asked again.
        """
        for _ in range(3):
            before = self._reading.events
            look = self._client.look(timeout)
            if self._reading.events == before:
                break
        self._reading.frame(look.frame)

    # -- the printer's thread ----------------------------------------------------------------------

    def _introduce(self, dialer: Dialer) -> None:
        self._trust.check(dialer)
        self._server = self._client.version()
        profile, self.webcam = self._client.profile(), self._client.webcam()
        self._reading.opened(self._server, profile, has_camera=self._has_camera)
        path, entry = self._client.selected()
        if path:
            self._reading.learn_last(path, entry)

    @property
    def _has_camera(self) -> bool:
        return bool(self.webcam) and self._config.camera_enabled

    def _converse(self, dialer: Dialer, broken: threading.Event) -> Outage:
        while True:
            try:
                ending, why = self._live(dialer, broken)
            except (HandshakeRefused, TimeoutError, Closed) as error:
                ending, why = Ending.MUTE, str(error)
            if not broken.is_set() and ending is Ending.MUTE:
                self._poll(why, broken)
            if broken.is_set():
                return words.asked(self._config.name)
            if ending is Ending.SILENT:
                return words.silent(self._config.name)
            if ending is Ending.CLOSED:
                return _closed(self._config.name)

    def _live(self, dialer: Dialer, broken: threading.Event) -> tuple[Ending, str]:
        """The whole life of one websocket, and why it ended."""
        session = self._client.login()
        socket = WebSocket.open(dialer, self._address, self._trust, PATH, {})
        with self._lock:
            self._socket = socket
        live = Live(
            self.inbox,
            self._timing,
            self._client.login,
            lambda: self._opened("websocket"),
            lambda now, since: self._between(now, since, live.is_open),
        )
        try:
            with closing(socket):
                return live.run(socket, session, broken), live.why
        finally:
            with self._lock:
                self._socket = None

    def _between(self, now: float, since: float, is_open: bool) -> bool:
        """No frames come while no printer is connected, nor before the websocket's first."""
        if not is_open and self.how != "polling":
            return False
        stale = since >= (self._timing.stale if is_open else self._timing.poll)
        if stale:
            self.look(self._timing.ping)
        self._chores(now)
        return stale

    def _poll(self, refused: str, broken: threading.Event) -> None:
        """By REST for a while. Raises what the client raises."""
        text = (
            f"OctoPrint of {self._config.name} answers, but its live connection is blocked "
            f"({refused}); a proxy in front of it must let websockets through. Until then the "
            "farm asks every few seconds."
        )
        self._reading.notice(Notice(code="live_link_blocked", text=text))
        if self.how != "polling":
            logger.warning("%s: %s", self._config.id, text.rstrip("."))
        until = time.monotonic() + self._timing.websocket_again
        while not broken.is_set() and time.monotonic() < until:
            self.look(self._timing.ping)
            if self.how != "polling":
                self._opened("polling")
            self._chores(time.monotonic())
            broken.wait(self._timing.poll)

    def _opened(self, how: str) -> None:
        """The first report of a session is there."""
        self.how = how
        self.sessions += 1
        self._opened_at = time.monotonic()
        if how == "websocket":
            self._reading.notice()
        if self._supervisor is not None:
            self._supervisor.session_is_good()
        try:
            self._trust.save()
        except FarmError as error:
            logger.warning("%s: certificate not saved: %s", self._config.id, error.message)

    def _chores(self, now: float) -> None:
        """Questions that follow from what came in; a failed one waits, the session goes on."""
        reading = self._reading
        if now < self._chore_at:
            return
        try:
            if reading.wants_explanation:
                reading.explain(self._client.trouble())
            if reading.unresolved:
                path = reading.unresolved
                reading.resolve(path, self._client.file(path))
            if reading.facts_are_old and reading.phase is not Phase.OPENING:
                profile, self.webcam = self._client.profile(), self._client.webcam()
                reading.learn(self._server, profile, has_camera=self._has_camera)
            if path := reading.undated:
                reading.learn_last(path, self._client.file(path))
        except FarmError as error:
            self._chore_at = now + self._timing.chore
            logger.debug("%s: asked in vain: %s", self._config.id, error.message)

    def _outage(self, error: Exception, dialer: Dialer) -> Outage:
        name = self._config.name
        if isinstance(error, NotReached):
            error = error.cause
        error = self._trust.explained(error, dialer)
        if isinstance(error, Answered) and error.http_status in (401, 403):
            text = f"{name} cannot be used: its OctoPrint refuses the farm's key. {_KEY_HINT}"
            return Outage(PrinterState.AUTH, "auth", text)
        if isinstance(error, Answered):
            return _unable(name, error)
        if isinstance(error, Closed):
            return _closed(name)
        if isinstance(error, NoAnswer) and self.how:
            return words.silent(name)
        return words.outage_of(error, name)


def _closed(name: str) -> Outage:
    text = f"OctoPrint of {name} closed the connection; it may be restarting. Connecting again."
    return Outage(PrinterState.OFFLINE, "closed", text)


def _unable(name: str, error: Answered) -> Outage:
    """A proxy without its server, an error inside the server, an address that leads elsewhere."""
    said = f"HTTP {error.http_status}" + (f": {error.text.rstrip('.')}" if error.text else "")
    text = (
        f"OctoPrint of {name} does not answer as it should ({said}). It may be starting, or what "
        "stands before it has lost it; otherwise check its url."
    )
    return Outage(PrinterState.OFFLINE, "server_error", text)
