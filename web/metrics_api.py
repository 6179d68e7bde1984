"""GET /metrics for Prometheus: behind the same sign-in as everything, or its own token."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, Response, current_app

from alerts.defects.view import BLIND
from alerts.model import Level
from core.errors import NotFound
from metrics.sources import AlertFigures, Sources, WatchFigures
from web.services import Services, services

if TYPE_CHECKING:
    from alerts.build import AlertRoom
    from alerts.defects.build import DefectRoom
    from metrics.collector import Metrics

blueprint = Blueprint("metrics", __name__)
OUTCOMES = ("sent", "failed", "expired", "unclear")
_EXTENSION = "farm.metrics"


class Page:
    """Made at the first scrape: a farm that nobody scrapes does not carry the library."""

    def __init__(self, s: Services) -> None:
        self._services = s
        self._lock = Lock()
        self._metrics: Metrics | None = None

    def response(self) -> Response:
        from metrics.collector import CONTENT_TYPE, Metrics

        with self._lock:
            if self._metrics is None:
                self._metrics = Metrics(sources_of(self._services))
        return Response(self._metrics.page(), content_type=CONTENT_TYPE)


def install(app: Flask, s: Services) -> None:
    app.extensions[_EXTENSION] = Page(s)


def sources_of(s: Services) -> Sources:
    """Everything is asked at each scrape: what is switched on later counts from then on."""
    return Sources(
        version=s.version,
        started_at=s.started_at,
        clock=s.clock,
        folder=s.config.data_dir,
        snapshots=s.registry.all,
        counts=s.fleet.counts.read,
        queue=s.jobs.view,
        statistics=s.archive.statistics,
        cameras=s.cameras,
        book=s.book,
        browsers=lambda: s.hub.browsers,
        alerts=lambda: alert_figures(s.alerts),
        watch=lambda: watch_figures(s.alerts.defects, list(s.fleet.configs)),
        mqtt_connected=lambda: _connected(s.mqtt.status()),
    )


def alert_figures(room: AlertRoom) -> AlertFigures:
    """Every channel with every outcome, from 0 on: Prometheus would miss the first one else."""
    channels = room.deliveries.status()
    none = {(channel.name, outcome): 0 for channel in channels for outcome in OUTCOMES}
    opened = Counter(str(incident.level) for incident in room.incidents.open())
    return AlertFigures(
        sent=none | room.log.counters(),
        pending={channel.name: channel.pending for channel in channels},
        open_incidents={str(level): opened[str(level)] for level in Level},
    )


def watch_figures(room: DefectRoom, printer_ids: Sequence[str]) -> dict[str, WatchFigures]:
    """Questions and price are of the day (UTC), as the watch counts them."""
    return {
        one["printer_id"]: WatchFigures(
            score=one.get("score"),
            blind=one["state"] == BLIND,
            calls=one["calls"],
            cost_usd=one["usd"],
        )
        for one in room.overview(printer_ids)["printers"]
    }


def _connected(status: Mapping[str, Any]) -> bool | None:
    return status["state"] == "online" if status["enabled"] else None


@blueprint.get("/metrics")
def page() -> Response:
    if not services().config.metrics.enabled:
        raise NotFound("Metrics are switched off in config.json.", code="metrics_off")
    found: Page = current_app.extensions[_EXTENSION]
    return found.response()
