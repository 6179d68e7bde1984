"""How a request to a print server can end: not sent, perhaps sent, refused, malformed, answered.

The job protocol depends on telling these apart (docs/adr/0005).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import PrinterOffline, PrinterRejected, PrinterTimeout
from core.jsonio import JSONDecodeError, loads

_TEXT_MAX = 300


class NotReached(PrinterOffline):
    """Certainly nothing was sent. ``cause``: what the connection failed with."""

    def __init__(self, message: str, cause: Exception) -> None:
        super().__init__(message)
        self.cause = cause


class NoAnswer(PrinterTimeout):
    """It was sent, or may have been, and no complete answer came."""


class Answered(PrinterRejected):
    """The server answered with an error. ``text``: its own words."""

    def __init__(self, message: str, status: int, text: str) -> None:
        super().__init__(message, code=_CODES.get(status, "printer_rejected"))
        self.http_status = status
        self.text = text


class Malformed(PrinterRejected):
    """The answer is not what its protocol says."""

    code = "malformed_reply"


_CODES = {
    401: "auth", 403: "auth", 404: "not_found_there", 409: "conflict",
    413: "storage_full", 507: "storage_full",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reply:
    """A 2xx answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    name: str  # of the printer, for sentences

    def json(self) -> Any:
        """Raises Malformed."""
        try:
            return loads(self.body)
        except JSONDecodeError as error:
            raise Malformed(f"{self.name} sent an answer that is no JSON.") from error

    def object(self) -> dict[str, Any]:
        """Raises Malformed when it is not a JSON object."""
        value = self.json()
        if not isinstance(value, dict):
            raise Malformed(f"{self.name} sent JSON of another shape than its protocol has.")
        return value


def words_of(body: bytes, content_type: str, secrets: Collection[str] = ()) -> str:
    """The server's own sentence: JSON {"error": …} or text; never a page of HTML. ``secrets``:
    what it was sent and may send back; that is not for people to read."""
    if "json" in content_type:
        try:
            value = loads(body)
        except JSONDecodeError:
            return ""
        return _clean(_message_in(value), secrets)
    if "html" in content_type:
        return ""
    return _clean(body[:2000].decode("utf-8", "replace"), secrets)


def _message_in(value: Any) -> str:
    for key in ("error", "message", "title", "text"):
        if isinstance(value, dict) and key in value:
            found = value[key]
            return found if isinstance(found, str) else _message_in(found)
    return ""


def _clean(text: str, secrets: Collection[str]) -> str:
    """Hidden before it is cut: half a key is too much."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain[:_TEXT_MAX]
