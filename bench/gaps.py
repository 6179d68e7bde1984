"""How long a printer stood between two prints, and whose time that was."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from bench.audit import Archive
from bench.people import Approval, Diary
from bench.records import token_of
from bench.workshop import Json
from job_queue.job import Job


@dataclass(frozen=True)
class Gap:
    """All in real seconds, by the machines' own clock."""

    printer_id: str
    idle_s: float  # from the end of a print to the beginning of the next
    human_s: float  # of that, until the bed was called clear
    farm_s: float  # of that, from then on
    choosing_s: float  # of the farm's: until the job was given to this printer
    sending_s: float  # transfer, proof of the size, the last look
    beginning_s: float  # from the intent until the machine began


def gaps_of(truth: Mapping[str, Json], diary: Diary, archive: Archive) -> list[Gap]:
    """Of all prints that followed one another, with an approval and a job in between."""
    words: dict[str, list[Approval]] = {}
    for word in diary.approvals:
        words.setdefault(word.printer_id, []).append(word)
    jobs = {job.token: job for job in archive.jobs.values() if job.token}
    found = []
    for name, machine in truth.items():
        prints = machine["prints"]
        for before, after in itertools.pairwise(prints):
            if before["ended"] is None:
                continue
            own = [w for w in words.get(name, []) if before["ended"] <= w.at <= after["began"]]
            job = jobs.get(token_of(after["file"]) or 0)
            if own and job is not None and job.claimed_at and job.started_at:
                found.append(_gap(name, before["ended"], own[0].at, job, after["began"]))
    return found


def _gap(name: str, ended: float, approved: float, job: Job, began: float) -> Gap:
    claimed, started = job.claimed_at or approved, job.started_at or approved
    return Gap(
        printer_id=name,
        idle_s=began - ended,
        human_s=approved - ended,
        farm_s=began - approved,
        choosing_s=max(0.0, claimed - approved),
        sending_s=started - claimed,
        beginning_s=began - started,
    )
