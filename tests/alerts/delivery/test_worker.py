"""One worker, turn by turn: what goes out, in which order, and what becomes of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.worker import MOST_TRIES, Terms
from alerts.model import ChannelError, Event, Kind, Later, Level, Refused, Sent
from tests.alerts.delivery.conftest import Bench, Scripted, broken


def test_the_most_urgent_first_then_the_oldest(bench: Bench) -> None:
    for level in (Level.INFO, Level.SOON, Level.NOW, Level.SOON, Level.NOW):
        bench.add(level)
    bench.turns()
    assert bench.channel.ids == ["m2", "m4", "m1", "m3", "m0"]
    assert bench.log.counters() == {("out", "sent"): 5}


def test_sending_is_noted_before_and_the_outcome_after(bench: Bench) -> None:
    bench.channel.script.append(Sent("taken"))
    message = bench.add()
    bench.turns()
    notes = bench.log.outcomes(message.id)
    assert [note.outcome for note in notes] == ["sending", "sent"] and notes[1].text == "taken"


def test_the_picture_comes_from_the_photo_folder(bench: Bench) -> None:
    bench.add(photo="e1.jpg")
    bench.turns()
    assert bench.channel.got[0][1] == bench.folder / "photos" / "e1.jpg"


def test_what_is_not_due_yet_waits(bench: Bench) -> None:
    bench.add(not_before=bench.clock.time() + 60)
    bench.turns()
    assert not bench.channel.got
    bench.clock.advance(61)
    bench.turns()
    assert bench.channel.ids == ["m0"]


def test_expired_news_is_dropped_and_counted(bench: Bench) -> None:
    bench.channel.always = broken()
    old = bench.add(Level.INFO, expires_at=bench.clock.time() + 3600)
    bench.run(3700, step_s=60)
    assert bench.state(old) == "expired"
    assert bench.log.counters() == {("out", "expired"): 1}
    bench.channel.always = None
    bench.run(400, step_s=60)
    assert bench.state(old) == "expired"


def test_waits_grow_after_failures_to_five_minutes_and_end_with_success(bench: Bench) -> None:
    bench.channel.always = broken()
    message = bench.add()
    waits = []
    for _ in range(11):
        waits.append(round(bench.turns(), 3))
        bench.clock.advance(waits[-1])
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    bench.channel.always = None
    bench.turns()
    assert bench.state(message) == "sent"
    assert bench.worker.status().state == "ok"


@pytest.mark.parametrize("asked", [7.0, 0.25, 2228.0])
def test_what_a_service_asks_for_is_obeyed_to_the_second(bench: Bench, asked: float) -> None:
    bench.channel.script.append(ChannelError("too many", retry_after_s=asked))
    bench.add()
    assert bench.turns() == pytest.approx(asked)
    bench.add(Level.NOW)  # an alarm does not break it
    bench.worker.nudge()  # nor does a person
    bench.clock.advance(asked - 0.01)
    assert bench.turns() == pytest.approx(0.01, abs=0.002)
    assert len(bench.channel.got) == 1
    bench.clock.advance(0.011)
    bench.turns()
    assert bench.channel.ids == ["m0", "m1", "m0"]


def test_being_asked_for_patience_is_no_failure_for_ten_minutes(bench: Bench) -> None:
    bench.channel.script.extend(ChannelError("slow", retry_after_s=30.0) for _ in range(8))
    bench.add()
    bench.run(400)
    assert bench.channel.ids == ["m0"] * 9 and not bench.told


def test_an_alarm_does_not_wait_for_the_end_of_a_long_back_off(bench: Bench) -> None:
    bench.channel.always = broken()
    bench.add(Level.INFO)
    bench.run(300)
    tried = len(bench.channel.got)
    assert bench.turns() > 60
    bench.channel.always = None
    alarm = bench.add(Level.NOW)
    bench.run(11)
    assert bench.channel.ids[tried] == alarm.id and bench.state(alarm) == "sent"


def test_many_alarms_on_a_dead_channel_are_each_tried_at_once_and_then_rarely(
    bench: Bench,
) -> None:
    bench.channel.always = broken()
    for _ in range(10):
        bench.add(Level.NOW)
    bench.run(3600, step_s=5)
    assert set(bench.channel.ids[:30]) == {f"m{number}" for number in range(10)}
    assert len(bench.channel.ids) <= 40


def test_a_new_alarm_goes_before_older_ones_that_failed(bench: Bench) -> None:
    bench.channel.always = broken()
    for _ in range(3):
        bench.add(Level.NOW)
    bench.run(3600, step_s=5)
    tried = len(bench.channel.got)
    bench.clock.advance(200)
    alarm = bench.add(Level.NOW)
    bench.run(11)
    assert bench.channel.ids[tried] == alarm.id


def test_a_person_who_has_mended_it_need_not_wait(bench: Bench) -> None:
    bench.channel.always = broken()
    bench.add()
    bench.run(300)
    bench.channel.always = None
    assert bench.turns() > 60
    bench.worker.nudge()
    assert bench.turns() > 60
    assert bench.worker.status().state == "ok"


def test_after_an_outage_nothing_waits_for_its_own_next_try(bench: Bench) -> None:
    bench.channel.always = broken()
    messages = [bench.add() for _ in range(4)]
    bench.run(1500, step_s=30)
    bench.channel.always = None
    first_sent = None
    while first_sent is None:
        wait_s = bench.worker.turn()
        bench.clock.advance(wait_s)
        first_sent = bench.worker.status().last_sent
    bench.turns()
    assert {bench.state(message) for message in messages} == {"sent"}
    assert bench.clock.time() - first_sent < 0.1


def test_a_refused_message_is_not_tried_again(bench: Bench) -> None:
    bench.channel.script.append(Refused("no such chat"))
    bad, good = bench.add(), bench.add()
    bench.turns()
    assert bench.channel.ids == ["m0", "m1"]
    assert (bench.state(bad), bench.state(good)) == ("failed", "sent")
    assert bench.last_note(bad) == "no such chat"


def test_when_all_is_refused_the_rest_waits_for_a_person(bench: Bench) -> None:
    """As after a change of keys: nothing more is lost than what shows it."""
    bench.channel.always = Refused("401")
    messages = [bench.add() for _ in range(40)]
    bench.run(1800, step_s=30)
    lost = sum(bench.state(message) == "failed" for message in messages)
    assert 5 <= lost <= 14
    bench.channel.always = None
    bench.worker.nudge()
    bench.run(300)
    assert sum(bench.state(message) == "sent" for message in messages) == 40 - lost


def test_a_message_that_its_service_cannot_take_holds_nothing_up(bench: Bench) -> None:
    class Picky(Scripted):
        def send(self, message, photo, memo):  # type: ignore[no-untyped-def]
            self.always = broken("500") if message.id == "m0" else None
            return super().send(message, photo, memo)

    bench.channel = Picky()
    bad = bench.add(Level.NOW)
    others = [bench.add(Level.INFO) for _ in range(10)]
    bench.run(120)
    assert all(bench.state(message) == "sent" for message in others)
    for _ in range(10):
        bench.add()
        bench.run(300, step_s=30)
    assert bench.state(bad) == "failed"
    assert bench.last_note(bad) == f"Given up after {MOST_TRIES} tries: 500"


def test_in_any_minute_no_more_than_allowed(bench: Bench) -> None:
    messages = [bench.add(Level.SOON) for _ in range(50)]
    at: list[float] = []
    for _ in range(200):
        before = len(bench.channel.got)
        wait_s = bench.worker.turn()
        at += [bench.clock.monotonic()] * (len(bench.channel.got) - before)
        bench.clock.advance(wait_s if len(at) < 50 else 0)
    assert all(bench.state(message) == "sent" for message in messages)
    assert all(sum(start <= other < start + 60 for other in at) <= 20 for start in at)


def test_an_edit_that_may_wait_holds_nothing_up_and_is_no_failure(bench: Bench) -> None:
    bench.channel.script.append(Later("too soon", retry_after_s=3.0))
    edit, other = bench.add(Level.INFO, live="alder|1"), bench.add(Level.INFO)
    assert bench.turns() == pytest.approx(3.0)
    assert (bench.state(edit), bench.state(other)) == ("waiting", "sent")
    assert bench.worker.status().state == "ok"
    bench.clock.advance(3.0)
    bench.turns()
    assert bench.state(edit) == "sent"


def test_newer_news_of_a_print_takes_the_older_one_s_place(bench: Bench) -> None:
    bench.channel.script.append(Later("too soon", retry_after_s=3.0))
    older = bench.add(Level.INFO, live="alder|1")
    bench.turns()
    newer = bench.add(Level.INFO, live="alder|1")
    bench.run(5)
    assert (bench.state(older), bench.state(newer)) == ("superseded", "sent")
    assert bench.channel.ids == ["m0", "m1"]


def test_an_edit_that_failed_while_newer_came_is_not_tried_again(bench: Bench) -> None:
    """The newer one came while the older one was under way, so the log could not replace it."""

    class Slow(Scripted):
        def send(self, message, photo, memo):  # type: ignore[no-untyped-def]
            if message.id == "m0":
                bench.add(Level.INFO, live="alder|1")
                self.script.append(broken())
            return super().send(message, photo, memo)

    bench.channel = Slow()
    bench.add(Level.INFO, live="alder|1")
    bench.run(10)
    assert bench.channel.ids == ["m0", "m1"]


def test_the_memo_of_a_live_message_comes_back_until_its_print_is_over(bench: Bench) -> None:
    bench.channel.script.extend([Sent(memo={"message_id": 7}), Sent(memo={"message_id": 7})])
    bench.add(Level.INFO, live="alder|1")
    bench.turns()
    bench.add(Level.INFO, live="alder|1")
    bench.add(Level.INFO, live="birch|1")
    bench.turns()
    bench.add(Level.SOON, live="alder|1", ends_live=True)
    bench.turns()
    memos = [memo for _, _, memo in bench.channel.got]
    assert memos == [{}, {"message_id": 7}, {}, {"message_id": 7}]
    assert bench.log.memo("out", "alder|1") == {}


def result(bench: Bench, printer: str) -> Event:
    event = Event(
        kind=Kind.FINISHED, at=bench.clock.time(), text=f"{printer} finished gear.", run="1",
        printer_id=printer.lower(), printer=printer,
    )  # fmt: skip
    bench.log.add_event(event, ["out"])
    return event


def test_live_messages_say_at_last_how_their_prints_ended(tmp_path: Path) -> None:
    bench = Bench(tmp_path, terms=Terms(edits=True))
    bench.channel.script.extend([Sent(memo={"message_id": n}) for n in (7, 8)])
    bench.add(Level.INFO, live="alder|1")
    bench.add(Level.INFO, live="birch|1")
    bench.turns()
    results = tuple(result(bench, name) for name in ("Alder", "Birch", "Cedar"))
    grouped = bench.add(Level.SOON, events=results)
    older = bench.add(Level.INFO, live="birch|1")
    bench.turns()
    assert bench.state(grouped) == "sent" and bench.state(older) == "superseded"
    last = [(m.rests, m.text, memo) for m, _, memo in bench.channel.got[3:]]
    assert last == [
        (True, "Alder finished gear.", {"message_id": 7}),
        (True, "Birch finished gear.", {"message_id": 8}),
    ]
    assert bench.log.memo("out", "alder|1") == bench.log.memo("out", "birch|1") == {}


def test_a_last_edit_that_fails_is_let_go(tmp_path: Path) -> None:
    bench = Bench(tmp_path, terms=Terms(edits=True))
    bench.channel.script.extend([Sent(memo={"message_id": 7}), Sent(), ChannelError("no")])
    bench.add(Level.INFO, live="alder|1")
    bench.turns()
    ended = (result(bench, "Alder"),)
    done = bench.add(Level.SOON, live="alder|1", ends_live=True, events=ended)
    bench.turns()
    assert bench.state(done) == "sent" and len(bench.channel.got) == 3
    bench.run(60)
    assert len(bench.channel.got) == 3 and bench.worker.status().state == "ok"


def test_a_fault_in_a_channel_is_a_failure_like_any_other(bench: Bench) -> None:
    bench.channel.script.append(KeyError("bot123456:ABC-secret"))
    message = bench.add()
    bench.run(3)
    assert bench.state(message) == "sent"
    (note,) = [n for n in bench.log.outcomes(message.id) if n.outcome == "waiting"]
    assert note.text == "A fault in the farm (KeyError); see the server's log"


def test_a_stop_before_a_message_left_leaves_no_doubt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes between the note and the sending: nobody has seen the message, so it is sent later,
    once, and without a word of having perhaps been told before."""
    message, note = bench.add(), bench.log.note

    def stop_then_note(message_id: str, outcome: str, *more: Any) -> bool:
        if outcome == "sending":
            bench.worker._courier.let_go(0.0)
        return note(message_id, outcome, *more)

    monkeypatch.setattr(bench.log, "note", stop_then_note)
    bench.worker.turn()
    assert bench.channel.got == [] and bench.state(message) == "waiting"
    bench.worker.stop()
    bench.log.close()
    bench.open()
    bench.turns()
    assert [(said.id, said.text) for said, _, _ in bench.channel.got] == [("m0", "text 0")]
