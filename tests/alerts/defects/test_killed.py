"""The server dies where the defect watch tells something: that is told once, and the next of its
kind is told, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from alerts.defects.verdict import Trouble
from alerts.model import Event, Kind
from core import jsonio
from core.alert_config import DefectConfig
from printers.status import PrinterState
from tests.alerts.defects.scene import BAD, GOOD, Scene

S = PrinterState
DOWN = Trouble("unreachable", "No connection")


class Killed(BaseException):
    """Passes every barrier, as a kill does."""


def dies(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, work: Callable[[], None], before: bool
) -> None:
    """While ``work`` is done the server dies when the desk is told; a new one starts."""
    take = scene.sink.take

    def killed(event: Event) -> bool:
        if not before:
            take(event)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(scene.sink, "take", killed)
        work()
    scene.restart()


def identities(scene: Scene) -> list[str]:
    """What a desk takes: each once."""
    return list(dict.fromkeys(event.identity for event in scene.sink.events))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    config = DefectConfig(provider="openai", interval_s=60.0, recheck_s=30.0, first_layers=0)
    return Scene(tmp_path, config)


@pytest.mark.parametrize("before", [True, False], ids=["before the desk", "after the desk"])
def test_a_defect_is_told_once_over_a_kill(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    scene.provider.usual = BAD
    scene.set(S.PRINTING)
    dies(scene, monkeypatch, lambda: scene.go(600), before)
    scene.go(30)
    found = identities(scene)
    assert len(found) == 1 and Kind.DEFECT in found[0]
    assert scene.sink.repeated == (0 if before else 1), "it is told again, by the same name"
    kept = jsonio.loads((scene.folder / "defects.json").read_bytes())
    assert kept["owed"] == []


@pytest.mark.parametrize("before", [True, False], ids=["before the desk", "after the desk"])
def test_the_next_blindness_after_a_kill_is_told(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    """It sees again before anybody has told that it was blind."""
    scene.provider.usual = DOWN
    scene.set(S.PRINTING)
    dies(scene, monkeypatch, lambda: scene.go(600), before)
    for usual in (GOOD, DOWN):
        scene.provider.usual = usual
        scene.go(4000, step=5)
    begun = [name for name in identities(scene) if Kind.WATCH_BLIND in name and "end" not in name]
    assert len(begun) == 2


def test_a_lost_file_takes_no_blindness_for_one_of_before(scene: Scene) -> None:
    for _ in range(2):
        scene.provider.usual = DOWN
        scene.set(S.PRINTING)
        scene.go(600)
        (scene.folder / "defects.json").unlink()
        scene.restart()
    assert scene.told == ["watch_blind", "watch_blind"] and len(identities(scene)) == 2


def test_a_fault_of_the_memory_keeps_nothing_untold(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = scene.watch._memory.save

    def broken(content: Mapping[str, Any]) -> bool:
        if content["owed"]:
            raise RuntimeError("no memory today")
        return save(content)

    monkeypatch.setattr(scene.watch._memory, "save", broken)
    scene.provider.usual = BAD
    scene.set(S.PRINTING)
    scene.go(600)
    assert scene.told == ["defect"]
