"""The token with which Prometheus reads /metrics: it opens that page and nothing else."""

from __future__ import annotations

import hmac

from core.clock import Clock
from core.secret import Secret
from web.attempts import Attempts
from web.errors import TooManyRequests, Unauthorized

ENDPOINT = "metrics.page"


class ScrapeToken:
    def __init__(self, token: Secret, clock: Clock) -> None:
        self._token = token.reveal().encode()
        self._attempts = Attempts(clock)  # a scraper with an old token must not lock people out

    def given(self, authorization: str) -> bool:
        """Whether this header is to be judged here: a Bearer token, where one is set."""
        return bool(self._token) and authorization.partition(" ")[0].lower() == "bearer"

    def check(self, authorization: str, address: str) -> None:
        """Raises Unauthorized or TooManyRequests; also where no password is set."""
        if self._attempts.exceeded(address):
            raise TooManyRequests("Too many wrong tokens. Wait a minute and try again.")
        token = authorization.partition(" ")[2].strip().encode("latin-1", "replace")
        if not hmac.compare_digest(token, self._token):
            self._attempts.note(address)
            raise Unauthorized("This is not the token of /metrics.", code="wrong_token")
