"""Pure: what a rig is told about its printer, and when a layer begins (cameras-and-rig 6)."""

from __future__ import annotations

from typing import Any

from printers.status import JobProgress, PrinterState, PrinterStatus

Json = dict[str, Any]


def job_key(job: JobProgress | None) -> str:
    """The same for the whole print, another for the next: the printer's id, else its file."""
    if job is None:
        return ""
    return next((i for i in (job.task_id, job.subtask_id) if i not in ("", "0")), job.file)


class PrinterWatch:
    """Of one printer. Messages are for the rig as docs/rig.md has them."""

    def __init__(self) -> None:
        self._told: tuple[str, str] = ("", "")
        self._layer: tuple[str, int] = ("", 0)

    def see(self, status: PrinterStatus) -> list[Json]:
        """What this report makes worth telling."""
        messages: list[Json] = []
        job, known = job_key(status.job), status.state.is_connected
        if status.state.is_at_rest:
            self._layer = ("", 0)  # the same file once more has the same key, and begins anew
        if known and (told := (status.state.value, job)) != self._told:
            self._told = told
            messages.append(_printer(status, job))
        layer = self._new_layer(status, job)
        if layer:
            messages.append({"t": "layer", "layer": layer, "job": job})
        return messages

    def now(self, status: PrinterStatus) -> list[Json]:
        """For a rig that has just come: the printer as it is, without a trigger."""
        if not status.state.is_connected:
            return []
        return [_printer(status, job_key(status.job))]

    def _new_layer(self, status: PrinterStatus, job: str) -> int:
        """Only upwards within one job: reports jump back after a reconnect."""
        layer = status.job.layer if status.job is not None else None
        if status.state is not PrinterState.PRINTING or not layer:
            return 0
        known_job, known = self._layer
        if job == known_job and layer <= known:
            return 0
        self._layer = (job, layer)
        return layer


def _printer(status: PrinterStatus, job: str) -> Json:
    name = status.job.name if status.job is not None else ""
    return {"t": "printer", "state": status.state.value, "job": job, "name": name[:200]}
