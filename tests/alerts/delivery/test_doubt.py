"""What may have arrived: after a silence of the service, and after a stop of the server."""

from __future__ import annotations

import pytest

from alerts.delivery.doubt import NO_ANSWER, STOPPED
from alerts.delivery.worker import Terms
from alerts.model import Level, Message, Sent
from tests.alerts.delivery.conftest import Bench, broken, silent

EDITS = Terms(edits=True)


def half_sent(bench: Bench, level: Level, **more: object) -> Message:
    """As kill -9 leaves it: noted as being sent, and nothing after."""
    message = bench.add(level, **more)
    bench.log.note(message.id, "sending")
    bench.open()
    return message


def test_an_alarm_half_sent_is_sent_again_and_says_so(bench: Bench) -> None:
    message = half_sent(bench, Level.NOW)
    bench.turns()
    (sent,) = [found for found, _, _ in bench.channel.got]
    assert sent.text == f"{STOPPED}\n{message.text}" and sent.id == message.id
    assert bench.state(message) == "sent"


@pytest.mark.parametrize("level", [Level.SOON, Level.INFO])
def test_other_news_half_sent_is_not_repeated(bench: Bench, level: Level) -> None:
    message = half_sent(bench, level)
    bench.run(5)
    assert not bench.channel.got and bench.state(message) == "unclear"
    assert bench.log.counters() == {("out", "unclear"): 1}


def test_an_edit_half_sent_is_repeated_silently(bench: Bench) -> None:
    bench.terms = EDITS
    bench.log.set_memo("out", "alder|1", {"message_id": 7})
    message = half_sent(bench, Level.INFO, live="alder|1")
    bench.turns()
    (found,) = bench.channel.got
    assert found[0] == message and found[2] == {"message_id": 7}


@pytest.mark.parametrize(
    ("more", "memo", "edits"),
    [
        ({"live": "alder|1"}, {}, True),  # the first one: a new message
        ({"live": "alder|1", "ends_live": True}, {"message_id": 7}, True),  # so is the result
        ({"live": "alder|1"}, {"message_id": 7}, False),  # the channel cannot edit
    ],
)
def test_what_is_no_edit_is_not_repeated_silently(
    bench: Bench, more: dict[str, object], memo: dict[str, object], edits: bool
) -> None:
    bench.terms = Terms(edits=edits)
    bench.log.set_memo("out", "alder|1", memo)
    message = half_sent(bench, Level.INFO, **more)
    bench.run(5)
    assert not bench.channel.got and bench.state(message) == "unclear"


def test_news_of_a_print_that_are_to_be_heard_are_no_edit(bench: Bench) -> None:
    """A rule may give progress another level: then it is a new message, with its sound."""
    bench.terms = EDITS
    bench.log.set_memo("out", "alder|1", {"message_id": 7})
    soon = half_sent(bench, Level.SOON, live="alder|1")
    assert bench.state(soon) == "unclear"
    now = half_sent(bench, Level.NOW, live="alder|1")
    bench.turns()
    (sent,) = [found for found, _, _ in bench.channel.got]
    assert sent.id == now.id and sent.text.startswith(STOPPED)


def test_what_failed_before_the_stop_is_in_no_doubt(bench: Bench) -> None:
    bench.channel.always = broken()
    message = bench.add()
    bench.turns()
    bench.open()
    bench.channel.always = None
    bench.turns()
    assert [found.text for found, _, _ in bench.channel.got] == [message.text] * 2


def test_the_doubt_outlives_failures_and_another_stop(bench: Bench) -> None:
    half_sent(bench, Level.NOW)
    bench.channel.always = broken()
    bench.run(100)
    bench.open()
    bench.channel.always = None
    bench.run(100)
    assert bench.channel.got[-1][0].text.startswith(STOPPED)


@pytest.mark.parametrize("level", [Level.NOW, Level.SOON])
def test_without_an_answer_it_is_sent_again_later_and_says_so(bench: Bench, level: Level) -> None:
    bench.channel.script.append(silent())
    message = bench.add(level)
    assert bench.turns() == pytest.approx(30.0)
    bench.run(31)
    assert [found.text for found, _, _ in bench.channel.got] == [
        message.text, f"{NO_ANSWER}\n{message.text}",
    ]  # fmt: skip


def test_information_without_an_answer_is_not_repeated(bench: Bench) -> None:
    bench.channel.script.append(silent())
    message = bench.add(Level.INFO)
    bench.run(60)
    assert len(bench.channel.got) == 1 and bench.state(message) == "unclear"


def test_a_service_that_never_answers_is_told_the_same_four_times_at_most(bench: Bench) -> None:
    bench.channel.always = silent()
    message = bench.add(Level.NOW)
    bench.run(4000, step_s=30)
    assert len(bench.channel.got) == 4 and bench.state(message) == "unclear"


def test_an_edit_without_an_answer_is_repeated_silently(bench: Bench) -> None:
    bench.terms = EDITS
    bench.open()
    bench.log.set_memo("out", "alder|1", {"message_id": 7})
    bench.channel.script.extend([silent(), silent(), Sent(memo={"message_id": 7})])
    message = bench.add(Level.INFO, live="alder|1")
    bench.run(10)
    assert [found for found, _, _ in bench.channel.got] == [message] * 3
    assert bench.state(message) == "sent"
