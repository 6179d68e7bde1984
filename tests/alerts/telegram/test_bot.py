"""Orders by chat, against simulated printers and the strict server."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.telegram import bot
from core.errors import PrinterTimeout
from printers.commands import Pause, Stop
from printers.status import PrinterState
from simulator.farm import SimulatedFarm
from tests.alerts.servers.telegram import Script, TelegramServer
from tests.alerts.telegram.workshop import (
    HELPER,
    OWNER,
    STRANGER,
    Chat,
    Workshop,
    channel,
    configs_of,
    orders,
    simulated,
    until,
)

ALLOWED, FOREIGN = -100500, -100600
PRINTERS = [
    ("alder", "bambu", "printing"), ("birch", "bambu", "printing"),
    ("cedar", "bambu", "printing"), ("elder", "bambu", "printing"),
    ("hazel", "bambu", "printing"), ("holly", "bambu", "printing"),
    ("larch", "bambu", "printing"), ("maple", "moonraker", "printing"),
    ("oak", "moonraker", "printing"), ("pine", "bambu", "idle"),
]  # fmt: skip


@pytest.fixture(scope="module")
def farm() -> Iterator[SimulatedFarm]:
    with simulated(PRINTERS) as printers:
        for name, make, _ in PRINTERS:
            if make == "bambu":
                printers.printer(name).set(push_interval_s=0.2)
        yield printers


@pytest.fixture(scope="module")
def server() -> Iterator[TelegramServer]:
    telegram = TelegramServer()
    telegram.chat(ALLOWED, 31)
    telegram.chat(FOREIGN)
    yield telegram
    telegram.close()
    assert telegram.violations == []


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """After a failure it asks again soon."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bot, "FIRST_WAIT_S", 0.2)
        yield


@pytest.fixture(scope="module")
def shop(
    farm: SimulatedFarm, server: TelegramServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Workshop]:
    config = channel(server.url, chat_id="-100999", allowed_chats=(str(ALLOWED),))
    configs = [replace(c, camera_enabled=c.id != "pine") for c in configs_of(farm)]
    workshop = Workshop(configs, config, tmp_path_factory.mktemp("bot"))
    workshop.start()
    printing = [name for name, _, scenario in PRINTERS if scenario == "printing"]
    until(lambda: all(map(workshop.is_printing, printing)), "all print", 40)
    until(lambda: workshop.state("pine") is PrinterState.IDLE, "pine is idle")
    yield workshop
    workshop.stop()


@pytest.fixture
def chat(server: TelegramServer, shop: Workshop) -> Iterator[Chat]:
    room = Chat(server, ALLOWED)
    room.quiet()
    server.messages.clear()
    server.calls.clear()
    yield room
    shop.clock.ahead_s = shop.clock.slept_s = 0.0


@pytest.mark.parametrize("printer", ["alder", "maple"])
def test_a_pause_is_confirmed_carried_out_and_proved(
    printer: str, chat: Chat, farm: SimulatedFarm, shop: Workshop
) -> None:
    name = printer.capitalize()
    question = chat.asked(f"/pause {printer}")
    assert question.text.startswith(f"Pause {name}?\n{name} is printing ")
    assert orders(farm, printer, "pause") == 0, "not before it is confirmed"
    assert chat.press(question, f"Pause {name}") == f"{name}: pause is on its way …"
    answer = chat.reads(f"{name} is paused. Ordered by User7.")
    assert (answer.id, answer.buttons) == (question.id, [])
    assert orders(farm, printer, "pause") == 1
    assert shop.state(printer) is PrinterState.PAUSED


@pytest.mark.parametrize("printer", ["birch", "oak"])
def test_a_stop_is_confirmed_carried_out_and_proved(
    printer: str, chat: Chat, farm: SimulatedFarm, shop: Workshop
) -> None:
    name = printer.capitalize()
    question = chat.asked(f"/stop@FARM_test_bot {name.upper()}")
    assert "This ends its print for good. Only User7 can confirm" in question.text
    chat.press(question, f"Stop {name}")
    chat.reads(f"{name} is stopped. Ordered by User7.")
    assert orders(farm, printer, "stop") == 1
    assert not shop.state(printer).has_job


