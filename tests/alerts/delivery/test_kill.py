"""kill -9 in the middle of a send, of a real process with real channels; then it starts again."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.doubt import STOPPED
from alerts.log import AlertLog
from alerts.model import Level, Message
from core.clock import SystemClock
from tests.alerts.servers.hook import SECRET, HookServer
from tests.alerts.servers.telegram import TOKEN, Script, TelegramServer
from tests.alerts.servers.web import Answer

CHAT = 4711
ROOT = Path(__file__).parents[3]
_numbers = itertools.count()


def add(folder: Path, level: Level, **more: Any) -> Message:
    """A message in the log, while nobody else has it open."""
    given: dict[str, Any] = {
        "id": f"k{next(_numbers)}", "channel": "out", "level": level, "title": "Alder",
        "text": "Failed: vase.3mf", "created_at": time.time(),
    }  # fmt: skip
    message = Message(**(given | more))
    AlertLog(folder, SystemClock()).add_message(message)
    return message


def state(folder: Path, message: Message) -> str:
    record = AlertLog(folder, SystemClock()).record(message.id)
    assert record is not None
    return record.state


@contextmanager
def process(folder: Path, **channel: Any) -> Iterator[subprocess.Popen[str]]:
    order = {"folder": str(folder), "channels": [{"name": "out", **channel}]}
    running = subprocess.Popen(
        [sys.executable, "-m", "tests.alerts.delivery.worker_process", json.dumps(order)],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert running.stdin is not None and running.stdout is not None
    try:
        assert running.stdout.readline() == "up\n"
        yield running
        if running.poll() is None:
            running.stdin.close()
            running.wait(10)
    finally:
        running.kill()
        running.wait(10)
        running.stdin.close()
        running.stdout.close()


def kill(running: subprocess.Popen[str]) -> None:
    running.kill()
    running.wait(10)


def webhook(server: HookServer) -> dict[str, Any]:
    return {"type": "webhook", "url": server.url, "secret": SECRET}


@pytest.mark.parametrize("level", list(Level))
def test_killed_while_the_service_has_it(tmp_path: Path, level: Level) -> None:
    """The receiver has it whole; the farm dies before it hears so."""
    message = add(tmp_path, level)
    with HookServer() as server:
        server.answer_with(Answer(how="hang"))
        with process(tmp_path, **webhook(server)) as running:
            server.wait_until(lambda: len(server.calls) == 1)
            kill(running)
        assert state(tmp_path, message) == "sending"
        after = add(tmp_path, Level.INFO, text="after it")
        with process(tmp_path, **webhook(server)):
            server.wait_until(lambda: any(b["id"] == after.id for b in server.bodies))
        texts = [body["text"] for body in server.bodies]
        again = [f"{STOPPED}\n{message.text}"] if level is Level.NOW else []
        assert texts == [*again, "after it"]
        assert not server.violations
    assert state(tmp_path, message) == ("sent" if level is Level.NOW else "unclear")
    assert state(tmp_path, after) == "sent"


def test_what_waits_survives_and_nothing_is_sent_twice(tmp_path: Path) -> None:
    """Killed again and again while the service says "later"; each message arrives once."""
    messages = [add(tmp_path, Level.SOON, text=f"{n}") for n in range(9)]
    with HookServer() as server:
        for tries in range(1, 4):
            server.answer_with(200, 200, Answer(503, {}, (("Retry-After", "3600"),)))
            with process(tmp_path, **webhook(server)) as running:
                until(lambda tries=tries: raw(tmp_path).count("answers 503") == tries)
                kill(running)  # nothing is under way now
        with process(tmp_path, **webhook(server)):
            server.wait_for(9)
        assert sorted(body["id"] for body in server.bodies) == sorted(m.id for m in messages)
        assert not [body for body in server.bodies if STOPPED in body["text"]]
    assert {state(tmp_path, message) for message in messages} == {"sent"}


@pytest.fixture
def telegram() -> Iterator[TelegramServer]:
    server = TelegramServer()
    server.chat(CHAT)
    yield server
    server.close()
    assert not server.violations


def bot(server: TelegramServer) -> dict[str, Any]:
    return {"type": "telegram", "token": TOKEN, "chat_id": str(CHAT), "api": server.url}


def killed_while(server: TelegramServer, folder: Path, method: str) -> None:
    """The server does it, the farm is dead when it says so."""
    server.next(method, Script(delay_s=0.7))
    before = len(server.spoken())
    with process(folder, **bot(server)) as running:
        until(lambda: not server._scripts[method])
        kill(running)
    until(lambda: len(server.spoken()) > before)


def test_an_edit_is_repeated_silently(tmp_path: Path, telegram: TelegramServer) -> None:
    first = add(tmp_path, Level.INFO, text="5 %", live="alder|1")
    with process(tmp_path, **bot(telegram)):
        until(lambda: is_sent(tmp_path, first))
    edit = add(tmp_path, Level.INFO, text="10 %", live="alder|1")
    killed_while(telegram, tmp_path, "editMessageText")
    assert state(tmp_path, edit) == "sending"
    with process(tmp_path, **bot(telegram)):
        until(lambda: is_sent(tmp_path, edit))
    (shown,) = telegram.shown(CHAT)
    assert "10 %" in shown.text and STOPPED not in shown.text
    assert (state(tmp_path, first), state(tmp_path, edit)) == ("sent", "sent")


def test_the_first_of_a_live_message_is_not_repeated(
    tmp_path: Path, telegram: TelegramServer
) -> None:
    """It is a message of its own: the next news of the print begin another."""
    first = add(tmp_path, Level.INFO, text="5 %", live="alder|1")
    killed_while(telegram, tmp_path, "sendMessage")
    after = add(tmp_path, Level.INFO, text="other", live="birch|1")
    with process(tmp_path, **bot(telegram)):
        until(lambda: is_sent(tmp_path, after))
    assert (state(tmp_path, first), state(tmp_path, after)) == ("unclear", "sent")
    assert len(telegram.shown(CHAT)) == 2


def raw(folder: Path) -> str:
    """The log as it stands, while another process writes it."""
    return (folder / "alerts.log").read_text()


def is_sent(folder: Path, message: Message) -> bool:
    return f'"id":"{message.id}","outcome":"sent"' in raw(folder)


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not done():
        assert time.monotonic() < end, "it does not come about"
        threading.Event().wait(0.02)
