"""Host, Origin, Content-Type and response headers: security study 2.2."""

from __future__ import annotations

from typing import Any

import pytest

from core.secret import Secret

LIGHT = "/api/printers/alder/light"
OWN = "http://localhost"


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "farm.local", "FARM.LOCAL."],
)
def test_known_hosts(farm: Any, host: str) -> None:
    assert farm.app.test_client().get("/api/status", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["", "evil.example", "localhost.evil.example", "localhost@evil", "local", "a/b", "x:y"]
)
@pytest.mark.parametrize("path", ["/api/status", "/api/ws", "/", "/healthz"])
def test_other_hosts_are_421(farm: Any, host: str, path: str) -> None:
    answer = farm.app.test_client().get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert answer.json["error"]["code"] == "host"


def test_a_configured_name_is_known(make_farm: Any) -> None:
    farm = make_farm(allowed_hosts=("Farm.Example",))
    headers = {"Host": "farm.example:8000"}
    assert farm.app.test_client().get("/api/status", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 202),  # curl
        ({"Origin": OWN}, 202),
        ({"Origin": OWN, "Sec-Fetch-Site": "same-origin"}, 202),
        ({"Origin": "http://localhost:8001"}, 403),
        ({"Origin": "https://localhost"}, 403),
        ({"Origin": "http://localhost.evil"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": OWN, "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": OWN, "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Mode": "no-cors"}, 403),
    ],
)
def test_unsafe_methods_need_our_own_origin(
    farm: Any, headers: dict[str, str], status: int
) -> None:
    client = farm.app.test_client()
    answer = client.post(LIGHT, json={"on": True}, headers=headers)
    assert answer.status_code == status
    assert len(farm.printer().commands) == (status == 202)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_websocket_handshakes_of_other_pages_are_refused(farm: Any, kit: Any, origin: str) -> None:
    with kit.page(farm, headers={"Origin": origin}) as page:
        assert page.status == 403
    own = f"http://127.0.0.1:{farm.servers[0].port}"
    with kit.page(farm, headers={"Origin": own}) as page:
        assert page.read()["t"] == "hello"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_commands_must_be_json(farm: Any, kind: str) -> None:
    client = farm.app.test_client()
    answer = client.post(LIGHT, data='{"on": true}', content_type=kind)
    assert answer.status_code == 415
    assert client.post("/api/printers/alder/reconnect").status_code == 202  # no body at all
    form = client.post("/api/printers/alder/stop", data={"a": "b"})
    assert form.status_code == 415


def test_headers_of_every_answer(farm: Any) -> None:
    client = farm.app.test_client()
    for path in ("/", "/api/status", "/api/nothing", "/static/index.html", "/healthz"):
        with client.get(path) as answer:
            headers = answer.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        if path.startswith("/api"):
            assert headers["Cache-Control"] == "no-store"


def test_forwarded_for_counts_only_from_a_trusted_proxy(make_farm: Any, kit: Any) -> None:
    def codes(farm: Any, count: int = 11) -> list[int]:
        client = farm.app.test_client()
        return [
            client.get(
                "/api/status",
                headers={**kit.basic(password="x"), "X-Forwarded-For": f"10.0.0.{n}"},
            ).status_code
            for n in range(count)
        ]

    account: dict[str, Any] = {"user": "owner", "password": Secret(kit.password)}
    assert codes(make_farm(**account))[-1] == 429  # spoofed: all one address
    assert codes(make_farm(trusted_proxies=("127.0.0.0/8",), **account))[-1] == 401


def test_behind_a_tls_proxy_the_browsers_origin_is_ours(make_farm: Any, kit: Any) -> None:
    farm = make_farm(trusted_proxies=("127.0.0.1",), user="owner", password=Secret(kit.password))
    headers = {
        **kit.basic(),
        "Origin": "https://farm.local",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "farm.local",
    }
    answer = farm.app.test_client().post(LIGHT, json={"on": True}, headers=headers)
    assert answer.status_code == 202
    assert "Secure" in answer.headers["Set-Cookie"]
