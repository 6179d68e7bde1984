"""The channel against the strict server: what arrives, where, and what is said when it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from alerts.channels.telegram.channel import TelegramChannel
from alerts.model import ChannelError, Level, Refused
from core.clock import ManualClock
from core.secret import Secret
from tests.alerts.servers.telegram import Script, TelegramServer
from tests.alerts.telegram.conftest import GROUP, make_jpeg, make_message, of

Make = Callable[..., TelegramChannel]


def test_a_text_has_its_title_in_bold_and_no_markup(
    make_channel: Make, telegram: TelegramServer
) -> None:
    make_channel().send(make_message("<b>_gear_*v2*.3mf & [co] is finished."), None, {})
    (call,) = telegram.spoken()
    assert call.fields == {
        "chat_id": GROUP,
        "text": "Alder\n<b>_gear_*v2*.3mf & [co] is finished.",
        "entities": [{"type": "bold", "offset": 0, "length": 5}],
        "link_preview_options": {"is_disabled": True},
    }


def test_bold_is_counted_as_telegram_counts(make_channel: Make, telegram: TelegramServer) -> None:
    make_channel().send(make_message(title=" 🖨️ Ålder "), None, {})
    (call,) = telegram.spoken()
    assert call.fields["entities"] == [{"type": "bold", "offset": 0, "length": 9}]


def test_a_photo_goes_with_its_caption_into_the_topic(
    make_channel: Make, telegram: TelegramServer, photo: Path
) -> None:
    make_channel(thread_id=12).send(make_message(), photo, {})
    (shown,) = telegram.shown(GROUP)
    assert (shown.thread_id, shown.text, shown.silent) == (12, "Alder\nGear is finished.", False)
    assert shown.photo == photo.read_bytes()


def test_information_makes_no_sound(
    make_channel: Make, telegram: TelegramServer, photo: Path
) -> None:
    channel = make_channel()
    channel.send(make_message(id="a", level=Level.INFO), photo, {})
    channel.send(make_message(id="b", silent=True), None, {})
    channel.send(make_message(id="c", level=Level.NOW), None, {})
    assert [shown.silent for shown in telegram.shown()] == [True, True, False]


def test_each_printer_has_its_topic_and_several_the_common_one(
    make_channel: Make, telegram: TelegramServer
) -> None:
    channel = make_channel(thread_id=12, topics={"alder": 31, "birch": 32, "cedar": 32})
    for number, printers in enumerate((["alder"], ["birch", "cedar"], ["alder", "birch"], ["elm"])):
        events = tuple(of(printer) for printer in printers)
        channel.send(make_message(id=str(number), events=events), None, {})
    assert [shown.thread_id for shown in telegram.shown()] == [31, 32, 12, 12]


def test_a_long_text_is_split_and_loses_nothing(
    make_channel: Make, telegram: TelegramServer, photo: Path
) -> None:
    lines = [f"Printer {n:03} has finished the file number {n}." for n in range(150)]
    make_channel().send(make_message("\n".join(lines)), photo, {})
    first, *rest = telegram.shown()
    assert first.photo and not any(shown.photo for shown in rest) and len(rest) == 2
    assert "\n".join(shown.text for shown in telegram.shown()).split("\n") == ["Alder", *lines]


def test_the_rest_of_a_long_text_is_sent_once_after_a_failure(
    make_channel: Make, telegram: TelegramServer, photo: Path
) -> None:
    channel, message = make_channel(), make_message("\n".join(["word " * 19] * 40))
    telegram.next("sendMessage", Script(502, "Bad Gateway"))
    with pytest.raises(ChannelError, match="trouble of its own"):
        channel.send(message, photo, {})
    channel.send(message, photo, {})
    assert [bool(shown.photo) for shown in telegram.shown()] == [True, False]


@pytest.mark.parametrize(
    ("width", "height"), [(9000, 4000), (3000, 8000), (12, 9_980)], ids=["wide", "tall", "strip"]
)
def test_large_pictures_are_made_to_fit(
    width: int, height: int, make_channel: Make, telegram: TelegramServer, tmp_path: Path
) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(make_jpeg(width, height))
    make_channel().send(make_message(), path, {})
    (shown,) = telegram.shown()
    assert bool(shown.photo) == (width > 100), "a strip cannot be shown, its message can"


@pytest.mark.parametrize("content", [b"", b"no picture", make_jpeg()[:200]])
def test_a_broken_picture_holds_up_no_message(
    content: bytes, make_channel: Make, telegram: TelegramServer, tmp_path: Path
) -> None:
    (tmp_path / "broken.jpg").write_bytes(content)
    channel = make_channel()
    channel.send(make_message(id="a"), tmp_path / "broken.jpg", {})
    channel.send(make_message(id="b"), tmp_path / "missing.jpg", {})
    assert [shown.photo for shown in telegram.shown()] == [b"", b""]


def test_a_picture_that_telegram_refuses_is_left_out(
    make_channel: Make, telegram: TelegramServer, photo: Path
) -> None:
    telegram.next("sendPhoto", Script(400, "Bad Request: IMAGE_PROCESS_FAILED"))
    make_channel().send(make_message(), photo, {})
    (shown,) = telegram.shown()
    assert shown.text == "Alder\nGear is finished."


def test_retry_after_is_told_and_obeyed(
    make_channel: Make, telegram: TelegramServer, clock: ManualClock
) -> None:
    script = Script(429, "Too Many Requests: retry after 35", {"retry_after": 35})
    telegram.next("sendMessage", script)
    channel = make_channel()
    for wanted in (35.0, 25.0):
        with pytest.raises(ChannelError) as caught:
            channel.send(make_message(), None, {})
        assert caught.value.retry_after_s == wanted
        clock.advance(10.0)
    assert [call.code for call in telegram.calls] == [429], "it asked again too early"


def test_a_missing_topic_is_refused_with_what_to_do(
    make_channel: Make, telegram: TelegramServer
) -> None:
    channel = make_channel(topics={"alder": 99}, thread_id=98)
    with pytest.raises(Refused, match=r'topic 99 does not exist .* "topics" for Alder'):
        channel.send(make_message(id="a", events=(of(),)), None, {})
    with pytest.raises(Refused, match=r'topic 98 does not exist .* "thread_id"'):
        channel.send(make_message(id="b"), None, {})


def test_what_calls_for_a_person_is_not_lost_with_its_topic(
    make_channel: Make, telegram: TelegramServer
) -> None:
    channel = make_channel(topics={"alder": 99})
    channel.send(make_message(level=Level.NOW, events=(of(),)), None, {})
    (shown,) = telegram.shown()
    assert shown.thread_id is None and not shown.silent


def test_a_group_that_became_a_supergroup_is_followed(
    make_channel: Make, telegram: TelegramServer
) -> None:
    telegram.chat(-77).moved_to = GROUP
    channel = make_channel(chat_id="-77")
    channel.send(make_message(id="a"), None, {})
    channel.send(make_message(id="b"), None, {})
    assert [call.fields["chat_id"] for call in telegram.calls] == [-77, GROUP, GROUP]


def test_chats_that_name_each_other_are_not_followed_for_ever(
    make_channel: Make, telegram: TelegramServer
) -> None:
    telegram.chat(-77).moved_to = -78
    telegram.chat(-78).moved_to = -77
    with pytest.raises(ChannelError):
        make_channel(chat_id="-77").send(make_message(), None, {})
    assert [call.fields["chat_id"] for call in telegram.calls] == [-77, -78]


@pytest.mark.parametrize(
    ("script", "words", "refused"),
    [
        (Script(401, "Unauthorized"), "token is wrong or was revoked", False),
        (Script(400, "Bad Request: chat not found"), "does not know the chat -100", False),
        (Script(403, "Forbidden: bot was kicked"), "may not write to the chat", False),
        (Script(400, "Bad Request: not enough rights to send text"), "Give it that right", False),
        (Script(400, "Bad Request: something new"), "something new", True),
        (Script(500, "Internal"), "trouble of its own", False),
        (Script(502, raw=b"<html>a proxy</html>"), "trouble of its own", False),
        (Script(raw=b'{"ok": false}'), "not be understood", False),
        (Script(302, raw=b"moved"), "another address", False),
        (Script(raw=b"[]"), "not be understood", False),
    ],
    ids=lambda value: getattr(value, "description", ""),
)
def test_failures_are_told_in_plain_words(
    script: Script, words: str, refused: bool, make_channel: Make, telegram: TelegramServer
) -> None:
    telegram.next("sendMessage", script)
    with pytest.raises(ChannelError, match=words) as caught:
        make_channel().send(make_message(), None, {})
    assert isinstance(caught.value, Refused) is refused


def test_the_test_writes_with_a_picture_and_to_every_topic(
    make_channel: Make, telegram: TelegramServer
) -> None:
    channel = make_channel(thread_id=12, topics={"alder": 31, "birch": 32})
    assert channel.test() == (
        f"@farm_test_bot wrote to Telegram chat {GROUP}, topic 12, 2 printers in topics of their "
        "own."
    )
    assert [(s.thread_id, bool(s.photo)) for s in telegram.shown()] == [
        (12, True), (31, False), (32, False),
    ]  # fmt: skip


def test_the_test_names_every_wrong_topic(make_channel: Make, telegram: TelegramServer) -> None:
    channel = make_channel(topics={"alder": 91, "birch": 32, "cedar": 93})
    with pytest.raises(ChannelError, match=r"topic 91 .* for alder.*topic 93 .* for cedar"):
        channel.test()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"token": Secret("")}, "no bot token"),
        ({"token": Secret("123456789:AAE/../../x")}, "no bot token"),
        ({"api": "http://api.telegram.org"}, "must be https"),
        ({"api": "ftp://127.0.0.1"}, "must begin with https"),
    ],
)
def test_nothing_is_sent_with_settings_that_would_give_the_token_away(
    more: dict[str, object], words: str, make_channel: Make
) -> None:
    with pytest.raises(ChannelError, match=words):
        make_channel(**more).send(make_message(), None, {})
