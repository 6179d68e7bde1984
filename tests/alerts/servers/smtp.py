"""A real mail server (aiosmtpd) that checks what a strict one would, and keeps the mails."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "farm", "smtp-Pa55word-of-the-farm"
SENDER, RECIPIENT = "farm@example.org", "owner@example.org"
_ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version")


@dataclass(frozen=True)
class Mail:
    """One that was accepted."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        """What a reader shows."""
        body = self.message.get_body(("plain", "html"))
        return "" if body is None else str(body.get_content())

    @property
    def pictures(self) -> list[bytes]:
        return [
            part.get_payload(decode=True)
            for part in self.message.walk()
            if part.get_content_type() == "image/jpeg"
        ]


def _free_port() -> int:
    """Controller wants to know it beforehand."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class SmtpServer:
    """On a loopback port. ``script``: answers to the next mails, "250 OK" after that."""

    def __init__(self) -> None:
        self.calls: list[Mail] = []
        self.violations: list[str] = []
        self.script: deque[str] = deque()
        self.tries = 0
        self._news = threading.Condition()
        self._controller = Controller(
            self, hostname="127.0.0.1", port=_free_port(), server_hostname="mail.example.org",
            authenticator=self._authenticate, auth_require_tls=False,
        )  # fmt: skip
        self._controller.start()
        self.port = self._controller.port

    @property
    def url(self) -> str:
        """As the farm is configured with."""
        return (
            f"mailto://{USER}:{PASSWORD}@127.0.0.1:{self.port}"
            f"?from={SENDER}&to={RECIPIENT}&mode=insecure&format=text"
        )

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Mail]:
        return self.wait_until(lambda: len(self.calls) >= count, timeout)

    def wait_until(self, done: Callable[[], bool], timeout: float = 10.0) -> list[Mail]:
        with self._news:
            assert self._news.wait_for(done, timeout), f"only {len(self.calls)} mails came"
        return self.calls

    def close(self) -> None:
        self._controller.stop()

    def __enter__(self) -> SmtpServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- aiosmtpd's hooks ------------------------------------------------------------------

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _how: str, data: Any):  # type: ignore[no-untyped-def]
        known = isinstance(data, LoginPassword)
        good = known and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False)

    async def handle_DATA(self, _server: Any, session: Session, envelope: Envelope) -> str:
        answer = self.script.popleft() if self.script else "250 OK"
        with self._news:
            self.tries += 1
            if answer.startswith("250"):
                mail = self._mail(envelope)
                self._check(mail, session)
                self.calls.append(mail)
            self._news.notify_all()
        return answer

    def _mail(self, envelope: Envelope) -> Mail:
        raw = envelope.content
        assert isinstance(raw, bytes)
        message = BytesParser(EmailMessage, policy=policy.default).parsebytes(raw)
        return Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message)

    def _check(self, mail: Mail, session: Session) -> None:
        found = [name for name in _ONCE if len(mail.message.get_all(name, [])) != 1]
        wrong = [f"{name} is not there once" for name in found]
        wrong += [] if mail.sender == SENDER else [f"from {mail.sender}"]
        wrong += [] if mail.recipients == (RECIPIENT,) else [f"to {mail.recipients}"]
        wrong += [] if session.authenticated else ["not signed in"]
        wrong += [f"defect {defect!r}" for defect in mail.message.defects]
        self.violations += wrong
