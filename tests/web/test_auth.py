"""Default deny, Basic, the session cookie, brute force: security study 2.2, test 9."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.routing import Rule

from core.clock import ManualClock
from core.config import FarmConfig, ServerConfig
from core.secret import Secret
from web.auth import OPEN, PUBLIC, SESSION_S, Auth, Sessions, refuse_wide_bind


def _url(rule: Rule) -> str:
    values: dict[str, Any] = {name: "1" for name in rule.arguments}
    built = rule.build({**values, **(rule.defaults or {})})
    assert built is not None
    return built[1]


def test_every_route_denies_without_credentials(locked_farm: Any) -> None:
    client = locked_farm.app.test_client()
    rules = list(locked_farm.app.url_map.iter_rules())
    assert len(rules) > 50
    assert any(rule.websocket for rule in rules)
    for rule in rules:
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}) or ["GET"]:
            url = _url(rule)
            answer = client.open(url, method=method)
            if rule.endpoint in OPEN:  # whose random address nobody can guess
                assert answer.status_code == 404, (method, url)
                continue
            expected = 200 if url in PUBLIC else 401
            assert answer.status_code == expected, (method, url)
            assert url in PUBLIC or "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("path", ["/", "/nothing/here", "/static/js/app.js", "/api", "/api/"])
def test_other_paths_deny_too(locked_farm: Any, path: str) -> None:
    assert locked_farm.app.test_client().get(path).status_code == 401


def test_right_credentials_open_and_set_a_strict_cookie(locked_farm: Any, kit: Any) -> None:
    client = locked_farm.app.test_client()
    answer = client.get("/api/status", headers=kit.basic())
    assert answer.status_code == 200
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert "Secure" not in cookie
    assert client.get("/api/status").status_code == 200  # the cookie alone
    assert "Set-Cookie" not in client.get("/api/status").headers


@pytest.mark.parametrize(
    ("user", "password"), [("owner", "x"), ("x", None), ("", ""), ("owner", "ä")]
)
def test_wrong_credentials_are_refused(
    locked_farm: Any, kit: Any, user: str, password: str | None
) -> None:
    headers = kit.basic(user, kit.password if password is None else password)
    answer = locked_farm.app.test_client().get("/api/status", headers=headers)
    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "unauthorized"
    assert "Set-Cookie" not in answer.headers


def test_ten_wrong_passwords_a_minute_end_in_429(locked_farm: Any, kit: Any) -> None:
    client = locked_farm.app.test_client()
    codes = [
        client.get("/api/status", headers=kit.basic(password=str(n))).status_code for n in range(12)
    ]
    assert codes == [401] * 10 + [429] * 2
    assert client.get("/api/status", headers=kit.basic()).status_code == 429
    other = {"REMOTE_ADDR": "127.0.0.9"}
    answer = client.get("/api/status", headers=kit.basic(), environ_overrides=other)
    assert answer.status_code == 200


def test_a_fault_in_authentication_denies(
    locked_farm: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bool:
        raise OSError("no more file descriptors")

    client = locked_farm.app.test_client()
    for name in ("_authenticate", "_basic"):
        with monkeypatch.context() as patch:
            patch.setattr(Auth, name, broken)
            assert client.get("/api/status", headers=kit.basic()).status_code == 503
    with monkeypatch.context() as patch:
        patch.setattr(Sessions, "expiry", broken)
        client.set_cookie("farm_session", "1.1")
        assert client.get("/api/status", headers=kit.basic()).status_code == 503


def test_sessions_expire_and_cannot_be_forged() -> None:
    clock = ManualClock()
    server = ServerConfig(user="owner", password=Secret("one"))
    sessions = Sessions(b"k" * 32, server)
    cookie = sessions.make(clock.time())
    assert sessions.expiry(cookie, clock.time()) == int(clock.time()) + SESSION_S
    clock.advance(SESSION_S + 1)
    assert sessions.expiry(cookie, clock.time()) is None
    later = str(int(clock.time()) + 9_999)
    for forged in (f"{later}.{cookie.partition('.')[2]}", later, f"{later}.", ".", "x.y", "²."):
        assert sessions.expiry(forged, clock.time()) is None
    changed = Sessions(b"k" * 32, ServerConfig(user="owner", password=Secret("two")))
    assert changed.expiry(sessions.make(clock.time()), clock.time()) is None


def test_no_password_means_open_but_half_a_password_means_closed(make_farm: Any) -> None:
    assert make_farm().app.test_client().get("/api/status").status_code == 200
    half = make_farm(user="owner").app.test_client()
    assert half.get("/api/status").status_code == 401
    assert half.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("server", "refused"),
    [
        ({"host": "127.0.0.1"}, False),
        ({"host": "::1"}, False),
        ({"host": "localhost"}, False),
        ({"host": "0.0.0.0"}, True),
        ({"host": "::"}, True),
        ({"host": ""}, True),
        ({"host": "192.168.1.5"}, True),
        ({"host": "farm.local"}, True),
        ({"host": "0.0.0.0", "no_auth": True}, False),
        ({"host": "0.0.0.0", "user": "u", "password": Secret("p")}, False),
        ({"host": "0.0.0.0", "user": "u"}, True),
        ({"host": "127.0.0.1", "password": Secret("p")}, True),
    ],
)
def test_a_wide_bind_needs_a_password(server: dict[str, Any], refused: bool) -> None:
    sentence = refuse_wide_bind(FarmConfig(server=ServerConfig(**server)))
    assert (sentence is not None) == refused
    assert sentence is None or "DASH_" in sentence


def test_credentials_that_are_not_even_ascii_are_wrong_ones(
    locked_farm: Any, caplog: pytest.LogCaptureFixture
) -> None:
    client = locked_farm.app.test_client()
    headers = {"Authorization": "Basic \xff\xfe="}
    codes = [client.get("/api/status", headers=headers).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    assert "Traceback" not in caplog.text
