"""Sends to every subscribed browser; encryption and signature are pywebpush's (alerts 7)."""

from __future__ import annotations

import base64
import hashlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from alerts.channels import scrub
from alerts.channels.push.subscriptions import Subscription, Subscriptions
from alerts.model import ChannelError, Level, Message, Refused, Sent
from core import jsonio
from core.errors import NotFound
from core.web_session import private_session

if TYPE_CHECKING:
    import requests

logger = logging.getLogger(__name__)

MAX_TITLE, MAX_TAG = 80, 200  # characters
MAX_BYTES = 3900
"""Of JSON: with 103 bytes of encryption it stays below the 4,096 that RFC 8291 promises."""
_URGENCY = {Level.NOW: "high", Level.SOON: "normal", Level.INFO: "low"}
_TTL_S = {Level.NOW: 86_400, Level.SOON: 43_200, Level.INFO: 3_600}
_GONE = (404, 410)


class PushChannel:
    """One for all browsers. A browser that is gone is forgotten; that is no error."""

    kind = "web_push"
    edits = True  # the same topic and tag: a newer notification takes the older one's place

    def __init__(
        self,
        name: str,
        contact: str,
        timeout_s: float,
        subscriptions: Subscriptions,
        session: Callable[[], requests.Session] | None = None,
    ) -> None:
        """``contact``: mailto: or https:, which Apple's service insists on (alerts 7)."""
        self.name = name
        self._contact = contact
        self._timeout_s = timeout_s
        self._subscriptions = subscriptions
        self._make_session = session or _session
        self._session: requests.Session | None = None

    def send(self, message: Message, photo: Path | None, memo: Mapping[str, Any]) -> Sent:
        del photo, memo  # the page fetches pictures itself; the tag replaces
        return self._to_all(_content(message), message)

    def test(self) -> str:
        content = {
            "title": "Print farm",
            "body": "A test: notifications of the farm arrive here.",
            "tag": "farm-test",
            "url": "/#/alerts",
        }
        message = Message(
            id="test", channel=self.name, level=Level.SOON, title="", text="", created_at=0.0
        )
        return self._to_all(content, message).text

    def describe(self) -> str:
        count = len(self._subscriptions.all())
        return f"{count} browser{'' if count == 1 else 's'}"

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _to_all(self, content: Mapping[str, Any], message: Message) -> Sent:
        """One that fails does not keep it from the others; only when all fail it is repeated."""
        browsers = self._subscriptions.all()
        if not browsers:
            return Sent("No browser has switched notifications on")
        failures = [
            failure
            for browser in browsers
            if (failure := self._to_one(browser, content, message)) is not None
        ]
        left = len(self._subscriptions.all())
        if left and len(failures) >= left:
            raise failures[0]
        reached = left - len(failures)
        return Sent(f"{reached} browser{'' if reached == 1 else 's'}")

    def _to_one(
        self, browser: Subscription, content: Mapping[str, Any], message: Message
    ) -> ChannelError | None:
        import requests
        from pywebpush import WebPushException, webpush

        if self._session is None:
            self._session = self._make_session()
        host = urlsplit(browser.endpoint).netloc
        scrub.hide(*scrub.pieces(browser.endpoint) - scrub.pieces(f"any://{host}"))
        try:
            webpush(
                browser.as_info(),
                jsonio.dumps(content).decode(),
                vapid_private_key=self._subscriptions.key(),
                vapid_claims={"sub": self._contact},  # it writes into it: a new one each time
                ttl=_TTL_S[message.level],
                headers={"urgency": _URGENCY[message.level], "topic": topic_of(content["tag"])},
                timeout=self._timeout_s,
                requests_session=self._session,
            )
        except WebPushException as error:
            return self._judged(browser, error)
        except (requests.RequestException, ValueError) as error:
            # its text holds the endpoint
            return ChannelError(f"{browser.name}: no connection ({type(error).__name__})")
        return None

    def _judged(self, browser: Subscription, error: Any) -> ChannelError | None:
        response = getattr(error, "response", None)
        if response is None:
            return Refused(f"{browser.name}: the message could not be encrypted")
        if response.status_code in _GONE:
            logger.info("Notifications: %s has switched them off", browser.name)
            try:
                self._subscriptions.remove(browser.id)
            except NotFound:
                logger.debug("%s was removed meanwhile", browser.name)
            return None
        text = f"{browser.name}: its push service answers {response.status_code}"
        if response.status_code == 429:
            return ChannelError(text, retry_after_s=_seconds(response.headers.get("Retry-After")))
        if response.status_code in (400, 401, 403, 413):
            return Refused(text)
        return ChannelError(text)


def topic_of(tag: str) -> str:
    """RFC 8030 5.4: at most 32 characters of base64url."""
    return base64.urlsafe_b64encode(hashlib.sha256(tag.encode()).digest()).decode()[:32]


def _content(message: Message) -> dict[str, Any]:
    first = message.events[0] if message.events else None
    tag = message.live or message.id
    content = {
        "title": message.title[:MAX_TITLE],
        "body": message.text,
        "tag": tag if len(tag) <= MAX_TAG else topic_of(tag),
        "silent": message.silent,
        "level": message.level,
        "url": f"/#/p/{first.printer_id}" if first and first.printer_id else "/#/alerts",
    }
    while content["body"] != "…" and len(jsonio.dumps(content)) > MAX_BYTES:
        content["body"] = f"{str(content['body'])[: len(str(content['body'])) * 3 // 4]}…"
    return content


def _seconds(value: str | None) -> float | None:
    return float(value) if value and value.isdecimal() else None


def _session() -> requests.Session:
    session = private_session()
    session.max_redirects = 0  # a push service has no business to send us elsewhere
    return session
