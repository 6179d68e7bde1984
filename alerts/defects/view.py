"""How the watch of one printer stands, as people see it. Immutable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alerts.defects import words
from alerts.defects.guard import Guard, Look
from alerts.defects.prints import Print
from alerts.defects.verdict import KINDS
from printers.status import PrinterState

OFF, IDLE, WATCHING, BLIND, SUSPENDED = "off", "idle", "watching", "blind", "suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """``text``: a sentence, "" = nothing to say."""

    state: str = IDLE
    text: str = ""
    score: float | None = None  # 0–1 of the newest picture, None = none in this print
    at: int | None = None  # epoch s when that was taken
    alarm: str = ""  # suspected, defect, paused
    photo: str = ""  # file of the evidence while there is an alarm
    jpeg: bytes = b""
    looks: tuple[Look, ...] = ()  # newest last

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        return [
            {"at": int(v.at), "score": round(v.score, 2), "kind": v.kind,
             "what": KINDS.get(v.kind, ""), "said": v.said, "problem": v.problem}
            for v in self.looks
        ]  # fmt: skip

    def panel(self) -> dict[str, Any]:
        """For a printer's card."""
        return {
            "state": self.state, "text": self.text, "score": self.score, "at": self.at,
            "alarm": self.alarm, "photo": bool(self.photo or self.jpeg),
        }  # fmt: skip


def view_of(guard: Guard, farm_trouble: str) -> View:
    """``farm_trouble``: why nothing is judged at all, "" = it is."""
    look, one = guard.look, guard.print
    state, text = _state(guard, farm_trouble)
    alarm = _alarm(guard)
    return View(
        state=state,
        text=text if state == BLIND and alarm == "suspected" else _alarm_text(guard, alarm) or text,
        score=None if look is None or look.problem else round(look.score, 2),
        at=None if look is None else int(look.at),
        alarm=alarm,
        photo=one.photo if one is not None and alarm in ("defect", "paused") else "",
        jpeg=look.jpeg if look is not None else b"",
        looks=tuple(guard.looks),
    )  # fmt: skip


def _state(guard: Guard, farm_trouble: str) -> tuple[str, str]:
    one = guard.print
    if one is not None and one.open and one.wish is False:
        return SUSPENDED, "Not watched: switched off for this print."
    if not guard.chosen and (one is None or not one.open or one.wish is None):
        return OFF, ""
    if guard.no_camera:
        return OFF, "There is no camera to watch with."
    if not guard.active:
        return IDLE, ""
    if farm_trouble:
        return BLIND, f"Not watched: {farm_trouble}."
    if guard.blindness.reason:
        return BLIND, f"Not watched: {guard.blindness.reason}."
    return WATCHING, _seen(guard.look, one)


def _seen(look: Look | None, one: Print | None) -> str:
    """What is known while there is no alarm; nothing better than that."""
    if look is None:
        return "Not looked yet."
    if look.problem:
        return f"Could not be judged: {look.problem}."
    if one is not None and look.at < one.resumed_at:
        return "Not looked since a person let it go on."
    return "Looks good."


def _alarm(guard: Guard) -> str:
    one = guard.print
    if one is None or not one.open:
        return ""
    held = guard.status is not None and guard.status.state is PrinterState.PAUSED
    if one.pause == "done" and held and one.alarm:
        return "paused"
    if one.alarm:
        return "defect"
    return "suspected" if guard.judgement.suspected and guard.active else ""


def _alarm_text(guard: Guard, alarm: str) -> str:
    one = guard.print
    if one is None or not alarm:
        return ""
    if alarm == "paused":
        return one.pause_text
    if alarm == "suspected":
        return "One picture looks suspicious; it looks again soon."
    text = f"Seems to have failed: {words.looks(one)}."
    return f"{text} {one.pause_text}" if one.pause in ("failed", "late") else text
