"""Nothing that a channel is configured with shows in errors, outcomes or logs, at any level."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.channels import scrub
from alerts.channels.apprise import AppriseChannel
from alerts.channels.webhook import WebhookChannel
from alerts.model import Channel, ChannelError
from core.clock import SystemClock
from core.secret import Secret
from tests.alerts.channels.conftest import message_of
from tests.alerts.servers.web import Answer, Call, StrictServer
from tests.waiting import free_port

CANARIES = (
    "cAnary-user",
    "cAnary-Pa55",
    "cAnary-path-41",
    "cAnary-query-42",
    "cAnary-key-of-16-signs",
)
USER, PASSWORD, PATH, QUERY, KEY = CANARIES


class Anything(StrictServer):
    """Takes every request."""

    def check(self, call: Call) -> Any:
        return {}


HOOK = f"http://{USER}:{PASSWORD}@127.0.0.1:{{port}}/{PATH}?token={QUERY}"
URLS = {
    "webhook": HOOK,
    "ntfy": f"ntfy://{USER}:{PASSWORD}@127.0.0.1:{{port}}/{PATH}",
    "json": f"json://{USER}:{PASSWORD}@127.0.0.1:{{port}}/{PATH}?+X-Key={QUERY}",
    "gotify": f"gotify://127.0.0.1:{{port}}/{PATH}",
    "matrix": f"matrix://{USER}:{PASSWORD}@127.0.0.1:{{port}}/%23{PATH}",
    "mail": (
        f"mailto://{USER}:{PASSWORD}@127.0.0.1:{{port}}?from=f@example.org&to=t@example.org"
        "&mode=insecure&cto=0.4"
    ),
}


def make(kind: str, port: int) -> Channel:
    url = Secret(URLS[kind].format(port=port))
    if kind == "webhook":
        return WebhookChannel("hook", url, Secret(KEY), 0.4, SystemClock())
    return AppriseChannel("out", url, 0.4, SystemClock())


def leaks(kind: str, shown: str) -> list[str]:
    """Of what that channel is configured with."""
    configured = URLS[kind] + (KEY if kind == "webhook" else "")
    return [canary for canary in CANARIES if canary in configured and canary in shown]


ECHO = Answer(403, {"error": f"{USER} {PASSWORD} /{PATH}?token={QUERY} {KEY}"})
ANSWERS = {
    "refused": ECHO,
    "server error": Answer(500, ECHO.body),
    "redirect": Answer(302, {}, (("Location", f"http://127.0.0.1:9/{PATH}?token={QUERY}"),)),
    "dropped": Answer(how="drop"),
    "hanging": Answer(how="hang"),
    "fine": Answer(),
}


class _Keeper(logging.Handler):
    def __init__(self) -> None:
        super().__init__(level=1)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """All that any library says, at its loudest, as somebody sets them who looks for a fault."""
    keeper = _Keeper()
    loud = [
        logging.getLogger(name) for name in ("", "apprise", "urllib3", "urllib3.connectionpool")
    ]
    before = [(log, log.level) for log in loud]
    for log in loud:
        log.setLevel(1)
        log.addHandler(keeper)
    yield keeper.lines
    for log, level in before:
        log.setLevel(level)
        log.removeHandler(keeper)


def tell(channel: Channel, photo: Path) -> str:
    """Everything that anybody could show of an attempt."""
    try:
        return repr(channel.send(message_of(), photo, {}))
    except ChannelError as error:
        shown = [str(error), repr(error), error.text, repr(error.__cause__)]
        return "\n".join([*shown, *traceback.format_exception(error)])


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("kind", URLS)
def test_whatever_a_service_does(kind: str, answer: str, photo: Path, heard: list[str]) -> None:
    with Anything() as server:
        server.always = ANSWERS[answer]
        channel = make(kind, server.port)
        shown = "\n".join([tell(channel, photo), channel.describe(), repr(channel), *heard])
        channel.close()
        assert server.calls or kind == "mail"
    assert heard, "the libraries were not listened to"
    assert not leaks(kind, shown)


@pytest.mark.parametrize("kind", URLS)
def test_nobody_there(kind: str, photo: Path, heard: list[str]) -> None:
    channel = make(kind, free_port())
    shown = "\n".join([tell(channel, photo), *heard])
    assert not leaks(kind, shown)


def test_what_is_hidden_is_hidden_in_every_spelling() -> None:
    scrub.hide("p@ss/w ord+1", 'say "x"')
    for spelled in ("p@ss/w ord+1", "p%40ss%2Fw%20ord%2B1", "p%40ss/w%20ord%2B1", 'say \\"x\\"'):
        assert scrub.clean(f"GET /{spelled}/x") == "GET /***/x"


def test_short_pieces_are_hidden_as_whole_words_only() -> None:
    scrub.hide("abz", "no")
    assert scrub.clean("abz, abzug and no") == "***, abzug and no"


def test_the_operator_still_reads_which_host_it_is() -> None:
    url = URLS["ntfy"].format(port=4711)
    AppriseChannel("out", Secret(url), 0.4, SystemClock())
    assert scrub.clean("127.0.0.1:4711 refuses") == "127.0.0.1:4711 refuses"


def test_of_an_address_the_password_and_what_looks_like_a_key_are_secret() -> None:
    address = "https://bob:abc@x.org/hooks/farm/AbCd/4711?token=longenough&mode=on"
    assert scrub.pieces(address) == {"abc", "AbCd", "4711", "longenough"}


def test_keys_of_bots_and_passwords_of_addresses_are_hidden_unasked() -> None:
    said = scrub.clean("POST https://u:p@x.org/bot123456:ABC-def_4/sendMessage")
    assert said == "POST https://***@x.org/bot***/sendMessage"


def test_exceptions_in_libraries_logs_are_cleaned(heard: list[str]) -> None:
    scrub.hide("cAnary-in-a-trace")
    try:
        raise ValueError("cAnary-in-a-trace")
    except ValueError:
        logging.getLogger("urllib3.connectionpool").exception("It broke")
    assert "ValueError: ***" in heard[-1] and "cAnary" not in heard[-1]
