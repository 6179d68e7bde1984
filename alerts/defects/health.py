"""How the provider is doing, for all printers together: one that is down is asked seldom."""

from __future__ import annotations

import logging
from collections.abc import Callable

from alerts.defects.verdict import OF_ONE_PICTURE, Trouble

logger = logging.getLogger(__name__)

FIRST_RETRY_S, LAST_RETRY_S = 20.0, 900.0
UNREADABLE = 3
"""So many answers in a row that nobody can read, from any printers, are the provider's fault."""


class Health:
    """Used by one thread. Times are monotonic seconds."""

    def __init__(self, chance: Callable[[], float]) -> None:
        """``chance``: 0 to 1, spreads the retries."""
        self._chance = chance
        self.trouble: Trouble | None = None
        self._failures = 0
        self._odd = 0
        self._retry_at = 0.0

    @property
    def stopped(self) -> bool:
        """Nothing is asked until a person has tested it, or the farm is started again."""
        return self.trouble is not None and self.trouble.stops

    @property
    def text(self) -> str:
        """Why nothing is judged, "" = all is well. No full stop."""
        if self.trouble is None:
            return ""
        if self.trouble.stops:
            return f"{self.trouble.text}. It is not asked again until a test has worked"
        return self.trouble.text

    def may_ask(self, now: float, under_way: int) -> bool:
        """While it is down, one question at a time finds out whether it is back."""
        if self.trouble is None:
            return True
        return not self.stopped and under_way == 0 and now >= self._retry_at

    def worked(self) -> None:
        if self.trouble is not None:
            logger.info("defect watch: the provider answers again")
        self.trouble, self._failures, self._odd = None, 0, 0

    def failed(self, trouble: Trouble, now: float) -> None:
        if trouble.code in OF_ONE_PICTURE:
            self._odd += 1
            if self._odd < UNREADABLE or trouble.code == "unseen":
                return
        if self.trouble is None:
            logger.warning("defect watch: %s", trouble.text)
        self.trouble = trouble
        wait_s = min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** min(self._failures, 10))
        self._failures += 1
        wait_s *= 1 + 0.2 * self._chance()
        self._retry_at = now + max(wait_s, trouble.retry_after_s or 0.0)
