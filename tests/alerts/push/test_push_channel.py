"""Web Push against a service that checks signature and encryption."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.channels import scrub
from alerts.channels.push.channel import PushChannel, topic_of
from alerts.channels.push.subscriptions import HOSTS, Subscriptions
from alerts.model import ChannelError, Event, Kind, Level, Message, Refused
from core.clock import ManualClock
from core.errors import NotFound, StorageError, Unusable
from tests.alerts.servers.push import PushServer


@pytest.fixture
def server() -> Iterator[PushServer]:
    server = PushServer()
    yield server
    server.stop()
    assert server.violations == []


@pytest.fixture
def subscriptions(tmp_path: Path) -> Subscriptions:
    return Subscriptions(tmp_path, ManualClock(), hosts=(*HOSTS, "127.0.0.1"))


@pytest.fixture
def channel(subscriptions: Subscriptions) -> Iterator[PushChannel]:
    channel = PushChannel("browsers", "mailto:owner@example.org", 5.0, subscriptions)
    yield channel
    channel.close()


def message(text: str = "Alder has finished gear.", **more: object) -> Message:
    event = Event(kind=Kind.FINISHED, at=1.0, text=text, printer_id="alder", printer="Alder")
    fields = {
        "id": "m1", "channel": "browsers", "level": Level.SOON, "title": "Alder", "text": text,
        "created_at": 1.0, "events": (event,), **more,
    }  # fmt: skip
    return Message(**fields)  # type: ignore[arg-type]


def test_every_browser_gets_it_encrypted_for_itself(
    server: PushServer, subscriptions: Subscriptions, channel: PushChannel
) -> None:
    for name in ("desk", "phone"):
        subscriptions.add(server.browser(name).subscription, name, "ada")
    assert channel.send(message(), None, {}).text == "2 browsers"
    assert [p.browser for p in server.pushed] == ["/push/desk", "/push/phone"]
    first = server.pushed[0]
    assert first.content == {
        "title": "Alder", "body": "Alder has finished gear.", "tag": "m1", "silent": False,
        "level": "soon", "url": "/#/p/alder",
    }  # fmt: skip
    assert first.headers["urgency"] == "normal" and first.headers["ttl"] == "43200"
    assert first.headers["topic"] == topic_of("m1")
    assert first.claims["k"] == subscriptions.public_key()


def test_act_now_is_urgent_and_news_of_one_print_replace_each_other(
    server: PushServer, subscriptions: Subscriptions, channel: PushChannel
) -> None:
    subscriptions.add(server.browser("desk").subscription, "desk", "")
    channel.send(message(level=Level.NOW), None, {})
    channel.send(message(id="m2", level=Level.INFO, live="alder|j1", silent=True), None, {})
    channel.send(message(id="m3", level=Level.INFO, live="alder|j1", silent=True), None, {})
    now, *live = server.pushed
    assert now.headers["urgency"] == "high"
    assert {p.headers["topic"] for p in live} == {topic_of("alder|j1")}
    assert [p.content["silent"] for p in live] == [True, True]


@pytest.mark.parametrize("text", ["ä" * 5000, "€" * 5000, '"\\' * 3000, "🖨" * 3000])
def test_long_texts_fit_into_the_4096_bytes(
    server: PushServer, subscriptions: Subscriptions, channel: PushChannel, text: str
) -> None:
    subscriptions.add(server.browser("desk").subscription, "desk", "")
    channel.send(message(text, title=text[:200]), None, {})
    assert len(server.pushed) == 1


def test_a_browser_that_is_gone_is_forgotten_and_no_failure(
    server: PushServer, subscriptions: Subscriptions, channel: PushChannel
) -> None:
    for name in ("old", "new"):
        subscriptions.add(server.browser(name).subscription, name, "")
    server.answers["/push/old"] = 410
    assert channel.send(message(), None, {}).text == "1 browser"
    assert [one.name for one in subscriptions.all()] == ["new"]


def test_one_that_fails_does_not_repeat_it_to_the_others(
    server: PushServer, subscriptions: Subscriptions, channel: PushChannel
) -> None:
    for name in ("down", "up"):
        subscriptions.add(server.browser(name).subscription, name, "")
    server.answers["/push/down"] = 503
    assert channel.send(message(), None, {}).text == "1 browser"


@pytest.mark.parametrize(
    ("status", "kind", "wait"),
    [
        (503, ChannelError, None),
        (429, ChannelError, 7.0),
        (403, Refused, None),
        (413, Refused, None),
    ],
)
def test_refusals_and_when_to_come_again(
    server: PushServer,
    subscriptions: Subscriptions,
    channel: PushChannel,
    status: int,
    kind: type[ChannelError],
    wait: float | None,
) -> None:
    subscriptions.add(server.browser("desk").subscription, "desk", "")
    server.answers["/push/desk"] = status
    server.headers["Retry-After"] = "7"
    with pytest.raises(ChannelError) as caught:
        channel.send(message(), None, {})
    assert type(caught.value) is kind and str(status) in caught.value.text
    assert caught.value.retry_after_s == wait
    assert server.url not in caught.value.text and "/push/" not in caught.value.text


def test_a_redirect_is_not_followed(
    server: PushServer, subscriptions: Subscriptions, channel: PushChannel
) -> None:
    subscriptions.add(server.browser("desk").subscription, "desk", "")
    server.answers["/push/desk"] = 307
    server.headers["Location"] = f"{server.url}/elsewhere"
    with pytest.raises(ChannelError):
        channel.send(message(), None, {})
    assert server.pushed == []


def test_nobody_there(subscriptions: Subscriptions, channel: PushChannel) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    helper = PushServer()
    raw = {**helper.browser("x").subscription, "endpoint": f"http://127.0.0.1:{port}/secret"}
    helper.stop()
    subscriptions.add(raw, "desk", "")
    with pytest.raises(ChannelError) as caught:
        channel.send(message(), None, {})
    assert "secret" not in caught.value.text


def test_without_browsers_nothing_fails(channel: PushChannel) -> None:
    assert "No browser" in channel.send(message(), None, {}).text
    assert channel.describe() == "0 browsers"


def test_the_test_button_reaches_the_browser(
    server: PushServer, subscriptions: Subscriptions, channel: PushChannel
) -> None:
    subscriptions.add(server.browser("desk").subscription, "desk", "")
    assert channel.test() == "1 browser"
    assert "test" in server.pushed[0].content["body"]


def test_key_and_browsers_outlive_a_restart(server: PushServer, tmp_path: Path) -> None:
    first = Subscriptions(tmp_path, ManualClock(), hosts=("127.0.0.1",))
    made = first.add(server.browser("desk").subscription, "desk", "ada")
    key = first.public_key()
    again = Subscriptions(tmp_path, ManualClock(), hosts=("127.0.0.1",))
    assert again.all() == (made,) and again.public_key() == key and len(key) == 87
    assert (tmp_path / "push_key.pem").stat().st_mode & 0o077 == 0
    again.remove(made.id)
    with pytest.raises(NotFound):
        again.remove(made.id)


def test_the_same_browser_again_is_the_same(server: PushServer, tmp_path: Path) -> None:
    own = Subscriptions(tmp_path, ManualClock(), hosts=("127.0.0.1",))
    raw = server.browser("desk").subscription
    assert own.add(raw, "desk", "").id == own.add(raw, "desk again", "").id
    assert [one.name for one in own.all()] == ["desk again"]


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x", "https://evil.example/x", "https://push.apple.com.evil.example",
        "https://evilpush.apple.com/x", "https://127.0.0.1/x", "https://192.168.1.1/admin",
        "file:///etc/passwd", "", None, 7, "https://fcm.googleapis.com/" + "x" * 1001,
        r"https://127.0.0.1:8000\@fcm.googleapis.com/x", "https://[::1/x", "https://[::1]/x",
        "https://evil.example\t@fcm.googleapis.com/", "https://fcm.googleapis.com@evil.example/",
        "https://who:pass@fcm.googleapis.com/x", "https://fcm.googleapis.com:99999/x",
        "https://fcm.googleapis.com:22/x", "https://fcm.googleapis.com\n.evil.example/",
        "https://fcm.googleapis.com", "https://fcm.googleapis.com#.evil.example/",
    ],
)  # fmt: skip
def test_the_farm_sends_only_to_push_services_it_knows(
    server: PushServer, tmp_path: Path, endpoint: object
) -> None:
    own = Subscriptions(tmp_path, ManualClock())
    raw = {**server.browser("x").subscription, "endpoint": endpoint}
    with pytest.raises(Unusable):
        own.add(raw, "x", "")
    assert own.all() == ()


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/a", "https://web.push.apple.com/b",
        "https://updates.push.services.mozilla.com/wpush/v2/c", "https://db5p.notify.windows.com/w/?t=d",
    ],
)  # fmt: skip
def test_the_known_push_services(server: PushServer, tmp_path: Path, endpoint: str) -> None:
    own = Subscriptions(tmp_path, ManualClock())
    raw = {**server.browser("x").subscription, "endpoint": endpoint}
    assert own.add(raw, "", "").endpoint == endpoint


NO_POINT = "BA" + "A" * 85
"""65 bytes that lie on no curve."""


@pytest.mark.parametrize(
    "keys",
    [
        {}, {"p256dh": "AA", "auth": "AA"}, {"p256dh": 1}, {"p256dh": NO_POINT},
        {"auth": "!" * 200_000 + "A" * 22}, {"auth": "ü"}, {"auth": ["A" * 22]}, None,
    ],
)  # fmt: skip
def test_damaged_keys(server: PushServer, tmp_path: Path, keys: dict[str, object] | None) -> None:
    own = Subscriptions(tmp_path, ManualClock(), hosts=("127.0.0.1",))
    right: dict[str, Any] = server.browser("x").subscription
    raw = {**right, "keys": {**right["keys"], **keys} if keys else keys}
    with pytest.raises(Unusable):
        own.add(raw, "x", "")


def test_there_is_a_limit(
    server: PushServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.channels.push.subscriptions.MOST", 3)
    own = Subscriptions(tmp_path, ManualClock(), hosts=("127.0.0.1",))
    raw = server.browser("x").subscription
    for number in range(3):
        own.add({**raw, "endpoint": f"{server.url}/push/{number}"}, "x", "")
    with pytest.raises(Unusable):
        own.add(raw, "x", "")


@pytest.mark.parametrize("content", ["{", "[]", '{"subscriptions": [{"id": 1}]}', "{}"])
def test_a_damaged_file_is_told_and_stops_no_farm(
    server: PushServer, tmp_path: Path, content: str
) -> None:
    (tmp_path / "push.json").write_text(content)
    found = Subscriptions(tmp_path, ManualClock(), hosts=("127.0.0.1",))
    assert found.all() == () and "switch its notifications on again" in found.trouble
    assert (tmp_path / "push.json.damaged").read_text() == content
    assert Subscriptions(tmp_path, ManualClock()).trouble == ""
    found.add(server.browser("x").subscription, "x", "")
    assert found.trouble == "" and len(Subscriptions(tmp_path, ManualClock()).all()) == 1


def test_a_file_that_cannot_be_read_is_left_alone(server: PushServer, tmp_path: Path) -> None:
    (tmp_path / "push.json").mkdir()
    found = Subscriptions(tmp_path, ManualClock(), hosts=("127.0.0.1",))
    with pytest.raises(StorageError, match="left as it is"):
        found.add(server.browser("x").subscription, "x", "")


def test_a_text_without_end_and_a_tag_without_end(
    server: PushServer, subscriptions: Subscriptions, channel: PushChannel
) -> None:
    subscriptions.add(server.browser("desk").subscription, "desk", "")
    channel.send(message("x" * 9000, live="alder|" + "y" * 9000), None, {})
    assert len(str(server.pushed[0].content["tag"])) == 32


def test_the_address_of_a_browser_is_in_no_log(
    server: PushServer, subscriptions: Subscriptions, channel: PushChannel
) -> None:
    subscriptions.add(server.browser("Secret-Browser-4711").subscription, "desk", "")
    channel.send(message(), None, {})
    assert "4711" not in scrub.clean(subscriptions.all()[0].endpoint)
