"""How old a single picture already is when it comes, as its server tells it.

A 200 proves nothing: PrusaLink, caches and servers of files give the last picture for as long as
they have it, hours after the camera fell silent (cameras-and-rig 1).
"""

from __future__ import annotations

from email.message import Message
from email.utils import parsedate_to_datetime

_QUICK_S = 2.0
"""Times of HTTP are whole seconds: so many of a camera's pictures may bear the same one."""
_MOST_DIGITS = 9


class PictureAges:
    """Of one address. Not thread-safe."""

    def __init__(self) -> None:
        self._modified = ""
        self._picture = b""
        self._believes = True

    def of(self, picture: bytes, headers: Message) -> float | None:
        """Seconds (0 where the server tells nothing), None = the one before once more.

        A server that gives another picture under the old time knows no times: it is not believed
        from there on, or a camera that works would be shown as one that does not.
        """
        modified, before = headers.get("Last-Modified", ""), self._modified
        age_s = max(_since(modified, headers.get("Date", "")), _seconds(headers.get("Age", "")))
        same = picture == self._picture
        if modified and modified == before and not same and age_s > _QUICK_S:
            self._believes = False
        self._modified, self._picture = modified, picture
        if not self._believes:
            return 0.0
        return None if same and modified and modified == before else age_s


def _since(modified: str, now: str) -> float:
    """Both by the server's clock, whatever that shows."""
    try:
        age = parsedate_to_datetime(now) - parsedate_to_datetime(modified)
    except (ValueError, TypeError, OverflowError):  # not there, no dates, one without a zone
        return 0.0
    return max(0.0, age.total_seconds())


def _seconds(text: str) -> float:
    plain = text.strip()
    return (
        float(plain) if plain.isdigit() and plain.isascii() and len(plain) < _MOST_DIGITS else 0.0
    )
