"""The events of the defect watch, in words. What a model wrote is in none of them."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.defects.prints import Print
from alerts.defects.verdict import KINDS
from alerts.model import Event, Kind, Level

WHO = "the farm's defect watch"


@dataclass(frozen=True, slots=True)
class Subject:
    """Which printer the words are about."""

    id: str
    name: str
    group: str = ""


def looks(one: Print) -> str:
    """ "loose strands of filament, 82 %, in 2 of 3 pictures" """
    what = KINDS.get(one.kind) or "a failed print"
    return f"{what}, {round(one.score * 100)} %, {one.seen}"


def defect(subject: Subject, one: Print, at: float, after: str) -> Event:
    """``after``: what the farm does about it, a sentence or ""."""
    text = f"{subject.name}: the print seems to have failed ({looks(one)})."
    return Event(
        kind=Kind.DEFECT, at=at, text=f"{text} {after}".rstrip(), printer_id=subject.id,
        printer=subject.name, group=subject.group, run=one.run, key=one.alarm, photo=one.photo,
        facts={"reason": looks(one), "code": one.kind, "percent": one.percent,
               "file": one.mark.file or one.mark.name},
    )  # fmt: skip


def defect_over(subject: Subject, one: Print, at: float, why: str) -> Event:
    return Event(
        kind=Kind.DEFECT, at=at, text=f"{subject.name}: {why}", printer_id=subject.id,
        printer=subject.name, group=subject.group, run=one.run, key=one.alarm, ends=True,
        level=Level.INFO,
    )  # fmt: skip


def not_paused(subject: Subject, one: Print, at: float, why: str) -> Event:
    """Its own incident: a person who was told of a pause must learn that there is none."""
    return Event(
        kind=Kind.DEFECT, at=at, printer_id=subject.id, printer=subject.name,
        group=subject.group, run=one.run, key=f"{one.told}:pause", photo=one.photo,
        text=f"{subject.name} could not be paused for a suspected defect ({looks(one)}): {why}",
        facts={"reason": why},
    )  # fmt: skip


def not_paused_over(subject: Subject, one: Print, at: float) -> Event:
    return Event(
        kind=Kind.DEFECT, at=at, printer_id=subject.id, printer=subject.name,
        group=subject.group, run=one.run, key=f"{one.told}:pause", ends=True, level=Level.INFO,
        text=f"{subject.name}: the print with the suspected defect runs no longer.",
    )  # fmt: skip


def blind(subject: Subject, run: str, key: str, at: float, reason: str) -> Event:
    """``reason``: without full stop. An empty id is the farm: the provider."""
    if subject.id:
        text = f"{subject.name} prints, but the defect watch cannot see it: {reason}."
    else:
        text = f"The defect watch sees nothing: {reason}."
    return Event(
        kind=Kind.WATCH_BLIND, at=at, text=text, printer_id=subject.id, printer=subject.name,
        group=subject.group, run=run, key=key, facts={"reason": reason},
    )  # fmt: skip


def sees(subject: Subject, run: str, key: str, at: float, why: str = "sees again") -> Event:
    name = f"{subject.name}: the defect watch" if subject.id else "The defect watch"
    return Event(
        kind=Kind.WATCH_BLIND, at=at, text=f"{name} {why}.", printer_id=subject.id,
        printer=subject.name, group=subject.group, run=run, key=key, ends=True, level=Level.INFO,
    )  # fmt: skip
