from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from alerts.channels.telegram.channel import TelegramChannel
from alerts.channels.telegram.pace import Pace
from alerts.model import Event, Kind, Level, Message
from core.alert_config import ChannelConfig
from core.clock import ManualClock
from core.secret import Secret
from tests.alerts.servers.telegram import TOKEN, TelegramServer

GROUP = -1001234567890


def make_jpeg(width: int = 64, height: int = 48, color: str = "teal", quality: int = 75) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), color).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def make_message(text: str = "Gear is finished.", **more: Any) -> Message:
    given: dict[str, Any] = {
        "id": "m1", "channel": "telegram", "level": Level.SOON, "title": "Alder", "created_at": 5.0,
    }  # fmt: skip
    return Message(text=text, **{**given, **more})


def news(percent: int, **more: Any) -> Message:
    """Progress of one print, for its live message."""
    given = {"id": f"p{percent}", "level": Level.INFO, "live": "alder|job-1", "events": (of(),)}
    return make_message(f"Gear is at {percent} %.", **{**given, **more})


def of(printer_id: str = "alder", **more: Any) -> Event:
    return Event(
        kind=Kind.FINISHED, at=5.0, text="Gear is finished.", printer_id=printer_id,
        printer=printer_id.capitalize(), **more,
    )  # fmt: skip


def config_of(telegram: TelegramServer, **more: Any) -> ChannelConfig:
    given: dict[str, Any] = {
        "name": "telegram", "type": "telegram", "token": Secret(TOKEN), "api": telegram.url,
        "chat_id": str(GROUP), "timeout_s": 5.0,
    }  # fmt: skip
    return ChannelConfig(**{**given, **more})


@pytest.fixture
def telegram() -> Iterator[TelegramServer]:
    """A strict server; the test fails for whatever it complained about."""
    server = TelegramServer()
    server.chat(GROUP, 12, 31, 32)
    yield server
    server.close()
    assert server.violations == []


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def make_channel(
    telegram: TelegramServer, clock: ManualClock
) -> Iterator[Callable[..., TelegramChannel]]:
    made: list[TelegramChannel] = []

    def make(**more: Any) -> TelegramChannel:
        moves = more.pop("moves", None)
        config = config_of(telegram, **more)
        made.append(TelegramChannel(config, clock, Pace(clock), moves=moves))
        return made[-1]

    yield make
    for channel in made:
        channel.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(make_jpeg())
    return path
