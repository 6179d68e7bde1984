"""The real server with a channel that takes orders: alerts out, orders in, no token anywhere."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.alerts.servers.telegram import TOKEN, TelegramServer
from tests.alerts.telegram.workshop import Chat, until
from tests.e2e.stage import FarmProcess, entry

GROUP = -100900


@pytest.fixture
def server() -> Iterator[TelegramServer]:
    telegram = TelegramServer()
    telegram.chat(GROUP, 31)
    yield telegram
    telegram.close()
    assert telegram.violations == []


def test_orders_and_alerts_of_a_real_server(server: TelegramServer, tmp_path: Path) -> None:
    channel = {
        "name": "phone", "type": "telegram", "token": TOKEN, "chat_id": str(GROUP),
        "api": server.url, "topics": {"alder": 31}, "two_way": True,
    }  # fmt: skip
    alerts = {"channels": [channel], "rules": [{"events": ["paused"], "group_s": 0}]}
    farm = FarmProcess(
        tmp_path, [entry("alder", "P1S", "printing")], time_scale=1.0,
        settings={"alerts": alerts},
    )  # fmt: skip
    farm.start()
    try:
        farm.wait_for("alder", "printing")
        chat = Chat(server, GROUP)
        chat.press(chat.asked("/pause alder"), "Pause Alder")
        chat.reads("Alder is paused. Ordered by User7.")
        paused = lambda: [s for s in chat.shown if s.thread_id == 31]  # noqa: E731
        alert = until(paused, server.messages, 30)[0]
        assert alert.photo and alert.text.startswith("Alder\n") and not alert.silent
        assert len(farm.requests("alder")) and _pauses(farm) == 1
    finally:
        assert farm.stop() == 0
    kept = b"".join(p.read_bytes() for p in (tmp_path / "data").rglob("*") if p.is_file())
    secret = TOKEN.partition(":")[2]
    assert secret not in farm.log() and secret.encode() not in kept
    assert "pause ordered by Telegram user 7 (User7) in chat -100900" in farm.log()


def test_a_group_that_becomes_a_supergroup_over_a_kill(
    server: TelegramServer, tmp_path: Path
) -> None:
    """Alerts and orders go on there, and the operator hears of it once."""
    old, new = -900, -100901
    server.chat(old, type="group")
    channel = {
        "name": "phone", "type": "telegram", "token": TOKEN, "chat_id": str(old),
        "api": server.url, "two_way": True,
    }  # fmt: skip
    farm = FarmProcess(
        tmp_path, [entry("alder", "P1S", "printing")], time_scale=1.0,
        settings={"alerts": {"channels": [channel], "rules": [{"group_s": 0}]}},
    )  # fmt: skip
    farm.start()
    try:
        farm.wait_for("alder", "printing")
        server.upgrade(old, new)
        chat = Chat(server, new)
        chat.press(chat.asked("/pause alder"), "Pause Alder")
        chat.reads("Alder is paused in")
        chat.reads(f"Write {new} in place of {old} into the settings")
        turned_away = server.chats[old].turned_away
        os.kill(farm.pid, signal.SIGKILL)
        assert farm.stop() == -signal.SIGKILL
        farm.start()
        farm.wait_for("alder", "printing")  # a simulated printer begins anew with its farm
        chat.press(chat.asked("/stop alder"), "Stop Alder")
        chat.reads("Alder is stopped. Ordered by User7.")
        status, shown = farm.api("GET", "/api/alerts/channels")
        assert status == 200 and f"a supergroup with the id {new} now" in str(shown)
    finally:
        assert farm.stop() == 0
    assert sum("in place of" in shown.text for shown in chat.shown) == 1
    assert server.chats[old].turned_away == turned_away <= 2


def _pauses(farm: FarmProcess) -> int:
    return sum('"pause"' in str(request).replace("'", '"') for request in farm.requests("alder"))
