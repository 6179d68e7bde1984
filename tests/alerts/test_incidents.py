"""What is open, what was, who has seen it; and that a restart finds the same."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from alerts import incidents
from alerts.ends import RESULTS, begins, closes, still_open
from alerts.incidents import Incident, incident_id
from alerts.model import TRAITS, Event, Kind, Level
from core.alert_config import RuleConfig
from core.errors import NotFound
from tests.alerts.desk_kit import NOON, Office, config, event


def office() -> Office:
    return Office(config(RuleConfig()))


def seen(office: Office) -> tuple[tuple[Incident, ...], tuple[Incident, ...]]:
    return office.book.open(), office.book.resolved()


@pytest.mark.parametrize("kind", list(Kind))
def test_what_stays_open_is_ended_by_its_end(kind: Kind) -> None:
    room = office()
    room.take(event(kind, key="E1"))
    assert len(room.book.open()) == TRAITS[kind].incident
    room.take(event(kind, key="E1", ends=True, at=NOON + 60))
    assert room.book.open() == ()
    assert [one.resolved_at for one in room.book.resolved()] == [NOON + 60] * TRAITS[kind].incident


def test_an_end_of_another_leaves_it_open() -> None:
    room = office()
    room.take(event(Kind.FAULT, key="E1"), event(Kind.FAULT, "birch", key="E1"))
    room.take(
        event(Kind.FAULT, key="E2", ends=True), event(Kind.FAULT, run="j2", key="E1", ends=True)
    )
    assert len(room.book.open()) == 2


@pytest.mark.parametrize("kind", sorted(RESULTS))
def test_a_print_s_end_ends_what_was_open_of_it(kind: Kind) -> None:
    room = office()
    of_the_print = (Kind.PAUSED, Kind.OFFLINE_PRINTING, Kind.DEFECT, Kind.WATCH_BLIND)
    room.take(*(event(one) for one in of_the_print), event(Kind.PAUSED, "birch"))
    room.take(event(Kind.FAULT), event(Kind.BED_WAITING), event(Kind.NEEDS_PERSON))
    room.take(event(kind))
    assert [(one.printer_id, one.event.kind) for one in room.book.open()] == [
        ("birch", "paused"), ("alder", "fault"), ("alder", "bed_waiting"),
        ("alder", "needs_person"),
    ]  # fmt: skip


def test_resumed_and_online_end_what_they_answer() -> None:
    paused, foreign = event(Kind.PAUSED), event(Kind.PAUSED, run="")
    assert closes(event(Kind.RESUMED), paused)
    assert not closes(event(Kind.RESUMED, run="j2"), paused)
    assert not closes(event(Kind.RESUMED, run=""), foreign), "which print is not known"
    assert closes(event(Kind.ONLINE, run=""), event(Kind.OFFLINE_PRINTING))
    assert not closes(event(Kind.ONLINE, "birch"), event(Kind.OFFLINE_PRINTING))
    assert still_open([paused, event(Kind.RESUMED), foreign]) == {foreign.incident: foreign}


def test_what_is_open_is_what_none_of_the_later_ones_closes() -> None:
    kinds = (Kind.PAUSED, Kind.FAULT, Kind.OFFLINE, Kind.OFFLINE_PRINTING, Kind.RESUMED,
             Kind.ONLINE, Kind.FINISHED, Kind.STARTED)  # fmt: skip
    every = [
        event(kind, printer, run, ends=ends)
        for kind in kinds for printer in ("alder", "birch") for run in ("", "j1", "j2")
        for ends in (False, True)
    ]  # fmt: skip
    dice = random.Random(7)
    for _ in range(50):
        told = dice.choices(every, k=40)
        wanted = {
            one.incident
            for number, one in enumerate(told)
            if begins(one) and not any(closes(later, one) for later in told[number + 1 :])
        }
        assert set(still_open(told)) == wanted


def test_a_reminder_is_of_the_same_incident() -> None:
    room, first = office(), event(Kind.BED_WAITING)
    room.take(first, replace(first, repeat=1, text="still", at=NOON + 1800))
    [one] = room.book.open()
    assert (one.repeats, one.text, one.since, one.event) == (2, "still", NOON, first)
    room.take(replace(first, ends=True, at=NOON + 2000))
    assert room.book.open() == () and room.book.get(one.id).resolved_at == NOON + 2000


def test_a_restart_finds_the_same() -> None:
    room = office()
    room.take(event(Kind.PAUSED), event(Kind.FAULT, "birch", key="E"), event(Kind.BED_WAITING, "c"))
    room.take(
        event(Kind.BED_WAITING, "c", repeat=1), event(Kind.FAULT, "birch", key="E", ends=True)
    )
    room.book.ack(incident_id(event(Kind.PAUSED).incident), "me")
    room.desk._photo_taken(event(Kind.PAUSED), "p.jpg")
    before = seen(room)
    room.restart()
    after = seen(room)
    same = [[(i.id, i.repeats, i.acked_by, i.acked_at, i.photo, i.resolved_at) for i in part]
            for part in before]  # fmt: skip
    assert [[(i.id, i.repeats, i.acked_by, i.acked_at, i.photo, i.resolved_at) for i in part]
            for part in after] == same  # fmt: skip
    assert before[0][0].photo == "p.jpg" and before[0][0].acked_by == "me"


def test_acknowledged_once_and_by_the_first() -> None:
    room = office()
    room.take(event(Kind.PAUSED))
    [one] = room.book.open()
    room.clock.advance(5.0)
    first = room.book.ack(one.id, "me")
    assert (first.acked_by, first.acked_at) == ("me", NOON + 5.0)
    room.clock.advance(5.0)
    assert room.book.ack(one.id, "you") == first == room.book.get(one.id)
    with pytest.raises(NotFound, match="no such alert"):
        room.book.ack("0" * 18)


def test_an_acknowledgement_is_not_of_the_next_occurrence() -> None:
    room = office()
    room.take(event(Kind.FAULT, key="E"))
    room.book.ack(room.book.open()[0].id, "me")
    room.take(event(Kind.FAULT, key="E", ends=True), event(Kind.FAULT, key="E 2"))
    [again] = room.book.open()
    assert again.acked_at is None


def test_what_was_is_listed_by_its_end_in_pages_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(incidents, "MOST_RESOLVED", 3)
    room = office()
    for number in range(5):
        room.take(event(Kind.FAULT, key=str(number)))
        room.take(event(Kind.FAULT, key=str(number), ends=True, at=NOON + number))
    assert [one.event.key for one in room.book.resolved()] == ["4", "3", "2"]
    assert [one.event.key for one in room.book.resolved(1)] == ["4"]
    assert [one.event.key for one in room.book.resolved(5, before=NOON + 4)] == ["3", "2"]


def test_levels_and_ids() -> None:
    farm = Event(kind=Kind.DISK_LOW, at=NOON, text="The disk is full.", level=Level.SOON)
    room = office()
    room.take(farm)
    [one] = room.book.open()
    assert (one.level, one.printer_id, one.id) == (Level.SOON, "", incident_id(farm.incident))
    assert one.id.isalnum()
