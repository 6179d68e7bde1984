"""A group becomes a supergroup and gets another id: the farm follows, tells it once, remembers it,
and believes nobody but the group itself."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.telegram.channel import TelegramChannel
from alerts.channels.telegram.moves import FILE, RETRY_S, Moves, bot_key
from alerts.channels.telegram.orders.book import Book, Order
from alerts.model import ChannelError, Event, Kind
from core.clock import ManualClock
from core.fs import DISK
from tests.alerts.servers.telegram import Script, TelegramServer
from tests.alerts.telegram.conftest import config_of, make_message, news
from tests.alerts.telegram.workshop import Chat, Workshop, channel, until

OLD, NEW, FOREIGN = -77, -1001234567999, -1001234567888
Make = Callable[..., TelegramChannel]


class House:
    """The settings, the file and what the operator is told; ``restart`` keeps the file alone."""

    def __init__(self, server: TelegramServer, folder: Path, clock: ManualClock) -> None:
        self.server, self.path, self.clock = server, folder / FILE, clock
        self.told: list[Event] = []
        self.restart()

    def restart(self, **settings: Any) -> None:
        config = config_of(self.server, **{"chat_id": str(OLD), **settings})
        self.bot = bot_key(config)
        self.moves = Moves(self.path, [config], self.clock, self.told.append)

    def now(self) -> str:
        return self.moves.now_of(self.bot, str(OLD))

    def identities(self) -> set[str]:
        return {event.identity for event in self.told}


@pytest.fixture
def house(telegram: TelegramServer, tmp_path: Path, clock: ManualClock) -> House:
    telegram.chat(OLD, type="group")
    return House(telegram, tmp_path, clock)


# --- what is sent --------------------------------------------------------------------------------


def test_what_was_learned_outlives_the_server(
    house: House, telegram: TelegramServer, make_channel: Make
) -> None:
    telegram.upgrade(OLD, NEW, told=False)
    for number in range(2):
        house.restart()
        tele = make_channel(chat_id=str(OLD), moves=house.moves)
        tele.send(make_message(id=f"a{number}"), None, {})
        tele.send(make_message(id=f"b{number}"), None, {})
    assert [call.fields["chat_id"] for call in telegram.calls] == [OLD, NEW, NEW, NEW, NEW]
    assert telegram.chats[OLD].turned_away == 1
    assert tele.describe() == (
        f"Telegram chat {OLD} (a supergroup with the id {NEW} now: write that into the settings)"
    )


def test_the_operator_is_told_once_what_changed_and_what_to_do(
    house: House, telegram: TelegramServer, make_channel: Make, caplog: pytest.LogCaptureFixture
) -> None:
    telegram.upgrade(OLD, NEW, told=False)
    make_channel(chat_id=str(OLD), moves=house.moves).send(make_message(), None, {})
    make_channel(chat_id=str(OLD), moves=house.moves).test()
    (event,) = house.told
    assert event.kind is Kind.CHANNEL_MOVED and event.text == (
        f"The Telegram group {OLD} has become a supergroup and has another id now: {NEW}. The farm "
        f"follows it. Write {NEW} in place of {OLD} into the settings "
        '(chat_id of the channel "telegram").'
    )
    assert caplog.text.count("has become a supergroup") == 1
    house.restart()
    house.moves.start()
    assert len(house.told) == 2 and len(house.identities()) == 1, "the desk knows it already"


def test_a_stop_between_keeping_and_telling_loses_no_word(
    house: House, telegram: TelegramServer, make_channel: Make
) -> None:
    class Killed(BaseException):
        pass

    def killed(_: Event) -> None:
        raise Killed

    telegram.upgrade(OLD, NEW, told=False)
    house.moves = Moves(house.path, [config_of(telegram, chat_id=str(OLD))], house.clock, killed)
    with pytest.raises(Killed):
        make_channel(chat_id=str(OLD), moves=house.moves).send(make_message(), None, {})
    house.restart()
    house.moves.start()
    assert len(house.told) == 1 and house.now() == str(NEW)


def test_the_settings_rule(house: House, telegram: TelegramServer, make_channel: Make) -> None:
    assert house.moves.learn(house.bot, str(OLD), NEW)
    house.told.clear()
    house.restart(chat_id=str(NEW))
    house.moves.start()
    telegram.upgrade(OLD, NEW, told=False)
    tele = make_channel(chat_id=str(NEW), moves=house.moves)
    tele.send(make_message(), None, {})
    assert house.told == [] and tele.describe() == f"Telegram chat {NEW}"
    assert house.now() == str(OLD), "nobody names it any more, so it stands for itself"


def test_another_message_of_the_same_number_is_not_edited(
    house: House, telegram: TelegramServer, make_channel: Make
) -> None:
    """A supergroup begins to count anew: its first message has the number of the live one."""
    tele = make_channel(chat_id=str(OLD), moves=house.moves)
    memo = tele.send(news(5), None, {}).memo
    telegram.upgrade(OLD, NEW, told=False)
    make_channel(chat_id=str(NEW)).send(make_message("Quite another thing."), None, {})
    assert telegram.shown(NEW)[0].id == memo["message_id"]
    house.clock.advance(100)
    memo = tele.send(news(10), None, memo).memo
    house.clock.advance(100)
    tele.send(news(15), None, memo)
    assert [shown.text for shown in telegram.shown(NEW)] == [
        "Alder\nQuite another thing.", "Alder\nGear is at 15 %.",
    ]  # fmt: skip
    assert telegram.shown(OLD)[0].text == "Alder\nGear is at 5 %."


def test_a_disk_that_refuses_keeps_nothing_from_being_followed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(DISK), "write", full)
        assert house.moves.learn(house.bot, str(OLD), NEW)
        assert house.now() == str(NEW) and len(house.told) == 1
    house.clock.advance(RETRY_S)
    assert house.now() == str(NEW)
    house.restart()
    assert house.now() == str(NEW)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'{"version": 2, "moved": []}', b'{"version": 1, "moved": [{"old": "-77"}]}',
     b'{"version": 1, "moved": [{"bot": "b", "old": "-77", "new": 5, "at": 1}]}'],
)  # fmt: skip
def test_a_damaged_file_is_kept_and_begun_anew(house: House, content: bytes) -> None:
    house.path.write_bytes(content)
    house.restart()
    assert house.path.with_name(f"{FILE}.damaged").read_bytes() == content
    assert house.now() == str(OLD)
    assert house.moves.learn(house.bot, str(OLD), NEW)
    house.restart()
    assert house.now() == str(NEW)


def test_nothing_else_is_believed(
    house: House, telegram: TelegramServer, make_channel: Make
) -> None:
    moves, bot = house.moves, house.bot
    assert not moves.learn(bot, str(FOREIGN), NEW), "nobody named that chat"
    assert not moves.learn("another bot", str(OLD), NEW)
    assert not moves.learn(bot, str(OLD), 4711), "that is a person's chat"
    assert not moves.learn(bot, str(OLD), OLD)
    assert moves.learn(bot, str(OLD), NEW)
    telegram.chat(NEW).moved_to = FOREIGN  # no supergroup ever does
    telegram.chat(FOREIGN)
    with pytest.raises(ChannelError):
        make_channel(chat_id=str(OLD), moves=moves).send(make_message(), None, {})
    assert house.now() == str(NEW) and telegram.shown(FOREIGN) == []


def test_a_public_name_does_not_move(telegram: TelegramServer, make_channel: Make) -> None:
    script = Script(400, "Bad Request: upgraded", {"migrate_to_chat_id": NEW})
    telegram.next("sendMessage", script)
    tele = make_channel(chat_id="@workshop")
    with pytest.raises(ChannelError, match="upgraded"):
        tele.send(make_message(), None, {})
    assert tele.describe() == "Telegram chat @workshop"


# --- orders --------------------------------------------------------------------------------------


@pytest.fixture
def open_shop(telegram: TelegramServer, tmp_path: Path) -> Iterator[Callable[..., Workshop]]:
    """A bot for the group OLD and no printers; each call is another life on the same disk."""
    shops: list[Workshop] = []

    def start(**settings: Any) -> Workshop:
        for shop in shops:
            shop.stop()
        config = channel(telegram.url, **{"chat_id": str(OLD), **settings})
        shops[:] = [Workshop([], config, tmp_path)]
        shops[0].start()
        return shops[0]

    telegram.chat(OLD, type="group")
    telegram.chat(FOREIGN)
    yield start
    for shop in shops:
        shop.stop()


def helps(server: TelegramServer, chat_id: int) -> None:
    """An order there is answered."""
    room, known = Chat(server, chat_id), len(server.shown(chat_id))
    room.say("/help")
    until(lambda: len(room.shown) > known, f"an answer in {chat_id}")


def test_orders_go_on_in_the_supergroup_and_after_a_restart(
    telegram: TelegramServer, open_shop: Callable[..., Workshop]
) -> None:
    shop = open_shop()
    helps(telegram, OLD)
    telegram.upgrade(OLD, NEW)
    helps(telegram, NEW)
    assert [event.key for event in shop.told] == [f"{OLD} {NEW}"]
    open_shop()
    helps(telegram, NEW)
    assert telegram.chats[OLD].turned_away == 0


def test_an_answer_of_telegram_is_as_good_as_the_groups_message(
    telegram: TelegramServer, open_shop: Callable[..., Workshop], tmp_path: Path
) -> None:
    """It moved while the farm was off, and Telegram keeps no message for longer than a day."""
    shop = open_shop()
    order = Order(chat=OLD, thread=None, verb="pause", printer="Alder", who="Eve")
    path: Path = shop.bot._book._path
    shop.stop()
    book = Book(path, shop.clock)
    book.take(500, order)
    telegram.upgrade(OLD, NEW, told=False)
    open_shop()
    Chat(telegram, NEW).reads("The farm was stopped while it carried out")
    helps(telegram, NEW)
    assert telegram.chats[OLD].turned_away == 1


def test_no_other_chat_gets_in_by_what_it_says_of_itself(
    telegram: TelegramServer, open_shop: Callable[..., Workshop]
) -> None:
    shop = open_shop()
    telegram.service(FOREIGN, migrate_from_chat_id=OLD)
    telegram.service(FOREIGN, migrate_to_chat_id=FOREIGN - 1)
    telegram.service(FOREIGN, migrate_to_chat_id=OLD)
    telegram.say(FOREIGN, "/help", migrate_from_chat_id=OLD)
    forwarded = {"forward_origin": {"type": "hidden_user", "sender_user_name": "Eve", "date": 1}}
    telegram.service(OLD, migrate_to_chat_id=FOREIGN, **forwarded)
    telegram.service(OLD, migrate_to_chat_id="-100", migrate_from_chat_id=FOREIGN)
    Chat(telegram, FOREIGN).say("/help")
    helps(telegram, OLD)
    assert telegram.shown(FOREIGN) == [] and shop.told == []


def test_an_answer_is_no_edit_of_another_message(
    telegram: TelegramServer, open_shop: Callable[..., Workshop]
) -> None:
    from alerts.channels.telegram.orders.heard import Place

    shop = open_shop()
    helps(telegram, OLD)
    question = telegram.shown(OLD)[0]
    telegram.upgrade(OLD, NEW, told=False)
    make = telegram.chats[NEW].ids
    while next(make) < question.id - 1:
        pass
    shop.stop()
    replies = shop.bot._replies
    replies._api.call("sendMessage", {"chat_id": NEW, "text": "Quite another thing."})
    assert telegram.shown(NEW)[0].id == question.id
    replies.edit(Place(OLD), question.id, "Alder is paused.")
    replies.take_buttons(Place(OLD), question.id)
    replies.flush()
    assert [shown.text for shown in telegram.shown(NEW)] == [
        "Quite another thing.", "Alder is paused.",
    ]  # fmt: skip


def test_the_token_stands_in_no_file(house: House) -> None:
    house.moves.learn(house.bot, str(OLD), NEW)
    assert b"AAEcanary" not in house.path.read_bytes()
