"""Answers, refusals, proofs, silence: the parts without a network."""

from __future__ import annotations

import random
import threading

import pytest

from printers import commands as c
from printers.bambu.inbox import MAX_FRAME, Inbox
from printers.bambu.pending import FIRST_SEQUENCE, LAST_SEQUENCE, Answer, Pending, read_answer
from printers.bambu.proofs import NOTE_LIFETIME_S, Proofs, expectation
from printers.bambu.refusals import code_text, is_locked, sentence
from printers.bambu.watchdog import Action, Timing, Watchdog
from printers.lan.backoff import Backoff
from printers.lan.diagnostics import scrub
from printers.status import Heater, PrinterState, PrinterStatus


@pytest.mark.parametrize(
    ("body", "ok"),
    [
        ({"result": "SUCCESS", "reason": ""}, True),
        ({"result": "success"}, True),
        ({"result": 0}, True),
        ({}, True),
        ({"result": "SUCCESS", "err_code": 0}, True),
        ({"result": "fail", "reason": "busy"}, False),
        ({"result": "failed"}, False),
        ({"result": "SUCCESS", "err_code": 83902468}, False),
        ({"err_code": "84033543"}, False),
        ({"errno": -2, "result": "success"}, False),
        ({"result": 1}, False),
        ({"err_code": None, "result": "success"}, True),
        ({"err_code": [1], "result": "success"}, True),
    ],
)
def test_an_answer_is_a_success_only_by_the_rules(body: dict[str, object], ok: bool) -> None:
    assert read_answer(body).ok is ok


def test_an_answer_settles_only_the_command_that_asked() -> None:
    pending = Pending()
    waiter = pending.open("print", "pause", "20001")
    assert pending.resolve("print", {"command": "resume", "sequence_id": "20001"}) is None
    assert pending.resolve("system", {"command": "pause", "sequence_id": "20001"}) is None
    assert pending.resolve("print", {"command": "pause", "sequence_id": "20002"}) is None
    assert waiter.wait(0) is None
    pending.resolve("print", {"command": "pause", "sequence_id": 20001, "result": "success"})
    assert waiter.wait(0) == Answer(ok=True)
    assert len(pending) == 0


def test_sequence_numbers_stay_in_the_slicers_range_and_wrap() -> None:
    pending = Pending()
    span = LAST_SEQUENCE - FIRST_SEQUENCE + 1
    numbers = [pending.number() for _ in range(span + 1)]
    assert numbers[0] == numbers[-1] == str(FIRST_SEQUENCE)
    assert len(set(numbers)) == span


def test_the_end_of_a_session_wakes_everybody_who_waits() -> None:
    pending = Pending()
    waiter = pending.open("print", "stop", "1")
    thread = threading.Timer(0.02, pending.drop_all)
    thread.start()
    answer = waiter.wait(2)
    thread.join()
    assert answer is not None
    assert answer.lost


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Answer(ok=False, code=84033543), "Developer Mode is off"),
        (Answer(ok=False, reason="mqtt message verify failed"), "Developer Mode is off"),
        (Answer(ok=False, code=83902468), "busy with another job (0500-4004)"),
        (Answer(ok=False, code=-2), "chamber is too hot"),
        (Answer(ok=False, code=0x03008001), "0300-8001"),
        (Answer(ok=False, reason="not now"), "refused: not now"),
        (Answer(ok=False), "without saying why"),
    ],
)
def test_refusals_are_sentences(answer: Answer, words: str) -> None:
    text = sentence("Cedar", answer)
    assert words in text
    assert text.startswith("Cedar ")
    assert text.endswith(".")


def test_developer_mode_is_recognised_by_all_its_codes() -> None:
    assert all(is_locked(Answer(ok=False, code=code)) for code in range(84033543, 84033549))
    assert not is_locked(Answer(ok=False, code=83902468))
    assert not is_locked(Answer(ok=True))
    assert code_text(50348044) == "0300-400C"


def status(target: float | None = 0.0, state: PrinterState = PrinterState.IDLE) -> PrinterStatus:
    return PrinterStatus(
        printer_id="p1",
        name="Cedar",
        kind="bambu",
        state=state,
        heaters=(Heater(name="bed", current=25.0, target=target, maximum=100),),
    )


def expect(proofs: Proofs, command: c.Command, now: float = 0.0) -> None:
    wanted = expectation(command, status(), Timing())
    assert wanted is not None
    proofs.expect(wanted, now)


def test_an_ignored_temperature_becomes_a_note_and_goes_when_it_is_obeyed() -> None:
    proofs = Proofs()
    expect(proofs, c.SetTemperature(heater="bed", target=60))
    assert proofs.check(status(0.0), 1.0) == ()
    (note,) = proofs.check(status(0.0), 5.1)
    assert note.code == "temperature_ignored"
    assert "firmware ignores" in note.text
    assert proofs.check(status(60.0), 9.0) == ()
    assert not proofs.waiting


def test_only_a_fresh_report_shows_that_a_command_had_no_effect() -> None:
    proofs = Proofs()
    expect(proofs, c.SetTemperature(heater="bed", target=60))
    assert proofs.check(status(0.0), 30.0, fresh=False) == ()
    assert proofs.check(status(0.0), 31.0)


def test_a_note_is_given_up_after_ten_minutes() -> None:
    proofs = Proofs()
    expect(proofs, c.SetTemperature(heater="bed", target=60))
    assert proofs.check(status(0.0), 6.0)
    assert proofs.check(status(0.0), 6.0 + NOTE_LIFETIME_S + 1) == ()


def test_cooling_down_is_proved_by_every_heater() -> None:
    proofs = Proofs()
    expect(proofs, c.CoolDown())
    assert proofs.check(status(60.0), 6.0)
    assert proofs.check(status(0.0), 7.0) == ()


