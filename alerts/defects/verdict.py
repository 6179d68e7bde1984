"""What is asked of a provider, what it says, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

KINDS: Mapping[str, str] = {
    "spaghetti": "loose strands of filament",
    "detached": "a part that came off the bed",
    "shifted": "shifted layers",
    "warped": "a lifted corner",
    "blob": "a blob at the nozzle",
    "other": "something that is no print",
    "none": "",
}
"""What a model may name, in the farm's own words: a model's sentences never leave the farm, for
whoever writes on a sheet in front of the camera would speak through them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One answer. Only ``score`` decides; the rest is for people."""

    score: float  # openai: confidence that it failed, 0–1; obico: sum of confidences, >= 0
    kind: str = "none"  # a key of KINDS
    said: str = ""  # the model's own words, cleaned, for the panel only
    usd: float | None = None  # what it cost, None = not told


class Trouble(Exception):
    """No answer that can be used. ``code``: unreachable, timeout, busy, key, credit, model,
    picture, refused, server_error, unreadable, unseen. ``text``: a sentence without full stop and
    without secrets."""

    def __init__(
        self,
        code: str,
        text: str,
        *,
        stops: bool = False,
        retry_after_s: float | None = None,
        usd: float | None = None,
    ) -> None:
        """``stops``: asking again is of no use until a person has mended it (alerts 3.1).
        ``usd``: what the useless answer cost."""
        super().__init__(text)
        self.code, self.text = code, text
        self.stops, self.retry_after_s, self.usd = stops, retry_after_s, usd


OF_ONE_PICTURE = frozenset({"unreadable", "unseen", "picture"})
"""Troubles that say nothing about whether the provider works."""


class Provider(Protocol):
    """Used by ``at_once`` threads at a time."""

    name: str  # for people
    at_once: int
    paid: bool  # calls cost money: the daily caps count

    def ask(self, jpeg: bytes) -> Verdict:
        """Raises Trouble. Ends after the time-out of the settings, or a little later."""

    def abandon(self) -> None:
        """A question hangs beyond its time: let go of all connections."""

    def close(self) -> None:
        """Let go of connections; nothing is asked after this."""


def cleaned(text: object, longest: int = 160) -> str:
    """One line of printable characters of whatever a model wrote; "" for anything but text."""
    if not isinstance(text, str):
        return ""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text[:2000]).split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"
