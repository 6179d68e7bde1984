"""The log over restarts, power cuts at every call, disks that refuse, and damage."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts import log_file, log_state
from alerts.log import AlertLog, Draft, Mute
from alerts.model import Event, Kind, Level, Message
from core.clock import ManualClock, SystemClock
from core.crc_lines import lines
from tests.alerts.desk_kit import event
from tests.job_queue.store.disks import FOLDER, MemoryDisk, PowerCut

PAUSED = event(Kind.PAUSED, facts={"percent": 40, "reason": "door"})
STEP_1, STEP_2 = event(Kind.PROGRESS, key="5"), event(Kind.PROGRESS, key="10")
OVER = event(Kind.FINISHED)
Step = Callable[[AlertLog], object]


def message(number: int, channel: str, *events: Event, **more: Any) -> Message:
    more.setdefault("level", Level.SOON)
    more.setdefault("created_at", 1_800_000_000.0 + number)
    return Message(id=f"m{number}", channel=channel, title="T", text="x", events=events, **more)


LIFE: tuple[Step, ...] = (
    lambda log: log.add_event(PAUSED, ("t", "h")),
    lambda log: log.add_message(message(1, "t", PAUSED, level=Level.NOW), "rule"),
    lambda log: log.note("m1", "sending"),
    lambda log: log.set_photo(PAUSED.identity, "a.jpg"),
    lambda log: log.note("m1", "waiting", "the service is down"),
    lambda log: log.note("m1", "sending"),
    lambda log: log.note("m1", "sent"),
    lambda log: log.ack(PAUSED.incident, "me"),
    lambda log: log.add_event(STEP_1, ("t",)),
    lambda log: log.add_message(message(2, "t", STEP_1, live="alder|j1"), "rule"),
    lambda log: log.add_event(STEP_2, ("t",)),
    lambda log: log.add_message(message(3, "t", STEP_2, live="alder|j1"), "rule"),
    lambda log: log.set_memo("t", "alder|j1", {"message_id": 7}),
    lambda log: log.mute(Mute("alder", 1_800_001_000.0, by="me", at=1.0)),
    lambda log: log.unmute("alder"),
    lambda log: log.mute(Mute("birch", print_end=True)),
    lambda log: log.settle([PAUSED.identity], "h", "the channel is gone"),
    lambda log: log.add_event(OVER, ("t", "h"), muted=True),
    lambda log: log.add_message(message(4, "h", OVER), "rule", also=[STEP_1.identity]),
    lambda log: log.note("m3", "sending"),
)


@pytest.fixture(autouse=True)
def short_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the file is written anew several times in a life."""
    monkeypatch.setattr(log_file, "REWRITE_BYTES", 700)


def opened(disk: MemoryDisk, clock: ManualClock | None = None) -> AlertLog:
    return AlertLog(FOLDER, clock or ManualClock(), fs=disk)


def seen(log: AlertLog) -> tuple[object, ...]:
    """All that anybody can see of it, but what a notice says."""
    records = [(told(r.message), r.state, r.notes, r.rule) for r in log.messages(100)]
    pending = [[told(m) for m in log.pending(channel)] for channel in ("t", "h")]
    people = (log.acks(), log.mutes(), log.counters())
    return log.events(), log.owed(), records, pending, log.memo("t", "alder|j1"), *people


def told(message: Message) -> tuple[object, ...]:
    """Whether its events have their pictures by now is of no account."""
    return replace(message, events=()), [event.identity for event in message.events]


def live(disk: MemoryDisk) -> list[tuple[object, ...]]:
    """What was to be seen before each step, and after the last."""
    clock = ManualClock()
    log = opened(disk, clock)
    states = [seen(log)]
    for step in LIFE:
        clock.advance(1.0)
        step(log)
        states.append(seen(log))
    return states


def cut_lives(fault: str | int = "cut") -> Iterator[tuple[MemoryDisk, int, bool]]:
    """Each life up to the n-th call; how many steps it has confirmed; whether it came to its end"""
    for number in range(1, 5000):
        disk = MemoryDisk()
        disk.fault = lambda call, count, number=number: fault if count == number else None
        done = -1
        try:
            clock = ManualClock()
            log = opened(disk, clock)
            done = 0
            for step in LIFE:
                clock.advance(1.0)
                step(log)
                done += 1
        except PowerCut:
            yield disk, done, False
        else:
            yield disk, done, True
            return
    raise AssertionError("the life never came to its end")


# -- power -----------------------------------------------------------------------------------------


def test_the_life_is_worth_it() -> None:
    disk = MemoryDisk()
    states = live(disk)
    different = len({repr(state) for state in states})
    assert different == len(states) - 1, "every step can be seen, and one undoes another"
    assert disk.log.count("replace") >= 3 and disk.log.count("fsync") > 20


def test_a_restart_finds_everything() -> None:
    disk = MemoryDisk()
    last = live(disk)[-1]
    assert seen(opened(MemoryDisk(disk.now()))) == last
    [found] = disk.outcomes()
    assert seen(opened(MemoryDisk(found))) == last


