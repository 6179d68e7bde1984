"""Moonraker's job history: made from what it sees of print_stats four times a second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from simulator.moonraker.errors import ServerError

Job = dict[str, Any]
_FINAL = {
    "complete": "completed",
    "cancelled": "cancelled",
    "error": "error",
    "standby": "cancelled",
}
_RUNNING = ("printing", "paused")


class History:
    """Job ids are hexadecimal numbers of six digits. ``changed`` hears every change."""

    def __init__(
        self,
        metadata: Callable[[str], dict[str, Any]],
        exists: Callable[[str, dict[str, Any]], bool],
        changed: Callable[[dict[str, Any]], None],
    ) -> None:
        self._metadata = metadata
        self._exists = exists
        self._changed = changed
        self._jobs: list[Job] = []  # oldest first
        self._current: Job | None = None
        self._state = ""
        self._next = 1
        self._run = 0
        self.user: str | None = None  # who asked for the next job
        self.printed: Callable[[str, str, float], None] = lambda *_: None

    @property
    def state(self) -> str:
        """print_stats.state as last seen; "" when it has not been seen."""
        return self._state

    @property
    def is_running(self) -> bool:
        """Whether a print is known to run or to be paused."""
        return self._state in _RUNNING

    def forget_state(self) -> None:
        """The connection to Klippy is new: what comes first is no change."""
        self._state = ""

    def see(self, stats: dict[str, Any], run: int) -> None:
        """What print_stats says now, in the printer's ``run``-th job."""
        before, now = self._state, str(stats["state"])
        self._state = now
        is_new, self._run = run != self._run and now != "standby", run
        if before and before not in _RUNNING and (now in _RUNNING or is_new):
            self._begin(stats)
        if self._current is not None and now not in _RUNNING:
            self.finish(_FINAL.get(now, now), stats)
        elif self._current is not None:
            self._update(self._current, stats)

    def _begin(self, stats: dict[str, Any]) -> None:
        name = str(stats["filename"])
        started = time.time()
        self._current = {
            "job_id": f"{self._next:06X}",
            "user": self.user or "No User",
            "filename": name,
            "status": "in_progress",
            "start_time": started,
            "end_time": None,
            "print_duration": 0.0,
            "total_duration": 0.0,
            "filament_used": 0.0,
            "metadata": self._metadata(name),
            "auxiliary_data": [],
        }
        self.user = None
        self._next += 1
        self._jobs.append(self._current)
        self._update(self._current, stats)
        self.printed(name, self._current["job_id"], started)
        self._tell("added", self._current)

    def _update(self, job: Job, stats: dict[str, Any]) -> None:
        if stats["filename"] == job["filename"]:
            for key in ("print_duration", "total_duration", "filament_used"):
                job[key] = stats[key]

    def finish(self, status: str, stats: dict[str, Any] | None = None) -> None:
        """completed, cancelled, error, klippy_shutdown, klippy_disconnect or server_exit."""
        job, self._current = self._current, None
        if job is None:
            return
        if stats is not None and stats["state"] != "standby":
            self._update(job, stats)
        job["status"], job["end_time"] = status, time.time()
        self._tell("finished", job)

    def _tell(self, action: str, job: Job) -> None:
        self._changed({"action": action, "job": self._shown(job)})

    def _shown(self, job: Job) -> Job:
        return {**job, "exists": self._exists(job["filename"], job["metadata"])}

    def listing(self, limit: int, start: int, order: str, since: float, before: float) -> Job:
        """For /server/history/list; newest first unless ``order`` is "asc"."""
        jobs = [j for j in self._jobs if since <= j["start_time"] <= before]
        if order != "asc":
            jobs.reverse()
        page = jobs[start : start + limit] if limit > 0 else jobs[start:]
        return {"count": len(page), "jobs": [self._shown(job) for job in page]}

    def job(self, uid: str) -> Job:
        """One job. Raises ServerError 404."""
        for job in self._jobs:
            if job["job_id"] == uid:
                return {"job": self._shown(job)}
        raise ServerError(f"Invalid job uid: {uid}", 404)

    def totals(self) -> Job:
        """For /server/history/totals; a running job does not count."""
        ended = [job for job in self._jobs if job["end_time"] is not None]

        def total(key: str) -> float:
            return float(sum(job[key] for job in ended))

        def most(key: str) -> float:
            return float(max((job[key] for job in ended), default=0.0))

        return {
            "job_totals": {
                "total_jobs": float(len(ended)),
                "total_time": total("total_duration"),
                "total_print_time": total("print_duration"),
                "total_filament_used": total("filament_used"),
                "longest_job": most("total_duration"),
                "longest_print": most("print_duration"),
            },
            "auxiliary_totals": [],
        }
