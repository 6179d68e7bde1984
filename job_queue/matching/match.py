"""Pure: may this job go to that printer now, and if not, why; and which of several is fair.

Every answer is a code and a sentence. Sentences about the file come from the gates by way of
fit.require_start, those about the printer from printers/safety.py: the dialog, the API and the
dispatcher say the same words because they use the same functions.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from math import inf
from typing import Any, Protocol

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
    opens_in: float | None = None  # s, when that is known
    ready_since: float = 0.0  # epoch s; since when the bed has been clear
    hours: float | None = None  # of printing, as far as the farm knows
    ours: bool = True  # False: another farm's, only shown here; "any printer" does not mean it


@dataclass(frozen=True, slots=True)
class Match:
    job_id: str
    printer_id: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a waiting job is told: one sentence, and the first reasons behind it."""

    text: str = ""
    why: tuple[Reason, ...] = ()
    staged_on: str = ""  # the printer on which its file lies already


Fits = Callable[[Job, Candidate], Reason | None]
"""What speaks against a job's file on a printer, whatever the printer does; None = nothing."""
Changes = Callable[[Job, Candidate], bool]
"""Whether a person would rather change the filament first, although the printer may start."""


class Gate(Protocol):
    """What limits starts besides job and printer: heating.Heat."""

    def against(self, printer: Candidate) -> Reason | None: ...

    def begin(self, printer_id: str) -> None: ...


WHY_SHOWN = 4
_WORDS = {
    "printer_busy": "busy",
    "file_left": "with a file of a given-up job to remove",
    "bed_not_clear": "with a bed to clear",
    "maintenance": "in maintenance",
    "printer_fault": "with a fault",
    "printer_offline": "offline",
    "resting": "resting after a failed try",
    "just_cleared": "cleared just now",
    "heating": "waiting for others to heat up",
    "circuit_too_small": "on too small a circuit",
}
_OF_HEAT = frozenset({"heating", "circuit_too_small"})
_MAY_PASS = frozenset({"confirm_needed", "being_read"})
"""What the gates say against a file today and may not say tomorrow."""


def class_of(job: Job) -> tuple[Any, ...]:
    """Jobs of one class get the same answers from every printer."""
    return job.target.kind, job.target.values, file_class_of(job)


def file_class_of(job: Job) -> tuple[Any, ...]:
    """Jobs with the same get the same answers from the gates, whatever printers they are for."""
    options = tuple(sorted(job.options.items())) if job.options else ()
    return job.file_id, job.plate, job.ams_wanted, options, job.confirm, job.filaments


def is_still(matched: Job, job: Job) -> bool:
    """Whether what was found for ``matched`` is an answer to the job as it is now: nobody has
    changed where, when or of what it is to be printed. Copies sent meanwhile change nothing."""
    return class_of(job) == class_of(matched) and job.not_before == matched.not_before


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


def of_pair(job: Job, printer: Candidate, fits: Fits) -> tuple[Reason, ...]:
    """Everything against this job on that printer now, without the printer's id; () = it may go.
    What the file says comes first, and alone where no person's yes could change it."""
    about_file = fits(job, printer) if printer.reports else None
    if about_file is None:
        return () if printer.closed is None else (printer.closed,)
    if printer.closed is None or about_file.code not in _MAY_PASS:
        return (about_file,)
    return about_file, printer.closed


def _at(printer: Candidate, reason: Reason) -> Reason:
    return Reason(reason.code, reason.text, printer.printer_id)


def wanted(job: Job, printers: Iterable[Candidate]) -> list[Candidate]:
    """The printers that the job's target means. Another farm's has to be named."""
    kind, names = job.target.kind, job.target.values
    if kind in ("printer_id", "printer_ids"):
        return [p for p in printers if p.printer_id in names]
    if kind == "any":
        return [p for p in printers if p.ours]
    name = folded(names[0])
    return [p for p in printers if p.ours and name in (p.models if kind == "model" else p.tags)]


def _no_change(_job: Job, _printer: Candidate) -> bool:
    return False


def choose(job: Job, printers: Sequence[Candidate], changes: Changes = _no_change) -> Candidate:
    """The fair one: with its filament loaded, longest ready, then fewest hours where all are
    known, and among equals by a number that is another one for every job, never by name."""
    if len(printers) == 1:
        return printers[0]
    known = all(p.hours is not None for p in printers)

    def fairness(printer: Candidate) -> tuple[bool, float, float, int]:
        hours = printer.hours if known and printer.hours is not None else 0.0
        lot = zlib.crc32(f"{job.id} {printer.printer_id}".encode())
        return changes(job, printer), printer.ready_since, hours, lot

    return min(printers, key=fairness)


