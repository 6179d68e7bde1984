"""Servers and messages for the channels' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from alerts.model import Event, Kind, Level, Message
from tests.alerts.servers.hook import HookServer
from tests.alerts.servers.ntfy import NtfyServer
from tests.alerts.servers.smtp import SmtpServer


def message_of(kind: Kind = Kind.FINISHED, **more: object) -> Message:
    event = Event(
        kind=kind, at=1_700_000_000.0, text="Alder has finished vase.3mf.", printer_id="alder",
        printer="Alder", run="job-7.1", facts={"file": "vase.3mf"},
    )  # fmt: skip
    given: dict[str, object] = {
        "id": "m-1", "channel": "out", "level": Level.SOON, "title": "Alder",
        "text": "Finished vase.3mf after 3 h 5 min.", "created_at": 1_700_000_001.0,
        "events": (event,),
    }  # fmt: skip
    return Message(**(given | more))  # type: ignore[arg-type]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    Image.effect_noise((640, 360), 60).convert("RGB").save(path, "JPEG", quality=85)
    return path


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with HookServer() as server:
        yield server
    assert not server.violations


@pytest.fixture
def ntfy() -> Iterator[NtfyServer]:
    with NtfyServer() as server:
        yield server
    assert not server.violations


@pytest.fixture
def smtp() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server
    assert not server.violations
