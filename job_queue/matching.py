"""Pure: may this job go to that printer now, and if not, why; and which of several is fair.

Every answer is a code and a sentence. Sentences about the file come from the gates by way of
fit.require_start, those about the printer from printers/safety.py: the dialog, the API and the
dispatcher say the same words because they use the same functions.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from job_queue.job import Job, JobState
from job_queue.target import folded


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a job waits. ``printer_id`` "" = whatever the printer."""

    code: str
    text: str
    printer_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A printer as the queue wants to know it now."""

    printer_id: str
    name: str
    models: frozenset[str] = frozenset()  # its names and codes, folded
    tags: frozenset[str] = frozenset()  # its tags and its group, folded
    reports: bool = True  # without a report nothing can be said about files
    closed: Reason | None = None  # state, bed, maintenance, fault, …; None = free
    ready_since: float = 0.0  # epoch s; since when the bed has been clear
    hours: float | None = None  # of printing, as far as the farm knows


@dataclass(frozen=True, slots=True)
class Match:
    job_id: str
    printer_id: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a waiting job is told: one sentence, and the first reasons behind it."""

    text: str = ""
    why: tuple[Reason, ...] = ()


Fits = Callable[[Job, Candidate], Reason | None]
"""What speaks against a job's file on a printer, whatever the printer does; None = nothing."""
WHY_SHOWN = 4
_WORDS = {
    "printer_busy": "busy",
    "bed_not_clear": "with a bed to clear",
    "maintenance": "in maintenance",
    "printer_fault": "with a fault",
    "printer_offline": "offline",
    "resting": "resting after a failed try",
}
_MAY_PASS = frozenset({"confirm_needed", "being_read"})
"""What the gates say against a file today and may not say tomorrow."""


def class_of(job: Job) -> tuple[Any, ...]:
    """Jobs of one class get the same answers from every printer."""
    options = tuple(sorted(job.options.items())) if job.options else ()
    return job.file_id, job.plate, job.target, job.ams_wanted, options, job.confirm, job.filaments


def of_job(job: Job, now: float, *, auto_assign: bool) -> Reason | None:
    """What keeps a waiting job from any printer."""
    if job.state is JobState.HELD:
        text = f"Held. {job.error.text}" if job.error else "Held until somebody releases it."
        return Reason("held", text)
    if job.not_before is not None and now < job.not_before:
        return Reason("not_before", "It is not to start yet.")
    if not auto_assign and not job.target.one_printer:
        text = "Choosing printers is switched off in config.json; choose one for this job."
        return Reason("auto_assign_off", text)
    return None


def of_pair(job: Job, printer: Candidate, fits: Fits) -> list[Reason]:
    """Everything against this job on that printer now; [] = it may go. What the file says comes
    first, and alone where no person's yes could change it."""
    about_file = fits(job, printer) if printer.reports else None
    reasons = [reason for reason in (about_file, printer.closed) if reason is not None]
    if about_file is not None and about_file.code not in _MAY_PASS:
        reasons = [about_file]
    return [Reason(r.code, r.text, printer.printer_id) for r in reasons]


def wanted(job: Job, printers: Iterable[Candidate]) -> list[Candidate]:
    """The printers that the job's target means."""
    target = job.target
    return [p for p in printers if target.wants(p.printer_id, p.models, p.tags)]


def choose(job: Job, printers: Sequence[Candidate]) -> Candidate:
    """The fair one: longest ready, then fewest hours where all are known, and among equals by
    a number that is another one for every job, never by name."""
    known = all(p.hours is not None for p in printers)

    def fairness(printer: Candidate) -> tuple[float, float, int]:
        hours = printer.hours if known and printer.hours is not None else 0.0
        lot = zlib.crc32(f"{job.id} {printer.printer_id}".encode())
        return printer.ready_since, hours, lot

    return min(printers, key=fairness)


def assign(
    jobs: Iterable[Job],
    printers: Sequence[Candidate],
    fits: Fits,
    *,
    slots: int,
    now: float,
    auto_assign: bool,
) -> list[Match]:
    """Who goes where in this pass. ``jobs`` in the order in which they are considered; ``slots``:
    how many more transfers may begin. One match per printer, one per copy."""
    free = {p.printer_id: p for p in printers if p.closed is None}
    takers: dict[tuple[Any, ...], set[str]] = {}
    matches: list[Match] = []
    for job in jobs:
        if not free or len(matches) >= slots:
            break
        if of_job(job, now, auto_assign=auto_assign) is not None:
            continue
        kind = class_of(job)
        if kind not in takers:
            takers[kind] = {p.printer_id for p in wanted(job, free.values()) if not fits(job, p)}
        able = takers[kind]
        able &= free.keys()
        for _ in range(min(job.left, len(able), slots - len(matches))):
            chosen = choose(job, [free[name] for name in able])
            matches.append(Match(job.id, chosen.printer_id))
            able.discard(chosen.printer_id)
            del free[chosen.printer_id]
    return matches


def explain(
    job: Job,
    printers: Sequence[Candidate],
    fits: Fits,
    *,
    now: float,
    auto_assign: bool,
    full: Reason | None = None,
) -> list[Reason]:
    """Why this waiting job is not under way: of the job itself, then of each printer it may go
    to. ``full``: what a printer that could take it has to wait for. [] = nothing is in its way."""
    own = of_job(job, now, auto_assign=auto_assign)
    meant = wanted(job, printers)
    reasons = [] if own is None else [own]
    if not meant:
        text = f"The farm has no printer for this job: it is for {job.target.text()}."
        reasons.append(Reason("no_printer", text))
    for printer in meant:
        found = of_pair(job, printer, fits)
        if not found and full is not None:
            found = [Reason(full.code, full.text, printer.printer_id)]
        reasons += found
    return reasons


def summary(job: Job, printers: Sequence[Candidate], fits: Fits) -> Outlook:
    """The printers' part of ``explain`` in one sentence; the same for all jobs of a class."""
    meant = wanted(job, printers)
    if not meant:
        reasons = explain(job, printers, fits, now=inf, auto_assign=True)
        return Outlook(reasons[-1].text, tuple(reasons[-1:]))
    by_printer = [(p, of_pair(job, p, fits)) for p in meant]
    why = tuple(reason for _, reasons in by_printer for reason in reasons)[:WHY_SHOWN]
    if any(not reasons for _, reasons in by_printer):
        return Outlook("Next in line.", why)
    fitting = [reasons[0] for p, reasons in by_printer if _is_of_printer(p, reasons[0])]
    if not fitting:
        ask = next((r for _, rs in by_printer for r in rs if r.code == "confirm_needed"), None)
        if ask is not None:
            return Outlook(f"Needs a yes: {ask.text}", why)
        head = "" if len(meant) == 1 else f"None of {len(meant)} printers can take it: "
        return Outlook(f"{head}{by_printer[0][1][0].text}", why)
    if len(fitting) == 1:
        return Outlook(fitting[0].text, why)
    counts = Counter(_WORDS.get(reason.code, "not available") for reason in fitting)
    parts = ", ".join(f"{number} {word}" for word, number in counts.most_common())
    return Outlook(f"Waits for one of {len(fitting)} printers: {parts}.", why)


def _is_of_printer(printer: Candidate, reason: Reason) -> bool:
    return printer.closed is not None and reason.code == printer.closed.code


def names_of(*names: str) -> frozenset[str]:
    """Names as targets are compared with, without the empty ones."""
    return frozenset(folded(name) for name in names if name)
