"""What the desk keeps over restarts and kills: mutes, ends, what a channel is owed."""

from __future__ import annotations

from dataclasses import replace

from alerts.model import Event, Kind, Level
from alerts.mutes import Mutes
from core.alert_config import RuleConfig
from tests.alerts.desk_kit import HOOK, NOON, TELEGRAM, Office, config, event, results
from tests.job_queue.store.disks import MemoryDisk, PowerCut


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
