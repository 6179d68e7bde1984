"""Orders from the broker: off by default, through the gate, never from a retained message."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.clock import ManualClock, SystemClock
from core.config import PrinterConfig
from core.errors import Blocked, PrinterOffline
from core.events import Bus
from mqtt_out.link import ASLEEP_S, LONGEST
from mqtt_out.orders import AT_ONCE, COMPLAIN_S, MANY, PRESS, Orders
from mqtt_out.topics import ORDERS, Topics
from printers.commands import Pause, Resume, Stop
from printers.fleet import Fleet
from printers.registry import Registry
from tests.mqtt_out import samples
from tests.mqtt_out.conftest import WAIT_S, Client, Farm
from tests.waiting import wait_for

TOPICS = Topics("farm", "homeassistant")


@pytest.fixture
def here(farm: Callable[..., Farm]) -> Farm:
    one = farm("alder", "oak", commands=True)
    samples.publish(one.registry, samples.rich())
    samples.publish(one.registry, samples.plain())
    wait_for(lambda: one.room.status()["state"] == "online")
    return one


def test_orders_reach_the_gate_and_are_answered(here: Farm, client: Any) -> None:
    hand: Client = client("farm/#")
    for name, command in (("pause", Pause()), ("resume", Resume()), ("stop", Stop())):
        hand.publish(TOPICS.order("alder", name), "PRESS")
        answer = hand.wait(TOPICS.answer("alder"), lambda a, n=name: a["order"] == n)
        assert answer["ok"] and answer["code"] == ""
        assert here.executed[-1] == ("alder", command)
        assert here.notes[-1] == ("alder", "command", f"{name} sent (via MQTT)", "info")
    hand.publish(TOPICS.order("oak", "mark_clear"), "PRESS")
    wait_for(lambda: here.cleared == ["oak"])
    assert not hand.heard[TOPICS.answer("alder")][-1].retain


def test_a_refusal_comes_back_in_its_own_words(here: Farm, client: Any) -> None:
    hand: Client = client("farm/#")
    here.refusal = "Alder is not printing."
    hand.publish(TOPICS.order("alder", "pause"), "PRESS")
    answer = hand.wait(TOPICS.answer("alder"))
    assert (answer["ok"], answer["code"]) == (False, "printer_busy")
    assert answer["text"] == "Alder is not printing."
    assert here.notes == [
        ("alder", "refused", "pause refused: Alder is not printing. (via MQTT)", "warn")
    ]


def test_a_retained_order_is_old_and_is_taken_away(here: Farm, client: Any, broker: Any) -> None:
    hand: Client = client("farm/#")
    topic = TOPICS.order("alder", "stop")
    here.room.stop()
    hand.publish(topic, "PRESS", retain=True)
    again = Farm(here.folder, here.room._config, ("alder", "oak"))
    again.room.start()
    wait_for(lambda: hand.texts(topic)[-1:] == [""], "its removal")
    hand.publish(TOPICS.order("oak", "mark_clear"), "PRESS")  # comes after it
    wait_for(lambda: again.cleared == ["oak"])
    assert again.executed == []
    assert again.room.status()["orders"] == {"ignored": 1, "done": 1}
    again.room.stop()


def test_what_is_no_order_is_ignored(here: Farm, client: Any) -> None:
    hand: Client = client("farm/#")
    for topic, payload in (
        (TOPICS.order("alder", "pause"), "press"),
        (TOPICS.order("alder", "pause"), b"\xff" * 2000),
        (TOPICS.order("alder", "emergency-stop"), "PRESS"),
        (TOPICS.order("nobody", "stop"), "PRESS"),
    ):
        hand.publish(topic, payload)
    wait_for(lambda: here.room.status()["orders"].get("ignored") == 4)
    assert here.executed == [] and here.notes == []
    assert not hand.heard[TOPICS.answer("nobody")]


def test_without_commands_nobody_listens(farm: Callable[..., Farm], client: Any) -> None:
    here = farm("alder")
    samples.publish(here.registry, samples.rich())
    hand: Client = client("#")
    parts = hand.wait(TOPICS.config("alder"))["cmps"]
    assert not set(ORDERS) & parts.keys()
    hand.publish(TOPICS.order("alder", "stop"), "PRESS")
    samples.publish(here.registry, samples.plain("alder"))
    hand.wait("farm/printer/alder/state", lambda told: told["print_status"] == "idle")
    assert here.executed == [] and here.room.status()["orders"] == {}


def test_a_printer_that_hangs_delays_no_other_and_not_its_own_stop(here: Farm, client: Any) -> None:
    hand: Client = client("farm/+/+/answer")
    here.hang = threading.Event()
    hand.publish(TOPICS.order("alder", "pause"), "PRESS")
    hand.publish(TOPICS.order("oak", "stop"), "PRESS")
    hand.publish(TOPICS.order("alder", "stop"), "PRESS")
    wait_for(lambda: sorted(here.executed) == [("alder", Stop()), ("oak", Stop())])
    here.hang.set()
    wait_for(lambda: ("alder", Pause()) in here.executed)


def test_a_flood_is_bounded_and_told() -> None:
    gate, sent, notes = threading.Event(), [], []
    orders = Orders(
        TOPICS, exists=lambda _: True, execute=lambda *_: gate.wait(10), mark_clear=print,
        note=lambda *note: notes.append(note), send=lambda *one: sent.append(one),
        clock=ManualClock(),
    )  # fmt: skip
    for _ in range(AT_ONCE + 2):
        orders.take(TOPICS.order("alder", "pause"), PRESS, retained=False)
    assert len(sent) == 2 and b"Too many orders" in sent[0][1]
    gate.set()
    wait_for(lambda: orders.counts["done"] == AT_ONCE)
    orders.take(TOPICS.order("alder", "pause"), PRESS, retained=False)
    wait_for(lambda: orders.counts["done"] == AT_ONCE + 1, "room for the next one")


def test_a_machine_gone_wild_reaches_nothing_and_fills_no_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock, done = ManualClock(), threading.Semaphore(0)
    orders = Orders(
        TOPICS, exists=lambda name: name == "alder", execute=lambda *_: done.release(),
        mark_clear=print, note=lambda *_: None, send=lambda *_: None, clock=clock,
    )  # fmt: skip
    for _ in range(MANY):
        orders.take(TOPICS.order("alder", "pause"), PRESS, retained=False)
        assert done.acquire(timeout=30)
        wait_for(lambda: not orders._open)
    for number in range(500):
        orders.take(TOPICS.order("alder", "pause"), PRESS, retained=False)
        orders.take(TOPICS.order(f"no\nsuch-{number}", "stop"), PRESS, retained=False)
    ignored = [line for line in caplog.messages if "was ignored" in line]
    assert len(ignored) == 1 and "too many came at once" in ignored[0]
    assert orders.counts == {"done": MANY, "ignored": 1000}
    clock.advance(COMPLAIN_S)
    orders.take(TOPICS.order("no\nsuch", "stop"), PRESS, retained=False)
    assert "999 others" in caplog.messages[-1] and "\n" not in caplog.messages[-1]
    orders.take(TOPICS.order("alder", "pause"), PRESS, retained=False)
    assert done.acquire(timeout=30)


def test_an_order_that_waited_while_the_farm_slept_is_not_carried_out(
    here: Farm, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lies in the socket; the clock says that the machine was away."""
    hand: Client = client("farm/#")
    publisher = here.room._publisher
    assert publisher is not None and publisher.orders is not None
    asleep, falls_asleep = threading.Event(), threading.Event()

    def sleep(_name: str) -> bool:
        falls_asleep.set()
        return not asleep.wait(WAIT_S)

    exists = publisher.orders._exists
    monkeypatch.setattr(publisher.orders, "_exists", sleep)
    hand.publish(TOPICS.order("oak", "stop"), "PRESS")
    assert falls_asleep.wait(WAIT_S)
    monkeypatch.setattr(publisher.orders, "_exists", exists)
    hand.publish(TOPICS.order("alder", "stop"), "PRESS")
    hand.wait(TOPICS.order("alder", "stop"))  # the broker has handed it on
    awake = SystemClock.time
    monkeypatch.setattr(SystemClock, "time", lambda self: awake(self) + 2 * ASLEEP_S)
    asleep.set()
    wait_for(lambda: here.room.status()["sessions"] == 2, "a new session")
    wait_for(lambda: here.room.status()["state"] == "online")
    hand.publish(TOPICS.order("alder", "pause"), "PRESS")
    hand.wait(TOPICS.answer("alder"))
    assert here.executed == [("alder", Pause())]


