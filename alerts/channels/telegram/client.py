"""A small client of Telegram's Bot API over plain HTTP (alerts 1.4, 1.5).

Of our own because no library does it all (alerts 1): edits by message id, ``retry_after``, silent
photos. Nothing here raises one of the libraries' exceptions: their texts carry the address, and
with it the token.
"""

from __future__ import annotations

import ipaddress
import re
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from alerts.channels import scrub
from alerts.channels.telegram.answers import complaint
from alerts.model import ChannelError
from core import jsonio
from core.secret import Secret
from core.web_session import private_session

MAX_ANSWER = 4 * 1024 * 1024
"""Bytes; a hundred updates of the longest texts stay below."""
IDLE_S = 20.0
"""A connection that lay unused for longer is not used again: a router may have forgotten it, and
what is sent into it would be neither delivered nor refused."""
_TOKEN = re.compile(r"\d{1,20}:[A-Za-z0-9_-]{1,100}")
_HOME = (".local", ".lan", ".internal", ".home.arpa")


class BotApi:
    """One bot. Each thread has a client of its own."""

    def __init__(self, token: Secret, api: str, timeout_s: float) -> None:
        """``timeout_s`` for connecting, and for each wait for the answer."""
        self._token = token
        self._api = api.rstrip("/")
        self._timeout_s = timeout_s
        self._used = time.monotonic()
        scrub.hide(token.reveal(), token.reveal().partition(":")[2])
        self._session = private_session(lambda: HTTPAdapter(pool_maxsize=1, max_retries=0))

    @property
    def problem(self) -> str:
        """Why nothing can be sent at all, "" = it can."""
        if not _TOKEN.fullmatch(self._token.reveal()):
            return "This is no bot token; it looks like 123456789:AAE… and comes from @BotFather."
        parts = urlsplit(self._api)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return "The address of the Bot API must begin with https:// (or http:// at home)."
        if parts.scheme == "http" and not _is_at_home(parts.hostname):
            return "Over http everybody on the way could read the token; the address must be https."
        return ""

    def call(
        self,
        method: str,
        fields: Mapping[str, Any],
        photo: bytes | None = None,
        *,
        wait_s: float = 0.0,
    ) -> Any:
        """One request; its ``result``. Fields that are None are left out.

        ``photo`` goes as the file part "photo", or as "f0" for ``attach://f0``. ``wait_s``: how
        much longer than usual the answer may take. Raises ChannelError (``maybe`` where it may
        have been taken all the same), ApiError.
        """
        if why := self.problem:
            raise ChannelError(why)
        body = _body({name: value for name, value in fields.items() if value is not None}, photo)
        code, answer, retry = self._post(method, body, wait_s)
        if code == 200 and isinstance(answer, dict) and answer.get("ok") is True:
            return answer.get("result")
        raise complaint(code, answer, retry)

    def close(self) -> None:
        self._session.close()

    def _post(self, method: str, body: Mapping[str, Any], wait_s: float) -> tuple[int, Any, str]:
        """(status, JSON or None, Retry-After). Raises ChannelError."""
        self._let_go_of_old_connections()
        url = f"{self._api}/bot{self._token.reveal()}/{method}"
        times = (self._timeout_s, self._timeout_s + wait_s)
        try:
            with self._session.post(
                url, **body, timeout=times, allow_redirects=False, stream=True
            ) as response:
                raw = _read(response, 2 * self._timeout_s + wait_s)
                return response.status_code, _json(raw), response.headers.get("Retry-After", "")
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            failure = _why(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold the token
            text = f"Telegram could not be asked ({type(error).__name__})."
            failure = ChannelError(text, maybe=True)
        raise failure  # outside of "except", so that it does not carry the other one along

    def _let_go_of_old_connections(self) -> None:
        now = time.monotonic()
        if now - self._used > IDLE_S:
            self._session.close()  # it opens new ones when it is used again
        self._used = now


def _body(fields: Mapping[str, Any], photo: bytes | None) -> dict[str, Any]:
    """JSON, where numbers must be numbers; with a file a form, where everything is text."""
    if photo is None:
        content = jsonio.dumps(fields)
        return {"data": content, "headers": {"Content-Type": "application/json"}}
    form = {name: _text(value) for name, value in fields.items()}
    part = "f0" if "media" in fields else "photo"
    return {"data": form, "files": {part: ("photo.jpg", photo, "image/jpeg")}}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else jsonio.dumps(value).decode()


def _read(response: requests.Response, within_s: float) -> bytes:
    """The whole body. requests' own time-out begins anew with every byte, so here is an end."""
    end = time.monotonic() + within_s
    got = bytearray()
    while piece := response.raw.read1(65_536, decode_content=True):
        got += piece
        if len(got) > MAX_ANSWER:
            raise OSError("the answer is too long")
        if time.monotonic() > end:
            raise TimeoutError("the answer came too slowly")
    return bytes(got)


def _json(raw: bytes) -> Any:
    try:
        return jsonio.loads(raw)
    except jsonio.JSONDecodeError:
        return None  # a proxy's page; the status says enough


def _why(error: Exception) -> ChannelError:
    kinds = requests.exceptions
    if isinstance(error, kinds.SSLError):
        return ChannelError("Telegram's certificate is not trusted, so nothing was sent.")
    if isinstance(error, kinds.ConnectTimeout):
        return ChannelError("Telegram cannot be reached: no connection in time.")
    if isinstance(error, kinds.ReadTimeout | TimeoutError | urllib3.exceptions.ReadTimeoutError):
        return ChannelError("Telegram did not answer in time.", maybe=True)
    if isinstance(error, kinds.ConnectionError) and not _was_cut(error):
        return ChannelError("Telegram cannot be reached. Is the farm's network up?")
    return ChannelError("The connection to Telegram was cut before its answer.", maybe=True)


def _was_cut(error: requests.exceptions.ConnectionError) -> bool:
    """Whether there was a connection: urllib3 tells of none with MaxRetryError only."""
    return not any(isinstance(part, urllib3.exceptions.MaxRetryError) for part in error.args)


def _is_at_home(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith(_HOME)
