"""One look now, because a person asks for it: proves camera, provider and key together."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from alerts.defects.eye import Eye, Sight
from alerts.defects.verdict import KINDS, Trouble, Verdict
from alerts.defects.watch import DefectWatch
from core.clock import Clock
from core.errors import Blocked, FarmError

_STEP_S = 0.2


class ProviderFailed(FarmError):
    """The provider gave no answer that can be used."""

    code = "provider_failed"
    status = 502


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What it gave. ``score``: of the provider, as in Verdict."""

    score: float
    kind: str
    what: str
    said: str
    usd: float | None
    seconds: float  # the question alone
    at: float  # epoch s when the picture was taken


class Trials:
    """Thread-safe; one at a time, for each costs money."""

    def __init__(self, watch: DefectWatch, clock: Clock, timeout_s: float) -> None:
        self._watch, self._clock, self._timeout_s = watch, clock, timeout_s
        self._turn = threading.Lock()
        self._waiting = threading.Event()

    def look(self, printer_id: str, eye: Eye) -> Trial:
        """Waits for the camera and the provider. Raises Blocked, ProviderFailed."""
        if not self._turn.acquire(blocking=False):
            raise Blocked("A test is under way already.", code="busy")
        try:
            sight = self._sight(eye)
            return self._ask(printer_id, sight)
        finally:
            eye.close()
            self._turn.release()

    def _sight(self, eye: Eye) -> Sight:
        while (sight := eye.look()) is None:
            self._waiting.wait(_STEP_S)
        if sight.picture is None:
            why = sight.problem or "There is no camera"
            raise Blocked(f"There is no picture to judge: {why}.", code="no_picture")
        return sight

    def _ask(self, printer_id: str, sight: Sight) -> Trial:
        if why := self._watch.spend(printer_id):
            raise Blocked(f"{why}.", code="spent")
        began = self._clock.monotonic()
        jpeg = sight.picture.jpeg if sight.picture else b""
        verdict, trouble = self._watch.asking.now(jpeg, self._timeout_s)
        self._watch.tested(printer_id, verdict, trouble)
        if verdict is None:
            raise _failed(trouble)
        return _trial(verdict, sight, self._clock.monotonic() - began)


def _failed(trouble: Trouble | None) -> ProviderFailed:
    text = trouble.text if trouble else "The question failed"
    return ProviderFailed(f"{text}.", details={"trouble": trouble.code if trouble else ""})


def _trial(verdict: Verdict, sight: Sight, seconds: float) -> Trial:
    return Trial(
        score=round(verdict.score, 3), kind=verdict.kind, what=KINDS.get(verdict.kind, ""),
        said=verdict.said, usd=verdict.usd, seconds=round(seconds, 2), at=sight.taken_at,
    )  # fmt: skip
