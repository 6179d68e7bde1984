"""All workers together, in threads, over real sockets: nobody waits for a channel that hangs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.make import Supplies, make
from alerts.channels.push.subscriptions import Subscriptions
from alerts.delivery.courier import MOST_LEFT_BEHIND, Courier
from alerts.delivery.deliveries import ChannelFailed, Deliveries
from alerts.log import AlertLog
from alerts.model import Channel, ChannelError, Event, Kind, Level, Message, Sent
from core.alert_config import AlertsConfig, ChannelConfig
from core.clock import SystemClock
from core.errors import Blocked, NotFound
from core.secret import Secret
from tests.alerts.delivery.conftest import Scripted
from tests.alerts.servers.hook import SECRET, HookServer
from tests.alerts.servers.ntfy import FORBIDDEN, NtfyServer
from tests.alerts.servers.web import Answer

CLOCK = SystemClock()


class Room:
    """What alerts/ is around the deliveries; ``told`` is what they tell the desk."""

    def __init__(self, folder: Path, *channels: ChannelConfig, **settings: Any) -> None:
        self.log = AlertLog(folder, CLOCK)
        self.told: list[Event] = []
        supplies = Supplies(clock=CLOCK, subscriptions=Subscriptions(folder, CLOCK))
        self.deliveries = Deliveries(
            AlertsConfig(channels=channels, **settings), lambda one: make(one, supplies), self.log,
            folder, CLOCK, self.told.append,
        )  # fmt: skip
        self.deliveries.start()

    def say(self, text: str, *channels: str, level: Level = Level.SOON) -> None:
        for name in channels:
            self.log.add_message(
                Message(
                    id=f"{text}@{name}", channel=name, level=level, title="Alder", text=text,
                    created_at=time.time(),
                )
            )  # fmt: skip

    def close(self) -> None:
        self.deliveries.stop()
        self.log.close()


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with HookServer() as server:
        yield server
    assert not server.violations


@pytest.fixture
def hanging() -> Iterator[HookServer]:
    with HookServer() as server:
        server.always = Answer(how="hang")
        yield server


def webhook(name: str, server: HookServer, **more: Any) -> ChannelConfig:
    url, secret = Secret(server.url), Secret(SECRET)
    return ChannelConfig(name=name, type="webhook", url=url, secret=secret, **more)


def test_a_channel_that_hangs_delays_nobody_and_no_stop(
    tmp_path: Path, hook: HookServer, hanging: HookServer
) -> None:
    room = Room(tmp_path, webhook("bad", hanging), webhook("good", hook))
    try:
        room.say("first", "bad", "good")
        hanging.wait_until(lambda: len(hanging.calls) == 1)
        for number in range(10):
            room.say(f"{number}", "bad", "good")
        texts = [call.json["text"] for call in hook.wait_for(11)]
        assert texts == ["first", *map(str, range(10))]
        assert len(hanging.calls) == 1  # and its time-out of 20 s is far away
    finally:
        began = time.monotonic()
        room.close()
    assert time.monotonic() - began < 5.0
    assert AlertLog(tmp_path, CLOCK).doubtful("first@bad")


def test_a_clean_stop_waits_for_what_is_under_way(tmp_path: Path, hook: HookServer) -> None:
    room = Room(tmp_path, webhook("out", hook))
    for number in range(8):
        room.say(f"{number}", "out")
    hook.wait_for(1)
    room.close()
    record = [AlertLog(tmp_path, CLOCK).record(f"{number}@out") for number in range(8)]
    states = [found.state for found in record if found]
    sent = states.count("sent")
    assert sent == len(hook.taken) and states == ["sent"] * sent + ["waiting"] * (8 - sent)


def test_news_during_a_back_off_are_seen_and_sent(tmp_path: Path, hook: HookServer) -> None:
    hook.answer_with(Answer(503))
    room = Room(tmp_path, webhook("out", hook))
    try:
        room.say("first", "out")
        assert {call.json["text"] for call in hook.wait_for(1)} == {"first"}
        room.say("alarm", "out", level=Level.NOW)
        hook.wait_for(2)
        assert room.deliveries.status()[0].state == "ok"
    finally:
        room.close()


def test_two_kinds_side_by_side(tmp_path: Path, hook: HookServer) -> None:
    with NtfyServer() as ntfy:
        out = ChannelConfig(name="phone", type="apprise", url=Secret(ntfy.url))
        room = Room(tmp_path, webhook("hook", hook), out)
        try:
            room.say("hello", "hook", "phone")
            hook.wait_for(1)
            assert ntfy.text_of(ntfy.wait_for(1)[0]) == ("Alder", "hello")
        finally:
            room.close()
        assert not ntfy.violations


def test_status_says_where_and_why_not(tmp_path: Path, hook: HookServer) -> None:
    bad = replace(webhook("bad", hook), problems=("url is missing.",))
    room = Room(tmp_path, webhook("good", hook), bad)
    try:
        room.say("x", "good", "bad")
        hook.wait_for(1)
        good, unusable = room.deliveries.status()
        assert (good.where, good.type) == (
            f"Webhook at http://127.0.0.1:{hook.port}, signed",
            "webhook",
        )
        assert (unusable.state, unusable.text) == ("unusable", "url is missing.")
        assert len(hook.calls) == 1
    finally:
        room.close()


def test_alerts_that_are_switched_off_send_nothing(tmp_path: Path, hook: HookServer) -> None:
    room = Room(tmp_path, webhook("out", hook), enabled=False)
    try:
        room.say("x", "out")
        (status,) = room.deliveries.status()
        assert status.state == "off"
        assert room.deliveries.test("out").endswith("answers 200")  # the button works all the same
        assert [call.json["events"][0]["kind"] for call in hook.calls] == ["test"]
    finally:
        room.close()


def test_the_test_button_shows_the_failure_without_secrets(tmp_path: Path) -> None:
    with NtfyServer() as ntfy:
        ntfy.answer_with(FORBIDDEN)
        out = ChannelConfig(name="phone", type="apprise", url=Secret(ntfy.url))
        room = Room(tmp_path, out, replace(out, name="broken", problems=("no url.",)))
        try:
            with pytest.raises(
                ChannelFailed, match=r'The test of "phone" failed: .*forbidden'
            ) as failed:
                room.deliveries.test("phone")
            assert ntfy.topic not in failed.value.message
            with pytest.raises(NotFound):
                room.deliveries.test("nobody")
            with pytest.raises(Blocked, match="no url"):
                room.deliveries.test("broken")
        finally:
            room.close()


def test_a_fault_in_a_channel_s_test_is_told_and_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Scripted):
        def test(self) -> str:
            raise KeyError("https://u:cAnary-Pa55@x.org")

    out = ChannelConfig(name="out", type="webhook")
    log = AlertLog(tmp_path, CLOCK)
    config = AlertsConfig(channels=(out,))
    deliveries = Deliveries(config, lambda _: Broken(), log, tmp_path, CLOCK, log.add_event)
    with pytest.raises(ChannelFailed, match=r"A fault in the farm \(KeyError\)") as failed:
        deliveries.test("out")
    assert "cAnary" not in caplog.text + failed.value.message and "KeyError" in caplog.text
    deliveries.stop()


class Stuck(Scripted):
    """A library that forgot its time-outs."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.entered = threading.Event()

    def send(self, message: Message, photo: Path | None, memo: Mapping[str, Any]) -> Sent:
        self.entered.set()
        self.let_go.wait(30)
        return super().send(message, photo, memo)


