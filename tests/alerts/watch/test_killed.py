"""The server dies at the very point where something is told: that is told once, and the next of its
kind is told, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from alerts.model import Event
from alerts.watch.memory import Memory, MemoryFile
from core import jsonio
from core.alert_config import AlertsConfig
from printers.status import PrinterState
from tests.alerts import desk_kit
from tests.alerts.watch.scene import kind_of
from tests.alerts.watch.test_watcher import World

S = PrinterState


class Killed(BaseException):
    """Passes every barrier, as a kill does."""


class Farm(World):
    """A world whose desk is the real one, on a disk that outlives it."""

    def __init__(self, folder: Path) -> None:
        self.office = desk_kit.Office(AlertsConfig())
        self.heard: list[Event] = []
        self.die = ""
        super().__init__(folder)

    def take(self, event: Event) -> bool:
        wanted = self.die == kind_of(event)
        if wanted and self.dies_before:
            raise Killed
        new = self.office.desk.take(event)
        if new:
            self.heard.append(event)
        if wanted:
            raise Killed
        return new

    def dies(self, at: str, *, before: bool, work: Callable[[], None]) -> None:
        """Whatever ``work`` makes of it, the server dies when ``at`` is told; a new one starts."""
        self.die, self.dies_before = at, before
        with pytest.raises(Killed):
            work()
        self.die = ""
        self.office.restart()
        self.reboot()

    def told(self) -> list[str]:
        """Everything the desk has taken since the last call, each once by its own account."""
        kinds = [
            f"{kind_of(event)}{f' {event.key}' if event.key else ''}"
            for event in self.heard if event.kind != "state_changed"
        ]  # fmt: skip
        self.heard = []
        return kinds


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    made = Farm(tmp_path)
    made.report(S.IDLE)
    made.pass_(2)
    made.prints(1)
    made.pass_(70)  # the memory of the print is written
    assert made.told() == ["started"]
    yield made
    made.watch.stop()


def pause(farm: Farm) -> None:
    farm.report(S.PAUSED)
    farm.pass_(5)


def go_on(farm: Farm) -> None:
    farm.prints(2)
    farm.pass_(5)


@pytest.mark.parametrize("before", [True, False], ids=["before the desk", "after the desk"])
def test_the_next_pause_after_a_kill_is_told(farm: Farm, before: bool) -> None:
    farm.dies("paused", before=before, work=lambda: pause(farm))
    go_on(farm)  # it went on before anybody looked again
    pause(farm)
    assert farm.told() == ["paused", "/paused", "resumed paused 1", "paused 2"]


@pytest.mark.parametrize("before", [True, False], ids=["before the desk", "after the desk"])
def test_what_still_stands_after_a_kill_is_told_once(farm: Farm, before: bool) -> None:
    farm.dies("paused", before=before, work=lambda: pause(farm))
    farm.pass_(70)
    assert farm.told() == ["paused"]
    assert [one.event.kind for one in farm.office.book.open()] == ["paused"]


@pytest.mark.parametrize("before", [True, False], ids=["before the desk", "after the desk"])
def test_an_end_and_its_result_come_once_over_a_kill(farm: Farm, before: bool) -> None:
    pause(farm)
    farm.told()
    farm.dies("/paused", before=before, work=lambda: go_on(farm))
    go_on(farm)
    assert farm.told() == ["/paused", "resumed paused 1"]
    assert farm.office.book.open() == ()


def test_killed_before_the_memory_was_written_nothing_was_told(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(MemoryFile, "save", killed)
        pause(farm)
    assert farm.told() == []
    farm.office.restart()
    farm.reboot()
    farm.pass_(5)
    assert farm.told() == ["paused"]


def test_a_fault_of_the_memory_keeps_nothing_untold(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> bool:
        raise RuntimeError("no memory today")

    monkeypatch.setattr(MemoryFile, "save", broken)
    pause(farm)
    assert farm.told() == ["paused"]


def test_what_another_version_owed_is_left_out(
    farm: Farm, caplog: pytest.LogCaptureFixture
) -> None:
    content = jsonio.loads(farm.path.read_bytes())
    content["owed"] = [{"kind": "of_tomorrow", "at": 1.0, "text": "?"}, 5]
    farm.path.write_bytes(jsonio.dumps(content))
    farm.reboot()
    pause(farm)
    assert farm.told() == ["paused"]
    assert caplog.text.count("cannot be told") == 2


def test_what_was_told_is_not_kept_for_ever(farm: Farm) -> None:
    pause(farm)
    farm.pass_(70)
    memory: Memory = MemoryFile(farm.path, farm.clock).load()
    assert memory.owed == [] and memory.printers["alder"].open["paused"]
