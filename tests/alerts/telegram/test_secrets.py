"""The token is in every request's address, and nowhere else: no log, no error, no words."""

from __future__ import annotations

import io
import logging
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from alerts.channels.telegram.channel import TelegramChannel
from alerts.model import ChannelError
from tests.alerts.servers.telegram import TOKEN, Script, TelegramServer
from tests.alerts.telegram.conftest import make_message
from tests.waiting import free_port

Make = Callable[..., TelegramChannel]


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """All that any library writes, at the finest level."""
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    root, library = logging.getLogger(), logging.getLogger("urllib3")
    levels = root.level, library.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    library.setLevel(logging.DEBUG)
    yield out
    root.removeHandler(handler)
    root.setLevel(levels[0])
    library.setLevel(levels[1])


FAULTS: dict[str, tuple[Script | None, dict[str, Any], bool]] = {
    "unreachable": (None, {"api": f"http://127.0.0.1:{free_port()}"}, False),
    "no such name": (None, {"api": "http://nobody-has-this-name-4711"}, False),
    "cut": (Script(drop="before"), {}, True),
    "cut after it was taken": (Script(drop="after"), {}, True),
    "silent": (Script(delay_s=3.0), {"timeout_s": 0.3}, True),
    "server trouble": (Script(500, "Internal"), {}, False),
    "no JSON": (Script(raw=b"<html>" * 100), {}, True),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_failure_shows_the_token(
    fault: str, make_channel: Make, telegram: TelegramServer, everything_logged: io.StringIO
) -> None:
    script, more, maybe = FAULTS[fault]
    channel = make_channel(**more)
    if script:
        telegram.next("sendMessage", script)
    with pytest.raises(ChannelError) as caught:
        channel.send(make_message(), None, {})
    assert caught.value.maybe is maybe, "whether it may have arrived all the same"
    told = "".join(traceback.format_exception(caught.value)) + repr(vars(channel))
    secret = TOKEN.split(":")[1]
    assert secret not in told and secret not in channel.describe()
    assert secret not in everything_logged.getvalue()


def test_debug_logs_of_the_library_go_on_without_it(
    make_channel: Make, everything_logged: io.StringIO
) -> None:
    make_channel().send(make_message(), None, {})
    assert "/bot***/sendMessage" in everything_logged.getvalue()
    assert TOKEN not in everything_logged.getvalue()


def test_a_connection_that_lay_unused_is_not_trusted(
    make_channel: Make, telegram: TelegramServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alerts.channels.telegram import client

    channel = make_channel()
    channel.send(make_message(id="a"), None, {})
    pool = channel._api._session.get_adapter(telegram.url).poolmanager
    assert len(pool.pools) == 1
    monkeypatch.setattr(client, "IDLE_S", -1.0)
    channel._api._let_go_of_old_connections()
    assert len(pool.pools) == 0
    channel.send(make_message(id="b"), None, {})
    assert len(telegram.shown()) == 2
