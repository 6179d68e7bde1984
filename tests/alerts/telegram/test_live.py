"""One message per print that is edited, and the result that is always a new one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.telegram.channel import TelegramChannel
from alerts.model import Later, Level
from core.clock import ManualClock
from tests.alerts.servers.telegram import Script, TelegramServer
from tests.alerts.telegram.conftest import GROUP, make_jpeg, make_message, news, of

Make = Callable[..., TelegramChannel]


class Print:
    """Sends news of one print as a worker would: the memo of one is given to the next."""

    def __init__(self, channel: TelegramChannel, clock: ManualClock) -> None:
        self.channel = channel
        self.clock = clock
        self.memo: Mapping[str, Any] = {}

    def tell(self, percent: int, photo: Path | None = None, **more: Any) -> None:
        self.clock.advance(60.0)
        self.memo = self.channel.send(news(percent, **more), photo, self.memo).memo


@pytest.fixture
def a_print(make_channel: Make, clock: ManualClock) -> Print:
    return Print(make_channel(topics={"alder": 31}), clock)


def test_news_of_a_print_are_one_message_with_the_newest_picture(
    a_print: Print, telegram: TelegramServer, tmp_path: Path
) -> None:
    for percent, color in ((5, "red"), (10, "green"), (15, "blue")):
        path = tmp_path / f"{color}.jpg"
        path.write_bytes(make_jpeg(color=color))
        a_print.tell(percent, path)
    (shown,) = telegram.shown(GROUP)
    assert (shown.text, shown.edits, shown.thread_id) == ("Alder\nGear is at 15 %.", 2, 31)
    assert shown.photo == path.read_bytes() and shown.silent
    assert [c.method for c in telegram.spoken()] == ["sendPhoto"] + 2 * ["editMessageMedia"]


def test_a_picture_stays_while_there_is_no_newer_one(
    a_print: Print, telegram: TelegramServer, photo: Path
) -> None:
    a_print.tell(5, photo)
    a_print.tell(10)
    a_print.tell(15)
    (shown,) = telegram.shown()
    assert shown.text.endswith("15 %.") and shown.photo == photo.read_bytes()


def test_a_text_gets_a_picture_as_soon_as_there_is_one(
    a_print: Print, telegram: TelegramServer, photo: Path
) -> None:
    a_print.tell(5)
    a_print.tell(10)
    a_print.tell(15, photo)
    (shown,) = telegram.shown()
    assert shown.photo == photo.read_bytes() and shown.edits == 2


def test_an_older_server_that_gives_texts_no_picture(
    a_print: Print, telegram: TelegramServer, photo: Path
) -> None:
    a_print.tell(5)
    refusal = "Bad Request: there is no media in the message to edit"
    telegram.next("editMessageMedia", Script(400, refusal))
    a_print.tell(10, photo)
    assert [bool(shown.photo) for shown in telegram.shown()] == [False, True]


def test_the_result_is_a_new_message_and_the_live_one_rests(
    a_print: Print, telegram: TelegramServer, photo: Path
) -> None:
    a_print.tell(95, photo)
    live = a_print.memo
    result = make_message(live="alder|job-1", ends_live=True, events=(of(),))
    assert a_print.channel.send(result, photo, live).memo == {}
    first, last = telegram.shown()
    assert (first.edits, first.silent, last.silent, last.thread_id) == (0, True, False, 31)


def test_the_last_edit_says_how_it_ended_under_the_last_picture(
    a_print: Print, telegram: TelegramServer, photo: Path
) -> None:
    a_print.tell(95, photo)
    rest = make_message(live="alder|job-1", rests=True, level=Level.INFO, text="Gear is done.")
    a_print.channel.send(rest, None, a_print.memo)  # at once, however short ago the last edit was
    (shown,) = telegram.shown()
    assert shown.text.endswith("Gear is done.") and shown.photo == photo.read_bytes()


@pytest.mark.parametrize("memo", [{}, {"message_id": 7, "chat": "-5"}])
def test_no_last_edit_where_there_is_nothing_to_edit(
    a_print: Print, telegram: TelegramServer, memo: Mapping[str, Any]
) -> None:
    rest = make_message(live="alder|job-1", rests=True, level=Level.INFO)
    assert a_print.channel.send(rest, None, memo).memo == {}
    assert telegram.calls == []


def test_a_deleted_live_message_is_not_written_anew_at_the_end(
    a_print: Print, telegram: TelegramServer
) -> None:
    a_print.tell(95)
    telegram.next("editMessageText", Script(400, "Bad Request: message to edit not found"))
    rest = make_message(live="alder|job-1", rests=True, level=Level.INFO)
    a_print.channel.send(rest, None, a_print.memo)
    assert len(telegram.shown()) == 1


def test_what_is_to_be_heard_is_a_new_message(a_print: Print, telegram: TelegramServer) -> None:
    a_print.tell(5)
    live = a_print.memo
    a_print.tell(10, level=Level.SOON)
    assert a_print.memo == live, "the live message goes on"
    a_print.tell(15)
    assert [(shown.edits, shown.silent) for shown in telegram.shown()] == [(1, True), (0, False)]


def test_a_deleted_live_message_is_written_anew(a_print: Print, telegram: TelegramServer) -> None:
    a_print.tell(5)
    telegram.messages.clear()
    a_print.tell(10)
    a_print.tell(15)
    (shown,) = telegram.shown()
    assert shown.text.endswith("15 %.") and shown.edits == 1


def test_the_same_again_is_no_failure(a_print: Print, telegram: TelegramServer) -> None:
    a_print.tell(5)
    a_print.tell(5)
    assert telegram.calls[-1].code == 400 and len(telegram.shown()) == 1


def test_a_live_message_of_another_chat_is_left_alone(
    a_print: Print, make_channel: Make, telegram: TelegramServer
) -> None:
    a_print.tell(5)
    telegram.chat(55)
    a_print.channel = make_channel(chat_id="55")
    a_print.tell(10)
    assert [(shown.chat_id, shown.edits) for shown in telegram.shown()] == [(GROUP, 0), (55, 0)]


@pytest.mark.parametrize("memo", [{"message_id": "5"}, {"message_id": None}, {"x": 1}])
def test_a_memo_that_makes_no_sense_is_no_message(
    memo: dict[str, Any], make_channel: Make, telegram: TelegramServer
) -> None:
    make_channel().send(news(5), None, memo)
    assert [call.method for call in telegram.spoken()] == ["sendMessage"]


def test_without_edits_each_is_a_new_message(
    make_channel: Make, clock: ManualClock, telegram: TelegramServer
) -> None:
    a_print = Print(make_channel(live=False), clock)
    assert not a_print.channel.edits
    a_print.tell(5)
    a_print.tell(10)
    assert [shown.edits for shown in telegram.shown()] == [0, 0]


def test_edits_keep_apart_and_others_need_not_wait(
    a_print: Print, telegram: TelegramServer, clock: ManualClock
) -> None:
    a_print.tell(5)
    clock.advance(59.0)
    with pytest.raises(Later) as caught:
        a_print.channel.send(news(10), None, a_print.memo)
    assert caught.value.retry_after_s == 1.0
    a_print.channel.send(make_message(level=Level.NOW), None, {})
    clock.advance(1.0)
    with pytest.raises(Later) as caught:
        a_print.channel.send(news(10), None, a_print.memo)
    assert caught.value.retry_after_s == 2.0, "three seconds after anything else in the chat"
    clock.advance(2.0)
    a_print.channel.send(news(10), None, a_print.memo)
    assert [shown.edits for shown in telegram.shown()] == [1, 0]


def test_edits_wait_out_what_telegram_asks_for(
    a_print: Print, telegram: TelegramServer, clock: ManualClock
) -> None:
    a_print.tell(5)
    script = Script(429, "Too Many Requests: retry after 269", {"retry_after": 269})
    telegram.next("editMessageText", script)
    with pytest.raises(Exception, match="for 269 s"):
        a_print.tell(10)
    with pytest.raises(Later) as caught:
        a_print.tell(15)
    assert caught.value.retry_after_s == 209.0
    assert [call.code for call in telegram.calls] == [200, 429]


def test_a_live_text_too_long_for_one_message_says_so(
    a_print: Print, telegram: TelegramServer, photo: Path
) -> None:
    message = make_message("far " * 2000, id="x", level=Level.INFO, live="alder|job-1")
    a_print.channel.send(message, photo, {})
    (shown,) = telegram.shown()
    assert len(shown.text) <= 1024 and shown.text.endswith("…")
