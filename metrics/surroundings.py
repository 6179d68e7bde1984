"""Figures of cameras, alerts, the defect watch and the server itself."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator

from prometheus_client.metrics_core import Metric

from metrics.families import counter, gauge, one
from metrics.sources import Sources


def camera_families(sources: Sources) -> Iterator[Metric]:
    """Nobody looks because of this: a camera that is off stays off."""
    hub = sources.cameras
    known = [(info.id, info.printer_id, hub.status(info.id)) for info in sources.book.all()]
    labels = ("camera", "printer")
    yield gauge(
        "farm_camera_live",
        "1 while there is a picture of now; one that nobody looks at has none.",
        labels,
        (((c, p), float(status.code == "live")) for c, p, status in known),
    )
    yield gauge(
        "farm_camera_wanted",
        "1 while somebody looks or it is kept on.",
        labels,
        (((c, p), float(hub.is_wanted(c))) for c, p, _ in known),
    )
    yield gauge(
        "farm_camera_failures",
        "Attempts that failed in a row, 0 while pictures come.",
        labels,
        (((c, p), float(status.failures)) for c, p, status in known),
    )
    yield gauge(
        "farm_camera_frame_age_seconds",
        "Of the newest picture, where there is one.",
        labels,
        (((c, p), s.age_s) for c, p, s in known if s.age_s is not None),
    )
    yield gauge(
        "farm_camera_frames_per_second",
        "Measured over the last ten seconds.",
        labels,
        (((c, p), status.fps) for c, p, status in known),
    )
    yield counter(
        "farm_camera_frames",
        "Pictures since the farm's start.",
        labels,
        (((c, p), float(status.frames)) for c, p, status in known),
    )
    yield counter(
        "farm_camera_restarts",
        "How often it was opened again after a failure.",
        labels,
        (((c, p), float(status.restarts)) for c, p, status in known),
    )


def alert_families(sources: Sources) -> Iterator[Metric]:
    figures = sources.alerts()
    yield counter(
        "farm_alerts_sent",
        "Messages by what became of them.",
        ("channel", "outcome"),
        ((key, float(n)) for key, n in figures.sent.items()),
    )
    yield gauge(
        "farm_alerts_pending",
        "Messages that wait to be sent; quiet hours count too.",
        ("channel",),
        (((channel,), float(n)) for channel, n in figures.pending.items()),
    )
    yield gauge(
        "farm_incidents_open",
        "What is wrong now and not over, by how soon a person should know.",
        ("level",),
        (((level,), float(n)) for level, n in figures.open_incidents.items()),
    )


def watch_families(sources: Sources) -> Iterator[Metric]:
    """Empty where the defect watch is off."""
    known = sources.watch()
    yield gauge(
        "farm_defect_score",
        "How sure the model is of a defect, 0 to 1, of the running print.",
        ("printer",),
        (((p,), f.score) for p, f in known.items() if f.score is not None),
    )
    yield gauge(
        "farm_defect_blind",
        "1 while the defect watch should look and cannot.",
        ("printer",),
        (((p,), float(f.blind)) for p, f in known.items()),
    )
    yield counter(
        "farm_vision_calls",
        "Pictures that were judged today (UTC).",
        ("printer",),
        (((p,), float(f.calls)) for p, f in known.items()),
    )
    yield counter(
        "farm_vision_cost_usd",
        "What the provider says that has cost today (UTC).",
        ("printer",),
        (((p,), f.cost_usd) for p, f in known.items()),
    )


def server_families(sources: Sources) -> Iterator[Metric]:
    """Beside those of the process, which the library reads."""
    yield gauge("farm_build_info", "Always 1.", ("version",), [((sources.version,), 1.0)])
    yield one("farm_start_time_seconds", "When the farm was started.", sources.started_at)
    yield one("farm_threads", "Threads of the server.", float(threading.active_count()))
    yield one("farm_pages_open", "Browser pages that listen.", float(sources.browsers()))
    disk = shutil.disk_usage(sources.folder)
    yield one("farm_disk_free_bytes", "Left where the farm keeps its data.", float(disk.free))
    yield one("farm_disk_size_bytes", "Of the disk with the farm's data.", float(disk.total))
    connected = sources.mqtt_connected()
    if connected is not None:
        yield one("farm_mqtt_connected", "1 while status goes out to the broker.", float(connected))
