"""What was taken stays taken: over restarts, damage, full disks and a week of silence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from alerts.channels.telegram.bot import allowed_in, build_order_bots
from alerts.channels.telegram.orders.book import Book, Order
from core.clock import ManualClock, SystemClock
from core.errors import StorageError
from core.events import Bus
from core.secret import Secret
from printers.fleet import Fleet
from printers.registry import Registry
from tests.alerts.servers.telegram import TOKEN, TelegramServer
from tests.alerts.telegram.workshop import Chat, Workshop, channel, until

ORDER = Order(chat=-5, thread=None, verb="stop", printer="Alder", who="Jane")
DAY_S = 86_400.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "telegram" / "bot.json"


def test_it_goes_on_behind_the_last_update(path: Path, clock: ManualClock) -> None:
    book = Book(path, clock)
    assert book.offset is None and book.is_fresh(41)
    book.take(41)
    again = Book(path, clock)
    assert again.offset == 42 and not again.is_fresh(41) and again.is_fresh(42)


def test_an_order_stays_open_until_its_end_was_told(path: Path, clock: ManualClock) -> None:
    book = Book(path, clock)
    book.take(41, ORDER)
    book.take(42, replace(ORDER, thread=7))
    again = Book(path, clock)
    assert again.unfinished() == {41: ORDER, 42: replace(ORDER, thread=7)}
    again.done(41)
    assert list(Book(path, clock).unfinished()) == [42]


def test_after_a_week_telegram_may_begin_anywhere(path: Path, clock: ManualClock) -> None:
    book = Book(path, clock)
    book.take(5_000_000)
    assert not book.is_fresh(17)
    clock.advance(6.5 * DAY_S)
    assert book.is_fresh(17) and not book.is_fresh(5_000_000) and book.offset is None
    book.take(17)
    assert book.offset == 18 and not book.is_fresh(17)


def test_an_order_that_the_disk_refuses_is_not_open(path: Path, clock: ManualClock) -> None:
    path.parent.write_text("a file where the folder should be")
    book = Book(path, clock)
    with pytest.raises(StorageError):
        book.take(41, ORDER)
    assert book.unfinished() == {} and not book.is_fresh(41)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"offset": 5}', b'{"offset": 5, "at": 1, "doing": {"x": {}}}',
     b'{"offset": "many", "at": 1, "doing": {}}'],
)  # fmt: skip
def test_a_damaged_file_is_kept_aside_and_what_waits_is_dropped(
    content: bytes, path: Path, clock: ManualClock
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    book = Book(path, clock)
    assert book.damaged and book.offset == -1
    assert path.with_name("bot.json.damaged").read_bytes() == content


def test_orders_that_waited_for_a_damaged_file_are_not_carried_out(tmp_path: Path) -> None:
    server = TelegramServer()
    chat = Chat(server, server.chat(-100800).id)
    config = channel(server.url, chat_id="-100800")
    shop = Workshop([], config, tmp_path)
    shop.bot._book.damaged = True
    chat.say("/help")
    chat.say("/status")
    shop.start()
    try:
        until(lambda: not shop.bot._book.damaged, "what waited is dropped")
        chat.say("/help@farm_test_bot")
        chat.reads("/status – all printers")
        assert len(chat.shown) == 1
    finally:
        server.close()
        shop.stop()
    assert server.violations == []


def test_one_bot_per_token_and_only_where_it_is_switched_on(
    tmp_path: Path, clock: ManualClock
) -> None:
    fleet = Fleet([], Registry(Bus()), clock, tmp_path)
    url = "http://127.0.0.1:1"
    channels = [
        channel(url, name="a", chat_id="-1"),
        channel(url, name="b", chat_id="-2", allowed_chats=("-3", "@Workshop")),
        channel(url, name="c", chat_id="-4", two_way=False),
        channel(url, name="d", chat_id="-5", problems=("wrong",)),
        channel(url, name="e", chat_id="-6", token=Secret("5:other-bot")),
    ]
    bots = build_order_bots(channels, fleet, lambda _: None, clock, tmp_path).bots
    assert [bot.name for bot in bots] == ["a", "e"]
    assert allowed_in(channels[:2]) == {"-1", "-3", "@workshop"}
    for bot in bots:
        bot._api.close()
    assert not [p for p in tmp_path.rglob("*") if TOKEN[-12:] in p.name]


def test_a_fault_over_what_was_left_undone_does_not_end_the_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SystemClock()
    fleet = Fleet([], Registry(Bus()), clock, tmp_path)
    channels = [channel("http://127.0.0.1:1", chat_id="-1")]
    bots = build_order_bots(channels, fleet, lambda _: None, clock, tmp_path)
    monkeypatch.setattr(bots.bots[0]._desk, "own_up", lambda: 1 / 0)
    bots.start()
    try:
        until(lambda: "cannot be reached" in bots.bots[0].problem, "it asks Telegram")
    finally:
        bots.stop()
    assert "what the stop left undone" in caplog.text
