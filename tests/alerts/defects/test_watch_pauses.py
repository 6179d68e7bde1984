"""The automatic pause of the defect watch: its proof, and when there is none."""

from __future__ import annotations

import pytest

from printers.status import PrinterState as S
from tests.alerts.defects.scene import BAD
from tests.alerts.defects.suspicion import Make, suspect


def test_no_pause_unless_it_is_switched_on(make: Make) -> None:
    scene = make()
    suspect(scene)
    assert scene.pauses == [] and "pause" not in scene.sink.events[0].text


def test_the_pause_and_its_proof(make: Make) -> None:
    scene = make(pause=True)
    suspect(scene)
    assert scene.pauses == ["alder"]
    assert scene.sink.events[0].text.endswith("The farm pauses it.")
    scene.set(S.PAUSED)
    scene.go(120)
    view = scene.view()
    assert view.alarm == "paused" and view.photo
    assert view.text == (
        "Paused by the farm's defect watch: loose strands of filament, 90 %, in 2 of 3 pictures."
    )
    assert scene.told == ["defect"]


def test_a_person_who_resumes_has_peace(make: Make) -> None:
    scene = make(pause=True, grace_s=600.0)
    suspect(scene)
    scene.set(S.PAUSED)
    scene.go(60)
    scene.provider.usual = BAD
    scene.set(S.PRINTING)
    scene.go(599)
    assert scene.told == ["defect", "defect/end"] and scene.pauses == ["alder"]
    scene.go(300)
    assert scene.told == ["defect", "defect/end", "defect"]
    assert "does not pause it: it did so once in this print" in scene.sink.events[-1].text
    assert scene.pauses == ["alder"]


def test_the_first_layers_are_never_paused(make: Make) -> None:
    scene = make(pause=True)
    scene.provider.usual = BAD
    scene.set(S.PRINTING, layer=1)
    scene.go(900)
    assert scene.told == ["defect"] and scene.pauses == []
    assert "first layers" in scene.sink.events[0].text
    scene.set(S.PRINTING, layer=2)
    scene.go(130)
    assert scene.pauses == ["alder"], "it is still bad, and no first layer any more"


def test_nor_the_first_five_minutes(make: Make) -> None:
    scene = make(pause=True, interval_s=30.0)
    scene.provider.usual = BAD
    scene.set(S.PRINTING, layer=None)
    scene.go(299)
    assert scene.told == ["defect"] and scene.pauses == []
    scene.go(60)
    assert scene.pauses == ["alder"]


def test_a_refused_pause_is_told(make: Make) -> None:
    scene = make(pause=True)
    scene.refusal = "Alder takes no orders."
    suspect(scene)
    assert scene.told == ["defect", "defect"]
    assert "could not be paused" in scene.sink.events[1].text
    assert "Alder takes no orders." in scene.view().text
    scene.go(60)
    scene.set(S.FINISHED)
    scene.go(2)
    assert scene.told == ["defect", "defect", "defect/end", "defect/end"]


def test_a_pause_that_nothing_proves_is_told_and_one_that_comes_late_ends_that(make: Make) -> None:
    scene = make(pause=True)
    suspect(scene)
    scene.go(40)
    assert "did not pause within 30 s" in scene.sink.events[1].text
    scene.set(S.PAUSED)
    scene.go(2)
    assert scene.told == ["defect", "defect", "defect/end"]
    assert scene.view().alarm == "paused" and len(scene.pauses) == 1


def test_without_a_note_on_the_disk_there_is_no_pause(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = make(pause=True)
    monkeypatch.setattr(scene.watch._memory, "save", lambda content: False)
    suspect(scene)
    assert scene.pauses == []
    assert "could not be paused" in scene.sink.events[1].text
