"""What Prusa Connect's answers mean and how long to leave it alone (cameras-and-rig 1). Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

FLOOR_S = 10.0
"""Prusa Connect takes no more than one picture per camera in this time."""
SLOW_S = 300.0
REJECTED_S = 900.0
"""A refused token: nothing helps but a person, who should not have to restart the farm after."""
HOPELESS_S = 3600.0
FIRST_BACKOFF_S, LAST_BACKOFF_S = 10.0, 300.0
JITTER = 0.2
"""Share of a wait that may be added, so that a farm's cameras do not come back all at once."""
MAX_INVALID = 3
"""Answers 400 in a row after which only a person will help."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One request's end. ``code`` None: there was no answer, ``problem`` says why."""

    code: int | None = None
    retry_after_s: float | None = None
    problem: str = ""  # no full stop


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What follows from it."""

    state: str
    text: str = ""  # for the panel, "" while all is well; no full stop
    wait_s: float = 0.0  # at least so long until the next picture; the interval counts besides
    taken: bool = False  # Connect has the picture, or says that it has it already
    shrink: bool = False


_CURE = 'add a camera of the type "Other" there and put its token into the settings'
_STORED = Verdict(state="ok", taken=True)
_REJECTED = Verdict(
    state="rejected",
    text=f"Prusa Connect refuses the token, or knows it with another camera; {_CURE}",
    wait_s=REJECTED_S,
)
_VERDICTS: dict[int, Verdict] = {
    200: _STORED,
    201: _STORED,
    204: _STORED,
    304: Verdict(state="unchanged", text="Prusa Connect has this picture already", taken=True),
    400: Verdict(
        state="invalid",
        text=f"Prusa Connect cannot use the token, the fingerprint or the picture; {_CURE}",
    ),
    401: _REJECTED,
    403: _REJECTED,
    404: Verdict(
        state="unknown_camera",
        text="Prusa Connect does not find this camera; its printer may be switched off there, "
        "or the camera was deleted",
        wait_s=SLOW_S,
    ),
    409: Verdict(
        state="conflict",
        text="Prusa Connect takes no picture of this camera now (conflict)",
        wait_s=SLOW_S,
    ),
    413: Verdict(
        state="too_large",
        text="Prusa Connect finds the picture too large; the next one is smaller",
        wait_s=FLOOR_S,
        shrink=True,
    ),
    429: Verdict(state="slow_down", text="Prusa Connect asks for fewer pictures", wait_s=60.0),
}


def judge(answer: Answer, failures: int) -> Verdict:
    """``failures``: how many answers in a row were none that took the picture, this one included
    (1 or more where it is one)."""
    code = answer.code
    if code is None:
        return Verdict(state="unreachable", text=answer.problem, wait_s=backoff(failures))
    if code == 400:
        patient = backoff(failures) if failures < MAX_INVALID else HOPELESS_S
        return replace(_VERDICTS[400], wait_s=patient)
    if code == 429 and answer.retry_after_s is not None:
        return replace(_VERDICTS[429], wait_s=within_hour(answer.retry_after_s))
    return _VERDICTS.get(code) or _others(code, answer, failures)


def _others(code: int, answer: Answer, failures: int) -> Verdict:
    if 300 <= code < 400:
        text = "The server points to another address, which is not followed; check the host"
        return Verdict(state="redirected", text=text, wait_s=REJECTED_S)
    if code >= 500:
        wait_s = max(backoff(failures), within_hour(answer.retry_after_s or 0.0))
        text = f"Prusa Connect has trouble of its own (HTTP {code})"
        return Verdict(state="server_error", text=text, wait_s=wait_s)
    text = f"Prusa Connect gives an answer that nobody has described (HTTP {code})"
    return Verdict(state="unexpected", text=text, wait_s=max(SLOW_S, backoff(failures)))


def backoff(failures: int) -> float:
    """10, 20, 40 … 300 s."""
    return min(LAST_BACKOFF_S, FIRST_BACKOFF_S * float(2 ** min(max(failures, 1) - 1, 8)))


def within_hour(seconds: float) -> float:
    """What a server asks for, believed up to an hour."""
    return min(max(seconds, 0.0), HOPELESS_S)