def a_message() -> Message:
    return Message(id="m", channel="out", level=Level.SOON, title="t", text="t", created_at=1.0)


def test_a_library_that_never_returns_is_left_behind() -> None:
    made: list[Channel] = []
    stuck = [Stuck() for _ in range(MOST_LEFT_BEHIND)]

    def make_next() -> Channel:
        made.append(stuck[len(made)] if len(made) < len(stuck) else Scripted())
        return made[-1]

    courier = Courier("out", make_next, 0.1)
    for _ in stuck:
        with pytest.raises(ChannelError, match="gave no sign") as raised:
            courier.send(a_message(), None, {})
        assert raised.value.maybe
    with pytest.raises(ChannelError, match="hang and do not end") as raised:
        courier.send(a_message(), None, {})
    assert not raised.value.maybe
    left = list(courier._left_behind)
    for channel in stuck:
        channel.let_go.set()
    for thread in left:
        thread.join(5)
    assert courier.send(a_message(), None, {}) == Sent()
    courier.let_go(1.0)
    assert not [thread for thread in left if thread.is_alive()]


def test_a_channel_s_death_is_told_to_the_desk(tmp_path: Path, hook: HookServer) -> None:
    hook.always = Answer(403, {"error": "go away"})
    room = Room(tmp_path, webhook("out", hook))
    try:
        for number in range(5):
            room.say(f"{number}", "out")
        hook.wait_until(lambda: len(hook.calls) == 5)
        deadline = time.monotonic() + 10
        while not room.told and time.monotonic() < deadline:
            threading.Event().wait(0.02)
        (event,) = room.told
        assert event.kind is Kind.CHANNEL_DEAD and "go away" in event.text
    finally:
        room.close()
