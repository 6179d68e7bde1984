"""kill -9 at every point of an order's way: the printer gets it at most once; people are told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.telegram.orders.book import Book
from core.clock import SystemClock
from simulator.farm import SimulatedFarm
from tests.alerts.servers.telegram import TelegramServer
from tests.alerts.telegram.bot_process import POINTS
from tests.alerts.telegram.workshop import (
    Chat,
    Workshop,
    as_json,
    channel,
    configs_of,
    orders,
    simulated,
    until,
)

ROOT = Path(__file__).parents[3]
CHAT = -100700
TOLD = "The farm was stopped while it carried out “pause"
WRITTEN_DOWN = tuple(point for point in POINTS if point != "before it is written down")
SENT = ("once it is sent", "before its end is noted", "once the printer has shown it")
CASES = [(f"p{number}", point) for number, point in enumerate(POINTS)]
PRINTERS = [(printer, "bambu", "printing") for printer, _ in CASES]


@pytest.fixture(scope="module")
def farm() -> Iterator[SimulatedFarm]:
    with simulated(PRINTERS) as printers:
        for name, _, _ in PRINTERS:
            printers.printer(name).set(push_interval_s=0.2)
        yield printers


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    telegram = TelegramServer()
    telegram.chat(CHAT)
    yield telegram
    telegram.close()
    assert telegram.violations == []


def start(point: str, settings: dict[str, Any]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.alerts.telegram.bot_process", point]
    process = subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(settings) + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "ready\n"
    return process


def confirm_and_die(point: str, printer: str, settings: dict[str, Any], chat: Chat) -> str:
    """The yes under the question, which the bot that asked it did not survive."""
    process = start(point, settings)
    try:
        question = chat.asked(f"/pause {printer}")  # refused until the printer has reported
        label, yes = question.buttons[0]
        chat.server.press(question, label)
        assert process.wait(30) == -signal.SIGKILL
    finally:
        process.kill()
        process.communicate()
    return yes


@pytest.mark.parametrize(("printer", "point"), CASES)
def test_an_order_is_carried_out_at_most_once(
    printer: str, point: str, farm: SimulatedFarm, server: TelegramServer, tmp_path: Path
) -> None:
    config = next(c for c in configs_of(farm) if c.id == printer)
    chat = Chat(server, CHAT)
    settings = {
        "printers": [as_json(config)], "url": server.url, "chat": str(CHAT), "folder": str(tmp_path)
    }  # fmt: skip
    yes = confirm_and_die(point, printer, settings, chat)
    shop = Workshop([config], channel(server.url, chat_id=str(CHAT)), tmp_path)
    shop.start()
    try:
        until(lambda: shop.state(printer).has_job, "the printer is seen again")
        if point in WRITTEN_DOWN:
            chat.reads(TOLD)
        else:
            until(lambda: any("no longer open" in t for t in server.answers.values()), "told")
        assert "no longer open" in chat.press(chat.shown[0], "", data=yes)
        until(lambda: not shop.bot._book.unfinished(), "it is settled")
    finally:
        shop.stop()
    assert orders(farm, printer, "pause") == (1 if point in SENT else 0)
    assert sum(TOLD in shown.text for shown in chat.shown) == (point in WRITTEN_DOWN)
    path = next((tmp_path / "telegram").glob("bot-*.json"))
    assert Book(path, SystemClock()).unfinished() == {}, "it would be told again"
