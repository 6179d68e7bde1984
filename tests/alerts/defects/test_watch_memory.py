"""What the defect watch keeps over a restart, and what people wish of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts.defects.view import OFF, SUSPENDED, WATCHING
from alerts.ends import closes
from alerts.model import Kind
from core.errors import Blocked, NotFound
from printers.status import PrinterState as S
from tests.alerts.defects.scene import BAD, Scene
from tests.alerts.defects.suspicion import Make, suspect


def test_a_restart_neither_pauses_nor_tells_again(make: Make) -> None:
    scene = make(pause=True)
    suspect(scene)
    scene.set(S.PAUSED)
    scene.go(10)
    scene.restart()
    assert scene.view().alarm == "paused", "the card still says who paused it"
    scene.provider.usual = BAD
    scene.set(S.PRINTING)
    scene.restart()
    scene.go(500)
    scene.restart()
    scene.go(3000, step=5)
    assert scene.pauses == ["alder"]
    assert scene.told == ["defect", "defect/end", "defect"]


def test_killed_between_the_note_and_the_proof(make: Make) -> None:
    scene = make(pause=True)
    suspect(scene)
    scene.restart()
    scene.go(40)
    assert scene.pauses == ["alder"]
    assert "did not pause" in scene.sink.events[-1].text


def test_a_memory_that_is_lost_pauses_nothing_that_ran_before(make: Make) -> None:
    scene = make(pause=True)
    scene.set(S.PRINTING)
    scene.go(10)
    (scene.folder / "defects.json").write_text("{]")
    scene.restart()
    scene.provider.usual = BAD
    scene.go(1200)
    assert scene.told == ["defect"] and scene.pauses == []
    assert "cannot know" in scene.sink.events[0].text
    assert (scene.folder / "defects.damaged").exists()
    scene.set(S.FINISHED)
    scene.set(S.PRINTING, percent=0, name="next")
    scene.go(1200)
    assert scene.pauses == ["alder"]


@pytest.mark.parametrize("content", ["[]", "7", '{"prints": 3, "day": [], "farm": null}', "{}"])
def test_odd_memories(make: Make, content: str) -> None:
    scene = make()
    (scene.folder / "defects.json").write_text(content)
    scene.restart()
    scene.set(S.PRINTING, percent=50)
    scene.go(10)
    assert len(scene.provider.asked) == 1


def test_an_empty_moment_of_the_printer_is_no_new_print(make: Make) -> None:
    scene = make(pause=True)
    suspect(scene)
    scene.set(S.PAUSED)
    scene.set(S.IDLE)
    scene.go(20)
    scene.provider.usual = BAD
    scene.set(S.PRINTING, percent=12)
    scene.go(3000, step=5)
    assert scene.pauses == ["alder"]


def test_the_same_file_again_is_a_new_print(make: Make) -> None:
    scene = make(pause=True)
    suspect(scene)
    scene.set(S.PAUSED)
    scene.set(S.FAILED, percent=60)
    scene.go(5)
    scene.set(S.PREPARING, percent=0)
    scene.go(60)
    scene.provider.usual = BAD
    scene.set(S.PRINTING, percent=1, layer=3)
    scene.go(900)
    assert scene.pauses == ["alder", "alder"]


def test_own_jobs_are_told_apart_by_their_attempt(make: Make) -> None:
    scene = make(pause=True)
    scene.jobs["alder"] = "j-7-1"
    suspect(scene)
    scene.jobs["alder"] = "j-7-2"
    scene.go(600)
    runs = [event.run for event in scene.sink.of(Kind.DEFECT)]
    assert runs[0] == "j-7-1" and set(runs) <= {"j-7-1", "j-7-2"}


@pytest.mark.parametrize("told_before", [False, True])
def test_another_s_print_is_told_of_by_the_name_its_result_will_have(
    make: Make, told_before: bool
) -> None:
    """The alerts' watch may see it a moment after the defect watch has."""
    scene = make()
    scene.set(S.PRINTING)
    if not told_before:
        scene.jobs["alder"] = "s1.4"
    suspect(scene)
    scene.jobs["alder"] = "s1.4"
    scene.restart()
    scene.set(S.FINISHED)
    scene.go(5)
    defect, over = scene.sink.events
    assert over.ends and over.incident == defect.incident
    assert closes(replace(defect, kind=Kind.FAILED, run="s1.4"), defect) is not told_before


def wish(scene: Scene, on: bool, printer_id: str = "alder") -> str:
    from alerts.defects.letters import Wish
    from alerts.defects.watch import _WISHES

    asked = Wish(printer_id, on)
    scene.watch._box.put((_WISHES, "1"), asked)
    scene.watch.turn(0)
    return asked.answer.result(0)


def test_off_for_this_print_only(make: Make) -> None:
    scene = make()
    suspect(scene)
    assert wish(scene, False) == "This print of Alder is not watched any more"
    assert scene.told == ["defect", "defect/end"]
    before = len(scene.provider.asked)
    scene.go(600)
    scene.restart()
    scene.go(600)
    assert len(scene.provider.asked) == before and scene.view().state == SUSPENDED
    scene.set(S.FINISHED)
    scene.set(S.PRINTING, name="next")
    scene.go(300)
    assert len(scene.provider.asked) > before and scene.view().state == WATCHING


def test_on_for_a_printer_that_is_not_chosen(make: Make) -> None:
    scene = make(printers=("birch",))
    scene.set(S.PRINTING, percent=50)
    scene.go(300)
    assert scene.provider.asked == [] and scene.view().state == OFF
    wish(scene, True)
    scene.go(3)
    assert len(scene.provider.asked) == 1


def test_wishes_that_cannot_be(make: Make) -> None:
    scene = make()
    with pytest.raises(Blocked, match="not printing"):
        wish(scene, True)
    with pytest.raises(NotFound):
        wish(scene, True, "nobody")