def test_pause_and_stop_are_proved_by_the_state() -> None:
    proofs = Proofs()
    expect(proofs, c.Pause())
    expect(proofs, c.Stop())
    notes = proofs.check(status(state=PrinterState.PRINTING), 16.0)
    assert {note.code for note in notes} == {"pause_unproved", "stop_unproved"}
    notes = proofs.check(status(state=PrinterState.PAUSED), 17.0)
    assert {note.code for note in notes} == {"stop_unproved"}
    assert proofs.check(status(state=PrinterState.FAILED), 18.0) == ()


def test_commands_without_a_reported_effect_expect_nothing() -> None:
    assert expectation(c.Home(), status(), Timing()) is None
    assert expectation(c.SendGcode(line="M115"), status(), Timing()) is None


def test_a_silent_active_printer_is_woken_then_asked_then_left() -> None:
    dog = Watchdog(Timing(), 0.0, weak=False)
    seen = []
    for second in range(0, 80, 2):
        dog.heard(second)  # it answers probes all the time
        if action := dog.due(float(second), active=True, held=False):
            seen.append((second, action))
    assert seen[:3] == [(20, Action.START), (46, Action.PUSHALL), (70, Action.RECONNECT)]


def test_an_idle_printer_is_given_more_time() -> None:
    dog = Watchdog(Timing(), 0.0, weak=False)
    seen: dict[Action, int] = {}
    for second in range(0, 122, 2):
        dog.heard(second)
        if action := dog.due(float(second), active=False, held=False):
            seen.setdefault(action, second)
    assert seen == {Action.START: 60, Action.PUSHALL: 90, Action.RECONNECT: 120}


def test_ten_quiet_seconds_ask_for_a_sign_of_life() -> None:
    dog = Watchdog(Timing(), 0.0, weak=True)
    assert dog.due(9.0, active=False, held=False) is None
    assert dog.due(10.0, active=False, held=False) is Action.PROBE
    assert dog.due(12.0, active=False, held=False) is None
    dog.heard(12.5)
    assert dog.due(22.0, active=False, held=False) is None
    assert dog.due(22.5, active=False, held=False) is Action.PROBE


def test_a_weak_printer_is_not_asked_for_everything_twice_in_five_minutes() -> None:
    dog = Watchdog(Timing(), 0.0, weak=True)
    actions = set()
    for second in range(0, 118, 2):
        dog.heard(second)
        actions.add(dog.due(float(second), active=False, held=False))
    assert Action.PUSHALL not in actions
    dog.reported(300.0)
    dog.heard(391.0)
    assert dog.due(391.0, active=False, held=False) is Action.PUSHALL


def test_nothing_is_torn_down_while_a_start_waits() -> None:
    dog = Watchdog(Timing(), 0.0, weak=True)
    held = {dog.due(float(second), active=True, held=True) for second in range(0, 180, 2)}
    assert Action.RECONNECT not in held
    assert dog.due(182.0, active=True, held=False) is Action.RECONNECT


def test_a_printer_without_any_sign_of_life_is_reconnected_within_75_seconds() -> None:
    dog = Watchdog(Timing(), 0.0, weak=True)
    actions = {second: dog.due(float(second), active=False, held=False) for second in range(76)}
    assert Action.RECONNECT in actions.values()
    assert min(s for s, a in actions.items() if a is Action.RECONNECT) == 70


def test_waiting_doubles_with_jitter_and_a_refusal_waits_a_minute() -> None:
    backoff = Backoff(Timing().retry, Timing().auth_retry, random.Random(7))
    delays = [backoff.next(refused=False) for _ in range(200)]
    assert max(delays[:1]) <= 1.0
    assert max(delays) <= 30.0
    assert max(delays[10:]) > 20.0
    assert min(delays) >= 0.25
    assert 60.0 <= backoff.next(refused=True) <= 90.0
    backoff.reset()
    assert backoff.next(refused=False) <= 1.0


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[1,2]",
        b'"x"',
        b"123",
        b"true",
        b'{"print": {"msg": 0,',
        b"\xff\xfe\x00garbage",
        b"{" * 5000,
        b"[" * 5000 + b"]" * 5000,
        b'{"a": NaN}',
        b"x" * (MAX_FRAME + 1),
    ],
)
def test_a_useless_message_is_dropped_and_counted(payload: bytes) -> None:
    inbox = Inbox()
    assert inbox.decode(payload) is None
    assert (inbox.received, inbox.dropped) == (0, 1)
    assert inbox.last_drop


@pytest.mark.parametrize(
    "payload",
    [
        '{"print":{"subtask_name":"Käse"}}'.encode("latin-1"),
        b'{"print":{"subtask_name":"x"}}\0\0',
        '{"print":{"subtask_name":"Käse"}}\0'.encode("latin-1"),
    ],
)
def test_other_encodings_and_padding_are_repaired(payload: bytes) -> None:
    inbox = Inbox()
    message = inbox.decode(payload)
    assert message is not None
    assert message["print"]["subtask_name"] in ("Käse", "x")
    assert (inbox.received, inbox.repaired, inbox.dropped) == (1, 1, 0)


def test_diagnostics_lose_every_secret() -> None:
    raw = {
        "system": {"access_code": "12345678"},
        "ipcam": {"rtsp_url": "rtsps://bblp:12345678@10.0.0.1:322/x", "ttcode": "k"},
        "list": [{"passwd": "p"}, "code 12345678"],
        "mc_print_error_code": "0",
    }
    text = str(scrub(raw, "12345678"))
    assert "12345678" not in text
    assert "bblp" not in text
    assert scrub(raw, "12345678")["mc_print_error_code"] == "0"
