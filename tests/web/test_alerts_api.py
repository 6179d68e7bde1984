"""Alerts over HTTP and the panel's socket: open and resolved, seen, muted, sent, tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from alerts.model import Event, Kind, Level, Message
from core.alert_config import AlertsConfig, ChannelConfig, RuleConfig
from core.secret import Secret
from tests.alerts.servers.hook import SECRET, HookServer
from tests.alerts.servers.push import PushServer

FAULT = "0300-4002"


@pytest.fixture
def hook() -> Iterator[HookServer]:
    hook = HookServer()
    yield hook
    hook.close()
    assert hook.violations == []


@pytest.fixture
def push() -> Iterator[PushServer]:
    push = PushServer()
    yield push
    push.stop()
    assert push.violations == []


@pytest.fixture
def alert_farm(make_farm: Callable[..., Any], hook: HookServer) -> Any:
    channels = (
        ChannelConfig(name="hook", type="webhook", url=Secret(hook.url), secret=Secret(SECRET)),
        ChannelConfig(name="nowhere", type="webhook", url=Secret("http://127.0.0.1:1/x")),
        ChannelConfig(name="wrong", type="telegram", problems=("token: is missing.",)),
        ChannelConfig(
            name="browsers", type="web_push", contact="mailto:a@example.org",
            push_hosts=("127.0.0.1",),
        ),
    )  # fmt: skip
    rules = (RuleConfig(name="all", events=("now",), channels=("hook",), group_s=0),)
    return make_farm(sections={"alerts": AlertsConfig(channels=channels, rules=rules)})


def fault(farm: Any, printer_id: str = "alder", at: float | None = None, **more: Any) -> bool:
    now = farm.services.clock.time() if at is None else at
    fields = {"key": FAULT, "facts": {"code": FAULT}, **more}
    name = printer_id.capitalize()
    event = Event(
        kind=Kind.FAULT, at=now, text=f"{name}: bed levelling failed.",
        printer_id=printer_id, printer=name, **fields,
    )  # fmt: skip
    return bool(farm.services.alerts.desk.take(event))


def client(farm: Any) -> Any:
    return farm.app.test_client()


def get(farm: Any, path: str) -> Any:
    answer = client(farm).get(path)
    assert answer.status_code == 200, answer.text
    return answer.json


def post(farm: Any, path: str, body: Any, status: int = 200) -> Any:
    answer = client(farm).post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json


def test_open_seen_resolved(alert_farm: Any) -> None:
    assert get(alert_farm, "/api/alerts")["alerts"] == []
    assert fault(alert_farm)
    (shown,) = get(alert_farm, "/api/alerts")["alerts"]
    assert {k: shown[k] for k in ("kind", "level", "printer", "code", "photo", "muted")} == {
        "kind": "fault", "level": "now", "printer": "Alder", "code": FAULT, "photo": False,
        "muted": False,
    }  # fmt: skip
    path = f"/api/alerts/{shown['id']}"
    assert get(alert_farm, path) == shown
    seen = post(alert_farm, f"{path}/acknowledge", {})
    assert seen["acked_at"] and get(alert_farm, path)["acked_at"] == seen["acked_at"]
    fault(alert_farm, ends=True)
    assert get(alert_farm, "/api/alerts")["alerts"] == []
    (over,) = get(alert_farm, "/api/alerts?state=resolved")["alerts"]
    assert over["id"] == shown["id"] and over["resolved_at"] is not None
    assert [one["id"] for one in get(alert_farm, "/api/alerts?state=all")["alerts"]] == [
        shown["id"]
    ]


def test_pages_of_resolved_ones(alert_farm: Any) -> None:
    for number in range(5):
        fault(alert_farm, at=1000.0 + number, key=f"c{number}")
        fault(alert_farm, at=2000.0 + number, key=f"c{number}", ends=True)
    first = get(alert_farm, "/api/alerts?state=resolved&limit=2")
    second = get(alert_farm, f"/api/alerts?state=resolved&limit=2&before={first['next']}")
    third = get(alert_farm, f"/api/alerts?state=resolved&limit=2&before={second['next']}")
    ends = [one["resolved_at"] for page in (first, second, third) for one in page["alerts"]]
    assert ends == [2004.0, 2003.0, 2002.0, 2001.0, 2000.0] and third["next"] is None


def test_no_page_loses_what_ended_at_the_same_time(alert_farm: Any) -> None:
    for number in range(5):
        fault(alert_farm, at=1000.0, key=f"c{number}")
        fault(alert_farm, at=2000.0 + number // 3, key=f"c{number}", ends=True)
    first = get(alert_farm, "/api/alerts?state=resolved&limit=1")
    second = get(alert_farm, f"/api/alerts?state=resolved&limit=1&before={first['next']}")
    ids = [{one["id"] for one in page["alerts"]} for page in (first, second)]
    assert [len(ids[0]), len(ids[1]), len(ids[0] | ids[1])] == [2, 3, 5]
    assert first["next"] == 2001.0 and second["next"] is None


def test_one_message_to_several_channels_is_on_one_page(alert_farm: Any) -> None:
    log = alert_farm.services.alerts.log
    for number in range(2):
        for channel in ("hook", "nowhere", "browsers"):
            log.add_message(
                Message(
                    id=f"{channel} {number}", channel=channel, level=Level.INFO, title="Alder",
                    text="x", created_at=100.0 + number, not_before=9e9,
                )
            )  # fmt: skip
    first = get(alert_farm, "/api/alerts/sent?limit=2")
    second = get(alert_farm, f"/api/alerts/sent?limit=2&before={first['next']}")
    assert [[one["id"][-1] for one in page["messages"]] for page in (first, second)] == [
        ["1"] * 3, ["0"] * 3,
    ]  # fmt: skip
    assert second["next"] is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/alerts?state=closed", 400), ("/api/alerts?limit=0", 422),
        ("/api/alerts?limit=x", 422), ("/api/alerts?limit=99999", 422),
        ("/api/alerts?limit=00019999", 422), ("/api/alerts?limit=0001" + "9" * 5000, 422),
        ("/api/alerts?before=yesterday", 400), ("/api/alerts?before=nan", 400),
        ("/api/alerts?colour=red", 400), ("/api/alerts?printer_id=nobody", 404),
        ("/api/alerts/unknown", 404), ("/api/alerts/unknown/photo", 404),
        ("/api/alerts/sent?state=open", 400),
    ],
)  # fmt: skip
def test_what_cannot_be_asked(alert_farm: Any, path: str, status: int) -> None:
    answer = client(alert_farm).get(path)
    assert answer.status_code == status and answer.json["error"]["message"]


def test_only_of_one_printer(alert_farm: Any) -> None:
    fault(alert_farm, "alder")
    fault(alert_farm, "birch")
    (one,) = get(alert_farm, "/api/alerts?printer_id=birch")["alerts"]
    assert one["printer_id"] == "birch"


def test_the_page_hears_of_it_at_once(alert_farm: Any, kit: SimpleNamespace) -> None:
    fault(alert_farm, "birch")
    page = kit.page(alert_farm)
    snapshot = page.until("snapshot")
    assert [one["printer_id"] for one in snapshot["alerts"]] == ["birch"]
    fault(alert_farm, "alder")
    delta = page.until("delta")
    while "a" not in delta:
        delta = page.until("delta")
    (new,) = delta["a"]["set"]
    assert (new["printer_id"], new["kind"]) == ("alder", "fault")
    fault(alert_farm, "alder", ends=True)
    delta = page.until("delta")
    while "a" not in delta:
        delta = page.until("delta")
    assert delta["a"] == {"set": [], "del": [new["id"]]}
    page.sock.close()


def alerts_of(page: Any) -> Any:
    delta = page.until("delta")
    while "a" not in delta:
        delta = page.until("delta")
    return delta["a"]


def test_a_mute_that_ends_by_itself_is_no_longer_shown(
    alert_farm: Any, kit: SimpleNamespace
) -> None:
    fault(alert_farm)
    page = kit.page(alert_farm)
    page.until("snapshot")
    mutes, now = alert_farm.services.alerts.mutes, alert_farm.services.clock.time()
    mutes.mute("alder", now + 2.5)  # nobody tells the page of it: it looks itself
    assert [one["muted"] for one in alerts_of(page)["set"]] == [True]
    assert [one["muted"] for one in alerts_of(page)["set"]] == [False]
    page.sock.close()


def test_late_word_of_an_alert_that_is_over_does_not_open_it_again(
    alert_farm: Any, kit: SimpleNamespace
) -> None:
    room = alert_farm.services.alerts
    fault(alert_farm)
    (opened,) = room.incidents.open()
    fault(alert_farm, ends=True)
    page = kit.page(alert_farm)
    kit.wait_for(lambda: get(alert_farm, "/api/status")["alerts"] == [])
    page.until("snapshot")  # from here on it hears of what is new
    room.desk.publish([opened])  # by a thread that had read it before
    fault(alert_farm, "birch")
    said = [alerts_of(page)]
    while not said[-1]["set"]:
        said.append(alerts_of(page))
    assert {one["printer_id"] for one in said[-1]["set"]} == {"birch"}
    assert [one["printer_id"] for one in get(alert_farm, "/api/status")["alerts"]] == ["birch"]
    page.sock.close()


def test_a_muted_printer_is_shown_and_not_sent(alert_farm: Any, hook: HookServer) -> None:
    muted = post(alert_farm, "/api/alerts/mute", {"printer_id": "alder", "for_s": 3600})
    assert muted["until"] > alert_farm.services.clock.time()
    fault(alert_farm, "alder")
    fault(alert_farm, "birch")
    hook.wait_for(1)
    assert [body["events"][0]["printer_id"] for body in hook.bodies] == ["birch"]
    assert {a["printer_id"]: a["muted"] for a in get(alert_farm, "/api/alerts")["alerts"]} == {
        "alder": True, "birch": False,
    }  # fmt: skip
    channels = get(alert_farm, "/api/alerts/channels")
    assert [one["printer_id"] for one in channels["muted"]] == ["alder"]
    post(alert_farm, "/api/alerts/unmute", {"printer_id": "alder"})
    assert get(alert_farm, "/api/alerts/channels")["muted"] == []
    assert not any(a["muted"] for a in get(alert_farm, "/api/alerts")["alerts"])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"printer_id": "alder"}, 400), ({"for_s": 100}, 400),
        ({"printer_id": "alder", "for_s": 100, "until": "print_end"}, 400),
        ({"printer_id": "alder", "for_s": 1}, 422),
        ({"printer_id": "alder", "until": "tomorrow"}, 422),
        ({"printer_id": "nobody", "for_s": 100}, 404),
        ({"printer_id": "alder", "for_s": 100, "extra": 1}, 400),
    ],
)  # fmt: skip
def test_mutes_that_cannot_be(alert_farm: Any, body: Any, status: int) -> None:
    post(alert_farm, "/api/alerts/mute", body, status)


@pytest.mark.parametrize("until", ["print_end", "unmuted"])
def test_mutes_without_a_time(alert_farm: Any, until: str) -> None:
    body = {"printer_id": "alder", "until": until}
    assert post(alert_farm, "/api/alerts/mute", body)["until"] == until


def test_what_was_sent(alert_farm: Any, hook: HookServer, kit: SimpleNamespace) -> None:
    fault(alert_farm)
    hook.wait_for(1)

    def sent() -> bool:
        found = get(alert_farm, "/api/alerts/sent")["messages"]
        return [one["outcome"] for one in found] == ["sent"]

    kit.wait_for(sent)
    (message,) = get(alert_farm, "/api/alerts/sent")["messages"]
    assert (message["channel"], message["title"]) == ("hook", "Alder")
    (other,) = [c for c in get(alert_farm, "/api/alerts/channels")["channels"] if c["pending"]] or [
        {"name": "none"}
    ]
    assert other["name"] == "none"


def test_channels_and_their_tests(alert_farm: Any, hook: HookServer) -> None:
    page = get(alert_farm, "/api/alerts/channels")
    assert {one["name"]: one["state"] for one in page["channels"]} == {
        "hook": "ok", "nowhere": "ok", "wrong": "unusable", "browsers": "ok",
    }  # fmt: skip
    assert SECRET not in str(page)
    assert post(alert_farm, "/api/alerts/channels/hook/test", {})["ok"] is True
    assert len(hook.taken) == 1
    failed = post(alert_farm, "/api/alerts/channels/nowhere/test", {})
    assert failed["ok"] is False and "nowhere" in failed["text"]
    post(alert_farm, "/api/alerts/channels/wrong/test", {}, 409)
    post(alert_farm, "/api/alerts/channels/unknown/test", {}, 404)


def test_browsers_subscribe_and_leave(alert_farm: Any, push: PushServer) -> None:
    offer = get(alert_farm, "/api/push")
    assert offer["available"] and len(offer["public_key"]) == 87 and offer["browsers"] == []
    browser = push.browser("desk")
    body = {"name": "Firefox on Linux", "subscription": browser.subscription}
    made = post(alert_farm, "/api/push/browsers", body, 201)
    assert post(alert_farm, "/api/alerts/channels/browsers/test", {})["text"] == "1 browser"
    assert push.pushed[0].claims["k"] == offer["public_key"]
    shown = get(alert_farm, "/api/push")["browsers"]
    assert [one["name"] for one in shown] == ["Firefox on Linux"]
    assert browser.subscription["keys"]["auth"] not in str(shown)  # type: ignore[index]
    path = f"/api/push/browsers/{made['id']}"
    assert client(alert_farm).delete(path).status_code == 204
    assert client(alert_farm).delete(path).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ({"name": "x"}, 400), ({"name": "x", "subscription": "text"}, 400),
        ({"name": "x", "subscription": {"endpoint": "https://10.0.0.1/x"}}, 422),
        ({"name": "x" * 61, "subscription": {"endpoint": "x"}}, 422),
    ],
)  # fmt: skip
def test_browsers_that_cannot_subscribe(alert_farm: Any, body: Any, status: int) -> None:
    post(alert_farm, "/api/push/browsers", body, status)


def test_without_a_channel_there_is_no_push(farm: Any) -> None:
    assert get(farm, "/api/push") == {"available": False, "public_key": "", "browsers": []}
    body = {"name": "x", "subscription": {"endpoint": "https://fcm.googleapis.com/x"}}
    post(farm, "/api/push/browsers", body, 404)


def test_the_service_worker_is_at_the_root(farm: Any) -> None:
    answer = client(farm).get("/sw.js", buffered=True)
    assert answer.status_code == 200 and answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache" and b"caches" not in answer.data
