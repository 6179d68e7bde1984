"""Pure: the waiting jobs in order, and for every printer the first of them that it may take.

Jobs of one class get the same answers from every printer, so a printer is asked about classes, and
keeps for each class it is meant for the place of that class's first job. A class that loses its
first job or does not fit is only noticed when its place comes to the front.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heapreplace
from math import inf
from typing import Any

from job_queue.job import Job
from job_queue.matching import match
from job_queue.matching.match import Candidate, Fits
from job_queue.target import Target


class Kind:
    """Waiting jobs of one class, in order."""

    __slots__ = ("_at", "_places", "able", "front", "meant", "number", "sample")

    def __init__(
        self, number: int, sample: Job, meant: frozenset[int], able: dict[int, bool]
    ) -> None:
        self.number = number
        self.sample = sample
        self.meant = meant  # printers of its target
        self.able = able  # by printer, as far as asked; one for all targets of a file
        self.arrange([])

    def arrange(self, places: list[int]) -> None:
        """The places of its jobs in the order."""
        self._places, self._at = places, 0
        self.front = places[0] if places else -1  # the first one's; -1 when none is left

    def drop_first(self) -> None:
        self._at += 1
        self.front = self._places[self._at] if self._at < len(self._places) else -1


class Line:
    """Printers are numbers: their places in ``printers``."""

    def __init__(self, printers: Sequence[Candidate], fits: Fits) -> None:
        self._printers = printers
        self._fits = fits
        self._kinds: dict[tuple[Any, ...], Kind] = {}
        self._kind_of: dict[str, Kind] = {}  # by job
        self._meant: dict[Target, frozenset[int]] = {}  # printers by target
        self._able: dict[tuple[Any, ...], dict[int, bool]] = {}  # by file_class_of
        self._order: list[Job] = []
        self._at: list[Kind] = []  # by place in the order
        self._heaps: list[list[int]] = []  # by printer: places of first jobs

    def admit(self, job: Job) -> None:
        """It belongs to the line from the next ``arrange`` on that has it."""
        key = match.class_of(job)
        kind = self._kinds.get(key)
        if kind is None:
            able = self._able.setdefault(match.file_class_of(job), {})
            kind = Kind(len(self._kinds), job, self._meant_by(job), able)
            self._kinds[key] = kind
        self._kind_of[job.id] = kind

    def _meant_by(self, job: Job) -> frozenset[int]:
        known = self._meant.get(job.target)
        if known is None:
            names = {c.printer_id for c in match.wanted(job, self._printers)}
            known = frozenset(i for i, c in enumerate(self._printers) if c.printer_id in names)
            self._meant[job.target] = known
        return known

    def arrange(self, order: list[Job]) -> None:
        """From now on the jobs stand in this order, and only these."""
        self._order = order
        self._at = [self._kind_of[job.id] for job in order]
        standing: dict[Kind, list[int]] = {kind: [] for kind in self._kinds.values()}
        for place, kind in enumerate(self._at):
            standing[kind].append(place)
        firsts: dict[frozenset[int], list[int]] = {}
        for kind, places in standing.items():
            kind.arrange(places)
            firsts.setdefault(kind.meant, []).extend(places[:1])
        self._heaps = [[] for _ in self._printers]
        for meant, places in firsts.items():
            for printer in meant:
                self._heaps[printer] += places
        for heap in self._heaps:
            heap.sort()  # which makes it a heap

    def kind_of(self, job: Job) -> Kind:
        return self._kind_of[job.id]

    def can(self, kind: Kind, printer: int) -> bool:
        """Whether the printer may take jobs of that class, whatever it does now."""
        known = kind.able.get(printer)
        if known is None:
            known = kind.able[printer] = self._fits(kind.sample, self._printers[printer]) is None
        return known

    def front(self, printer: int) -> float:
        """Place of the first job this printer may take; inf: none."""
        heap = self._heaps[printer]
        while heap:
            place = heap[0]
            kind = self._at[place]
            if kind.front != place:  # others took that one
                if kind.front < 0:
                    heappop(heap)
                else:
                    heapreplace(heap, kind.front)
            elif self.can(kind, printer):
                return place
            else:
                heappop(heap)
        return inf

    def at(self, place: int) -> tuple[Job, Kind]:
        return self._order[place], self._at[place]
