"""GET /metrics: one look at everything, in Prometheus' text format 0.0.4."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from job_queue.history.wanted import Wanted
from metrics.families import counter
from metrics.printers import printer_families
from metrics.sources import Sources
from metrics.surroundings import alert_families, camera_families, server_families, watch_families
from metrics.work import fleet_families, history_families, queue_families

logger = logging.getLogger(__name__)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""Every Prometheus reads it; from 1.0.0 on names could be quoted, which ours never are."""

Part = Callable[[], Iterator[Metric]]


class FarmCollector(Collector):
    """What the library asks. A part that fails is left out, and counted; the others are told."""

    def __init__(self, sources: Sources) -> None:
        clock = sources.clock
        self._parts: Mapping[str, Part] = {
            "server": lambda: server_families(sources),
            "printers": lambda: printer_families(sources.snapshots(), clock.monotonic()),
            "queue": lambda: queue_families(sources.queue(), clock.time()),
            "fleet": lambda: fleet_families(sources.counts()),
            "history": lambda: history_families(
                sources.statistics(Wanted()), [s.status.printer_id for s in sources.snapshots()]
            ),
            "cameras": lambda: camera_families(sources),
            "alerts": lambda: alert_families(sources),
            "watch": lambda: watch_families(sources),
        }
        self._failures: Counter[str] = Counter()
        self._broken: set[str] = set()

    def collect(self) -> Iterator[Metric]:
        for name, part in self._parts.items():
            yield from self._whole(name, part)
        yield counter(
            "farm_metrics_failures",
            "How often a part of this page could not be told.",
            ("part",),
            (((name,), float(self._failures[name])) for name in self._parts),
        )

    def _whole(self, name: str, part: Part) -> list[Metric]:
        """All of a part or nothing: half of it would look like printers that are gone."""
        try:
            found = list(part())
        except Exception:
            self._failures[name] += 1
            if name not in self._broken:  # every 15 s the same would fill the log
                logger.exception("metrics: the part %s could not be told", name)
            self._broken.add(name)
            return []
        self._broken.discard(name)
        return found


class Metrics:
    """Thread-safe: one scrape at a time."""

    def __init__(self, sources: Sources) -> None:
        self._lock = threading.Lock()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(FarmCollector(sources))
        ProcessCollector(registry=self._registry)  # CPU, memory, files; only where there is /proc

    def page(self) -> bytes:
        """The answer's body."""
        with self._lock:
            return generate_latest(self._registry)
