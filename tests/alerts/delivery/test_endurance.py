"""What must not wear a worker out: odd answers, faults at rest, months of replaced news."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerts.channels import scrub
from alerts.delivery.health import DEAD_FAILURES
from alerts.model import ChannelError, Level, Sent
from tests.alerts.delivery.conftest import Bench
from tests.waiting import wait_for

HALF = "so \ud83d"  # what is left of a character when a service cuts its answer


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_an_answer_that_is_no_text_does_not_send_a_message_again(bench: Bench) -> None:
    bench.channel.script.append(Sent(HALF))
    message = bench.add()
    bench.turns()
    assert bench.channel.ids == [message.id] and bench.state(message) == "sent"
    assert bench.last_note(message) == "so ?"
    bench.open()
    bench.turns()
    assert bench.channel.ids == [message.id]


def test_a_refusal_that_is_no_text_is_a_failure_like_any_other(bench: Bench) -> None:
    bench.channel.always = ChannelError(HALF)
    message = bench.add()
    bench.run(60)
    assert len(bench.channel.ids) >= DEAD_FAILURES
    assert bench.worker.status().state == "dead" and bench.worker.status().text == "so ?"
    assert bench.state(message) == "waiting" and len(bench.told) == 1


def test_what_is_no_text_is_cleaned_like_a_secret() -> None:
    scrub.hide("a-secret-of-this-test")
    assert scrub.clean(f"a-secret-of-this-test {HALF}") == "*** so ?"


def test_a_fault_while_it_rests_does_not_end_a_worker(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    faults: list[str] = []

    def broken(*_: object) -> bool:
        faults.append("one")
        raise RuntimeError("no rest today")

    with monkeypatch.context() as patch:
        patch.setattr(bench.log, "wait_pending", broken)
        bench.worker.start()
        wait_for(lambda: faults, "a fault")
    message = bench.add()
    wait_for(lambda: bench.state(message) == "sent", "the next message")
    bench.worker.stop()
    assert "no rest today" in caplog.text


def test_news_that_was_replaced_leaves_nothing_behind(bench: Bench) -> None:
    """A night without the internet: each percent is tried, fails, and makes room for the next."""
    bench.channel.always = ChannelError("no connection")
    for _ in range(50):
        bench.add(Level.INFO, live="alder|j-1-1")
        bench.run(400, step_s=50.0)
    waits = bench.worker._waits
    assert len(bench.channel.ids) >= 50
    assert len(waits.until) == len(waits.tried) == len(bench.log.pending("out")) == 1
