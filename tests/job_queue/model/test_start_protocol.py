"""The start protocol, searched through whole; and again with one part of it taken away each time.

Whole, nine variants, 434,637 states: never a double start (of a job, or for an approval), a start
on an occupied bed, of a cut file, a lost job (it prints and no record says so, or nothing can bring
it to its end any more), a false "done". Taken away, one of fifteen: the search must find exactly
what breaks; ``pytest -s`` prints the shortest way there.

What the search taught beside reference 4.3: the fence belongs before the quiet period, not after
it; a job that is given up needs both as well; the last look must judge the bed itself.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from tests.job_queue.model.checker import explore
from tests.job_queue.model.state import Variant

CALM = Variant(losses=0, truncations=0, refusals=0, foreign=0, crashes=1)
FAULTS = replace(CALM, losses=1, truncations=1, refusals=1)
ALONE = replace(FAULTS, auto=True, truncations=0)

WHOLE = {
    "every doubt asks a person": (replace(FAULTS, refusals=0), 44_983),
    "fenced retry by itself, permission returned": (replace(ALONE, give_back=True), 51_050),
    "fenced retry by itself, new approval": (ALONE, 44_253),
    "no name is shown after the end": (replace(CALM, losses=1, named=False), 27_966),
    "two crashes": (replace(CALM, losses=1, crashes=2), 50_700),
    "two crashes, retry by itself": (
        replace(CALM, crashes=2, auto=True, give_back=True),
        12_044,
    ),
    "somebody prints at the printer": (replace(CALM, foreign=1), 52_986),
    "somebody prints the same file there again": (replace(CALM, foreign=2), 99_387),
    "somebody prints at a printer that names nothing": (
        replace(CALM, foreign=1, named=False),
        51_268,
    ),
}
"""With the states that can be reached: fewer, and an interesting way has been lost."""

OPEN = {"double start", "lost job", "occupied bed"}
WITHOUT = {
    "intent before effect": (replace(CALM, intent=False), {"double start", "lost job"}),
    "fence": (replace(CALM, order=("quiet", "look")), OPEN),
    "quiet period": (replace(CALM, order=("fence", "look")), {"double start", "lost job"}),
    "fence and quiet period": (replace(CALM, order=("look",)), OPEN),
    "any proof for a person's word": (replace(CALM, order=()), OPEN),
    "fence before the quiet period": (
        replace(CALM, order=("quiet", "look", "fence")),
        {"double start", "lost job"},
    ),
    "unique name": (
        replace(CALM, unique=False),
        {"double start", "occupied bed", "lost job", "false done"},
    ),
    "SIZE check": (replace(FAULTS, size=False), {"cut file"}),
    "bed gate": (replace(CALM, gate=False), {"occupied bed"}),
    "refused approvals and ends that clear": (
        replace(CALM, ack_guard=False, any_end=False, sight=False),
        {"occupied bed"},
    ),
    "ends and sightings that clear": (replace(CALM, any_end=False, sight=False), {"occupied bed"}),
    "fence after giving up": (replace(CALM, late_guard=False), {"occupied bed"}),
    "sight over an outage, the same file": (
        replace(CALM, foreign=2, sight=False),
        {"occupied bed"},
    ),
    "sight over an outage, no names": (
        replace(CALM, foreign=1, named=False, sight=False),
        {"occupied bed"},
    ),
    "last look that judges the bed": (
        replace(CALM, foreign=1, own_look=False),
        {"occupied bed"},
    ),
}

STEPS = {
    "W job claimed", "X file sent", "W uploaded", "last look allows", "W intent", "X start sent",
    "start begins", "start taken in silence", "start shows and begins", "start arrives, no effect",
    "CRASH", "restart", "print finishes", "print fails", "person clears the bed",
    "fence: file deleted", "quiet period over", "looks as before", "it moves",
    "believed: not started",
}  # fmt: skip


def tell(text: str) -> None:
    sys.stdout.write(f"\n{text}\n")


@pytest.mark.parametrize("name", WHOLE)
def test_nothing_breaks(name: str) -> None:
    variant, states = WHOLE[name]
    found = explore(variant)
    tell(f"{name}: {found.states} states, {found.second_tries} with a second try in print")
    assert not found.broken, found.story()
    assert found.states >= states
    assert found.second_tries > 5000, "second tries never print: safe only because nothing happens"
    missing = STEPS - set(found.steps)
    assert not missing, f"never taken: {missing}"


@pytest.mark.parametrize("name", WITHOUT)
def test_it_breaks_without(name: str) -> None:
    variant, breaks = WITHOUT[name]
    found = explore(variant, enough=frozenset(breaks))
    tell(f"without {name}, after {found.states} states:\n{found.story()}")
    assert set(found.broken) == breaks


def test_a_guard_that_another_one_stands_in_for() -> None:
    """Approvals during a job do no harm as long as every end clears; the control takes both."""
    assert not explore(replace(CALM, ack_guard=False)).broken
