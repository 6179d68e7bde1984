"""Send keys: hashed at rest, shown once, revocable, and openers of the slicers' routes only."""

from __future__ import annotations

import hashlib
import json
import logging
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule

from core.clock import ManualClock
from core.config import SendKey
from core.errors import Blocked, StorageError
from web import send_keys
from web.auth import OPEN
from web.send_keys import BLUEPRINT, FILE, SendKeys

CONFIG_KEY = "a-key-from-the-config-file"
CONFIGURED = (SendKey(name="Workshop PC", sha256=hashlib.sha256(CONFIG_KEY.encode()).hexdigest()),)


def make(folder: Path, clock: ManualClock | None = None) -> SendKeys:
    return SendKeys(folder, CONFIGURED, clock or ManualClock())


# -- the store ---------------------------------------------------------------------------------


def test_a_key_is_kept_as_a_hash_and_survives_a_restart(tmp_path: Path) -> None:
    key, text = make(tmp_path).create("Laptop")
    assert len(text) >= 43  # 32 random bytes
    path = tmp_path / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert text not in path.read_text()
    again = make(tmp_path)
    found = again.find(text.encode())
    assert found is not None
    assert (found.id, found.name) == (key.id, "Laptop")
    assert again.find(text[:-1].encode()) is None
    assert again.find(b"") is None


def test_keys_of_the_config_open_too_and_stay_there(tmp_path: Path) -> None:
    keys = make(tmp_path)
    found = keys.find(CONFIG_KEY.encode())
    assert found is not None
    assert found.source == "config"
    with pytest.raises(Blocked, match=r"config\.json"):
        keys.delete(found.id)
    assert CONFIGURED[0].sha256[:8] not in found.id


def test_every_key_is_compared_even_after_a_match(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = make(tmp_path)
    _, text = keys.create("Laptop")
    keys.create("Desk")
    compared: list[str] = []

    class Counting:
        @staticmethod
        def compare_digest(one: str, other: str) -> bool:
            compared.append(one)
            return one == other

    monkeypatch.setattr(send_keys, "hmac", Counting)
    assert keys.find(text.encode()) is not None
    assert len(compared) == 3


def test_a_deleted_key_opens_nothing_after_a_restart_either(tmp_path: Path) -> None:
    keys = make(tmp_path)
    key, text = keys.create("Laptop")
    keys.delete(key.id)
    assert keys.find(text.encode()) is None
    assert make(tmp_path).find(text.encode()) is None


def test_the_last_use_is_written_at_most_once_a_minute(tmp_path: Path) -> None:
    clock = ManualClock()
    keys = make(tmp_path, clock)
    key, text = keys.create("Laptop")

    def on_disk() -> float | None:
        value = json.loads((tmp_path / FILE).read_text())["last_used"].get(key.id)
        return None if value is None else float(value)

    assert on_disk() is None
    keys.find(text.encode())
    first = on_disk()
    assert first == clock.time()
    clock.advance(30)
    keys.find(text.encode())
    assert on_disk() == first
    assert keys.all()[-1].last_used_at == clock.time()
    clock.advance(31)
    keys.find(text.encode())
    assert on_disk() == clock.time()
    keys.find(CONFIG_KEY.encode())
    assert make(tmp_path, clock).all()[0].last_used_at == clock.time()


def test_a_disk_that_refuses_makes_no_key_but_lets_known_ones_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keys = make(tmp_path)
    _, text = keys.create("Laptop")

    def full(*_: object) -> None:
        raise StorageError("The disk is full.")

    monkeypatch.setattr(send_keys, "write_durably", full)
    with pytest.raises(StorageError):
        keys.create("Desk")
    assert [key.name for key in keys.all()] == ["Workshop PC", "Laptop"]
    assert keys.find(text.encode()) is not None
    assert "not kept" in caplog.text


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"keys": [{}], "last_used": {}}', b'{"keys": [], "last_used": 1}',
     b'{"keys": [{"id": "a", "name": "b", "sha256": "c", "created_at": 1}], "last_used": {}}'],
)  # fmt: skip
def test_a_damaged_file_is_set_aside_and_opens_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    keys = make(tmp_path)
    assert [key.source for key in keys.all()] == ["config"]
    assert (tmp_path / f"{FILE}.damaged").read_bytes() == content
    keys.create("Laptop")  # and the farm goes on


# -- the owner's routes ------------------------------------------------------------------------


def test_the_key_is_shown_once_and_listed_without_itself(farm: Any) -> None:
    client = farm.app.test_client()
    made = client.post("/api/send-keys", json={"name": "  Workshop\u00a0 laptop "})
    assert made.status_code == 201
    shown = made.json
    text = shown.pop("key")
    assert (shown["name"], shown["source"]) == ("Workshop laptop", "panel")
    listing = client.get("/api/send-keys")
    assert listing.json == {"keys": [shown]}
    assert text not in listing.text
    assert hashlib.sha256(text.encode()).hexdigest() not in listing.text
    assert client.get("/api/version", headers={"X-Api-Key": text}).status_code == 200
    assert client.get("/api/send-keys").json["keys"][0]["last_used_at"] is not None
    assert client.delete(f"/api/send-keys/{shown['id']}").status_code == 204
    assert client.delete(f"/api/send-keys/{shown['id']}").status_code == 404
    assert client.get("/api/version", headers={"X-Api-Key": text}).status_code == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": "  "}, 400),
        ({"name": "a\nb"}, 400),
        ({"name": "x" * 61}, 422),
        ({"name": "x", "key": "my-own-key-0123456789"}, 400),
        ({"name": "LAPTOP"}, 409),
    ],
)
def test_names_of_keys_are_checked(farm: Any, body: dict[str, str], status: int) -> None:
    client = farm.app.test_client()
    assert client.post("/api/send-keys", json={"name": "Laptop"}).status_code == 201
    assert client.post("/api/send-keys", json=body).status_code == status
    assert len(client.get("/api/send-keys").json["keys"]) == 1


