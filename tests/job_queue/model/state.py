"""What the model knows: its states, what may be in force, and small steps on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

QUEUED, CLAIMED, UPLOADED, STARTING, PRINTING, DOUBT, DONE, FAILED, HELD = range(9)
ENDED = frozenset({DONE, FAILED, HELD})
IN_DOUBT = frozenset({STARTING, PRINTING, DOUBT})
TRIES = 2
FOREIGN, COMMON, NO_NAME = -1, 50, -2


@dataclass(frozen=True)
class Variant:
    """What of the protocol is in force, and how often each fault may happen."""

    intent: bool = True  # the intent is written before the start is sent
    unique: bool = True  # a remote name of its own for every attempt
    size: bool = True  # SIZE is asked after the transfer
    gate: bool = True  # the bed's permission is needed
    order: tuple[str, ...] = ("fence", "quiet", "look")  # before "not started" is believed
    auto: bool = False  # silence leads to the fence by itself, else to a person
    give_back: bool = False  # the permission returns after a clean fence
    ack_guard: bool = True  # no approval while a job is open
    any_end: bool = True  # every end takes the permission away
    late_guard: bool = True  # no claim before a given-up start is fenced and quiet, too
    own_look: bool = True  # the last look judges the bed itself, not only its watcher
    named: bool = True  # the printer names a print that has ended
    sight: bool = True  # no approval outlives a time in which nobody watched and one can print
    crashes: int = 2
    losses: int = 1
    truncations: int = 1
    refusals: int = 1
    foreign: int = 1


class Job(NamedTuple):
    state: int = QUEUED
    token: int = 0
    tries: int = 0
    base: int = 0  # the name shown when the printer was claimed


class Left(NamedTuple):
    """Faults that may still happen."""

    crashes: int
    losses: int
    truncations: int
    refusals: int
    foreign: int


class State(NamedTuple):
    jobs: tuple[Job, Job]  # durable: to ``debts``
    allowed: bool  # the bed's permission
    approval: int  # its number
    seen: int  # the name on the screen when it was given
    tokens: tuple[tuple[int, int], ...]  # (job, approval) of every attempt
    debts: tuple[int, ...]  # names of given-up starts: still there, or (negative) fenced
    up: bool
    away: bool  # no report was read since a print began
    step: tuple[str, int]  # volatile: where the server's worker is
    under_way: tuple[int, ...]  # starts in the network
    files: tuple[tuple[int, bool], ...]  # (name, whole) on the printer
    reading: int  # a start taken in silence
    running: int
    word: str  # what the printer says: idle, run, fin, bad
    shown: int
    part: bool
    begun: tuple[int, ...]  # the truth: tokens that physically started
    finished: tuple[int, ...]
    left: Left


Step = tuple[str, State, tuple[str, ...]]  # what happened, then, which invariants broke
IDLE_WORKER = ("", 0)


def first(v: Variant) -> State:
    left = Left(v.crashes, v.losses, v.truncations, v.refusals, v.foreign)
    return State(
        (Job(), Job()), True, 1, 0, (), (), True, False, IDLE_WORKER, (), (), 0, 0, "idle", 0,
        False, (), (), left,
    )  # fmt: skip


def all_ended(s: State) -> bool:
    return all(job.state in ENDED for job in s.jobs)


def name_of(token: int, v: Variant) -> int:
    return token if v.unique else COMMON


def open_job(s: State) -> int | None:
    for number, job in enumerate(s.jobs):
        if job.state not in ENDED and job.state != QUEUED:
            return number
    return None


def at_rest(s: State) -> bool:
    return s.word != "run"


def with_job(s: State, number: int, **changes: int) -> State:
    jobs = list(s.jobs)
    jobs[number] = jobs[number]._replace(**changes)
    return s._replace(jobs=(jobs[0], jobs[1]))


def spend(s: State, what: str) -> State:
    return s._replace(left=s.left._replace(**{what: getattr(s.left, what) - 1}))


def without(s: State, name: int) -> State:
    return s._replace(files=tuple(f for f in s.files if f[0] != name))


def requeue(s: State, number: int) -> State:
    """Certainly nothing was printed, the protocol believes."""
    state = QUEUED if s.jobs[number].tries < TRIES else HELD
    return with_job(s, number, state=state)._replace(step=IDLE_WORKER)


def end(s: State, number: int, state: int, v: Variant) -> State:
    s = with_job(s, number, state=state)._replace(step=IDLE_WORKER)
    return s._replace(allowed=False) if v.any_end else s


def judge_bed(s: State, v: Variant) -> State:
    """Whatever is seen to print, or to have printed, takes the permission away; and so does a
    time in which nobody watched that was long enough for a print."""
    if s.away:
        s = s._replace(away=False, allowed=s.allowed and not v.sight)
    if not s.allowed or not v.any_end:
        return s
    number = open_job(s)
    ours = number is not None and s.jobs[number].state in IN_DOUBT
    if (s.word == "run" and not ours) or (s.word in ("fin", "bad") and s.shown != s.seen):
        return s._replace(allowed=False)
    return s


def tidy(s: State, v: Variant) -> State:
    """Two states that differ only in what is over are one."""
    open_tokens = {job.token for job in s.jobs if job.state not in ENDED and job.state != QUEUED}
    live = {*s.under_way, s.reading, *open_tokens}
    names = {name_of(token, v) for token in live}
    used = {s.tokens[token - 1][1] for token in (live | set(s.begun)) - {0}}
    number = {one: at for at, one in enumerate(sorted(used | {s.approval}), 1)}
    return s._replace(
        jobs=(_tidy_job(s.jobs[0], live), _tidy_job(s.jobs[1], live)),
        seen=s.seen if s.allowed else 0,
        approval=number[s.approval],
        tokens=tuple((job, number.get(approval, 0)) for job, approval in s.tokens),
        files=tuple(f for f in s.files if f[0] in names),
        debts=tuple(debt for debt in s.debts if abs(debt) in names),
        finished=tuple(token for token in s.finished if token in open_tokens),
    )


def _tidy_job(job: Job, live: set[int]) -> Job:
    if job.token in live:
        return job if job.state not in ENDED else job._replace(base=0)
    return job._replace(token=0, base=0)
