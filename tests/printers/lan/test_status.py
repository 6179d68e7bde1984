"""The keeper of the status, and the thread that keeps a printer connected."""

from __future__ import annotations

import threading
from pathlib import Path

from core.clock import ManualClock
from core.config import PrinterConfig
from printers.base import AdapterContext
from printers.lan import outage as words
from printers.lan.backoff import Backoff
from printers.lan.outage import Outage
from printers.lan.report import PUBLISH_EVERY_S, Report, StatusKeeper
from printers.lan.supervisor import Supervisor
from printers.status import Heater, PrinterState, PrinterStatus

CONFIG = PrinterConfig(id="oak", name="Oak", type="octoprint", model="MK3S")


def keeper_of(clock: ManualClock) -> tuple[StatusKeeper, list[PrinterStatus]]:
    published: list[PrinterStatus] = []
    context = AdapterContext(publish=published.append, clock=clock, data_dir=Path("unused"))
    return StatusKeeper(CONFIG, context, "octoprint"), published


def report(current: float = 21.0, state: PrinterState = PrinterState.IDLE) -> Report:
    return Report(
        state=state, heaters=(Heater(name="bed", current=current, target=0.0, maximum=110),)
    )


def test_only_news_is_published_at_once_and_equal_parts_stay_the_same_objects() -> None:
    clock = ManualClock()
    keeper, published = keeper_of(clock)
    keeper.report(report())
    first = keeper.status
    for _ in range(3):
        clock.advance(1.0)
        keeper.report(report())
    assert len(published) == 1
    assert keeper.status.heaters is first.heaters
    assert keeper.status.observed_mono == clock.monotonic()
    keeper.report(report(22.0))
    assert len(published) == 2
    assert keeper.status.link is first.link
    clock.advance(PUBLISH_EVERY_S)
    keeper.alive()
    assert published[-1].observed_mono == clock.monotonic()


def test_an_outage_hides_nothing_and_claims_nothing() -> None:
    clock = ManualClock()
    keeper, _ = keeper_of(clock)
    assert keeper.status.state is PrinterState.CONNECTING
    keeper.report(report())
    seen = keeper.status.observed_mono
    clock.advance(3.0)
    keeper.down(Outage(PrinterState.OFFLINE, "refused", "Oak refuses.", "n"))
    status = keeper.status
    assert (status.state, status.message) == (PrinterState.OFFLINE, "Oak refuses.")
    assert not status.link.online
    assert status.notices[0].code == "n"
    assert status.observed_mono == seen, "an outage is no sign of life"
    keeper.opening()
    assert keeper.status.state is PrinterState.OFFLINE, "an attempt is no news"
    keeper.report(report())
    assert (keeper.status.state, keeper.status.message) == (PrinterState.IDLE, "")
    assert keeper.status.notices == ()
    keeper.opening()
    assert keeper.status.state is PrinterState.CONNECTING
    keeper.stopped()
    assert "ended its connection" in keeper.status.message


class Script:
    """A handler that plays outages, then converses until it is interrupted."""

    def __init__(self, *outages: Outage | Exception) -> None:
        self.outages = list(outages)
        self.talking = threading.Event()
        self.hung_up = threading.Event()
        self.seen: list[Outage] = []
        self.ended = threading.Event()
        self.sessions = 0

    def attempt(self) -> Outage:
        if self.outages:
            outage = self.outages.pop(0)
            if isinstance(outage, Exception):
                raise outage
            return outage
        self.sessions += 1
        self.talking.set()
        self.hung_up.wait(10)
        self.hung_up.clear()
        return words.asked("Oak")

    def interrupt(self) -> None:
        self.hung_up.set()

    def opening(self) -> None:
        self.hung_up.clear()

    def down(self, outage: Outage) -> None:
        self.seen.append(outage)

    def stopped(self) -> None:
        self.ended.set()


def test_attempts_go_on_after_outages_and_errors_of_our_own() -> None:
    refused = Outage(PrinterState.OFFLINE, "refused", "no")
    script = Script(refused, refused, ValueError("a bug"), Outage(PrinterState.AUTH, "auth", "key"))
    supervisor = Supervisor(CONFIG, script, Backoff((0.01, 0.02), 0.05), "ws")
    supervisor.start()
    assert script.talking.wait(5)
    supervisor.session_is_good()
    assert [outage.kind for outage in script.seen] == ["refused", "refused", "internal", "auth"]
    script.talking.clear()
    supervisor.restart()
    assert script.talking.wait(5)
    assert script.seen[-1].kind == "asked"
    supervisor.stop(5)
    assert script.ended.is_set()
    assert script.sessions == 2


def test_stopping_does_not_wait_for_the_back_off() -> None:
    script = Script(*[Outage(PrinterState.AUTH, "auth", "key")] * 3)
    supervisor = Supervisor(CONFIG, script, Backoff((60, 60), 60), "ws")
    supervisor.start()
    for _ in range(500):
        if script.seen:
            break
        threading.Event().wait(0.01)
    supervisor.stop(5)
    assert script.ended.is_set()
    assert len(script.seen) == 1