def test_only_who_asked_may_answer_and_only_once(chat: Chat, farm: SimulatedFarm) -> None:
    question = chat.asked("/pause cedar")
    assert chat.press(question, "Pause", HELPER) == "Only User7, who asked, can answer this."
    assert chat.press(question, "No", HELPER) == "Only User7, who asked, can answer this."
    assert chat.press(question, "No") == "Cedar: nothing was done."
    yes = question.text  # the buttons are gone; a slow phone may still send one
    assert chat.reads("Cedar: nothing was done.").id == question.id, yes
    assert orders(farm, "cedar", "pause") == 0


def test_a_button_that_is_pressed_twice_is_one_order(chat: Chat, farm: SimulatedFarm) -> None:
    question = chat.asked("/pause cedar")
    data = question.buttons[0][1]
    assert "on its way" in chat.press(question, "", data=data)
    assert "no longer open" in chat.press(question, "", data=data)
    chat.reads("Cedar is paused.")
    assert orders(farm, "cedar", "pause") == 1


@pytest.mark.parametrize("slept", [False, True])
def test_an_answer_after_a_minute_is_none(
    chat: Chat, farm: SimulatedFarm, shop: Workshop, slept: bool
) -> None:
    question = chat.asked("/stop elder")
    shop.clock.ahead_s, shop.clock.slept_s = (0.0, 61.0) if slept else (61.0, 0.0)
    assert "no longer open. Nothing was done." in chat.press(question, "Stop")
    until(lambda: not question.buttons, "the buttons are taken away")
    assert orders(farm, "elder", "stop") == 0


@pytest.mark.parametrize(
    ("data", "words"), [("y:", "no longer open"), ("y:guess", "no longer open"), ("", "no longer")]
)
def test_made_up_buttons_do_nothing(data: str, words: str, chat: Chat, farm: SimulatedFarm) -> None:
    question = chat.asked("/stop elder")
    assert words in chat.press(question, "", data=data or "zzz")
    assert orders(farm, "elder", "stop") == 0


def test_a_button_of_another_chat_does_nothing(
    chat: Chat, server: TelegramServer, farm: SimulatedFarm
) -> None:
    question = chat.asked("/stop elder")
    second = server.chat(-100501)
    assert second.id not in (ALLOWED, FOREIGN)
    query = server.update(
        {
            "callback_query": {
                "id": "elsewhere", "data": question.buttons[0][1],
                "from": {"id": OWNER, "is_bot": False, "first_name": "User7"},
                "message": {"message_id": 1, "date": 0, "chat": {"id": -100501, "type": "group"}},
            }
        }
    )  # fmt: skip
    until(lambda: server.acknowledged > query, "it was heard")
    assert "elsewhere" not in server.answers and orders(farm, "elder", "stop") == 0


def test_chats_that_are_not_allowed_are_ignored_and_logged_once(
    chat: Chat, server: TelegramServer, caplog: pytest.LogCaptureFixture
) -> None:
    foreign = Chat(server, FOREIGN)
    with caplog.at_level(logging.INFO):
        for text in ("/status", "/stop elder", "/stop elder"):
            foreign.say(text, STRANGER)
        chat.say("/help")
        chat.reads("/status – all printers")
    assert foreign.shown == []
    assert [r.args for r in caplog.records if "not among those" in r.msg] == [(FOREIGN,)]


@pytest.mark.parametrize(
    ("text", "late_s", "words"),
    [
        ("/stop elder", 180, "“/stop elder” came 3 min late"),
        ("/status", 61, "“/status” came 1 min late"),
        ("/stop elder", -180, "The farm's clock is late"),
    ],
)
def test_orders_that_are_old_are_not_carried_out(
    text: str, late_s: int, words: str, chat: Chat
) -> None:
    chat.say(text, date=int(time.time()) - late_s)
    assert chat.reads(words).buttons == []


@pytest.mark.parametrize(
    "more",
    [
        {"forward_origin": {"type": "user"}},
        {"via_bot": {"id": 5, "is_bot": True}},
        {"from": {"id": 5, "is_bot": True, "first_name": "Robot"}},
        {"from": None},
        {"date": "yesterday"},
        {"chat": None},
    ],
    ids=lambda more: next(iter(more)),
)
def test_what_a_person_did_not_write_here_and_now_is_no_order(
    more: dict[str, Any], chat: Chat
) -> None:
    chat.say("/stop elder", **more)
    chat.say("/help")
    chat.reads("/status – all printers")
    assert len(chat.shown) == 1


