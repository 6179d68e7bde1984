"""The start protocol as a small transition system: store, server, network, printer, person.

One printer, two jobs of the same file, two attempts each. Every write and every effect is a step
of its own, so that a crash can come between any two. Source: reliability-and-security 4.2, 4.3.

Time is not counted: a print that begins and ends without a report read in between is a time in
which nobody watched for long enough (starting/sight.py). Assumptions, each of them one line below:
a start is delivered at most once (QoS 0) and stays under way for as long as it likes, but not for
the length of somebody else's whole print; a printer that took a start in silence shows it before
the quiet period is over; people are honest about what they see, and answer whenever the farm lets
them.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.job_queue.model.state import (
    CLAIMED,
    DONE,
    DOUBT,
    FAILED,
    FOREIGN,
    IDLE_WORKER,
    IN_DOUBT,
    NO_NAME,
    PRINTING,
    QUEUED,
    STARTING,
    UPLOADED,
    Job,
    State,
    Step,
    Variant,
    at_rest,
    end,
    judge_bed,
    name_of,
    open_job,
    requeue,
    spend,
    tidy,
    with_job,
    without,
)


def successors(s: State, v: Variant) -> Iterator[Step]:
    """Every next step, without what can never matter again."""
    for label, then, broken in _steps(s, v):
        yield label, tidy(then, v), broken


def _steps(s: State, v: Variant) -> Iterator[Step]:
    if s.up:
        yield from _claim(s, v)
        yield from _work(s, v)
        yield from _watch(s, v)
        yield from _person(s, v)
        yield from _clean(s)
    yield from _printer(s, v)
    yield from _faults(s, v)


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
            then = with_job(s, number, **job._asdict())
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
            then = s if whole else spend(s, "truncations")
            files = tuple(sorted({f for f in s.files if f[0] != name} | {(name, whole)}))
            label = "X1 file sent" if whole else "X1 file arrived cut"
            yield label, then._replace(files=files, step=("size", 0)), ()


def _size(s: State, number: int, v: Variant) -> Step:
    """W2."""
    name = name_of(s.jobs[number].token, v)
    if v.size and (name, False) in s.files:
        return "SIZE differs, back to the queue", requeue(without(s, name), number), ()
    then = with_job(s, number, state=UPLOADED)._replace(step=("last look", 0))
    return "W2 uploaded", then, ()


def _last_look(s: State, number: int, v: Variant) -> Step:
    if v.own_look:
        s = judge_bed(s, v)
    fine = at_rest(s) and s.shown == s.jobs[number].base and (s.allowed or not v.gate)
    if not fine:
        name = name_of(s.jobs[number].token, v)
        return "last look refuses", requeue(without(s, name), number), ()
    return "last look allows", s._replace(step=("intent" if v.intent else "publish", 0)), ()


def _intent(s: State, number: int, v: Variant) -> Step:
    """W3: the intent, and the permission consumed."""
    if v.gate and v.intent and not s.allowed:
        return "permission gone, back to the queue", requeue(s, number), ()
    tokens = list(s.tokens)
    tokens[s.jobs[number].token - 1] = (number, s.approval)
    then = with_job(s, number, state=STARTING)
    then = then._replace(tokens=tuple(tokens), allowed=False)
    return "W3 intent", then._replace(step=("publish" if v.intent else "wait", 0)), ()


def _publish(s: State, number: int, v: Variant) -> Iterator[Step]:
    """X2, once. Only a refusal in the printer's own words is certain."""
    token = s.jobs[number].token
    after = s._replace(step=("wait" if v.intent else "intent", 0))
    under_way = tuple(sorted((*s.under_way, token)))
    yield "X2 start sent", after._replace(under_way=under_way), ()
    if s.left.losses:
        yield "X2 start lost", spend(after, "losses"), ()
    if s.left.refusals and v.intent:
        back = requeue(without(spend(s, "refusals"), name_of(token, v)), number)
        yield "X2 refused in words, permission back", back._replace(allowed=True), ()


def _time_out(s: State, number: int, v: Variant) -> Step:
    if v.auto:
        return "no echo in time", s._replace(step=("auto", 0)), ()
    return "no echo in time: asks a person", end(s, number, DOUBT, v), ()


