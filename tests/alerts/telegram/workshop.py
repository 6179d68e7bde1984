"""Simulated printers that print, a fleet that reaches them by address, and a bot for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from alerts.channels.telegram.bot import OrderBot
from alerts.channels.telegram.moves import FILE, Moves
from alerts.channels.telegram.orders.pictures import look_through
from alerts.model import Event
from cameras.book import CameraBook
from cameras.hub import CameraHub
from core.alert_config import ChannelConfig
from core.camera_config import CamerasConfig
from core.clock import SystemClock
from core.config import PrinterConfig
from core.events import Bus
from core.secret import Secret
from printers.adapters import ADAPTERS
from printers.bambu.adapter import BambuPrinter
from printers.fleet import Fleet
from printers.registry import Registry
from printers.status import PrinterState
from simulator.farm import SimulatedFarm
from simulator.specs import make_spec
from tests.alerts.servers.telegram import TOKEN, Shown, TelegramServer
from tests.faults.conftest import SHORT

OWNER, HELPER, STRANGER = 7, 8, 9
SECRETS = ("access_code", "api_key", "password")


class MovableClock(SystemClock):
    """The machine's, some seconds ahead."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self.slept_s = 0.0  # while a computer sleeps its monotonic clock stands still

    def time(self) -> float:
        return super().time() + self.ahead_s + self.slept_s

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


def until(true: Callable[[], Any], what: object = "", seconds: float = 20.0) -> Any:
    """Wait until ``true()``; its value. ``what`` is said, as it then is, when it never comes."""
    end, tick = time.monotonic() + seconds, threading.Event()
    while not (found := true()):
        assert time.monotonic() < end, f"waited in vain: {what}"
        tick.wait(0.01)
    return found


def simulated(printers: Sequence[tuple[str, str, str]]) -> SimulatedFarm:
    """(id, make, scenario) of each; names are the ids with a capital."""
    models = {"bambu": "P1S", "moonraker": "Voron 2.4"}
    return SimulatedFarm(
        [
            make_spec(name, name.capitalize(), models[make], number, scenario, kind=make)
            for number, (name, make, scenario) in enumerate(printers, 1)
        ],
        tick_s=0.05,
        time_scale=4.0,
    )


def configs_of(farm: SimulatedFarm) -> list[PrinterConfig]:
    return [
        PrinterConfig(
            id=printer_id, name=printer_id.capitalize(), type=end.kind, model="P1S",
            host=end.host, serial=end.serial, access_code=Secret(end.access_code), url=end.url,
            api_key=Secret(end.api_key), mqtt_port=end.mqtt_port or 8883,
            ftps_port=end.ftps_port or 990, camera_port=end.camera_port or 6000, simulate=True,
        )
        for printer_id, end in farm.endpoints.items()
    ]  # fmt: skip


def as_json(config: PrinterConfig) -> dict[str, Any]:
    found = {entry.name: getattr(config, entry.name) for entry in fields(config)}
    return {name: v.reveal() if isinstance(v, Secret) else v for name, v in found.items()}


def from_json(entry: dict[str, Any]) -> PrinterConfig:
    return PrinterConfig(**{**entry, **{name: Secret(entry[name]) for name in SECRETS}})


def channel(url: str, **more: Any) -> ChannelConfig:
    given: dict[str, Any] = {
        "name": "phone", "type": "telegram", "token": Secret(TOKEN), "api": url, "two_way": True,
        "timeout_s": 5.0,
    }  # fmt: skip
    return ChannelConfig(**{**given, **more})


class Workshop:
    """Everything in this process; ``bot`` hears the chats of ``channel``."""

    def __init__(
        self, configs: Sequence[PrinterConfig], config: ChannelConfig, folder: Path,
        clock: MovableClock | None = None,
    ) -> None:  # fmt: skip
        self.clock = clock or MovableClock()
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(ADAPTERS, "bambu", lambda *given: BambuPrinter(*given, SHORT))
            self.fleet = Fleet(configs, Registry(Bus()), SystemClock(), folder)
        book = CameraBook(self.fleet.camera, configs, CamerasConfig())
        self.hub = CameraHub(book.source, SystemClock())
        look = look_through(self.hub, book)
        self.told: list[Event] = []
        moves = Moves(folder / "telegram" / FILE, [config], self.clock, self.told.append)
        self.bot = OrderBot(
            [config], self.fleet, look, self.clock, folder / "telegram", moves=moves, poll_s=1
        )  # fmt: skip

    def start(self) -> None:
        self.fleet.start()
        self.bot.start()

    def stop(self) -> None:
        self.bot.stop()
        self.hub.stop()
        self.fleet.stop()

    def state(self, printer_id: str) -> PrinterState:
        return self.fleet.snapshot(printer_id).status.state

    def is_printing(self, printer_id: str) -> bool:
        snapshot = self.fleet.snapshot(printer_id)
        return self.state(printer_id) is PrinterState.PRINTING and snapshot.status.job is not None


class Chat:
    """One chat as its people see it. Only what comes after the last look counts."""

    def __init__(self, server: TelegramServer, chat_id: int) -> None:
        self.server = server
        self.id = chat_id

    @property
    def shown(self) -> list[Shown]:
        return self.server.shown(self.id)

    def say(self, text: str, user: int = OWNER, **more: Any) -> int:
        return self.server.say(self.id, text, user, **more)

    def reads(self, text: str) -> Shown:
        """Wait for a message with these words."""
        found = lambda: next((s for s in self.shown if text in s.text), None)  # noqa: E731
        result: Shown = until(found, (text, "among", self.server.messages))
        return result

    def asked(self, text: str, user: int = OWNER) -> Shown:
        """Order something; the question that comes back. On a busy machine a printer seems silent
        for a moment: then the gate refuses, and it is ordered again."""
        end = time.monotonic() + 20.0
        while True:
            known = {shown.id for shown in self.shown}
            self.say(text, user)
            new = until(lambda: [s for s in self.shown if s.id not in known], text)  # noqa: B023
            if new[-1].buttons:
                question: Shown = new[-1]
                return question
            assert time.monotonic() < end, f"no question after {text!r}: {new[-1].text}"
            threading.Event().wait(0.2)

    def press(self, shown: Shown, label: str, user: int = OWNER, **more: Any) -> str:
        """Press a button; the words that come up under it."""
        query = self.server.press(shown, label, user, **more)
        until(lambda: query in self.server.answers, f"an answer to the button {label!r}")
        return self.server.answers[query]

    def quiet(self) -> None:
        """Wait until everything that was said has been heard."""
        newest = max(
            (u["update_id"] for u in self.server._updates), default=self.server.acknowledged
        )
        until(lambda: self.server.acknowledged > newest or not self.server._updates, "heard")


def orders(farm: SimulatedFarm, printer_id: str, verb: str) -> int:
    """How often the printer itself was told so."""
    handle = farm.printer(printer_id)
    if farm.endpoints[printer_id].kind == "bambu":
        return len(handle.requests(verb))
    method = {"pause": "printer.print.pause", "stop": "printer.print.cancel"}[verb]
    return sum(method in str(request.get("body")) for request in handle.requests())
