"""What a printer does not know itself: when its job began, what comes next, how the farm is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from job_queue.forecast.prediction import Forecast
from job_queue.records import QueueState
from mqtt_out.bands import iso
from mqtt_out.words import is_online
from printers.display import display_state
from printers.registry import Snapshot

Json = dict[str, Any]
_NEEDED = frozenset({"fault", "paused", "needs_human", "auth", "identity", "misconfigured"})
_WORKING = frozenset({"printing", "preparing", "uploading", "stopping", "paused"})


class Facts(Protocol):
    """Cheap enough to be asked for every printer every second; never waits."""

    def started_at(self, printer_id: str) -> float | None:
        """Epoch s at which its open job of the farm began to print."""

    def next_job(self, printer_id: str) -> str:
        """The file that the forecast puts there next, "" = none."""

    def defect(self, printer_id: str) -> Json:
        """``defect`` and ``defect_score`` while a defect watch looks at it, else {}."""

    def farm(self, snapshots: list[Snapshot], mono: float) -> Json:
        """The totals."""


class FarmFacts:
    """Facts from the queue and the forecast."""

    def __init__(
        self,
        view: Callable[[], QueueState],
        forecast: Callable[[], Forecast | None],
        defects: Callable[[str], Mapping[str, Any] | None] = lambda _: None,
    ) -> None:
        """``defects``: {"state", "score", "alarm"} of a printer (DefectRoom.panel), None = nobody
        looks."""
        self._view, self._forecast, self._defects = view, forecast, defects
        self._of: Forecast | None = None
        self._next: dict[str, str] = {}

    def started_at(self, printer_id: str) -> float | None:
        job = self._view().open_jobs.get(printer_id)
        return job.started_at if job else None

    def next_job(self, printer_id: str) -> str:
        forecast = self._forecast()
        if forecast is not self._of:
            self._of = forecast
            lanes = forecast.lanes if forecast else ()
            self._next = {lane.printer_id: lane.planned[0].job_id for lane in lanes if lane.planned}
        job = self._view().jobs.get(self._next.get(printer_id, ""))
        return job.file_name if job else ""

    def defect(self, printer_id: str) -> Json:
        watch = self._defects(printer_id)
        if watch is None:
            return {}
        score = watch.get("score")
        return {
            "defect": watch.get("alarm") in ("defect", "paused"),
            "defect_score": None if score is None else min(100, round(100 * float(score))),
            "defect_watch": watch.get("state"),
        }

    def farm(self, snapshots: list[Snapshot], mono: float) -> Json:
        """Another farm's printers are shown; its beds are not ours to clear, nor free for us."""
        states = [display_state(snapshot, mono)[0] for snapshot in snapshots]
        told = list(zip(snapshots, states, strict=True))
        own = [state for snapshot, state in told if not snapshot.status.shown_only]
        view = self._view()
        waiting = [job for job in view.jobs.values() if job.state.is_waiting]
        forecast = self._forecast()
        return {
            "printers": len(states),
            "online": sum(is_online(snapshot, state) for snapshot, state in told),
            "printing": sum(state in _WORKING for state in states),
            "ready": own.count("ready"),
            "awaiting_plate_clear": own.count("needs_clear"),
            "needs_attention": sum(state in _NEEDED for state in states),
            "queue_length": sum(job.left for job in waiting),
            "queue_paused": view.pause.on,
            "trouble": view.trouble or None,
            "all_done_at": iso(forecast.all_done_at) if forecast else None,
        }
