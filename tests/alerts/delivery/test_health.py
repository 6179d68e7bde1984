"""A dead channel is told of once, on the others, and so is its return."""

from __future__ import annotations

from alerts.log import AlertLog
from alerts.model import ChannelError, Event, Kind, Level
from core.clock import ManualClock
from core.secret import Secret
from tests.alerts.delivery.conftest import Bench, broken


def test_five_failures_are_told_once_and_so_is_the_end(bench: Bench) -> None:
    bench.channel.always = broken("no connection")
    bench.add()
    bench.run(14)
    assert not bench.told
    bench.run(3600, step_s=60)
    (event,) = bench.told
    assert event.kind is Kind.CHANNEL_DEAD and not event.ends
    assert event.text == (
        'The alerts channel "out" does not work: no connection. What it has to tell waits.'
    )
    assert bench.worker.status().state == "dead"
    bench.channel.always = None
    bench.run(400, step_s=10)
    assert [found.ends for found in bench.told] == [False, True]
    assert bench.told[1].incident == event.incident
    assert bench.worker.status().state == "ok"


def test_the_next_time_is_another_incident(bench: Bench) -> None:
    for _ in range(2):
        bench.channel.always = broken()
        bench.add()
        bench.run(60)
        bench.channel.always = None
        bench.run(400, step_s=10)
    assert len({event.identity for event in bench.told}) == 4


def test_ten_minutes_without_success_are_death_however_few_the_tries(bench: Bench) -> None:
    bench.channel.always = ChannelError("too many requests", retry_after_s=3000.0)
    bench.add()
    bench.run(590, step_s=10)
    assert not bench.told and len(bench.channel.got) == 1
    bench.run(20)
    assert len(bench.told) == 1 and len(bench.channel.got) == 1


def test_a_restart_does_not_tell_it_again_and_does_tell_of_its_end(bench: Bench) -> None:
    bench.channel.always = broken()
    bench.add()
    bench.run(60)
    (death,) = bench.told
    bench.open()
    assert {event.identity for event in bench.told} == {death.identity}  # the desk knows it
    bench.run(600, step_s=10)
    assert {event.identity for event in bench.told} == {death.identity}
    bench.channel.always = None
    bench.run(400, step_s=10)
    assert bench.told[-1].ends and bench.told[-1].incident == death.incident


def test_its_own_death_is_not_told_on_the_channel_itself(bench: Bench) -> None:
    own = Event(kind=Kind.CHANNEL_DEAD, at=1.0, text="…", key="out 1700000000")
    other = Event(kind=Kind.CHANNEL_DEAD, at=1.0, text="…", key="out-2 1700000000")
    for event in (own, other):
        bench.log.add_event(event, ["out"])
    about_itself = bench.add(events=(own,))
    about_another = bench.add(events=(other,))
    both = bench.add(events=(own, other))
    bench.turns()
    assert bench.channel.ids == [about_another.id, both.id]
    assert bench.state(about_itself) == "expired"


def test_reasons_are_kept_clean(bench: Bench) -> None:
    from alerts.channels import scrub

    secret = Secret("cAnary-of-a-reason")
    scrub.hide(secret.reveal())
    bench.channel.always = broken(f"POST /{secret.reveal()} failed")
    message = bench.add(Level.NOW)
    bench.run(60)
    raw = (bench.folder / "alerts.log").read_text()
    kept = [*map(str, bench.told), str(bench.worker.status()), str(bench.log.outcomes(message.id))]
    assert "POST /*** failed" in raw and secret.reveal() not in raw + "".join(kept)


def test_what_was_told_is_durable(bench: Bench) -> None:
    bench.channel.always = broken()
    bench.add()
    bench.run(60)
    again = AlertLog(bench.folder, ManualClock(bench.clock.time()))
    assert again.memo("out", "channel-health")["key"] == bench.told[0].key
