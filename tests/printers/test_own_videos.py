"""Fleet's door to the printers' own videos: never while a start is open, never beside a camera
that cannot share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.errors import Blocked, NotFound
from core.events import Bus
from printers.adapters import ADAPTERS
from printers.base import OwnVideo, Printer, Progress, Receipt
from printers.conditions import Conditions, OpenJob
from printers.fleet import Fleet
from printers.registry import Registry
from printers.status import PrinterState, PrinterStatus

NEVER = threading.Event()


class Recording(Printer):
    """A printer with one video, which arrives in four pieces."""

    kind = "recording"
    removed: tuple[str, int] | None = None
    on_piece: Callable[[int], None] = staticmethod(lambda number: None)

    @property
    def status(self) -> PrinterStatus:
        return PrinterStatus(
            printer_id=self.config.id, name=self.config.name, kind=self.kind,
            state=PrinterState.IDLE,
        )  # fmt: skip

    def own_videos(self) -> tuple[OwnVideo, ...]:
        return (OwnVideo(name="v.mp4", size_bytes=4),)

    def fetch_own_video(
        self, name: str, target: Path, progress: Progress, cancel: threading.Event
    ) -> Receipt:
        for number in range(1, 5):
            self.on_piece(number)
            progress(number, 4)
        return Receipt(size_bytes=4, sha256="00")

    def remove_own_video(self, name: str, size_bytes: int) -> None:
        self.removed = (name, size_bytes)


class Rig:
    def __init__(self, fleet: Fleet, registry: Registry) -> None:
        self.fleet = fleet
        self.registry = registry
        adapter = fleet.adapter("alder")
        assert isinstance(adapter, Recording)
        self.adapter = adapter

    def hold(self, phase: str) -> None:
        """A job of the farm takes the printer."""
        job = OpenJob(job_id="j", phase=phase, name="Gear")
        self.registry.set_conditions("alder", Conditions(job=job))

    def fetch(self, progress: Progress = lambda moved, size: None) -> Receipt:
        return self.fleet.fetch_own_video("alder", "v.mp4", Path("unused"), progress, NEVER)


@pytest.fixture
def rig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rig:
    done: dict[str, Any] = dict.fromkeys(Printer.__abstractmethods__ - {"status"})
    monkeypatch.setitem(ADAPTERS, "recording", type("Whole", (Recording,), done))
    registry = Registry(Bus())
    config = PrinterConfig(id="alder", name="Alder", type="recording", model="P1S")
    return Rig(Fleet([config], registry, SystemClock(), tmp_path), registry)


def test_the_door_passes_on_what_the_adapter_has(rig: Rig) -> None:
    assert [video.name for video in rig.fleet.own_videos("alder")] == ["v.mp4"]
    seen: list[tuple[int, int]] = []
    assert rig.fetch(lambda moved, size: seen.append((moved, size))).size_bytes == 4
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    rig.fleet.remove_own_video("alder", "v.mp4", 4)
    assert rig.adapter.removed == ("v.mp4", 4)
    with pytest.raises(NotFound):
        rig.fleet.own_videos("oak")


@pytest.mark.parametrize("phase", ["claimed", "uploading", "uploaded", "starting", "needs_human"])
def test_nothing_is_asked_while_a_start_is_open(rig: Rig, phase: str) -> None:
    rig.hold(phase)
    for act in (
        lambda: rig.fleet.own_videos("alder"),
        rig.fetch,
        lambda: rig.fleet.remove_own_video("alder", "v.mp4", 4),
    ):
        with pytest.raises(Blocked):
            act()
    assert rig.adapter.removed is None


def test_a_print_under_way_is_no_hindrance(rig: Rig) -> None:
    rig.hold("printing")
    assert rig.fetch().size_bytes == 4


def test_a_fetch_ends_when_a_start_begins(rig: Rig) -> None:
    seen: list[int] = []
    rig.adapter.on_piece = lambda number: rig.hold("claimed") if number == 3 else None
    with pytest.raises(Blocked, match="Gear is being sent"):
        rig.fetch(lambda moved, size: seen.append(moved))
    assert seen == [1, 2]


def test_cameras_make_way_for_a_fetch(rig: Rig) -> None:
    told: list[str] = []

    @contextmanager
    def guard(printer_id: str) -> Iterator[None]:
        told.append(f"{printer_id} away")
        yield
        told.append(f"{printer_id} back")

    rig.fleet.guard_uploads(guard)
    rig.fetch(lambda moved, size: told.append(str(moved)))
    assert told == ["alder away", "1", "2", "3", "4", "alder back"]
