"""Takes orders to Klipper and brings back its word: done, refused, or still in its queue."""

from __future__ import annotations

from typing import Protocol

from core.errors import PrinterOffline, PrinterRejected, PrinterTimeout
from printers.base import CommandResult
from printers.lan.http_answers import NotReached
from printers.lan.http_client import HttpClient
from printers.moonraker import words
from printers.moonraker.client import Session, require
from printers.moonraker.commands import RESTARTS, SCRIPT, Order
from printers.moonraker.console import Console, not_known, shown
from printers.moonraker.link import Link
from printers.moonraker.rpc import Answer, Then

_URGENT_WAIT_S = 3.0


class Notes(Protocol):
    """What the listener is told of orders."""

    @property
    def console(self) -> Console: ...
    def ordered(self, method: str) -> None: ...
    def refused(self, method: str) -> None: ...
    def refused_later(self, what: str, answer: Answer) -> None: ...


class Courier:
    """For any thread. Nothing is sent twice but emergency stops and restarts."""

    def __init__(self, name: str, link: Link, web: HttpClient, notes: Notes) -> None:
        self._name = name
        self._link = link
        self._web = web
        self._notes = notes

    def send(self, order: Order, timeout: float) -> CommandResult:
        """Once, over the live session. No answer within ``timeout`` s: Klipper's queue holds it up,
        it is pending, and a refusal that comes later is shown as a notice.

        Raises PrinterOffline (nothing sent), PrinterRejected, PrinterTimeout (connection lost).
        """
        session = require(self._link.session, self._name)
        mark = self._notes.console.mark
        self._notes.ordered(order.method)
        late = self._late(order, session)
        answer = session.call(order.method, order.params, timeout, late)
        if answer is None:
            return CommandResult(text=words.queued(order.what), pending=True)
        self._judge(order, answer, session)
        return CommandResult(text=self._printed(mark) if order.echo else "")

    def _printed(self, mark: int) -> str:
        """What Klipper printed since. Raises PrinterRejected when it did not know the command."""
        lines = self._notes.console.since(mark)
        if not_known(lines):
            raise PrinterRejected(words.refused(self._name, shown(lines)))
        return shown(lines)

    def start(self, order: Order, timeout: float) -> CommandResult:
        """As send, but without an answer it is uncertain: only print_stats tells then."""
        session = require(self._link.session, self._name)
        answer = session.call(order.method, order.params, timeout)
        if answer is None:
            raise PrinterTimeout(words.unanswered(self._name, timeout))
        self._judge(order, answer, session)
        return CommandResult()

    def urge(self, order: Order, timeout: float) -> CommandResult:
        """Emergency stop and restarts: over the session, and over HTTP when that does not answer.
        They wait behind nothing, and twice is not worse than once."""
        self._notes.ordered(order.method)
        try:
            if not self._over_session(order, timeout):
                self._over_http(order, timeout)
        except (PrinterRejected, PrinterOffline):
            self._notes.refused(order.method)
            raise
        return CommandResult()

    def _over_session(self, order: Order, timeout: float) -> bool:
        """Whether Moonraker answered. Raises PrinterRejected."""
        session = self._link.session
        if session is None:
            return False
        try:
            answer = session.call(order.method, None, min(timeout, _URGENT_WAIT_S))
        except PrinterTimeout:
            return False
        if answer is None:
            return False
        self._judge(order, answer, session)
        return True

    def _over_http(self, order: Order, timeout: float) -> None:
        path = "/" + order.method.replace(".", "/")
        try:
            self._web.request("POST", path, timeout=timeout, once=True)
        except NotReached as error:
            if self._link.session is None:
                raise
            raise PrinterTimeout(words.unanswered(self._name, timeout)) from error

    def _judge(self, order: Order, answer: Answer, session: Session) -> None:
        """Raises PrinterRejected with Klipper's own words, PrinterOffline when Klipper never got
        it, PrinterTimeout when it went away with it."""
        if answer.ok:
            return
        if answer.is_gone:
            if order.method in RESTARTS:
                return  # that is what a restart does
            raise PrinterTimeout(words.gone(self._name))
        self._notes.refused(order.method)
        if answer.is_absent:
            raise PrinterOffline(words.disconnected(self._name))
        self._undo(order, session)
        raise PrinterRejected(
            words.refused(self._name, answer.text),
            details={"method": order.method, "printer_code": answer.code},
        )

    def _late(self, order: Order, session: Session) -> Then:
        def late(answer: Answer) -> None:
            if answer.failed:
                self._notes.refused(order.method)
                self._undo(order, session)
                self._notes.refused_later(order.what, answer)

        return late

    def _undo(self, order: Order, session: Session) -> None:
        """Klipper ends a script at its first refusal and leaves its modes as they are then."""
        if order.undo:
            session.ask(SCRIPT, {"script": order.undo}, then=_whatever)


def _whatever(_: Answer) -> None:
    """Putting things right is best effort: a Klipper that refuses it has stopped."""
