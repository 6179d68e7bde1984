"""What delivery needs of the log (alerts/log.py), and of whoever takes events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from alerts.delivery.doubt import Said
from alerts.model import Message


class Outbox(Protocol):
    """Durable; thread-safe; never waits for a channel."""

    def pending(self, channel: str) -> tuple[Message, ...]:
        """What may be sent now: the most urgent first, then the oldest."""
        ...

    def wait_pending(self, channel: str, timeout: float) -> bool:
        """Until there is something pending, at most ``timeout`` s."""
        ...

    def note(self, message_id: str, outcome: str, text: str = "", at: float | None = None) -> bool:
        """What becomes of it; False: it is done with already, do not send it."""
        ...

    def doubtful(self, message_id: str) -> bool:
        """The server was stopped while it sent this. Until the next note of it."""
        ...

    def outcomes(self, message_id: str) -> Sequence[Said]:
        """Its notes, oldest first."""
        ...

    def memo(self, channel: str, live: str) -> Mapping[str, Any]:
        """What the channel keeps of a live message; {} = nothing."""
        ...

    def set_memo(self, channel: str, live: str, memo: Mapping[str, Any]) -> None: ...
