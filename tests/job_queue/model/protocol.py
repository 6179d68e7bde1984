"""The start protocol as a small transition system: store, server, network, printer, person.

One printer, two jobs of the same file, two attempts each. Every write and every effect is a step
of its own, so that a crash can come between any two. Source: reliability-and-security 4.2, 4.3.

Assumptions, each of them one line below: a start is delivered at most once (QoS 0) and stays
under way for as long as it likes, but not for the length of somebody else's whole print; a printer
that took a start in silence shows it before the quiet period is over; people are honest about what
they see, and answer whenever the farm lets them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

QUEUED, CLAIMED, UPLOADED, STARTING, PRINTING, DOUBT, DONE, FAILED, HELD = range(9)
NAMES = [
    "queued",
    "claimed",
    "uploaded",
    "starting",
    "printing",
    "needs_human",
    "done",
    "failed",
    "held",
]
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
AT_WORK = ("work", 0)
IDLE_WORKER = ("", 0)


def first(v: Variant) -> State:
    left = Left(v.crashes, v.losses, v.truncations, v.refusals, v.foreign)
    return State(
        (Job(), Job()), True, 1, 0, (), (), True, IDLE_WORKER, (), (), 0, 0, "idle", 0, False, (),
        (), left,
    )  # fmt: skip


def all_ended(s: State) -> bool:
    return all(job.state in ENDED for job in s.jobs)


def successors(s: State, v: Variant) -> Iterator[Step]:
    """Every next step, without what can never matter again."""
    for label, then, broken in _steps(s, v):
        yield label, _tidy(then, v), broken


def _steps(s: State, v: Variant) -> Iterator[Step]:
    if s.up:
        yield from _claim(s, v)
        yield from _work(s, v)
        yield from _watch(s, v)
        yield from _person(s, v)
        yield from _clean(s)
    yield from _printer(s, v)
    yield from _faults(s, v)


# -- small helpers -----------------------------------------------------------------------------


def name_of(token: int, v: Variant) -> int:
    return token if v.unique else COMMON


def open_job(s: State) -> int | None:
    for number, job in enumerate(s.jobs):
        if job.state not in ENDED and job.state != QUEUED:
            return number
    return None


def at_rest(s: State) -> bool:
    return s.word != "run"


def _job(s: State, number: int, **changes: int) -> State:
    jobs = list(s.jobs)
    jobs[number] = jobs[number]._replace(**changes)
    return s._replace(jobs=(jobs[0], jobs[1]))


def _spend(s: State, what: str) -> State:
    return s._replace(left=s.left._replace(**{what: getattr(s.left, what) - 1}))


def _without(s: State, name: int) -> State:
    return s._replace(files=tuple(f for f in s.files if f[0] != name))


def _requeue(s: State, number: int) -> State:
    """Certainly nothing was printed, the protocol believes."""
    state = QUEUED if s.jobs[number].tries < TRIES else HELD
    return _job(s, number, state=state)._replace(step=IDLE_WORKER)


def _end(s: State, number: int, state: int, v: Variant) -> State:
    s = _job(s, number, state=state)._replace(step=IDLE_WORKER)
    return s._replace(allowed=False) if v.any_end else s


def _judge_bed(s: State, v: Variant) -> State:
    """Whatever is seen to print, or to have printed, takes the permission away."""
    if not s.allowed or not v.any_end:
        return s
    number = open_job(s)
    ours = number is not None and s.jobs[number].state in IN_DOUBT
    if (s.word == "run" and not ours) or (s.word in ("fin", "bad") and s.shown != s.seen):
        return s._replace(allowed=False)
    return s


def _tidy(s: State, v: Variant) -> State:
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


# -- the server --------------------------------------------------------------------------------


def _claim(s: State, v: Variant) -> Iterator[Step]:
    """W1."""
    if open_job(s) is not None or not at_rest(s) or s.step != IDLE_WORKER:
        return
    if (v.gate and not s.allowed) or (v.late_guard and s.debts):
        return
    for number, job in enumerate(s.jobs):
        if job.state == QUEUED:
            tokens = (*s.tokens, (number, s.approval))
            job = Job(CLAIMED, len(tokens), job.tries + 1, s.shown)
            then = _job(s, number, **job._asdict())
            yield f"W1 job {number} claimed", then._replace(tokens=tokens, step=("upload", 0)), ()
            return  # the two are alike


def _work(s: State, v: Variant) -> Iterator[Step]:
    number = open_job(s)
    if number is None:
        return
    job, kind = s.jobs[number], s.step[0]
    if kind == "upload":
        yield from _upload(s, name_of(job.token, v))
    elif kind == "size":
        yield _size(s, number, v)
    elif kind == "last look":
        yield _last_look(s, number, v)
    elif kind == "intent":
        yield _intent(s, number, v)
    elif kind == "publish":
        yield from _publish(s, number, v)
    elif kind == "wait" and job.state == STARTING:
        yield _time_out(s, number, v)
    elif kind in ("auto", "hand"):
        yield from _resolve(s, number, v)


def _upload(s: State, name: int) -> Iterator[Step]:
    """X1."""
    for whole in (True, False):
        if whole or s.left.truncations:
            then = s if whole else _spend(s, "truncations")
            files = tuple(sorted({f for f in s.files if f[0] != name} | {(name, whole)}))
            label = "X1 file sent" if whole else "X1 file arrived cut"
            yield label, then._replace(files=files, step=("size", 0)), ()


def _size(s: State, number: int, v: Variant) -> Step:
    """W2."""
    name = name_of(s.jobs[number].token, v)
    if v.size and (name, False) in s.files:
        return "SIZE differs, back to the queue", _requeue(_without(s, name), number), ()
    then = _job(s, number, state=UPLOADED)._replace(step=("last look", 0))
    return "W2 uploaded", then, ()


def _last_look(s: State, number: int, v: Variant) -> Step:
    if v.own_look:
        s = _judge_bed(s, v)
    fine = at_rest(s) and s.shown == s.jobs[number].base and (s.allowed or not v.gate)
    if not fine:
        name = name_of(s.jobs[number].token, v)
        return "last look refuses", _requeue(_without(s, name), number), ()
    return "last look allows", s._replace(step=("intent" if v.intent else "publish", 0)), ()


def _intent(s: State, number: int, v: Variant) -> Step:
    """W3: the intent, and the permission consumed."""
    if v.gate and v.intent and not s.allowed:
        return "permission gone, back to the queue", _requeue(s, number), ()
    tokens = list(s.tokens)
    tokens[s.jobs[number].token - 1] = (number, s.approval)
    then = _job(s, number, state=STARTING)
    then = then._replace(tokens=tuple(tokens), allowed=False)
    return "W3 intent", then._replace(step=("publish" if v.intent else "wait", 0)), ()


def _publish(s: State, number: int, v: Variant) -> Iterator[Step]:
    """X2, once. Only a refusal in the printer's own words is certain."""
    token = s.jobs[number].token
    after = s._replace(step=("wait" if v.intent else "intent", 0))
    under_way = tuple(sorted((*s.under_way, token)))
    yield "X2 start sent", after._replace(under_way=under_way), ()
    if s.left.losses:
        yield "X2 start lost", _spend(after, "losses"), ()
    if s.left.refusals and v.intent:
        back = _requeue(_without(_spend(s, "refusals"), name_of(token, v)), number)
        yield "X2 refused in words, permission back", back._replace(allowed=True), ()


