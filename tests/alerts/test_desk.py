"""From events to messages: grouped, delayed, summed up, muted, and over restarts."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from alerts import desk as desk_module
from alerts.incidents import incident_id
from alerts.model import Event, Kind, Level
from alerts.mutes import Mutes
from alerts.rules.holder import NOW_HOLD_S, NOW_MOST_S
from core.alert_config import AlertsConfig, QuietConfig, RuleConfig
from core.clock import SystemClock
from tests.alerts.desk_kit import HOOK, NOON, TELEGRAM, Office, config, event
from tests.job_queue.store.disks import MemoryDisk, PowerCut

NAMES = ("alder", "birch", "cedar", "elm", "fir")
QUIET = QuietConfig(start=22 * 60, end=7 * 60)


def results(kind: Kind = Kind.FINISHED, names: tuple[str, ...] = NAMES) -> list[Event]:
    return [event(kind, name) for name in names]


# -- groups ----------------------------------------------------------------------------------------


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


# -- one message per print -------------------------------------------------------------------------


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


# -- quiet hours, digest, limit --------------------------------------------------------------------


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


# -- mutes -----------------------------------------------------------------------------------------


def test_a_muted_printer_is_told_on_the_page_only() -> None:
    office = Office(config())
    office.mutes.mute("alder", office.clock.time() + 3600, by="me")
    office.take(event(Kind.PAUSED), event(Kind.PAUSED, "birch"))
    office.run(2.0)
    assert office.titles() == ["Birch"] and len(office.book.open()) == 2
    office.restart()
    office.run(3600.0)
    assert office.titles() == ["Birch"], "it is not told afterwards"
    assert office.mutes.muted() == {}
    office.take(event(Kind.FAILED))
    office.run(2.0)
    assert office.titles() == ["Birch", "Alder"]


def test_a_print_whose_end_is_no_news_does_not_mute_the_next_one() -> None:
    """A person has said himself how it ended, or the printer was in maintenance."""
    office = Office(config(RuleConfig(group_s=0)))
    mutes = Mutes(office.log, office.clock, run_of={"alder": "j1", "birch": ""}.__getitem__)
    for name in ("alder", "birch"):  # birch does nothing yet: its next print is meant
        mutes.mute(name, print_end=True)
    office.restart()
    office.take(event(Kind.PAUSED), event(Kind.SPOOL_SHORT, run="j2"))
    office.take(event(Kind.BED_WAITING, run="j0", ends=True), event(Kind.STARTED, "birch"))
    office.run(2.0)
    assert office.made == []
    office.take(event(Kind.STARTED, run="j2"), event(Kind.FAILED, run="j2"))
    office.take(event(Kind.FAILED, "birch"))
    office.run(2.0)
    told = {d.message.events[0].kind for _, d in office.made}
    assert told == {"started", "failed"} and office.mutes.muted() == {}


def test_a_channel_that_the_settings_have_no_more_is_no_open_alert() -> None:
    office = Office(config(channels=(HOOK, TELEGRAM)))
    dead = Event(kind=Kind.CHANNEL_DEAD, at=NOON, text="tele fails", key="tele 17")
    office.take(dead, replace(dead, key="hook 18"))
    office.settings = config()
    office.restart()
    office.desk.start()
    office.desk.stop()
    assert [one.event.key for one in office.book.open()] == ["hook 18"]
    assert "not in the settings" in office.log.last(1)[0].text


def test_a_group_whose_old_id_the_settings_have_no_more_is_no_open_alert() -> None:
    office = Office(config(channels=(replace(TELEGRAM, chat_id="-77"),)))
    moved = Event(kind=Kind.CHANNEL_MOVED, at=NOON, text="-77 moved", key="-77 -1007")
    office.take(moved)
    for chat, still_open in (("-77", 1), ("-1007", 0)):
        office.settings = config(channels=(replace(TELEGRAM, chat_id=chat),))
        office.restart()
        office.desk.start()
        office.desk.stop()
        assert len(office.book.open()) == still_open
    assert office.log.last(1)[0].text == "The settings do not name the Telegram group -77 any more."


def test_muted_until_the_print_ends_the_end_is_told() -> None:
    office = Office(config(RuleConfig(events=("progress", "finished"), group_s=0)))
    office.mutes.mute("alder", print_end=True)
    office.take(event(Kind.PROGRESS, key="5"))
    office.run(1.0)
    office.restart()
    assert list(office.mutes.muted()) == ["alder"]
    office.take(event(Kind.FINISHED), event(Kind.PROGRESS, run="j2", key="5"))
    office.run(1.0)
    assert [d.message.events[0].kind for _, d in office.made] == ["finished", "progress"]
    office.mutes.mute("alder")
    office.mutes.unmute("alder")
    assert not office.mutes.is_muted("alder") and not office.mutes.is_muted("")


# -- ends ------------------------------------------------------------------------------------------


def test_an_end_is_told_where_its_beginning_was() -> None:
    office = Office(
        config(RuleConfig(events=("now",), channels=("hook",)), channels=(HOOK, TELEGRAM))
    )
    fault = event(Kind.FAULT, key="E1")
    office.take(fault, event(Kind.FAULT, "birch", key="E2", level=Level.INFO))
    office.take(replace(fault, ends=True, text="Alder: the fault is gone"))
    office.take(event(Kind.FAULT, "birch", key="E2", ends=True))
    office.run(30.0)
    assert office.texts() == ["Alder: fault", "Alder: the fault is gone"]
    assert office.texts("tele") == []
    assert [d.message.level for _, d in office.made] == [Level.NOW, Level.INFO]


# -- the bus and the pictures ----------------------------------------------------------------------


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


# -- restarts --------------------------------------------------------------------------------------


def test_a_channel_that_is_gone_owes_nothing() -> None:
    office = Office(config(RuleConfig(digest=0), channels=(HOOK, TELEGRAM)))
    office.take(event(Kind.FINISHED), event(Kind.FAILED))
    office.run(2.0)
    assert len(office.log.owed()) == 2 and len(office.log.pending("tele")) == 1
    office.settings = config(RuleConfig(group_s=0))
    office.restart()
    office.run(1.0)
    assert office.texts() == ["Alder: failed", "Alder: finished"] and office.log.owed() == ()
    assert office.log.pending("tele") == () and office.log.counters() == {("tele", "failed"): 1}
    office.settings = config(RuleConfig(), channels=(HOOK, TELEGRAM))
    office.restart()
    office.run(60.0)
    assert len(office.made) == 3, "a new channel is not told the past"


def test_what_a_channel_with_a_mistake_is_owed_waits_until_it_is_mended() -> None:
    office = Office(config(RuleConfig(group_s=25.0)))
    office.take(event(Kind.FINISHED))
    office.settings = config(channels=(replace(HOOK, problems=("a mistake",)),))
    office.restart()
    office.run(60.0)
    assert office.made == [] and len(office.log.owed()) == 1
    office.settings = config()
    office.restart()
    office.run(60.0)
    assert office.titles() == ["Alder"]


def test_an_event_with_what_cannot_be_written_is_told_without_it() -> None:
    office = Office(config())
    odd = event(Kind.FAILED, text="Alder: \ud800 failed", facts={"file": "a", "reason": object()})
    office.take(odd)
    office.run(2.0)
    office.restart()
    [told] = office.log.last(5)
    assert (told.text, told.facts) == ("Alder: ? failed", {}) and office.texts() == [told.text]


def test_switched_off_nothing_leaves_the_farm() -> None:
    office = Office(AlertsConfig(enabled=False, channels=(HOOK,)))
    office.take(event(Kind.FAILED))
    office.run(60.0)
    assert office.made == [] and [e.kind for e in office.log.last(5)] == [Kind.FAILED]


STEPS = 6


def lived(office: Office, sent: list[tuple[str, ...]]) -> None:
    """Events that come again after a restart are known, as the watch finds them."""
    for one in (event(Kind.PAUSED), event(Kind.STARTED, "birch"), *results()[:2]):
        office.desk.take(one)
        office.run(0.5)
    for _ in range(STEPS):
        office.run(10.0)
        for message in office.log.pending("hook"):
            if office.log.doubtful(message.id):
                office.log.note(message.id, "unclear", "the server was stopped")
            elif office.log.note(message.id, "sending"):
                sent.append(tuple(one.identity for one in message.events))
                office.log.note(message.id, "sent")


def test_a_kill_at_any_call_of_the_disk_loses_nothing_and_doubles_nothing() -> None:
    """Between the event and its message, between "sending" and "sent", anywhere."""
    kills = 0
    for number in range(1, 1000):
        disk = MemoryDisk()
        disk.fault = lambda call, count, number=number: "cut" if count == number else None
        sent: list[tuple[str, ...]] = []
        try:
            lived(Office(config(RuleConfig()), disk=disk), sent)
        except PowerCut:
            kills += 1
        else:
            assert kills > 40 and len(sent) == 3
            return
        for files in (disk.now(), *disk.outcomes()):
            once = list(sent)
            again = Office(config(RuleConfig()), disk=MemoryDisk(files))
            lived(again, once)
            told = [identity for message in once for identity in message]
            assert len(told) == len(set(told)), "told twice"
            records = again.log.messages(100)
            named = [e.identity for record in records for e in record.message.events]
            assert sorted(named) == sorted(set(named)) and len(named) == 4
            assert {record.state for record in records} <= {"sent", "unclear"}
            unclear = {e.identity for r in records if r.state != "sent" for e in r.message.events}
            assert set(told) | unclear == set(named), "lost"
    raise AssertionError("the life never came to its end")


# -- the thread ------------------------------------------------------------------------------------


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
