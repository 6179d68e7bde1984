"""A JSON webhook, signed so that its receiver knows who sent it.

POST with the headers
    X-Farm-Delivery    the message's id: the same again when it is sent again
    X-Farm-Timestamp   epoch s of this attempt
    X-Farm-Signature   "sha256=" + hex HMAC-SHA256(secret, timestamp + "." + body), with a secret
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from alerts.channels import sample, scrub
from alerts.model import ChannelError, Event, Message, Refused, Sent
from cameras.shrinking import scaled
from core import jsonio
from core.clock import Clock
from core.secret import Secret
from core.web_session import private_session

if TYPE_CHECKING:
    import requests

MAX_PHOTO_BYTES = 200_000
"""Before base64, which adds a third."""
_WIDTHS = (1280, 960, 640, 480, 320)
_ANSWER_BYTES = 4096
_SAID = 200
"""Characters of its answer that are shown to the operator."""
_TRY_AGAIN = frozenset({408, 425, 429})


class WebhookChannel:
    """One address. Anything but 2xx is a failure; redirects are not followed."""

    kind = "webhook"
    edits = False

    def __init__(
        self, name: str, url: Secret, secret: Secret, timeout_s: float, clock: Clock
    ) -> None:
        """``url`` may carry a token or a password; ``secret`` empty: nothing is signed."""
        self.name = name
        self._url = url
        self._secret = secret
        self._timeout_s = timeout_s
        self._clock = clock
        self._session: requests.Session | None = None
        parts = urlsplit(url.reveal())
        self._shown = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}"
        scrub.hide(secret.reveal(), *(scrub.pieces(url.reveal()) - scrub.pieces(self._shown)))

    def send(self, message: Message, photo: Path | None, memo: Mapping[str, Any]) -> Sent:
        del memo
        body = jsonio.dumps(content(message, photo))
        return self._answered(self._post(message.id, body))

    def test(self) -> str:
        with sample.picture_file() as photo:
            return self.send(sample.message(self.name, self._clock), photo, {}).text

    def describe(self) -> str:
        signed = "signed" if self._secret else "not signed"
        return f"Webhook at {self._shown}, {signed}"

    def close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None

    def _post(self, delivery: str, body: bytes) -> requests.Response:
        import requests

        if self._session is None:
            self._session = _session()
        try:
            return self._session.post(
                self._url.reveal(),
                data=body,
                headers=self._headers(delivery, body),
                timeout=self._timeout_s,
                allow_redirects=False,
                stream=True,
            )
        except (requests.RequestException, OSError, ValueError) as error:
            raise failure(error, self._shown) from None  # its text and context hold the address

    def _headers(self, delivery: str, body: bytes) -> dict[str, str]:
        stamp = str(int(self._clock.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Farm-Delivery": delivery,
            "X-Farm-Timestamp": stamp,
        }
        if self._secret:
            headers["X-Farm-Signature"] = signature(self._secret, stamp, body)
        return headers

    def _answered(self, response: requests.Response) -> Sent:
        with response:
            code, said = response.status_code, _said(response)
            asked = response.headers.get("Retry-After", "")
        if 200 <= code < 300:
            return Sent(f"{self._shown} answers {code}")
        text = f"{self._shown} answers {code}{f': {said}' if said else ''}"
        if 300 <= code < 400:
            raise Refused(f"{self._shown} points to another address, which is not followed")
        if 400 <= code < 500 and code not in _TRY_AGAIN:
            raise Refused(text)
        raise ChannelError(text, retry_after_s=seconds(asked, self._clock))


def content(message: Message, photo: Path | None) -> dict[str, Any]:
    """The body. ``photo`` is base64 of a JPEG, made smaller where it must be, or left out."""
    found: dict[str, Any] = {
        "id": message.id,
        "at": message.created_at,
        "level": message.level,
        "title": message.title,
        "text": message.text,
        "silent": message.silent,
        "events": [_event(event) for event in message.events],
    }
    jpeg = small_enough(photo.read_bytes()) if photo is not None and photo.is_file() else None
    if jpeg is not None:
        found["photo"] = base64.b64encode(jpeg).decode()
        found["photo_type"] = "image/jpeg"
    return found


def small_enough(jpeg: bytes) -> bytes | None:
    """At most MAX_PHOTO_BYTES, scaled as little as that takes; None when nothing helps."""
    if len(jpeg) <= MAX_PHOTO_BYTES:
        return jpeg
    for width in _WIDTHS:
        smaller = scaled(jpeg, width)
        if len(smaller) <= MAX_PHOTO_BYTES:
            return smaller
    return None


def signature(secret: Secret, stamp: str, body: bytes) -> str:
    key = secret.reveal().encode()
    return "sha256=" + hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def seconds(asked: str, clock: Clock) -> float | None:
    """Retry-After: seconds, or a date (RFC 9110 10.2.3). None: nothing usable."""
    text = asked.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,3})?", text, re.ASCII):
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - clock.time())
    except (ValueError, OverflowError):  # no date, or one of thirty digits
        return None


def failure(error: Exception, shown: str) -> ChannelError:
    """What one of requests' exceptions means, without its text: that holds the whole address."""
    import requests
    import urllib3

    if isinstance(error, requests.exceptions.SSLError):
        return ChannelError(f"The certificate of {shown} is not trusted, so nothing was sent")
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return ChannelError(f"{shown} cannot be reached (no answer)")
    if isinstance(error, requests.exceptions.ReadTimeout):
        return ChannelError(f"{shown} did not answer in time", maybe=True)
    if isinstance(error, requests.exceptions.ConnectionError):
        inner = error.args[0] if error.args else None
        if isinstance(inner, urllib3.exceptions.MaxRetryError):  # no connection came about
            return ChannelError(f"{shown} cannot be reached")
        return ChannelError(f"{shown} ended the connection without an answer", maybe=True)
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return Refused(f"The address of the webhook at {shown} cannot be used")
    return ChannelError(f"The answer of {shown} cannot be understood", maybe=True)


def _event(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "at": event.at,
        "level": event.urgency,
        "text": event.text,
        "printer_id": event.printer_id,
        "printer": event.printer,
        "group": event.group,
        "run": event.run,
        "key": event.key,
        "repeat": event.repeat,
        "ends": event.ends,
        "facts": dict(event.facts),
    }


def _said(response: requests.Response) -> str:
    """The beginning of its answer, for the operator; a broken end of it is no matter."""
    import requests

    try:
        raw = next(response.iter_content(_ANSWER_BYTES), b"")
    except requests.RequestException:
        return ""
    return scrub.clean(" ".join(raw.decode("utf-8", "replace").split()))[:_SAID]


def _session() -> requests.Session:
    from cameras.prusa_connect.deadline import DeadlineAdapter

    session = private_session(DeadlineAdapter)
    session.headers.update({"User-Agent": "print-farm", "Accept": "*/*"})
    return session