def test_a_huge_message_is_not_taken_in(
    here: Farm, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    hand: Client = client("farm/#")
    hand.publish(TOPICS.order("alder", "pause"), b"x" * (2 * LONGEST))
    wait_for(lambda: any("more than 64 kB" in line for line in caplog.messages), "its refusal")
    wait_for(lambda: here.room.status()["sessions"] == 2, "a new session")
    assert here.room.status()["orders"] == {}


def test_a_fault_of_the_farm_is_told_too(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[tuple[str, bytes]] = []

    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    orders = Orders(
        TOPICS, exists=lambda _: True, execute=broken, mark_clear=print, note=lambda *_: None,
        send=lambda *one: sent.append(one), clock=ManualClock(),
    )  # fmt: skip
    orders.take(TOPICS.order("alder", "stop"), PRESS, retained=False)
    wait_for(lambda: sent)
    assert b"internal_error" in sent[0][1] and b"boom" not in sent[0][1]


def test_the_real_gate_stands_in_between(tmp_path: Path) -> None:
    """A printer that is not there refuses as it does for a click."""
    bus, sent = Bus(), []
    oak = PrinterConfig(id="oak", name="Oak", type="moonraker", model="", url="http://127.0.0.1:9")
    fleet = Fleet([oak], Registry(bus), SystemClock(), tmp_path)
    orders = Orders(
        TOPICS, exists=fleet.configs.__contains__, execute=fleet.execute, mark_clear=print,
        note=lambda *_: None, send=lambda *one: sent.append(one), clock=SystemClock(),
    )  # fmt: skip
    with pytest.raises((Blocked, PrinterOffline)) as refusal:
        fleet.execute("oak", Stop())
    orders.take(TOPICS.order("oak", "stop"), PRESS, retained=False)
    wait_for(lambda: sent)
    assert refusal.value.message.encode() in sent[0][1]


@pytest.mark.parametrize(
    "topic",
    [
        "farm/printer/alder/order", "farm/printer/order/stop", "farm/printer/a/b/order/stop",
        "other/printer/alder/order/stop", "farm/printer/alder/state", "farm/printer//order/stop/",
        "homeassistant/status", "",
    ],
)  # fmt: skip
def test_other_topics_are_no_orders(topic: str) -> None:
    assert TOPICS.read_order(topic) is None
