"""Pure: the one thing a person can do that lets the most work go on.

A job is stuck when no printer it is for will take it however long it waits: each of them wants a
person first (other filament, a cleared bed, the end of maintenance, …). What would free the most
hours of stuck jobs is said. When none is stuck: what would set an idle printer to work that nothing
waiting may go to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from job_queue.job import Job
from job_queue.matching.match import Candidate, Reason, class_of, of_job, wanted
from slicer.gates.filament_wishes import Need

MOST_CLASSES = 200
"""Kinds of waiting jobs that are looked at, the most urgent first."""
MOST_LOADS = 12
"""Sets of spools that are weighed for one printer."""
LISTED = 20
_TEXTS = {
    "bed_not_clear": "Clear the bed of {name}",
    "maintenance": "End the maintenance of {name}",
    "printer_fault": "Clear the fault of {name}",
    "printer_offline": "Switch on {name}",
    "start_uncertain": "Say what {name} is doing",
    "storage": "Check the memory card of {name}",
}
"""Reason that keeps a printer closed -> what a person does about it."""
_PASSES = frozenset(
    {"printer_busy", "resting", "just_cleared", "printer_connecting", "printer_stale"}
)
"""Over by itself."""

Missing = Callable[[Job, Candidate], tuple[Reason | None, tuple[Need, ...]]]
"""What the file says against that printer, and the spools that alone are missing there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One action. ``code``: "load", or the reason that it takes away. ``printer_id`` "": it is
    about the whole queue."""

    code: str
    printer_id: str
    text: str  # "Load black PETG on Birch: 6 jobs, 14 h"
    jobs: int
    seconds: float  # of printing, as far as estimated
    job_ids: tuple[str, ...] = ()  # the first ones
    stuck: bool = True  # False: the jobs would go on later without it, too


@dataclass(slots=True)
class _Kind:
    """Waiting jobs that every printer answers alike."""

    jobs: list[Job]
    stuck: bool = True

    @property
    def seconds(self) -> float:
        return sum((job.seconds or 0) * job.left for job in self.jobs)


def best(
    jobs: Iterable[Job],
    printers: Sequence[Candidate],
    missing: Missing,
    *,
    now: float,
    auto_assign: bool,
) -> Advice | None:
    """``jobs`` in order. None: nothing waits for a person."""
    names = {p.printer_id: p for p in printers}
    actions: dict[tuple[str, str], list[_Kind]] = defaultdict(list)
    loads: dict[str, list[tuple[tuple[Need, ...], _Kind]]] = defaultdict(list)
    for kind in _kinds(jobs, now, auto_assign):
        _weigh(kind, printers, missing, actions, loads)
    found = [_action(code, names[who], kinds) for (code, who), kinds in actions.items()]
    for who, wants in loads.items():
        found += _loads(names[who], wants)
    useful = [item for item in found if item.jobs]
    since = {p.printer_id: p.ready_since for p in printers}
    return min(
        useful,
        key=lambda a: (not a.stuck, -a.seconds, -a.jobs, since[a.printer_id], a.printer_id),
        default=None,
    )


def resume(jobs: Iterable[Job], *, now: float, auto_assign: bool) -> Advice | None:
    """While the queue is paused nothing else would free anything."""
    waiting = [job for job in jobs if of_job(job, now, auto_assign=auto_assign) is None]
    if not waiting:
        return None
    nowhere = Candidate(printer_id="", name="")
    return _advice("paused", nowhere, "Resume the queue", [_Kind(waiting)])


def _kinds(jobs: Iterable[Job], now: float, auto_assign: bool) -> list[_Kind]:
    found: dict[object, _Kind] = {}
    for job in jobs:
        if of_job(job, now, auto_assign=auto_assign) is not None:
            continue
        key = class_of(job)
        if key in found:
            found[key].jobs.append(job)
        elif len(found) < MOST_CLASSES:
            found[key] = _Kind([job])
    return list(found.values())


def _weigh(
    kind: _Kind,
    printers: Sequence[Candidate],
    missing: Missing,
    actions: dict[tuple[str, str], list[_Kind]],
    loads: dict[str, list[tuple[tuple[Need, ...], _Kind]]],
) -> None:
    """Where one action would be enough for these jobs. Nothing when a printer is free for them."""
    found = [(p, *_way(kind.jobs[0], p, missing)) for p in wanted(kind.jobs[0], printers)]
    if any(way == _NOW for _, way, _ in found):
        return
    kind.stuck = all(way != _LATER for _, way, _ in found)
    for printer, way, needs in found:
        if way in _TEXTS:
            actions[way, printer.printer_id].append(kind)
        elif way == _LOAD and (kind.stuck or printer.closed is None):
            loads[printer.printer_id].append((needs, kind))


_NOW, _LATER, _NEVER, _LOAD = "now", "later", "", "load"


def _way(job: Job, printer: Candidate, missing: Missing) -> tuple[str, tuple[Need, ...]]:
    """How the job could get onto that printer by at most one act of a person: one of the four
    above, or a code of _TEXTS. With "load" the spools."""
    code = printer.closed.code if printer.closed is not None else ""
    passes = not code or code in _PASSES
    about_file, needs = missing(job, printer) if printer.reports else (None, ())
    if about_file is not None:
        return (_LOAD if needs and passes else _NEVER), needs
    if not code:
        return _NOW, ()
    return (_LATER if passes else code if code in _TEXTS else _NEVER), ()


def _action(code: str, printer: Candidate, kinds: Sequence[_Kind]) -> Advice:
    return _advice(code, printer, _TEXTS[code].format(name=printer.name), kinds)


def _loads(printer: Candidate, wants: Sequence[tuple[tuple[Need, ...], _Kind]]) -> list[Advice]:
    """For every set of spools that some job there needs: what all it would serve."""
    found = []
    for spools in list(dict.fromkeys(needs for needs, _ in wants))[:MOST_LOADS]:
        served = [
            (needs, kind)
            for needs, kind in wants
            if all(any(spool.covers(need) for spool in spools) for need in needs)
        ]
        words = [_words(spool, served) for spool in spools]
        text = f"Load {' and '.join(dict.fromkeys(words))} on {printer.name}"
        found.append(_advice("load", printer, text, [kind for _, kind in served]))
    return found


def _words(spool: Need, served: Sequence[tuple[tuple[Need, ...], _Kind]]) -> str:
    """The colour that all of them have in their files, where any would do."""
    if spool.family:
        return spool.text
    hints = {n.family or n.hint for needs, _ in served for n in needs if spool.covers(n)}
    return spool.text if len(hints) == 1 else spool.type


def _advice(code: str, printer: Candidate, text: str, kinds: Sequence[_Kind]) -> Advice:
    """Of stuck jobs alone, as long as there are any."""
    stuck = any(kind.stuck for kind in kinds)
    counted = [kind for kind in kinds if kind.stuck or not stuck]
    jobs = [job for kind in counted for job in kind.jobs]
    seconds = sum(kind.seconds for kind in counted)
    return Advice(
        code=code,
        printer_id=printer.printer_id,
        text=f"{text}: {_amount(len(jobs), seconds)}",
        jobs=len(jobs),
        seconds=seconds,
        job_ids=tuple(job.id for job in jobs[:LISTED]),
        stuck=stuck,
    )


def _amount(jobs: int, seconds: float) -> str:
    """ "6 jobs, 14 h" """
    words = "1 job" if jobs == 1 else f"{jobs:,} jobs"
    if seconds >= 5400:
        return f"{words}, {seconds / 3600:.0f} h"
    return f"{words}, {max(1, round(seconds / 60))} min" if seconds else words
