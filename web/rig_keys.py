"""The rigs' tokens: each opens the socket of its own rig and nothing else."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Sequence

from core.camera_config import RigConfig
from web.errors import TooManyRequests, Unauthorized

logger = logging.getLogger(__name__)

ENDPOINT = "rig_socket"
"""The only route that a rig's token opens, and that no password opens."""
_NOBODY = "0" * 64


class RigKeys:
    def __init__(self, rigs: Sequence[RigConfig]) -> None:
        self._digests = {rig.id: rig.sha256 for rig in rigs}

    def check(self, rig_id: str, authorization: str, *, exceeded: bool) -> None:
        """``authorization``: the header; ``exceeded``: this address has guessed too often.

        Raises Unauthorized, in the same way for an unknown rig, or TooManyRequests.
        """
        if exceeded:
            raise TooManyRequests("Too many wrong tokens. Wait a minute and try again.")
        scheme, _, token = authorization.partition(" ")
        given = hashlib.sha256(token.strip().encode("latin-1", "replace")).hexdigest()
        right = self._digests.get(rig_id, _NOBODY) or _NOBODY
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, right):
            raise Unauthorized("The farm knows no rig with this id and token.", code="wrong_token")