def _time_out(s: State, number: int, v: Variant) -> Step:
    if v.auto:
        return "no echo in time", s._replace(step=("auto", 0)), ()
    return "no echo in time: asks a person", _end(s, number, DOUBT, v), ()


def _resolve(s: State, number: int, v: Variant) -> Iterator[Step]:
    """Fence, quiet period, look: in the variant's order, then it is believed."""
    who, at = s.step
    if at == len(v.order):
        then = _requeue(s, number)
        yield "believed: not started", then._replace(allowed=who == "auto" and v.give_back), ()
        return
    name = name_of(s.jobs[number].token, v)
    ahead, asks = s._replace(step=(who, at + 1)), _end(s, number, DOUBT, v)
    step = v.order[at]
    if step == "fence":
        yield "fence: file deleted", _without(ahead, name), ()
        if s.left.refusals:
            yield "fence: refused", _spend(asks, "refusals"), ()
    elif step == "quiet" and not s.reading:
        yield ("it moves", asks, ()) if s.running else ("quiet period over", ahead, ())
    elif step == "look":
        fine = at_rest(s) and s.shown == s.jobs[number].base
        yield ("looks as before", ahead, ()) if fine else ("looks otherwise", asks, ())


def _watch(s: State, v: Variant) -> Iterator[Step]:
    """The watcher reads a report."""
    then = _judge_bed(s, v)
    broken: tuple[str, ...] = ()
    number = open_job(s)
    if number is not None and s.jobs[number].state in IN_DOUBT:
        then, broken = _evidence(then, number, v)
    if then != s:
        yield f"report read: {s.word} {s.shown}", then, broken


def _evidence(s: State, number: int, v: Variant) -> tuple[State, tuple[str, ...]]:
    job = s.jobs[number]
    ours = s.shown == name_of(job.token, v)
    if s.word == "run":
        if ours:
            return _job(s, number, state=PRINTING)._replace(step=IDLE_WORKER), ()
        other = s.shown not in (NO_NAME, job.base) and job.state != DOUBT
        return (_end(s, number, DOUBT, v) if other else s), ()
    if ours and s.word in ("fin", "bad"):
        done = s.word == "fin"
        false = done and job.token not in s.finished
        return _end(s, number, DONE if done else FAILED, v), ("false done",) if false else ()
    if job.state == PRINTING and s.word in ("fin", "bad"):
        state = FAILED if s.shown == NO_NAME else DOUBT  # an end without its name is no success
        return _end(s, number, state, v), ()
    return s, ()


