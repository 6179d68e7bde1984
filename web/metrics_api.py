"""GET /metrics for Prometheus: behind the same sign-in as everything, or its own token."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Flask, Response, current_app

from core.errors import NotFound
from metrics.collector import CONTENT_TYPE, Metrics
from metrics.sources import Sources
from web.services import Services, services

blueprint = Blueprint("metrics", __name__)
_EXTENSION = "farm.metrics"


def install(app: Flask, s: Services) -> None:
    app.extensions[_EXTENSION] = Metrics(sources_of(s))


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
    )


@blueprint.get("/metrics")
def page() -> Response:
    if not services().config.metrics.enabled:
        raise NotFound("Metrics are switched off in config.json.", code="metrics_off")
    found = cast(Metrics, current_app.extensions[_EXTENSION])
    return Response(found.page(), content_type=CONTENT_TYPE)
