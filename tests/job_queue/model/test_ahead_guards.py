"""Take one guard of files sent ahead out of the real queue, and its story turns red."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from job_queue.job import Job
from job_queue.records import Cleanup
from job_queue.starting import staging
from job_queue.starting.staging import Stager
from job_queue.starting.start import StartRun
from job_queue.store.base import Transaction
from printers.status import PrinterStatus
from tests.job_queue.model import ahead_stories as stories
from tests.job_queue.model.conftest import NewWorld
from tests.job_queue.model.metal import Broken
from tests.job_queue.model.world import World

Patch = pytest.MonkeyPatch


def name_is_used_again(patch: Patch) -> None:
    """What was sent ahead once is taken for as many attempts as it needs."""
    take, kept = Stager.take, list[Cleanup]()

    def again(self: Stager, tx: Transaction, job: Job, status: PrinterStatus) -> Cleanup | None:
        found = take(self, tx, job, status)
        kept.extend([found] if found is not None else [])
        return kept[0] if kept else None

    patch.setattr(Stager, "take", again)


def no_proof(patch: Patch) -> None:
    patch.setattr(StartRun, "_is_there", lambda _: True)


def nobody_watches(patch: Patch) -> None:
    """A restart, a gap and a print of others leave the file as good as it was."""
    patch.setattr(Stager, "recover", lambda _: None)
    patch.setattr(Stager, "_has_watched", lambda *_: True)
    patch.setattr(staging, "_is_shown", lambda *_: False)


GUARDS: dict[str, tuple[Callable[[Patch], None], Callable[[World], None], str]] = {
    "one attempt's name": (
        name_is_used_again, stories.late_start_of_a_file_sent_ahead, "said not to have started",
    ),
    "proof at the start": (no_proof, stories.file_sent_ahead_is_cut, "cut file"),
    "watched all the time": (
        nobody_watches, stories.file_sent_ahead_is_printed_at_the_screen, "never printed",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GUARDS)
def test_the_guard_holds(name: str, world: World) -> None:
    GUARDS[name][1](world)


@pytest.mark.parametrize("name", GUARDS)
def test_without_the_guard_its_story_is_red(
    name: str, new_world: NewWorld, monkeypatch: Patch
) -> None:
    take_away, story, broken = GUARDS[name]
    world = new_world()
    take_away(monkeypatch)
    with pytest.raises(Broken, match=broken):
        story(world)
