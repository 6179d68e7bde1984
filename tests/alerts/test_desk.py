"""From events to messages: grouped, delayed, summed up."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from alerts import desk as desk_module
from alerts.incidents import incident_id
from alerts.model import Kind, Level
from alerts.rules.holder import NOW_HOLD_S, NOW_MOST_S
from core.alert_config import AlertsConfig, QuietConfig, RuleConfig
from core.clock import SystemClock
from tests.alerts.desk_kit import HOOK, NAMES, NOON, TELEGRAM, Office, config, event, results

QUIET = QuietConfig(start=22 * 60, end=7 * 60)


def test_what_happens_close_together_is_one_message_with_a_list() -> None:
    office = Office(config())
    for one in results():
        office.take(one)
        office.run(4.0)
    assert office.titles() == []
    office.run(6.0)
    assert office.titles() == ["5 printers finished"]
    assert office.texts()[0].splitlines() == [f"{name.capitalize()}: finished" for name in NAMES]
    office.take(event(Kind.FINISHED, "gum"))
    office.run(25.0)
    assert office.titles()[1] == "Gum" and office.texts()[1] == "Gum: finished"


def test_a_power_cut_is_one_message_and_nobody_waits_two_seconds_for_it() -> None:
    office = Office(config())
    for number in range(50):
        office.take(event(Kind.OFFLINE_PRINTING, f"p{number}"))
        office.run(0.01)
    office.run(NOW_HOLD_S)
    assert office.titles() == ["50 printers went offline while printing"]
    assert office.texts()[0].splitlines()[-1] == "and 21 more"
    assert office.made[0][0] - 1_000.0 < 2.0


def test_now_waits_a_moment_for_its_picture_and_others_longer() -> None:
    office = Office(config(RuleConfig()), slow_cameras=True)
    office.take(event(Kind.FAILED), event(Kind.FINISHED, "birch"))
    office.run(NOW_MOST_S - 0.1)
    assert office.titles() == []
    office.run(0.2)
    assert office.titles() == ["Alder"], "without its picture"
    office.run(19.0)
    assert office.titles() == ["Alder"]
    office.run(6.0)
    assert office.titles() == ["Alder", "Birch"], "the camera is too slow, the message goes"


def test_a_picture_that_came_in_time_goes_with_the_message() -> None:
    office = Office(config(RuleConfig(group_s=0)), slow_cameras=True)
    one = event(Kind.FINISHED)
    office.take(one)
    office.run(5.0)
    office.cameras.open.clear()
    office.desk._photo_taken(one, "a.jpg")
    office.run(0.1)
    assert [draft.message.photo for _, draft in office.made] == ["a.jpg"]
    office.take(event(Kind.PHOTO, photo="b.jpg"), event(Kind.PHOTO, "birch", photo="c.jpg"))
    office.run(0.1)
    assert [draft.message.photo for _, draft in office.made[1:]] == ["b.jpg", "c.jpg"]


def test_levels_expiry_and_sound() -> None:
    office = Office(config(RuleConfig(group_s=0)))
    kinds = (Kind.FAILED, Kind.BED_WAITING, Kind.STARTED, Kind.PROGRESS, Kind.FINISHED)
    office.take(*(event(kind, at=office.clock.time()) for kind in kinds))
    office.run(2.0)
    told = {d.message.events[0].kind: d.message for _, d in office.made}
    assert {kind: m.level for kind, m in told.items()} == {
        Kind.FAILED: Level.NOW, Kind.BED_WAITING: Level.SOON, Kind.STARTED: Level.INFO,
        Kind.PROGRESS: Level.INFO, Kind.FINISHED: Level.SOON,
    }  # fmt: skip
    assert [m.silent for m in told.values()] == [m.level is Level.INFO for m in told.values()]
    assert told[Kind.FAILED].expires_at == told[Kind.FINISHED].expires_at == NOON + 7 * 86_400
    assert told[Kind.PROGRESS].expires_at == NOON + 3600


def test_news_of_a_print_are_for_its_one_message_where_the_channel_edits() -> None:
    office = Office(config(RuleConfig(), channels=(TELEGRAM, HOOK)))
    for percent in range(5, 30, 5):
        office.take(event(Kind.PROGRESS, key=str(percent)))
        office.run(0.1)
    assert len(office.titles("tele")) == 5 and office.titles("hook") == []
    assert {d.message.live for _, d in office.made} == {"alder|j1"}
    assert len(office.log.pending("tele")) == 1, "what was not sent yet is replaced"
    office.run(25.0)
    [only] = [d for _, d in office.made if d.message.channel == "hook"]
    assert only.message.events[0].key == "25" and len(only.also) == 4
    office.take(event(Kind.FINISHED))
    office.run(25.0)
    [result] = office.log.pending("tele")
    assert (result.live, result.ends_live, result.title) == ("alder|j1", True, "Alder")


def test_quiet_hours_delay_and_drop_nothing() -> None:
    office = Office(config(RuleConfig(quiet=QUIET)))
    office.clock.advance(11 * 3600)  # 23:00
    office.take(*results(), event(Kind.STARTED, "gum", at=office.clock.time()))
    office.take(event(Kind.PROGRESS, "gum", key="5"), event(Kind.PROGRESS, "gum", key="10"))
    office.run(60.0)
    assert office.titles() == []
    office.take(event(Kind.PAUSED, "gum", text="Gum: no filament"))
    office.run(2.0)
    assert office.titles() == ["Gum"], "what is urgent goes at any hour"
    office.restart()
    office.run(7.9 * 3600)
    assert office.titles() == ["Gum"]
    office.run(0.2 * 3600)
    assert office.titles() == ["Gum", "7 alerts in quiet hours"]
    lines = office.texts()[1].splitlines()
    assert lines[0] == "12:00 Alder: finished" and len(lines) == 7
    [_, summary] = [draft for _, draft in office.made]
    assert len(summary.also) == 1, "of the print's news the newest alone"
    office.run(24 * 3600)
    assert len(office.titles()) == 2


def test_urgent_in_quiet_hours_without_sound_if_wanted() -> None:
    office = Office(config(RuleConfig(quiet=replace(QUIET, silence_now=True))))
    office.take(event(Kind.FAILED))
    office.run(2.0)
    office.clock.advance(11 * 3600)
    office.take(event(Kind.FAILED, "birch"))
    office.run(2.0)
    assert [draft.message.silent for _, draft in office.made] == [False, True]


def test_a_digest_is_one_message_a_day() -> None:
    office = Office(config(RuleConfig(digest=18 * 60)))
    office.take(*results(), *results(Kind.FAILED, ("gum",)), event(Kind.PROGRESS, key="5"))
    office.run(5.9 * 3600)
    assert office.titles() == ["Gum"]
    office.run(0.2 * 3600)
    assert office.titles()[1:] == ["Digest: 5 alerts"], "its progress is told by its end"
    office.take(event(Kind.FINISHED, "hazel"))
    office.run(23.8 * 3600)
    assert len(office.titles()) == 2
    office.run(0.2 * 3600)
    assert office.titles()[2:] == ["Digest: 1 alert"]


def test_past_its_limit_a_rule_sums_up_but_never_what_is_urgent() -> None:
    office = Office(config(RuleConfig(per_hour=3, group_s=0)))
    for number in range(9):
        office.take(event(Kind.FINISHED, f"p{number}"))
        office.run(60.0)
    assert office.titles() == ["P0", "P1", "P2"]
    office.take(event(Kind.FAILED, "birch"))
    office.run(2.0)
    assert office.titles()[3] == "Birch"
    office.restart()
    office.run(50 * 60.0)
    assert len(office.titles()) == 4, "the limit outlives a restart"
    office.run(15 * 60.0)
    told = [draft.message for _, draft in office.made[4:]]
    assert sum(len(message.events) for message in told) == 6


def test_the_surplus_is_one_message() -> None:
    office = Office(config(RuleConfig(per_hour=2, group_s=0)))
    for number in range(9):
        office.take(event(Kind.FINISHED, f"p{number}"))
        office.run(1.0)
    office.run(3600.0)
    assert office.titles() == ["P0", "P1", "7 more"]


def test_what_a_printer_says_is_one_line_of_some_length_and_text() -> None:
    office = Office(config(RuleConfig(group_s=0)))
    evil = event(
        Kind.FAULT, text="Alder: hot\nBirch: all is well\ud800", key="E" * 10**6,
        facts={"reason": "x" * 10**6, "code": "\ud800", "percent": 7},
    )  # fmt: skip
    office.take(evil)
    assert not office.desk.take(evil), "it is the same again"
    office.run(2.0)
    assert office.texts() == ["Alder: hot Birch: all is well?"]
    [kept] = office.log.events()
    assert (len(kept.key), len(kept.facts["reason"])) == (300, 500)
    assert (kept.facts["code"], kept.facts["percent"]) == ("?", 7)
    office.take(replace(evil, ends=True))
    assert office.book.open() == (), "its end is known by the same"
    assert sum(map(len, office.disk.now().values())) < 10_000


def test_the_bus_hears_of_events_and_incidents() -> None:
    office = Office(config())
    one = event(Kind.PAUSED)
    office.take(one)
    slots = office.box.take(1.0)
    assert slots[("alert", one.identity)] == one
    [incident] = office.book.open()
    assert slots[("incident", incident_id(one.incident))] == incident
    assert not office.desk.take(one) and office.box.take(0.0) == {}
    office.desk._photo_taken(one, "a.jpg")
    [[_, changed]] = office.box.take(1.0).items()
    assert changed.photo == "a.jpg" and office.book.open() == (changed,)


def test_pictures_are_taken_for_messages_and_for_the_page_only() -> None:
    office = Office(
        config(RuleConfig(events=("started",)), RuleConfig(events=("failed",), photo=False))
    )
    office.take(event(Kind.STARTED), event(Kind.PROGRESS, key="5"), event(Kind.FAILED))
    office.take(event(Kind.PAUSED), event(Kind.ONLINE))
    assert office.cameras.wished == [
        (event(Kind.STARTED).identity, Level.SOON), (event(Kind.PAUSED).identity, Level.NOW),
    ]  # fmt: skip


def test_switched_off_nothing_leaves_the_farm() -> None:
    office = Office(AlertsConfig(enabled=False, channels=(HOOK,)))
    office.take(event(Kind.FAILED))
    office.run(60.0)
    assert office.made == [] and [e.kind for e in office.log.last(5)] == [Kind.FAILED]


def test_the_thread_makes_messages_by_itself_and_survives_a_bug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = Office(config(RuleConfig(group_s=0)), clock=SystemClock())  # type: ignore[arg-type]
    monkeypatch.setattr(desk_module, "compose", broken)
    office.desk.start()
    office.take(event(Kind.FINISHED, at=office.clock.time()))
    assert office.log.wait_pending("hook", 10.0)
    [message] = office.log.pending("hook")
    assert (message.title, message.text) == ("Print farm", "Alder: finished")
    office.desk.stop()
    assert "alerts:desk" not in {thread.name for thread in threading.enumerate()}


def broken(*_: object) -> None:
    raise ZeroDivisionError("a bug in the words")
