"""What a rehearsal came to, as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.audit import Archive, prints_of
from bench.gaps import Gap
from bench.mishaps import KINDS, Mishap
from bench.people import Diary
from bench.rows import percentile
from bench.workshop import Json
from job_queue.job import Attempt, Job


@dataclass(frozen=True, kw_only=True)
class Played:
    """All that a rehearsal knows in the end."""

    printers: int
    jobs: int
    copies: int
    scale: float
    began: float
    took_s: float
    archive: Archive
    truth: Mapping[str, Json]
    diary: Diary
    mishaps: Sequence[Mishap]
    gaps: Sequence[Gap]
    violations: Sequence[str]
    sent_ahead: int = 0  # files that lay on a printer before their start
    load: tuple[float, float] = (0.0, 0.0)  # of this machine, before and after


def tables(played: Played) -> str:
    parts = (_whole(played), _gaps(played), _faults(played))
    lines = ["\n".join(part) for part in parts]
    broken = [f"* {text}" for text in played.violations] or ["No promise was broken."]
    return "\n\n".join([*lines, "\n".join(broken)])


def _whole(played: Played) -> Iterator[str]:
    prints = prints_of(played.truth)
    ends = Counter(job.state.value for job in played.archive.jobs.values())
    why = Counter(
        job.error.code for job in played.archive.jobs.values() if job.error and job.state.has_ended
    )
    busy = sum(
        one["ended"] - one["began"]
        for machine in played.truth.values() for one in machine["prints"] if one["ended"]
    )  # fmt: skip
    hours = played.took_s * played.scale / 3600
    yield "| the whole | |"
    yield "|---|---|"
    rows: list[tuple[str, object]] = [
        ("printers, jobs, copies", f"{played.printers}, {played.jobs}, {played.copies}"),
        ("time scale; real time; time in the workshop",
         f"{played.scale:g}; {played.took_s:.0f} s; {hours:.1f} h"),
        ("physical prints", len(prints)),
        ("prints per printer and day in the workshop",
         f"{len(prints) / played.printers / hours * 24:.1f}"),
        ("share of the time that printers printed",
         f"{100 * busy / played.took_s / played.printers:.0f} %"),
        *((f"copies that ended {state}", count) for state, count in sorted(ends.items())),
        *((f"ended with {code}", count) for code, count in sorted(why.items())),
        ("approvals of beds", len(played.diary.approvals)),
        *((f"doubts answered: {word}", n) for word, n in sorted(played.diary.answers.items())),
        *((f"people: {what}", n) for what, n in sorted(played.diary.helped.items())),
        ("broken promises", len(played.violations)),
    ]  # fmt: skip
    for name, value in rows:
        yield f"| {name} | {value} |"


def _columns(gaps: Sequence[Gap]) -> tuple[tuple[str, list[float]], ...]:
    return (
        ("idle", [gap.idle_s for gap in gaps]),
        ("of that people: until the bed is called clear", [gap.human_s for gap in gaps]),
        ("of that the farm: from the approval to heating", [gap.farm_s for gap in gaps]),
        ("the farm: until a job is given to the printer", [gap.choosing_s for gap in gaps]),
        ("the farm: transfer, proof, last look", [gap.sending_s for gap in gaps]),
        ("the farm and the printer: intent until it moves", [gap.beginning_s for gap in gaps]),
    )


def compared(plays: Mapping[str, Played]) -> str:
    """The gaps of several plays side by side."""
    words = list(plays)
    head = " | ".join(f"{word}, p50 | {word}, p95" for word in words)
    lines = [f"| from finish to next start, real s | {head} |", "|---" * (1 + 2 * len(words)) + "|"]
    for row in range(len(_columns(()))):
        columns = [_columns(played.gaps)[row] for played in plays.values()]
        figures = " | ".join(f"{percentile(values, 50):.2f} | {percentile(values, 95):.2f}"
                             for _, values in columns)  # fmt: skip
        lines.append(f"| {columns[0][0]} | {figures} |")
    return "\n".join([*lines, "", *(_ahead(word, played) for word, played in plays.items())])


def _ahead(word: str, played: Played) -> str:
    jobs = [job for job in played.archive.jobs.values() if job.started_at is not None]
    found = sum(job.staged for job in jobs)
    before, after = played.load
    return (f"* {word}: {found} of {len(jobs)} prints found their file on the printer, "
            f"{played.sent_ahead} had been sent ahead; load of the machine {before:.1f} before, "
            f"{after:.1f} after.")  # fmt: skip


def _gaps(played: Played) -> Iterator[str]:
    yield f"| from finish to next start, real s ({len(played.gaps)} gaps) | p50 | p95 | worst |"
    yield "|---|---|---|---|"
    for name, values in _columns(played.gaps):
        worst = max(values, default=float("nan"))
        yield (f"| {name} | {percentile(values, 50):.2f} | {percentile(values, 95):.2f} "
               f"| {worst:.2f} |")  # fmt: skip


def _faults(played: Played) -> Iterator[str]:
    yield f"| fault ({len(played.mishaps)} in all) | times | what became of it |"
    yield "|---|---|---|"
    for kind in KINDS:
        own = [mishap for mishap in played.mishaps if mishap.kind == kind]
        if own:
            became = Counter(_became(mishap, played.archive.jobs.values()) for mishap in own)
            told = "; ".join(f"{count} × {text}" for text, count in became.most_common())
            yield f"| {kind} | {len(own)} | {told} |"


def _became(mishap: Mishap, jobs: Iterable[Job]) -> str:
    """Of the attempt that met it, and of the job in the end."""
    met: list[tuple[float, Job, Attempt | None]] = []
    for job in jobs:
        for attempt in (*job.attempts, None):
            token, printer_id, claimed = (
                (job.token, job.printer_id, job.claimed_at) if attempt is None
                else (attempt.token, attempt.printer_id, attempt.claimed_at)
            )  # fmt: skip
            same = token == mishap.token if mishap.token else printer_id == mishap.printer_id
            if same and claimed and (mishap.token or claimed >= mishap.at):
                met.append((claimed, job, attempt))
    if not met:
        return "nothing was sent there any more"
    _, job, attempt = min(met, key=lambda one: one[0])
    end = job.state.value + (f" ({job.error.code})" if job.error else "")
    if attempt is None:
        return end
    why = attempt.error.code if attempt.error else ""
    return f"attempt {attempt.outcome} ({why}), then {end}"
