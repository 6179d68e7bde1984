"""What a channel's messages wait for: their own next try, the channel's, the service's wish, and
the pace. Times are monotonic s."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set

from alerts.delivery.health import DEAD_FAILURES
from alerts.delivery.pace import URGENT_S, Pace, backoff
from alerts.model import ChannelError, Level, Message, Refused


class Waits:
    """Belongs to one worker's thread; ``next_s`` to all."""

    def __init__(self, per_minute: int) -> None:
        self._pace = Pace(per_minute)
        self._until: dict[str, float] = {}  # message id -> its next try
        self._by_outage: set[str] = set()  # of those: only because the channel failed
        self._tries: dict[str, tuple[int, float]] = {}  # message id -> how often, since when
        self._failed_at = 0.0
        self._back_at = 0.0
        self._asked_until = 0.0
        self.last_failed = ""  # message id

    @property
    def until(self) -> Mapping[str, float]:
        """Messages that have to wait for their next try."""
        return self._until

    @property
    def tried(self) -> Collection[str]:
        """Messages that failed before."""
        return self._tries

    def held(self, message: Message, now: float) -> float:
        """Seconds until this one may go, which is the first of those that are ready; 0 = now."""
        own = self._back_at - now
        if message.level is Level.NOW and message.id not in self._tries:
            own = min(own, self._failed_at + URGENT_S - now)
        return max(0.0, own, self._asked_until - now, self._pace.wait(message.level, now))

    def next_s(self, now: float) -> float:
        """Seconds until the channel is tried again, 0 = at once."""
        return max(0.0, self._back_at - now, self._asked_until - now)

    def attempt(self, now: float) -> None:
        """Something was sent, or tried to."""
        self._pace.used(now)

    def count(self, message: Message, now: float) -> tuple[int, float]:
        """It failed: how often by now, and since when."""
        tries, since = self._tries.get(message.id, (0, now))
        self._tries[message.id] = tries + 1, since
        return tries + 1, since

    def defer(self, message: Message, until: float, *, by_outage: bool = False) -> None:
        self._until[message.id] = until
        if by_outage:
            self._by_outage.add(message.id)

    def failed(
        self, message: Message, error: ChannelError, failures: int, now: float, chance: float
    ) -> None:
        """The whole channel waits; ``failures``: in a row, with this one."""
        self.last_failed, self._failed_at = message.id, now
        if error.retry_after_s is not None:
            self._asked_until = now + error.retry_after_s
        elif not isinstance(error, Refused) or failures >= DEAD_FAILURES:
            # nothing is taken any more, as after a change of keys: the rest waits for a person
            self._back_at = now + backoff(failures, chance)

    def worked(self) -> None:
        self.last_failed = ""
        self._back_at = self._asked_until = 0.0

    def end_outage(self) -> None:
        """What waited only because the channel failed waits no longer."""
        self._back_at = 0.0
        for message_id in self._by_outage:
            self._until.pop(message_id, None)
        self._by_outage.clear()

    def keep(self, message_ids: Set[str]) -> None:
        """All others are done with, also those that newer news has taken the place of."""
        for done in [one for one in (*self._until, *self._tries) if one not in message_ids]:
            self._forget(done)

    def forget(self, message: Message) -> None:
        """It is done with."""
        self._forget(message.id)

    def _forget(self, message_id: str) -> None:
        self._until.pop(message_id, None)
        self._by_outage.discard(message_id)
        self._tries.pop(message_id, None)
