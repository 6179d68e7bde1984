"""Breadth-first search through every state that can be reached; the first way found is shortest."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from tests.job_queue.model.protocol import successors
from tests.job_queue.model.state import State, Variant, all_ended, first


@dataclass
class Result:
    states: int = 0
    second_tries: int = 0  # states in which a second attempt has really printed
    broken: dict[str, list[str]] = field(default_factory=dict)  # invariant -> shortest way to it
    steps: Counter[str] = field(default_factory=Counter)

    def story(self) -> str:
        return "\n".join(
            f"{name}:\n  " + "\n  ".join(f"{n:2} {step}" for n, step in enumerate(way, 1))
            for name, way in self.broken.items()
        )


def explore(v: Variant, enough: frozenset[str] = frozenset()) -> Result:
    """Everything from the first state; stops early once ``enough`` invariants have been broken."""
    start = first(v)
    result = Result()
    came: dict[State, tuple[State | None, str]] = {start: (None, "")}
    before: dict[State, list[State]] = {}
    todo = deque([start])
    while todo:
        state = todo.popleft()
        for label, then, broken in successors(state, v):
            result.steps[_kind(label)] += 1
            for name in broken:
                result.broken.setdefault(name, [*_way(came, state), label])
            if enough and enough <= set(result.broken):
                result.states = len(came)
                return result
            if broken:
                continue
            before.setdefault(then, []).append(state)
            if then not in came:
                came[then] = (state, label)
                todo.append(then)
    result.states = len(came)
    result.second_tries = sum(_printed_twice_tried(state) for state in came)
    stuck = _stuck(came, before)
    if stuck is not None:
        result.broken["stuck"] = _way(came, stuck)
    return result


def _kind(label: str) -> str:
    return " ".join("".join(mark for mark in label if not mark.isdigit()).split())


def _way(came: dict[State, tuple[State | None, str]], state: State) -> list[str]:
    labels = []
    at: State | None = state
    while at is not None:
        at, label = came[at]
        labels.append(label)
    return labels[-2::-1]


def _printed_twice_tried(state: State) -> bool:
    """A job is in print whose first attempt came to nothing."""
    return any(
        state.tokens[token - 1][0] == number and job.tries > 1
        for number, job in enumerate(state.jobs)
        for token in state.begun
    )


def _stuck(
    came: dict[State, tuple[State | None, str]], before: dict[State, list[State]]
) -> State | None:
    """The nearest state from which no job can come to its end any more: a job is lost there."""
    good = {state for state in came if all_ended(state)}
    todo = deque(good)
    while todo:
        for former in before.get(todo.popleft(), ()):
            if former not in good:
                good.add(former)
                todo.append(former)
    return next((state for state in came if state not in good), None)
