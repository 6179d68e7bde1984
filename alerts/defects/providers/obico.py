"""Obico's ml_api in the house: GET /p/?img=<address>, and it fetches the picture itself.

Its connection must stand within 0.1 s and the picture be there within 5 s (alerts 3.2), so it
gets one that lies in memory, at an address of its own. It works on one picture at a time.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from alerts.defects.providers.one_time import PATH, OneTimePictures
from alerts.defects.verdict import Trouble, Verdict, cleaned
from core import jsonio
from core.alert_config import DefectConfig
from core.web_session import private_session

if TYPE_CHECKING:
    import requests

_CONNECT_S = 4.0
_MOST_BYTES = 256 * 1024
_MOST_BOXES = 1000
_FETCH = "Obico could not fetch the picture from the farm: its address is ai.public_url"


class Obico:
    """One question at a time."""

    name = "Obico"
    at_once = 1
    paid = False

    def __init__(
        self, config: DefectConfig, pictures: OneTimePictures, own_url: Callable[[], str]
    ) -> None:
        """``own_url``: of the farm as its own machine sees it, used where there is no
        ``public_url``."""
        self._config = config
        self._pictures = pictures
        self._own_url = own_url
        self._lock = threading.Lock()
        self._session: requests.Session | None = None
        self._closed = False

    def ask(self, jpeg: bytes) -> Verdict:
        with self._pictures.offered(jpeg, self._config.timeout_s) as token:
            own = (self._config.public_url or self._own_url()).rstrip("/")
            status, body = self._get(f"{own}{PATH}{token}")
        return _read(status, body)

    def _get(self, picture_url: str) -> tuple[int, bytes]:
        """Status and body. What the library says holds the picture's address: it stays here."""
        import requests

        token = self._config.api_key.reveal()
        try:
            with self._opened().get(
                self._config.base_url.rstrip("/") + "/p/",
                params={"img": picture_url},
                headers={"Authorization": f"Bearer {token}"} if token else {},
                timeout=(_CONNECT_S, self._config.timeout_s),
                allow_redirects=False,
                stream=True,
            ) as answer:
                body = b"".join(_capped(answer, time.monotonic() + self._config.timeout_s))
                return answer.status_code, body
        except (requests.Timeout, TimeoutError):
            waited = f"{self._config.timeout_s:g}"
            raise Trouble("timeout", f"Obico did not answer within {waited} s") from None
        except requests.ConnectionError:
            raise Trouble("unreachable", "Obico cannot be reached") from None
        except (requests.RequestException, ValueError):
            raise Trouble("server_error", "What answers there is not Obico") from None

    def _opened(self) -> requests.Session:
        with self._lock:
            if self._closed:
                raise Trouble("unreachable", "The farm is being stopped")
            if self._session is None:
                self._session = private_session()
            return self._session

    def abandon(self) -> None:
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def close(self) -> None:
        self._closed = True
        self.abandon()


def _capped(answer: requests.Response, end: float) -> list[bytes]:
    """The body; one that trickles in ends at ``end`` with TimeoutError."""
    parts, size = [], 0
    for part in answer.iter_content(1):  # a greater part would be waited for; it is short anyway
        size += len(part)
        if size > _MOST_BYTES:
            raise Trouble("server_error", "What answers there is not Obico")
        if time.monotonic() > end:
            raise TimeoutError
        parts.append(part)
    return parts


def _read(status: int, body: bytes) -> Verdict:
    """Raises Trouble."""
    if status in (401, 403):
        raise Trouble("key", f"Obico refuses the token ({status})", stops=True)
    if status == 404:
        raise Trouble("model", "There is no Obico ml_api at this address (404)", stops=True)
    if status in (400, 422):
        raise Trouble("picture", _FETCH)
    if status == 429 or status >= 500:
        raise Trouble("server_error", f"Obico fails ({status})")
    if status != 200:
        raise Trouble("refused", f"Obico refuses the question ({status})")
    return _verdict(body)


def _verdict(body: bytes) -> Verdict:
    try:
        answer = jsonio.loads(body)
    except jsonio.JSONDecodeError:
        raise _unreadable() from None
    found = answer.get("detections") if isinstance(answer, Mapping) else None
    if not isinstance(found, list) or len(found) > _MOST_BOXES:
        raise _unreadable()
    if not found and cleaned(answer.get("message")):
        raise Trouble("picture", _FETCH)
    score = sum(_confidence(box) for box in found)
    return Verdict(score=score, kind="spaghetti" if score else "none")


def _confidence(box: Any) -> float:
    """Of ["failure", confidence, [x, y, width, height]]."""
    if not isinstance(box, list) or len(box) != 3 or box[0] != "failure":
        raise _unreadable()
    value = box[1]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _unreadable()
    if not math.isfinite(value) or not 0 <= value <= 1:
        raise _unreadable()
    return float(value)


def _unreadable() -> Trouble:
    return Trouble("unreadable", "Obico's answer is not of the form its API has")