def test_whenever_the_power_is_cut_nothing_confirmed_is_lost_and_nothing_is_there_in_part() -> None:
    states = live(MemoryDisk())
    cuts = found = 0
    for disk, done, _ in cut_lives():
        cuts += 1
        possible = [states[0]] if done < 0 else states[done : done + 2]
        for files in disk.outcomes():
            found += 1
            log = opened(MemoryDisk(files))
            assert log.trouble == ""
            assert seen(log) in possible, (disk.log[-8:], done)
    assert cuts > 70 and found > 150


def test_nor_when_it_is_cut_again_during_the_start() -> None:
    states = live(MemoryDisk())
    mended = 0
    for disk, done, over in cut_lives():
        possible = [states[0]] if done < 0 else states[done : done + 2]
        for files in [] if over else list(disk.outcomes())[-2:]:
            for number in range(1, 20):
                again = MemoryDisk(files)
                again.fault = lambda call, count, number=number: "cut" if count == number else None
                try:
                    opened(again)
                except PowerCut:
                    mended += 1
                    for left in again.outcomes():
                        assert seen(opened(MemoryDisk(left))) in possible
    assert mended > 200


# -- a disk that refuses ---------------------------------------------------------------------------


@pytest.mark.parametrize("code", [errno.ENOSPC, -errno.ENOSPC, errno.EIO, -errno.EIO])
def test_what_the_disk_refuses_goes_on_in_memory_and_is_written_later(code: int) -> None:
    """A negative errno: the call happens, or half of it, and is refused then."""
    last = live(MemoryDisk())[-1]
    refusals = 0
    for number in range(1, 200):
        disk, clock = MemoryDisk(), ManualClock()
        disk.fault = lambda call, count, number=number: code if count == number else None
        log = opened(disk, clock)
        for step in LIFE:
            clock.advance(1.0)
            step(log)
        assert seen(log) == last
        refusals += disk.calls >= number
        clock.advance(log_file.RETRY_S)
        log.tend()
        assert log.trouble == "" or "could not be read" in log.trouble
        for files in disk.outcomes():
            assert seen(opened(MemoryDisk(files))) == last, disk.log
        if disk.calls < number:
            break
    assert refusals > 70


def test_the_operator_reads_of_a_full_disk_until_it_has_room() -> None:
    disk, clock = MemoryDisk(), ManualClock()
    log = opened(disk, clock)
    disk.fault = lambda call, count: errno.ENOSPC if call == "write" else None
    assert log.add_event(PAUSED, ("t",))
    assert "Free space" in log.trouble and "still sent" in log.trouble
    log.add_message(message(1, "t", PAUSED))
    assert [m.id for m in log.pending("t")] == ["m1"]
    calls = disk.calls
    log.note("m1", "sending")
    assert disk.calls == calls, "it is not asked again at once"
    disk.fault = lambda call, count: None
    clock.advance(log_file.RETRY_S)
    log.tend()
    assert log.trouble == "" and opened(MemoryDisk(disk.now())).owed() == ()


# -- damage ----------------------------------------------------------------------------------------


def test_a_damaged_line_costs_only_itself_and_the_file_is_kept() -> None:
    disk = MemoryDisk()
    live(disk)
    raw = disk.now()["alerts.log"]
    for number in range(raw.count(b"\n")):
        rows = raw.split(b"\n")
        rows[number] = rows[number][:-1] + b"?"
        damaged = MemoryDisk({"alerts.log": b"\n".join(rows)})
        log = opened(damaged)
        assert "has 1 damaged lines" in log.trouble and "alerts.log.damaged" in log.trouble
        assert damaged.now()["alerts.log.damaged"] == b"\n".join(rows)
        assert sum(line is None for line in lines(damaged.now()["alerts.log"])) == 0
        assert log.add_event(event(Kind.FAILED), ("t",)), "alerts go on"
        log.acknowledge()
        assert log.trouble == "" and opened(MemoryDisk(damaged.now())).trouble == ""


def test_what_a_later_version_wrote_is_kept_and_not_guessed_at(monkeypatch: Any) -> None:
    monkeypatch.setattr(log_state, "VERSION", 2)
    disk = MemoryDisk()
    live(disk)
    monkeypatch.undo()
    log = opened(MemoryDisk(disk.now()))
    assert "another version" in log.trouble and log.events() == ()


def test_a_file_that_can_neither_be_read_nor_set_aside_is_left_alone() -> None:
    disk = MemoryDisk({"alerts.log": b"precious"})
    disk.fault = lambda call, count: errno.EIO if call in ("read", "link") else None
    log = opened(disk)
    assert "left as it is" in log.trouble
    log.add_event(PAUSED, ("t",))
    assert disk.now()["alerts.log"] == b"precious" and log.owed()


# -- what it says ----------------------------------------------------------------------------------


def test_an_identity_is_taken_once_even_if_its_words_differ() -> None:
    log = opened(MemoryDisk())
    assert log.add_event(PAUSED, ("t",))
    assert not log.add_event(event(Kind.PAUSED, text="other words"), ("t",))
    assert log.add_event(event(Kind.PAUSED, ends=True)), "its end is another event"