def assign(
    jobs: Iterable[Job],
    printers: Sequence[Candidate],
    fits: Fits,
    *,
    slots: int,
    now: float,
    auto_assign: bool,
    gate: Gate | None = None,
    changes: Changes = _no_change,
    equals: Callable[[Job], Hashable] = lambda job: job.id,
) -> list[Match]:
    """Who goes where in this pass. ``jobs`` in the order in which they are considered; ``slots``:
    how many more transfers may begin. One match per printer, one per copy. Neighbours that are
    ``equals`` may overtake each other where that spares a change of filament."""
    turn = _Turn(printers, fits, slots, gate, changes)
    ready = (job for job in jobs if of_job(job, now, auto_assign=auto_assign) is None)
    for _, group in groupby(ready, key=equals):
        if turn.is_over:
            break
        turn.serve(group)
    return turn.matches


class _Turn:
    """What is left to give in one pass."""

    def __init__(
        self,
        printers: Sequence[Candidate],
        fits: Fits,
        slots: int,
        gate: Gate | None,
        changes: Changes,
    ) -> None:
        self.matches: list[Match] = []
        self._free = {p.printer_id: p for p in printers if p.closed is None}
        self._takers: dict[tuple[Any, ...], set[str]] = {}
        self._fits, self._slots, self._gate, self._changes = fits, slots, gate, changes
        self._bar()

    @property
    def is_over(self) -> bool:
        return not self._free or len(self.matches) >= self._slots

    def serve(self, jobs: Iterable[Job]) -> None:
        """Equals: first those whose filament is loaded, then the rest, each in order."""
        left: list[tuple[Job, int]] = []
        for job in jobs:
            if self.is_over:
                return
            able = self._able(job)
            if not able:
                continue
            loaded = {name for name in able if not self._changes(job, self._free[name])}
            copies = self._give(job, job.left, loaded)
            if copies and able - loaded:
                left.append((job, copies))
        for job, copies in left:
            self._give(job, copies, self._able(job))

    def _able(self, job: Job) -> set[str]:
        """The free printers that may take it."""
        kind = class_of(job)
        if kind not in self._takers:
            meant = wanted(job, self._free.values())
            self._takers[kind] = {p.printer_id for p in meant if not self._fits(job, p)}
        able = self._takers[kind]
        if able:
            able &= self._free.keys()
        return able

    def _give(self, job: Job, copies: int, names: set[str]) -> int:
        """Copies that found no printer among ``names``."""
        names = set(names)
        while copies and names and not self.is_over:
            chosen = choose(job, [self._free[name] for name in names], self._changes)
            self.matches.append(Match(job.id, chosen.printer_id))
            del self._free[chosen.printer_id]
            if self._gate is not None:
                self._gate.begin(chosen.printer_id)
                self._bar()
            names &= self._free.keys()
            copies -= 1
        return copies

    def _bar(self) -> None:
        """Printers that the starts decided so far keep from starting too."""
        if self._gate is not None:
            for name in [n for n, p in self._free.items() if self._gate.against(p) is not None]:
                del self._free[name]


def explain(
    job: Job,
    printers: Sequence[Candidate],
    fits: Fits,
    *,
    now: float,
    auto_assign: bool,
    full: Reason | None = None,
    gate: Gate | None = None,
) -> list[Reason]:
    """Why this waiting job is not under way: of the job itself, then of each printer it may go
    to. ``full``, ``gate``: what a printer that could take it has to wait for. [] = nothing is in
    its way."""
    own = of_job(job, now, auto_assign=auto_assign)
    meant = wanted(job, printers)
    reasons = [] if own is None else [own]
    if not meant:
        text = (
            f"The farm has no printer for this job: it is for {job.target.text()}. "
            "Edit it to choose another."
        )
        reasons.append(Reason("no_printer", text))
    for printer in meant:
        found = of_pair(job, printer, fits) or _of_gates(printer, full, gate)
        reasons += [_at(printer, reason) for reason in found]
    return reasons


def _of_gates(printer: Candidate, full: Reason | None, gate: Gate | None) -> tuple[Reason, ...]:
    reason = full or (gate.against(printer) if gate is not None else None)
    return () if reason is None else (reason,)


def summary(
    job: Job, printers: Sequence[Candidate], fits: Fits, gate: Gate | None = None
) -> Outlook:
    """The printers' part of ``explain`` in one sentence; the same for all jobs of a class."""
    meant = wanted(job, printers)
    if not meant:
        reasons = explain(job, printers, fits, now=inf, auto_assign=True)
        return Outlook(reasons[-1].text, tuple(reasons[-1:]))
    by_printer = [(p, of_pair(job, p, fits) or _of_gates(p, None, gate)) for p in meant]
    why = tuple(islice((_at(p, r) for p, reasons in by_printer for r in reasons), WHY_SHOWN))
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
    """And not of the file."""
    if reason.code in _OF_HEAT:
        return True
    return printer.closed is not None and reason.code == printer.closed.code


def may_pass(reason: Reason) -> bool:
    """Of what a file is refused with: whether it may be gone in a moment."""
    return reason.code in _MAY_PASS


def names_of(*names: str) -> frozenset[str]:
    """Names as targets are compared with, without the empty ones."""
    return frozenset(folded(name) for name in names if name)
