"""How a request is answered (A3.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.bambu.machine import BambuMachine

Body = dict[str, Any]
Handler = Callable[["BambuMachine", Body], Body | None]
"""Carries a request out; returns extra fields for the answer. Raises Refused, Silent."""


class Refused(Exception):
    """Answered with result "fail", or, with ``echo``, by the request plus err_code alone."""

    def __init__(self, reason: str, err_code: int = 0, *, echo: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.err_code = err_code
        self.echo = echo


class Silent(Exception):
    """No answer at all."""


def success(model_family: str, body: Body, extra: Body | None) -> Body:
    """The ack of an accepted request: its fields plus result and reason."""
    word = "SUCCESS" if model_family in ("p1", "x1") else "success"
    return {"param": "", **body, "reason": "", "result": word, **(extra or {})}


def failure(body: Body, refused: Refused) -> Body:
    """The ack of a refused request."""
    if refused.echo:
        return {**body, "err_code": refused.err_code}
    answer = {**body, "reason": refused.reason, "result": "fail"}
    if refused.err_code:
        answer["err_code"] = refused.err_code
    return answer


def number(body: Body, key: str, default: float | None = None) -> float:
    """A numeric field; decimal strings count. Raises Refused."""
    value = body.get(key, default)
    if isinstance(value, bool):
        raise Refused(f"bad {key}")
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise Refused(f"bad {key}") from None
    raise Refused(f"missing {key}")
