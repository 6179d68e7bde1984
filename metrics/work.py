"""Figures of the queue, of what was printed, and of what the fleet was asked. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from job_queue.history.tallies import PrinterTally, Statistics
from job_queue.job import JobState
from job_queue.records import QueueState
from metrics.families import counter, gauge, one
from printers.counts import UPLOAD_BUCKETS_S, Counts

LIVE = tuple(state for state in JobState if not state.has_ended)
_RESULTS = ("finished", "failed", "cancelled", "not_started")


def queue_families(queue: QueueState, now: float) -> Iterator[Metric]:
    """``now``: epoch s."""
    states = Counter(job.state for job in queue.jobs.values())
    yield gauge(
        "farm_queue_jobs",
        "Jobs that have not ended, by state.",
        ("state",),
        (((state.value,), float(states[state])) for state in LIVE),
    )
    waiting = [
        job.waiting_since or job.created_at
        for job in queue.jobs.values()
        if job.state is JobState.QUEUED
    ]
    oldest = max(0.0, now - min(waiting)) if waiting else 0.0
    yield one("farm_queue_oldest_seconds", "So long has the oldest queued job waited.", oldest)
    yield one("farm_queue_paused", "1 while a person has paused the queue.", float(queue.pause.on))
    yield one(
        "farm_queue_trouble",
        "1 while nothing may start until a person has read why.",
        float(bool(queue.trouble)),
    )
    yield counter(
        "farm_job_claims",
        "Attempts to print something, ever: each has a number of its own.",
        rows=[((), float(queue.next_token - 1))],
    )


def history_families(statistics: Statistics, present: Iterable[str]) -> Iterator[Metric]:
    """Of all records, by the printer they were printed on, also of printers that are gone.
    ``present``: those of the farm now. They begin at 0, or Prometheus would miss the first one."""
    printers = {name: PrinterTally() for name in present} | statistics.printers
    yield counter(
        "farm_prints",
        "Attempts that have ended, by how: of the whole history.",
        ("printer", "result"),
        (
            ((printer, result), float(getattr(known.tally, result)))
            for printer, known in printers.items()
            for result in _RESULTS
        ),
    )
    yield _summed("farm_print_seconds", "From start to end, of all prints.", printers, "seconds")
    yield _summed("farm_filament_grams", "Printed, as the slicers counted it.", printers, "grams")


def _summed(name: str, text: str, printers: Mapping[str, PrinterTally], field: str) -> Metric:
    rows = [((p,), float(getattr(known.tally, field))) for p, known in printers.items()]
    return counter(name, text, ("printer",), rows)


def fleet_families(counts: Counts) -> Iterator[Metric]:
    """Since the farm's start."""
    yield counter(
        "farm_starts",
        "Starts of a print that a printer has taken.",
        ("printer",),
        (((printer,), float(n)) for printer, n in counts.starts.items()),
    )
    yield counter(
        "farm_commands",
        "Commands that a printer has taken.",
        ("printer", "command"),
        ((key, float(n)) for key, n in counts.commands.items()),
    )
    yield counter(
        "farm_refusals",
        "Commands and starts that the farm's gate or the printer refused, by the error's code.",
        ("printer", "code"),
        ((key, float(n)) for key, n in counts.refusals.items()),
    )
    bounds = (*(str(bound) for bound in UPLOAD_BUCKETS_S), "+Inf")
    histogram = HistogramMetricFamily("farm_upload_seconds", "Whole transfers to printers.")
    buckets = [(bound, float(n)) for bound, n in zip(bounds, counts.uploads, strict=True)]
    histogram.add_metric((), buckets, counts.upload_s)
    yield histogram
    yield counter(
        "farm_upload_failures",
        "Transfers that failed or were called off.",
        rows=[((), float(counts.upload_failures))],
    )