def test_pending_is_in_order_and_waits_its_time() -> None:
    clock = ManualClock()
    log = opened(MemoryDisk(), clock)
    for number, level in ((1, Level.INFO), (2, Level.SOON), (3, Level.NOW), (4, Level.SOON)):
        log.add_message(message(number, "t", level=level))
    log.add_message(message(5, "t", level=Level.NOW, not_before=clock.time() + 60))
    log.add_message(message(6, "h", level=Level.NOW))
    assert [m.id for m in log.pending("t")] == ["m3", "m2", "m4", "m1"]
    clock.advance(60)
    assert [m.id for m in log.pending("t")] == ["m3", "m5", "m2", "m4", "m1"]


def test_news_of_a_print_replace_what_was_not_sent_but_never_its_result() -> None:
    log = opened(MemoryDisk())
    log.add_messages([Draft(message(n, "t", live="a|1", ends_live=n == 3)) for n in (1, 2, 3)])
    assert [m.id for m in log.pending("t")] == ["m3"]
    log.add_message(message(4, "t", live="a|1"))
    assert [m.id for m in log.pending("t")] == ["m3", "m4"]
    log.add_message(message(5, "h", live="a|1"))
    log.note("m4", "sending")
    log.add_message(message(6, "t", live="a|1"))
    assert [m.id for m in log.pending("t")] == ["m3", "m4", "m6"], "what is on its way is let go"
    assert log.counters() == {("t", "superseded"): 2}
    assert not log.note("m1", "sending"), "the worker is told not to send it"


def test_many_messages_cost_one_write_and_the_last_of_a_print_counts() -> None:
    disk = MemoryDisk()
    log = AlertLog(FOLDER, ManualClock(), fs=disk)
    for step in (STEP_1, STEP_2):
        log.add_event(step, ("t",))
    disk.log.clear()
    log.add_messages(
        [Draft(message(n, "t", STEP_1, live="alder|j1")) for n in (1, 2)]
        + [Draft(message(n, "h", OVER)) for n in range(3, 53)]
    )
    assert disk.log.count("append_to") == 1
    for found in (log, AlertLog(FOLDER, ManualClock(), fs=MemoryDisk(disk.now()))):
        assert [m.id for m in found.pending("t")] == ["m2"]
        assert len(found.pending("h")) == 50 and found.owed() == log.owed()


def test_what_was_being_sent_is_in_doubt_after_a_restart() -> None:
    disk = MemoryDisk()
    log = opened(disk)
    for number in (1, 2, 3):
        log.add_message(message(number, "t"))
    log.note("m1", "sending")
    log.note("m2", "sending")
    log.note("m2", "waiting", "refused a connection")
    assert not log.doubtful("m1")
    again = opened(MemoryDisk(disk.now()))
    assert [again.doubtful(one) for one in ("m1", "m2", "m3")] == [True, False, False]
    assert len(again.pending("t")) == 3
    again.note("m1", "unclear", "the server was stopped")
    assert not again.doubtful("m1") and again.counters() == {("t", "unclear"): 1}


def test_old_things_are_forgotten_but_what_waits_or_is_open(monkeypatch: Any) -> None:
    monkeypatch.setattr(log_state, "MOST_EVENTS", 3)
    monkeypatch.setattr(log_state, "MOST_MESSAGES", 2)
    disk, clock = MemoryDisk(), ManualClock()
    log = AlertLog(FOLDER, clock, keep_days=2, fs=disk)
    log.add_event(PAUSED)
    log.add_event(event(Kind.STARTED, "owing"), ("t",))
    for number in range(6):
        one = event(Kind.PROGRESS, key=str(number))
        log.add_event(one, ("t",))
        log.add_message(message(number, "t", one))
        log.note(f"m{number}", "sent")
    log.add_message(message(9, "t"))
    again = AlertLog(FOLDER, clock, keep_days=2, fs=MemoryDisk(disk.now()))
    names = [one.identity for one in again.events()]
    assert names[:2] == [PAUSED.identity, event(Kind.STARTED, "owing").identity]
    assert [one.key for one in again.events()[2:]] == ["3", "4", "5"]
    assert [r.message.id for r in again.messages(9)] == ["m9", "m5", "m4"]
    assert again.counters() == {("t", "sent"): 6}, "counters never go down"
    clock.advance(3 * 86_400)
    later = AlertLog(FOLDER, clock, keep_days=2, fs=MemoryDisk(disk.now()))
    assert [one.identity for one in later.events()] == names[:2]
    assert [r.message.id for r in later.messages(9)] == ["m9"]


def test_a_waiting_worker_is_woken_by_a_message_and_by_the_end(tmp_path: Path) -> None:
    log = AlertLog(tmp_path, SystemClock())
    found: list[bool] = []
    threads = [
        threading.Thread(target=lambda c=c: found.append(log.wait_pending(c, 20.0))) for c in "th"
    ]
    for thread in threads:
        thread.start()
    log.add_message(message(1, "t"))
    threads[0].join(10)
    assert found == [True]
    log.close()
    threads[1].join(10)
    assert found == [True, False]
    assert not log.wait_pending("x", 20.0), "a closed log keeps nobody"
