"""Moonraker's own record of prints: which job runs, and how the last one ended.

Seen on a real server: a Moonraker that was killed in mid-print marks the job "interrupted" while
Klipper prints on, so that word, and "server_exit", say nothing about the print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from printers.moonraker.values import dicts, mapping, name

ENDS = {
    "completed": "finished",
    "cancelled": "cancelled",
    "error": "failed",
    "klippy_shutdown": "failed",
    "klippy_disconnect": "failed",
}
"""status -> JobProgress.ended; whatever is missing here proves nothing."""
_OPEN = frozenset({"in_progress", "interrupted", "server_exit"})


@dataclass(frozen=True, slots=True)
class HistoryJob:
    """One entry, as far as it is evidence."""

    job_id: str
    filename: str
    status: str

    @property
    def task_id(self) -> str:
        return f"history:{self.job_id}" if self.job_id else ""

    @property
    def ended(self) -> str:
        """ "finished", "cancelled", "failed", or "" when this record does not tell."""
        return ENDS.get(self.status, "")

    @property
    def may_run(self) -> bool:
        """Whether Klipper may still print it."""
        return self.status in _OPEN


def read_job(raw: Mapping[str, Any]) -> HistoryJob | None:
    """One job of server.history.list or notify_history_changed; None without a file's name."""
    filename = name(raw.get("filename"))
    if not filename:
        return None
    return HistoryJob(name(raw.get("job_id"))[:64], filename, name(raw.get("status"))[:64])


def newest(result: object) -> HistoryJob | None:
    """Of the answer to server.history.list with limit 1, newest first."""
    jobs = dicts(mapping(result).get("jobs"))
    return read_job(jobs[0]) if jobs else None