# -- what a key opens --------------------------------------------------------------------------


@pytest.fixture
def keyed(make_farm: Callable[..., Any], kit: Any) -> Any:
    """A farm with a password and one key."""
    from core.secret import Secret

    return make_farm(user="owner", password=Secret(kit.password), send_keys=CONFIGURED)


def _urls(rule: Rule) -> str:
    built = rule.build({**dict.fromkeys(rule.arguments, "1"), **(rule.defaults or {})})
    assert built is not None
    return built[1]


@pytest.mark.parametrize(
    "header", [{"X-Api-Key": CONFIG_KEY}, {"Authorization": f"Bearer {CONFIG_KEY}"}]
)
def test_a_key_opens_the_slicers_routes_and_no_other(keyed: Any, header: dict[str, str]) -> None:
    client = keyed.app.test_client()
    opened = 0
    for rule in keyed.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}) or ["GET"]:
            answer = client.open(_urls(rule), method=method, headers=header)
            assert "Set-Cookie" not in answer.headers
            if rule.endpoint.partition(".")[0] == BLUEPRINT:
                assert answer.status_code not in (401, 403, 500), (method, rule)
                opened += 1
            elif rule.endpoint in OPEN:  # whose random address nobody can guess
                assert answer.status_code == 404, (method, rule)
            elif _urls(rule) != "/healthz":
                assert answer.status_code == 401, (method, rule)
    assert opened == 19
    assert client.get("/send/alder/nothing", headers=header).status_code == 401


def test_no_wrong_or_missing_key_opens_anything(keyed: Any, kit: Any) -> None:
    client = keyed.app.test_client()
    missing = client.get("/api/version")
    assert missing.status_code == 401
    assert "Basic" in missing.headers["WWW-Authenticate"]
    assert client.get("/api/version", headers={"X-Api-Key": ""}).status_code == 401
    wrong = client.get("/api/version", headers={"X-Api-Key": CONFIG_KEY + "x"})
    assert wrong.status_code == 403
    assert wrong.headers["Content-Type"] == "text/plain"
    assert "does not know this API key" in wrong.text
    both = {"X-Api-Key": "wrong", **kit.basic()}
    assert client.get("/api/version", headers=both).status_code == 403
    assert client.get("/api/version", headers={"X-Api-Key": "ä\xff"}).status_code == 403
    assert client.get(f"/api/version?apikey={CONFIG_KEY}").status_code == 401
    assert client.get("/api/version", headers=kit.basic()).status_code == 200


def test_a_farm_without_a_password_takes_no_key_or_a_right_one(farm: Any) -> None:
    client = farm.app.test_client()
    assert client.get("/api/version").status_code == 200
    assert client.get("/api/version", headers={"X-Api-Key": "wrong"}).status_code == 403
    assert client.get("/api/version", headers={"Authorization": "Bearer x"}).status_code == 403
    assert client.get("/api/status", headers={"X-Api-Key": "wrong"}).status_code == 200


def test_half_a_password_stays_closed_for_keys_too(make_farm: Callable[..., Any]) -> None:
    client = make_farm(user="owner", send_keys=CONFIGURED).app.test_client()
    assert client.get("/api/version", headers={"X-Api-Key": CONFIG_KEY}).status_code == 401


def test_a_flood_of_wrong_keys_is_stopped_and_locks_nobody_else_out(keyed: Any, kit: Any) -> None:
    client = keyed.app.test_client()
    codes = [
        client.get("/api/version", headers={"X-Api-Key": f"wrong {n}"}).status_code
        for n in range(12)
    ]
    assert codes == [403] * 10 + [429] * 2
    right = {"X-Api-Key": CONFIG_KEY}
    assert client.get("/api/version", headers=right).status_code == 429
    elsewhere = {"REMOTE_ADDR": "127.0.0.9"}
    answer = client.get("/api/version", headers=right, environ_overrides=elsewhere)
    assert answer.status_code == 200
    assert client.get("/api/status", headers=kit.basic()).status_code == 200


def test_keys_are_in_no_log(
    keyed: Any, kit: Any, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    connection = keyed.connect()
    connection.request("POST", "/api/send-keys", b'{"name": "Laptop"}',
                       {"Content-Type": "application/json", **kit.basic()})  # fmt: skip
    text = json.loads(connection.getresponse().read())["key"]
    wrong = "wrong-key-canary-4711"
    for key in (text, CONFIG_KEY, wrong):
        connection.request("GET", "/api/version", headers={"X-Api-Key": key})
        connection.getresponse().read()
        connection.request("POST", "/api/files/local", b"x", {"Authorization": f"Bearer {key}"})
        connection.getresponse().read()
    connection.close()
    assert "Wrong send key from 127.0.0.1" in caplog.text
    seen = caplog.text + "".join(capfd.readouterr())
    for key in (text, CONFIG_KEY, wrong):
        assert key not in seen
        assert hashlib.sha256(key.encode()).hexdigest() not in seen