@pytest.mark.parametrize(
    "update",
    [
        {"edited_message": {"text": "/stop elder"}},
        {"callback_query": {"id": 5}},
        {"callback_query": None},
        {"message": []},
        {},
    ],
)
def test_updates_that_make_no_sense_stop_nothing(
    update: dict[str, Any], chat: Chat, server: TelegramServer
) -> None:
    number = server.update(update)
    until(lambda: server.acknowledged > number, "it was heard")
    chat.say("/help")
    chat.reads("/status – all printers")


def test_who_writes_as_the_group_cannot_be_asked_back(chat: Chat) -> None:
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    more = {"from": anonymous, "sender_chat": {"id": ALLOWED}}
    chat.say("/stop elder", **more)
    chat.reads("You write anonymously")
    chat.say("/status elder", **more)
    chat.reads("Elder is printing")


def test_the_gate_answers_before_anybody_is_asked(chat: Chat, shop: Workshop) -> None:
    chat.say("/pause pine")
    with pytest.raises(Exception, match="Pine is not printing") as caught:
        shop.fleet.execute("pine", Pause())
    assert chat.reads("Pine is not printing").text == str(caught.value)


def test_the_gate_is_asked_again_when_it_is_confirmed(
    chat: Chat, shop: Workshop, farm: SimulatedFarm
) -> None:
    question = chat.asked("/pause hazel")
    shop.fleet.execute("hazel", Pause())  # somebody at the panel was faster
    until(lambda: shop.state("hazel") is PrinterState.PAUSED, "it is paused")
    chat.press(question, "Pause")
    chat.reads("Pause of Hazel: Hazel is paused")
    assert orders(farm, "hazel", "pause") == 1


def test_a_yes_does_not_hit_the_next_print(chat: Chat, shop: Workshop, farm: SimulatedFarm) -> None:
    question = chat.asked("/stop holly")
    shop.fleet.execute("holly", Stop())
    until(lambda: not shop.state("holly").has_job, "the print it was about is over")
    holly = farm.printer("holly")
    stored = [e.name for e in holly.peek(lambda m: m.storage.list("/")) if ".3mf" in e.name]
    holly.do("start_local", name=stored[0])
    until(lambda: shop.state("holly").has_job, "another one runs")
    assert "another print than when you asked" in chat.press(question, "Stop")
    assert orders(farm, "holly", "stop") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("/stop", "Which one? Write /stop and its name: Alder, Birch"),
        ("/stop h", "Which one? Write /stop and its name: Hazel or Holly."),
        ("/pause zebra", "There is no printer “zebra”. There are: Alder, "),
        ("/dance@farm_test_bot", "The farm does not know that."),
        ("/status pine", "Pine "),
        ("/status PI", "Pine "),
    ],
)
def test_names_and_what_is_unclear(text: str, words: str, chat: Chat) -> None:
    chat.say(text)
    chat.reads(words)


def test_an_answer_is_given_anew_where_its_message_was_deleted(
    chat: Chat, server: TelegramServer
) -> None:
    question = chat.asked("/stop elder")
    gone = Script(code=400, description="Bad Request: message to edit not found")
    server.next("editMessageText", gone)
    chat.press(question, "No")
    chat.reads("Elder: nothing was done.")


def test_no_web_page_is_fetched_for_what_looks_like_an_address(
    chat: Chat, server: TelegramServer
) -> None:
    chat.press(chat.asked("/stop elder"), "No")
    chat.reads("Elder: nothing was done.")
    said = server.of("sendMessage", "editMessageText")
    assert len(said) >= 2
    assert all(call.fields["link_preview_options"] == {"is_disabled": True} for call in said)


def test_commands_for_other_bots_and_talk_are_left_alone(chat: Chat) -> None:
    for text in ("/status@other_bot", "stop elder", "/dance", "x" * 5000, "/stop " + "x" * 5000):
        chat.say(text)
    chat.say("/help@Farm_Test_Bot", message_thread_id=31, is_topic_message=True)
    assert chat.reads("/status – all printers").thread_id == 31
    assert len(chat.shown) == 1


def test_the_status_of_the_farm_tells_what_needs_somebody_first(chat: Chat) -> None:
    chat.say("/status")
    lines = chat.reads("Elder is printing").text.split("\n")
    assert len(lines) == len(PRINTERS)
    assert any(line.startswith("🟢 Elder is printing ") and " %, " in line for line in lines)


def test_a_photo_of_the_printer_now(chat: Chat, farm: SimulatedFarm) -> None:
    farm.printer("larch").set(camera_fps=10.0)
    chat.say("/photo larch")
    assert chat.reads("Larch").photo.startswith(b"\xff\xd8\xff")
    chat.say("/photo pine")
    chat.reads("Pine: no picture. It has no camera.")


