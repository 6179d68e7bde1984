"""Whether a channel works; its death and its return are told on the others, once each."""

from __future__ import annotations

import logging
from collections.abc import Callable

from alerts.delivery.outbox import Outbox
from alerts.model import Event, Kind
from core.clock import Clock

logger = logging.getLogger(__name__)

DEAD_FAILURES = 5
DEAD_S = 600.0
MEMO = "channel-health"
"""Under this key the log keeps what was told of a dead channel, so that a restart does not tell
it again and does tell of its end."""


class Health:
    """Of one channel. Belongs to its worker's thread."""

    def __init__(
        self, name: str, outbox: Outbox, clock: Clock, tell: Callable[[Event], object]
    ) -> None:
        """``tell``: the desk's ``take``, which knows what it was told before."""
        self._name = name
        self._outbox = outbox
        self._clock = clock
        self._tell = tell
        self._since: float | None = None  # monotonic s of the first failure
        self._counted = 0
        self._reason = ""
        self.failures = 0  # in a row

    @property
    def dead(self) -> bool:
        return bool(self._outbox.memo(self._name, MEMO))

    @property
    def reason(self) -> str:
        """Of the last failure, "" = the last attempt went well."""
        return self._reason

    def resume(self) -> None:
        """At the start: a stop may have come between noting a death and telling it."""
        if self.dead:
            self._tell(self._event(ends=False))

    def failed(self, reason: str, *, counts: bool = True) -> None:
        """``counts``: False where the service only asked for patience."""
        if not self.failures:
            logger.warning("alerts: channel %s fails: %s", self._name, reason)
            self._since = self._clock.monotonic()
        self.failures += 1
        self._counted += counts
        self._reason = reason
        self.look()

    def look(self) -> None:
        """To be called now and then: time alone may make it dead."""
        if self._since is None or self.dead:
            return
        failing_s = self._clock.monotonic() - self._since
        if self._counted < DEAD_FAILURES and failing_s < DEAD_S:
            return
        at = self._clock.time()
        since = int(at - failing_s)
        found = {"key": f"{self._name} {since}", "at": at, "reason": self._reason}
        self._outbox.set_memo(self._name, MEMO, found)
        self._tell(self._event(ends=False))

    def works(self) -> None:
        """A message went out."""
        if self.failures:
            logger.info("alerts: channel %s works again", self._name)
        if self.dead:
            self._tell(self._event(ends=True))
            self._outbox.set_memo(self._name, MEMO, {})
        self._since, self.failures, self._counted, self._reason = None, 0, 0, ""

    def _event(self, *, ends: bool) -> Event:
        memo = self._outbox.memo(self._name, MEMO)
        text = f'The alerts channel "{self._name}" works again.'
        if not ends:
            text = (
                f'The alerts channel "{self._name}" does not work: {memo["reason"]}. '
                "What it has to tell waits."
            )
        return Event(
            kind=Kind.CHANNEL_DEAD,
            at=self._clock.time() if ends else memo["at"],
            text=text,
            key=memo["key"],
            ends=ends,
            facts={"reason": memo["reason"]},
        )
