"""Jobs and records as JSON, and back. Unknown keys are dropped, wrong types are refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from typing import Any

from core import jsonio
from job_queue.job import Baseline, Evidence, Job, JobError, JobState
from job_queue.records import BedRecord, Cleanup, Maintenance, PrinterRecord, QueueState
from job_queue.store import open_jobs_of

SCHEMA = 1


class Damaged(Exception):
    """The content is not what the farm wrote."""


class Newer(Exception):
    """Written by a later version of the farm."""


def _plain(value: Any) -> Any:
    return jsonio.loads(jsonio.dumps(value))


class Encoder:
    """Turns states into bytes; remembers jobs that have not changed since the last one."""

    def __init__(self) -> None:
        self._plain: dict[str, tuple[Job, Any]] = {}

    def encode(self, state: QueueState, written_at: float) -> bytes:
        """The file's bytes: readable, sorted, with the SHA-256 of all but that line."""
        self._plain = {job_id: self._job(job) for job_id, job in state.jobs.items()}
        body = {
            "schema": SCHEMA,
            "rev": state.rev,
            "written_at": written_at,
            "jobs": [plain for _, plain in self._plain.values()],
            "printers": _plain(state.printers),
            "cleanup": _plain(state.cleanup),
            "next_token": state.next_token,
            "next_id": state.next_id,
            "trouble": state.trouble,
        }
        return jsonio.dumps_pretty({**body, "sha256": _digest(body)})

    def _job(self, job: Job) -> tuple[Job, Any]:
        known = self._plain.get(job.id)
        return known if known is not None and known[0] is job else (job, _plain(job))


def encode(state: QueueState, written_at: float) -> bytes:
    """One state's bytes."""
    return Encoder().encode(state, written_at)


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(jsonio.dumps_pretty(body)).hexdigest()


def decode(raw: bytes) -> QueueState:
    """Raises Damaged or Newer."""
    try:
        data = jsonio.loads(raw)
    except jsonio.JSONDecodeError as error:
        raise Damaged("it is not JSON") from error
    if not isinstance(data, dict):
        raise Damaged("it is not an object")
    schema = data.get("schema")
    if isinstance(schema, int) and schema > SCHEMA:
        raise Newer(f"schema {schema}")
    if schema != SCHEMA:
        raise Damaged("it has no schema this version knows")
    found = data.pop("sha256", None)
    if found != _digest(data):
        raise Damaged("its checksum does not match")
    try:
        return _state(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"it cannot be read ({type(error).__name__}: {error})") from error


def _state(data: dict[str, Any]) -> QueueState:
    jobs = {job.id: job for job in map(_job, data["jobs"])}
    return QueueState(
        rev=int(data["rev"]),
        jobs=jobs,
        open_jobs=open_jobs_of(jobs),
        printers={str(name): _printer(entry) for name, entry in data["printers"].items()},
        cleanup=tuple(Cleanup(**_known(Cleanup, entry)) for entry in data["cleanup"]),
        next_token=int(data["next_token"]),
        next_id=int(data["next_id"]),
        trouble=str(data["trouble"]),
    )


def _known(kind: type[Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of ``entry`` that ``kind`` has; KeyError when one without default is missing."""
    names = {field.name: field for field in fields(kind)}
    for name, field in names.items():
        required = field.default is MISSING and field.default_factory is MISSING
        if required and name not in entry:
            raise KeyError(name)
    return {name: value for name, value in entry.items() if name in names}


def _job(entry: Mapping[str, Any]) -> Job:
    known = _known(Job, entry)
    known["state"] = JobState(known["state"])
    job = Job(**known)
    baseline = Baseline(**_known(Baseline, known.get("baseline", {})))
    error = known.get("error")
    return replace(
        job,
        ams_mapping=tuple(int(index) for index in job.ams_mapping),
        options=dict(job.options),
        confirm=tuple(job.confirm),
        baseline=replace(baseline, faults=tuple(baseline.faults)),
        error=JobError(**_known(JobError, error)) if error else None,
        evidence=tuple(Evidence(**_known(Evidence, item)) for item in known.get("evidence", ())),
    )


def _printer(entry: Mapping[str, Any]) -> PrinterRecord:
    bed = entry.get("bed")
    return PrinterRecord(
        bed=BedRecord(**_known(BedRecord, bed)) if bed else None,
        maintenance=Maintenance(**_known(Maintenance, entry.get("maintenance") or {})),
    )