def test_a_camera_that_gives_no_picture_is_not_waited_for(
    chat: Chat, farm: SimulatedFarm, shop: Workshop
) -> None:
    farm.printer("cedar").set(camera_off=True)
    chat.say("/photo cedar")
    chat.quiet()
    shop.clock.ahead_s = 21.0
    chat.reads("Cedar: no picture within 20 s.")


def test_a_printer_that_hangs_keeps_nobody_from_stopping_another(
    chat: Chat, shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    real = shop.fleet.execute

    def slow(printer_id: str, command: Any) -> Any:
        if printer_id == "elder":
            released.wait(20)
            raise PrinterTimeout("Elder did not answer in time.")
        return real(printer_id, command)

    monkeypatch.setattr(shop.fleet, "execute", slow)
    chat.press(chat.asked("/pause elder"), "Pause")
    chat.press(chat.asked("/pause larch"), "Pause")
    chat.reads("Larch is paused.")
    released.set()
    chat.reads("Pause of Elder: Elder did not answer in time. Ordered by User7.")


def test_a_fault_of_ours_is_told_and_ends_nothing(
    chat: Chat, shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(shop.fleet, "execute", lambda *_: 1 / 0)
        chat.press(chat.asked("/pause elder"), "Pause")
        chat.reads("The order failed inside the farm")
    chat.say("/help")
    chat.reads("/status – all printers")


def test_an_order_the_printer_does_not_show_is_not_called_done(
    chat: Chat, shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from printers.base import CommandResult

    monkeypatch.setattr(shop.fleet, "execute", lambda *_: CommandResult())
    chat.press(chat.asked("/pause elder"), "Pause")
    chat.reads("Elder: pause is on its way")
    shop.clock.ahead_s = 31.0
    chat.reads("Elder has taken the order and does not show it after 30 s: Elder is")


def test_the_same_update_again_is_not_heard_again(chat: Chat, server: TelegramServer) -> None:
    number = chat.say("/help")
    chat.reads("/status – all printers")
    until(lambda: server.acknowledged > number, "acknowledged")
    server.messages.clear()
    with server._lock:  # a server that forgets what was acknowledged
        server.acknowledged = 0
    say = {"chat": {"id": ALLOWED}, "from": {"id": OWNER, "is_bot": False}, "text": "/help"}
    server.update({"update_id": number, "message": {**say, "date": int(time.time())}})
    chat.say("/status pine")
    chat.reads("Pine ")
    assert len(chat.shown) == 1


def test_an_outage_is_told_once_and_survived(
    chat: Chat, server: TelegramServer, shop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        server.next("getUpdates", *itertools.repeat(Script(502, "Bad Gateway"), 2))
        until(lambda: shop.bot.problem, "it is seen")
        chat.say("/help")
        chat.reads("/status – all printers")
        until(lambda: not shop.bot.problem, "it is over")
    told = [r.getMessage() for r in caplog.records if "orders" in r.getMessage()]
    assert told == [
        "Telegram phone: takes no orders: Telegram has trouble of its own (HTTP 502).",
        "Telegram phone: takes orders again",
    ]


def test_another_program_with_the_same_bot_is_named(
    server: TelegramServer, shop: Workshop, chat: Chat
) -> None:
    server.next("getUpdates", Script(409, "Conflict: terminated by other getUpdates request"))
    until(lambda: "Another program reads this bot's messages" in shop.bot.problem, "it is named")
    until(lambda: not shop.bot.problem, "it is over")
    assert chat.shown == []


def test_answers_wait_as_long_as_telegram_asks(chat: Chat, server: TelegramServer) -> None:
    server.next("sendMessage", Script(429, "Too Many Requests", {"retry_after": 1}))
    chat.say("/help")
    chat.reads("/status – all printers")


def test_an_order_that_cannot_be_written_down_is_not_carried_out(
    chat: Chat, shop: Workshop, farm: SimulatedFarm, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = chat.asked("/stop elder")
    path: Path = shop.bot._book._path
    monkeypatch.setattr(shop.bot._book, "_path", path.parent / "no.json" / "folder" / "x")
    (path.parent / "no.json").write_text("a file where a folder should be")
    chat.press(question, "Stop")
    chat.reads("The farm cannot write the order down")
    assert orders(farm, "elder", "stop") == 0
