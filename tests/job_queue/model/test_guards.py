"""Take one guard out of the real queue, and its story turns red."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import Blocked
from job_queue import board
from job_queue.job import JobState
from job_queue.matching import candidates
from job_queue.records import BedRecord
from job_queue.starting import beds, launch
from job_queue.starting.cleanup import Sweeper
from job_queue.starting.doubt import Doubt
from job_queue.starting.sight import Gap, Sight
from job_queue.starting.start import StartRun
from job_queue.starting.watch import Watch
from job_queue.store.json_store import JsonJobStore
from printers.fleet import Fleet
from tests.job_queue.model import stories
from tests.job_queue.model.conftest import NewWorld
from tests.job_queue.model.metal import Broken
from tests.job_queue.model.world import World

Patch = pytest.MonkeyPatch


def no_fence(patch: Patch) -> None:
    """The look and the quiet period remain."""

    def only_quiet(self: Any, job: Any) -> None:
        self._require_nothing_shown(job, self._fleet.adapter(job.printer_id))
        self._require_quiet(job, "Alder")

    patch.setattr(Doubt, "_fence", only_quiet)


def no_quiet_period(patch: Patch) -> None:
    patch.setattr(Doubt, "_require_quiet", lambda *_: None)


def quiet_before_the_fence(patch: Patch) -> None:
    """The quiet period is counted from the start of the attempt."""

    def since_the_start(self: Any, job: Any, name: str) -> None:
        if self._clock.time() - job.started_at < self._timing.quiet_s:
            raise Blocked(f"{name} may still begin.")

    patch.setattr(Doubt, "_require_quiet", since_the_start)


def no_bar_after_giving_up(patch: Patch) -> None:
    for room in (board, candidates, launch):
        patch.setattr(room, "why_barred", lambda *_: "")


def no_quiet_after_giving_up(patch: Patch) -> None:
    patch.setattr(Sweeper, "_is_too_early", lambda *_: False)


def no_memory_of_sight(patch: Patch) -> None:
    """Only what the screen shows counts, however long nobody watched."""
    patch.setattr(Sight, "gap", lambda *_: Gap(0.0))


def no_eye_of_its_own(patch: Patch) -> None:
    """The last look leaves the bed to the watcher."""
    patch.setattr(Watch, "see_bed", lambda *_: None)


def no_bed_gate(patch: Patch) -> None:
    always = BedRecord(clear=True)
    patch.setattr(beds, "after_end", lambda *_: always)
    patch.setattr(beds, "after_report", lambda *_, **__: always)


def no_size_check(patch: Patch) -> None:
    """The transfer's end is believed."""
    upload = Fleet.upload

    def believed(self: Fleet, printer_id: str, source: Path, *rest: Any) -> int:
        upload(self, printer_id, source, *rest)
        return source.stat().st_size

    patch.setattr(Fleet, "upload", believed)


def no_unique_name(patch: Patch) -> None:
    patch.setattr(launch, "remote_name", lambda name, *_: name)


def no_intent(patch: Patch) -> None:
    """W3 stays in memory: what is on disk is one write behind the effect."""
    persist = JsonJobStore._persist

    def later(self: JsonJobStore, state: Any) -> None:
        if not any(job.state is JobState.STARTING for job in state.jobs.values()):
            persist(self, state)

    patch.setattr(JsonJobStore, "_persist", later)


def no_last_look(patch: Patch) -> None:
    patch.setattr(StartRun, "_last_look", lambda self: None)


GUARDS: dict[str, tuple[Callable[[Patch], None], Callable[[World], None], str]] = {
    "fence": (no_fence, stories.late_start_after_a_retry, "said not to have started"),
    "quiet period": (no_quiet_period, stories.start_taken_in_silence, "said not to have started"),
    "bed gate": (no_bed_gate, stories.next_job_after_a_finish, "carries a part|called clear"),
    "SIZE check": (no_size_check, stories.upload_cut_short, "cut file"),
    "unique name": (no_unique_name, stories.late_start_finds_the_next_file, "said not to have"),
    "last look": (no_last_look, stories.print_of_others_during_the_transfer, "carries a part"),
    "fence before quiet": (
        quiet_before_the_fence,
        stories.late_start_taken_in_silence,
        "said not to have started",
    ),
    "bar after giving up": (
        no_bar_after_giving_up,
        stories.start_given_up_arrives_after_the_next_print,
        "carries a",
    ),
    "quiet after giving up": (
        no_quiet_after_giving_up,
        stories.given_up_while_it_was_being_read,
        "was reading another",
    ),
    "sight over a death": (
        no_memory_of_sight,
        stories.same_file_again_while_the_farm_is_down,
        "called clear",
    ),
    "sight over an outage": (
        no_memory_of_sight,
        stories.same_file_again_out_of_sight,
        "called clear",
    ),
    "own look at the bed": (
        no_eye_of_its_own,
        stories.print_of_others_and_a_slow_watcher,
        "carries a part",
    ),
    "intent": (no_intent, stories.crash_just_after_the_start, "two starts|twice|said not|carries"),
}


@pytest.mark.parametrize("name", GUARDS)
def test_the_guard_holds(name: str, world: World) -> None:
    GUARDS[name][1](world)


@pytest.mark.parametrize("name", GUARDS)
def test_without_the_guard_its_story_is_red(
    name: str, new_world: NewWorld, monkeypatch: Patch
) -> None:
    take_away, story, broken = GUARDS[name]
    take_away(monkeypatch)
    with pytest.raises(Broken, match=broken):
        story(new_world())