def _clean(s: State) -> Iterator[Step]:
    if not s.debts or open_job(s) is not None or not at_rest(s):
        return
    debt, rest = s.debts[-1], s.debts[:-1]
    if debt > 0:
        fenced = tuple(sorted((*rest, -debt)))
        yield "given-up file deleted", _without(s, debt)._replace(debts=fenced), ()
    elif not s.reading:
        yield "quiet after giving up", s._replace(debts=rest), ()


# -- people ------------------------------------------------------------------------------------


def _person(s: State, v: Variant) -> Iterator[Step]:
    number = open_job(s)
    free = number is None or not v.ack_guard
    if v.gate and free and not s.allowed and not s.running and at_rest(s):
        cleared = s._replace(part=False, allowed=True, approval=s.approval + 1, seen=s.shown)
        yield "person clears the bed", cleared, ()
    elif not v.gate and s.part and not s.running:
        yield "person takes the part", s._replace(part=False), ()
    if number is None or s.jobs[number].state != DOUBT or s.step != IDLE_WORKER:
        return
    token = s.jobs[number].token
    if s.running == token:
        then = _job(s, number, state=PRINTING)
        yield "person: it is printing this", then, ()
    elif token not in s.begun:
        yield "person: it did not start", s._replace(step=("hand", 0)), ()
    debts = tuple(sorted({*s.debts, name_of(token, v)}))
    yield "person gives up", _end(s, number, FAILED, v)._replace(debts=debts), ()


# -- the printer, the network, faults ----------------------------------------------------------


def _printer(s: State, v: Variant) -> Iterator[Step]:
    for token in s.under_way:
        rest = list(s.under_way)
        rest.remove(token)
        arrived = s._replace(under_way=tuple(rest))
        there = any(f[0] == name_of(token, v) for f in s.files)
        if s.running or s.reading or not there:
            yield f"start {token} arrives, no effect", arrived, ()
            continue
        yield _begin(arrived, token, v, f"start {token} begins")
        yield f"start {token} taken in silence", arrived._replace(reading=token), ()
    if s.reading:
        yield _begin(s._replace(reading=0), s.reading, v, f"start {s.reading} shows and begins")
    if s.running == FOREIGN and not s.under_way and s.step[0] not in ("intent", "publish"):
        shown = s.shown if v.named else NO_NAME
        yield "foreign print ends", s._replace(running=0, word="fin", shown=shown), ()
    elif s.running > 0 and s.step[0] not in ("auto", "hand"):  # a print is longer than that
        over = s._replace(running=0, shown=s.shown if v.named else NO_NAME)
        done = tuple(sorted((*s.finished, s.running)))
        yield "print finishes", over._replace(word="fin", finished=done), ()
        yield "print fails", over._replace(word="bad"), ()


def _begin(s: State, token: int, v: Variant, label: str) -> Step:
    """The one moment that counts. A printer knows nothing of parts and approvals."""
    number, approval = s.tokens[token - 1]
    job = s.jobs[number]
    others = [s.tokens[one - 1] for one in s.begun]
    broken = []
    if any(one[0] == number or (v.gate and one[1] == approval) for one in others):
        broken.append("double start")
    if s.part:
        broken.append("occupied bed")
    if (name_of(token, v), False) in s.files:
        broken.append("cut file")
    if job.token != token or job.state not in (*IN_DOUBT, UPLOADED, FAILED):
        broken.append("lost job")  # it prints, and no record says so
    then = s._replace(running=token, word="run", shown=name_of(token, v), part=True)
    return label, then._replace(begun=tuple(sorted((*s.begun, token)))), tuple(broken)


def _faults(s: State, v: Variant) -> Iterator[Step]:
    if s.up and s.left.crashes:
        yield "CRASH", _spend(s, "crashes")._replace(up=False, step=IDLE_WORKER), ()
    if not s.up:
        yield "restart", _recovered(s, v), ()
    if s.left.foreign and not s.running and not s.reading:
        busy = _spend(s, "foreign")  # an honest person empties the bed first
        busy = busy._replace(running=FOREIGN, word="run", shown=FOREIGN, part=True)
        yield "foreign print begins", busy, ()


def _recovered(s: State, v: Variant) -> State:
    s = s._replace(up=True)
    number = open_job(s)
    if number is None:
        return s
    if s.jobs[number].state in (CLAIMED, UPLOADED):
        return _requeue(_without(s, name_of(s.jobs[number].token, v)), number)
    return s._replace(step=("wait", 0)) if s.jobs[number].state == STARTING else s