def _resolve(s: State, number: int, v: Variant) -> Iterator[Step]:
    """Fence, quiet period, look: in the variant's order, then it is believed."""
    who, at = s.step
    if at == len(v.order):
        then = requeue(s, number)
        yield "believed: not started", then._replace(allowed=who == "auto" and v.give_back), ()
        return
    name = name_of(s.jobs[number].token, v)
    ahead, asks = s._replace(step=(who, at + 1)), end(s, number, DOUBT, v)
    step = v.order[at]
    if step == "fence":
        yield "fence: file deleted", without(ahead, name), ()
        if s.left.refusals:
            yield "fence: refused", spend(asks, "refusals"), ()
    elif step == "quiet" and not s.reading:
        yield ("it moves", asks, ()) if s.running else ("quiet period over", ahead, ())
    elif step == "look":
        fine = at_rest(s) and s.shown == s.jobs[number].base
        yield ("looks as before", ahead, ()) if fine else ("looks otherwise", asks, ())


def _watch(s: State, v: Variant) -> Iterator[Step]:
    """The watcher reads a report."""
    then = judge_bed(s, v)
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
            return with_job(s, number, state=PRINTING)._replace(step=IDLE_WORKER), ()
        other = s.shown not in (NO_NAME, job.base) and job.state != DOUBT
        return (end(s, number, DOUBT, v) if other else s), ()
    if ours and s.word in ("fin", "bad"):
        done = s.word == "fin"
        false = done and job.token not in s.finished
        return end(s, number, DONE if done else FAILED, v), ("false done",) if false else ()
    if job.state == PRINTING and s.word in ("fin", "bad"):
        return end(s, number, DOUBT, v), ()  # an end without its name is no success, nor a failure
    return s, ()


def _clean(s: State) -> Iterator[Step]:
    if not s.debts or open_job(s) is not None or not at_rest(s):
        return
    debt, rest = s.debts[-1], s.debts[:-1]
    if debt > 0:
        fenced = tuple(sorted((*rest, -debt)))
        yield "given-up file deleted", without(s, debt)._replace(debts=fenced), ()
    elif not s.reading:
        yield "quiet after giving up", s._replace(debts=rest), ()


# -- people ------------------------------------------------------------------------------------


def _person(s: State, v: Variant) -> Iterator[Step]:
    number = open_job(s)
    free = number is None or not v.ack_guard
    if v.gate and free and not s.allowed and not s.running and at_rest(s):
        cleared = s._replace(part=False, allowed=True, approval=s.approval + 1, seen=s.shown)
        cleared = cleared._replace(away=False)  # judged first, approved then
        yield "person clears the bed", cleared, ()
    elif not v.gate and s.part and not s.running:
        yield "person takes the part", s._replace(part=False), ()
    if number is None or s.jobs[number].state != DOUBT or s.step != IDLE_WORKER:
        return
    token = s.jobs[number].token
    if s.running == token:
        then = with_job(s, number, state=PRINTING)
        yield "person: it is printing this", then, ()
    elif token in s.begun:
        how = DONE if token in s.finished else FAILED
        yield "person says how it ended", end(s, number, how, v), ()
    else:
        yield "person: it did not start", s._replace(step=("hand", 0)), ()
    debts = tuple(sorted({*s.debts, name_of(token, v)}))
    yield "person gives up", end(s, number, FAILED, v)._replace(debts=debts), ()


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
        how = "foreign print ends, unwatched" if s.away else "foreign print ends"
        yield how, s._replace(running=0, word="fin", shown=shown), ()
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
    then = s._replace(running=token, word="run", shown=name_of(token, v), part=True, away=True)
    return label, then._replace(begun=tuple(sorted((*s.begun, token)))), tuple(broken)


def _faults(s: State, v: Variant) -> Iterator[Step]:
    if s.up and s.left.crashes:
        yield "CRASH", spend(s, "crashes")._replace(up=False, step=IDLE_WORKER), ()
    if not s.up:
        yield "restart", _recovered(s, v), ()
    if s.left.foreign and not s.running and not s.reading:
        busy = spend(s, "foreign")  # an honest person empties the bed first
        busy = busy._replace(running=FOREIGN, word="run", shown=FOREIGN, part=True, away=True)
        yield "foreign print begins", busy, ()


def _recovered(s: State, v: Variant) -> State:
    s = s._replace(up=True)
    number = open_job(s)
    if number is None:
        return s
    if s.jobs[number].state in (CLAIMED, UPLOADED):
        return requeue(without(s, name_of(s.jobs[number].token, v)), number)
    return s._replace(step=("wait", 0)) if s.jobs[number].state == STARTING else s
