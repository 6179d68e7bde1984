"""The webhook against a receiver that checks everything."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from alerts.channels.webhook import MAX_PHOTO_BYTES, WebhookChannel, signature, small_enough
from alerts.model import ChannelError, Refused
from core.clock import SystemClock
from core.secret import Secret
from tests.alerts.channels.conftest import message_of
from tests.alerts.servers.hook import SECRET, HookServer
from tests.alerts.servers.web import Answer
from tests.waiting import free_port


def channel(url: str, secret: str = SECRET, timeout_s: float = 5.0) -> WebhookChannel:
    return WebhookChannel("hook", Secret(url), Secret(secret), timeout_s, SystemClock())


def test_sends_what_the_message_says_with_its_picture(hook: HookServer, photo: Path) -> None:
    sent = channel(hook.url).send(message_of(), photo, {})
    assert sent.text.endswith("answers 200")
    (body,) = hook.bodies
    assert (body["id"], body["title"], body["level"]) == ("m-1", "Alder", "soon")
    assert base64.b64decode(body["photo"]) == photo.read_bytes()
    (event,) = body["events"]
    assert event["kind"] == "finished" and event["facts"] == {"file": "vase.3mf"}


def test_a_reminder_is_known_by_its_number(hook: HookServer) -> None:
    message = message_of()
    reminder = replace(message.events[0], repeat=2)
    channel(hook.url).send(replace(message, events=(reminder,)), None, {})
    assert [event["repeat"] for event in hook.bodies[0]["events"]] == [2]


def test_a_picture_that_is_gone_keeps_nothing_back(hook: HookServer, tmp_path: Path) -> None:
    channel(hook.url).send(message_of(), tmp_path / "gone.jpg", {})
    assert "photo" not in hook.bodies[0]


def test_large_pictures_are_made_smaller_and_hopeless_ones_left_out(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.effect_noise((2400, 1600), 90).convert("RGB").save(out, "JPEG", quality=95)
    assert len(out.getvalue()) > MAX_PHOTO_BYTES
    smaller = small_enough(out.getvalue())
    assert smaller is not None and len(smaller) <= MAX_PHOTO_BYTES
    assert small_enough(b"\xff\xd8\xff" + bytes(MAX_PHOTO_BYTES)) is None


def test_the_signature_is_as_documented() -> None:
    # computed by: printf '1700000000.{}' | openssl dgst -sha256 -hmac key
    wanted = "sha256=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae"
    assert signature(Secret("key"), "1700000000", b"{}") == wanted


def test_without_a_secret_nothing_is_signed(hook: HookServer) -> None:
    channel(hook.url, secret="").send(message_of(), None, {})
    assert "x-farm-signature" not in hook.calls[0].headers
    assert hook.violations == ["not signed by the farm"]
    hook.violations.clear()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
def test_what_will_never_be_taken_is_refused(hook: HookServer, status: int) -> None:
    hook.answer_with(Answer(status, {"error": "no"}))
    with pytest.raises(Refused, match=f"answers {status}: .*no"):
        channel(hook.url).send(message_of(), None, {})


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_what_may_pass_is_no_refusal(hook: HookServer, status: int) -> None:
    hook.answer_with(Answer(status, {}, (("Retry-After", "7"),)))
    with pytest.raises(ChannelError) as raised:
        channel(hook.url).send(message_of(), None, {})
    assert not isinstance(raised.value, Refused)
    assert raised.value.retry_after_s == 7.0 and not raised.value.maybe


@pytest.mark.parametrize("asked", [f"Wed, 01 Jan {'9' * 30} 00:00:00 GMT", "soon", "9" * 30, ""])
def test_a_time_that_cannot_be_is_none(hook: HookServer, asked: str) -> None:
    hook.answer_with(Answer(503, {}, (("Retry-After", asked),)))
    with pytest.raises(ChannelError) as raised:
        channel(hook.url).send(message_of(), None, {})
    assert raised.value.retry_after_s is None


def test_redirects_are_not_followed(hook: HookServer) -> None:
    with HookServer() as other:
        hook.answer_with(Answer(307, {}, (("Location", other.url),)))
        with pytest.raises(Refused, match="points to another address"):
            channel(hook.url).send(message_of(), None, {})
        assert not other.calls


@pytest.mark.parametrize("how", ["drop", "hang"])
def test_no_answer_is_doubt(hook: HookServer, how: str) -> None:
    hook.answer_with(Answer(how=how))
    with pytest.raises(ChannelError) as raised:
        channel(hook.url, timeout_s=0.3).send(message_of(), None, {})
    assert raised.value.maybe


def test_no_connection_is_no_doubt() -> None:
    with pytest.raises(ChannelError, match="cannot be reached") as raised:
        channel(f"http://127.0.0.1:{free_port()}/x").send(message_of(), None, {})
    assert not raised.value.maybe


def test_after_a_failure_the_same_channel_works(hook: HookServer) -> None:
    out = channel(hook.url, timeout_s=0.3)
    hook.answer_with(Answer(how="drop"), Answer(how="hang"))
    for _ in range(2):
        with pytest.raises(ChannelError):
            out.send(message_of(), None, {})
    out.send(message_of(), None, {})
    assert len(hook.taken) == 1
    out.close()


def test_the_test_button_sends_the_real_thing(hook: HookServer) -> None:
    out = channel(hook.url)
    assert out.test() == f"http://127.0.0.1:{hook.port} answers 200"
    (body,) = hook.bodies
    assert body["events"][0]["kind"] == "test" and body["photo"]
    assert out.describe() == f"Webhook at http://127.0.0.1:{hook.port}, signed"
