"""Jobs and records as JSON, and back. Unknown keys are dropped, wrong types are refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, replace
from typing import Any

from core import jsonio
from job_queue.job import Attempt, Baseline, Evidence, Job, JobError, JobState
from job_queue.records import (
    BedRecord,
    Cleanup,
    Maintenance,
    Pause,
    PrinterRecord,
    QueueState,
    Staged,
)
from job_queue.store.base import open_jobs_of
from job_queue.target import KINDS, Target
from slicer.gates.filament_wishes import FilamentWish

SCHEMA = 3
"""1: direct starts only, ``target`` was the printer's id. 2: the queue. 3: a journal goes on from
it (journal.py), which an older version would not read."""


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
            "pause": _plain(state.pause),
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


def schema_of(raw: bytes) -> int | None:
    """The schema a file says it has; None when it says none."""
    try:
        data = jsonio.loads(raw)
    except jsonio.JSONDecodeError:
        return None
    schema = data.get("schema") if isinstance(data, dict) else None
    return schema if isinstance(schema, int) else None


def decode(raw: bytes) -> QueueState:
    """A file of this schema or an older one. Raises Damaged or Newer."""
    try:
        data = jsonio.loads(raw)
    except jsonio.JSONDecodeError as error:
        raise Damaged("it is not JSON") from error
    if not isinstance(data, dict):
        raise Damaged("it is not an object")
    schema = data.get("schema")
    if not isinstance(schema, int) or schema < 1:
        raise Damaged("it has no schema this version knows")
    if schema > SCHEMA:
        raise Newer(f"schema {schema}")
    found = data.pop("sha256", None)
    if found != _digest(data):
        raise Damaged("its checksum does not match")
    try:
        for older in range(schema, SCHEMA):
            data = _MIGRATIONS[older](data)
        return _state(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Damaged(f"it cannot be read ({type(error).__name__}: {error})") from error


def _from_1(data: dict[str, Any]) -> dict[str, Any]:
    """Every job was a direct start, and its target the printer's id."""
    jobs = []
    for entry in data["jobs"]:
        target = {"kind": "printer_id", "values": [str(entry["printer_id"])]}
        made = 1 if entry["state"] == JobState.FINISHED.value else 0
        jobs.append({**entry, "target": target, "made": made})
    return {**data, "jobs": jobs}


_MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _from_1,
    2: dict,  # the same content
}
"""Schema -> its content in the next one."""


def _state(data: dict[str, Any]) -> QueueState:
    jobs = {job.id: job for job in map(job_of, data["jobs"])}
    return QueueState(
        rev=int(data["rev"]),
        jobs=jobs,
        open_jobs=open_jobs_of(jobs),
        printers={str(name): printer_of(entry) for name, entry in data["printers"].items()},
        cleanup=tuple(map(cleanup_of, data["cleanup"])),
        next_token=int(data["next_token"]),
        next_id=int(data["next_id"]),
        trouble=str(data["trouble"]),
        pause=pause_of(data.get("pause") or {}),
    )


def _known(kind: type[Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of ``entry`` that ``kind`` has; KeyError when one without default is missing."""
    if kind not in _FIELDS:
        _FIELDS[kind] = _fields(kind)
    required, names = _FIELDS[kind]
    for name in required:
        if name not in entry:
            raise KeyError(name)
    return {name: value for name, value in entry.items() if name in names}


_Names = tuple[tuple[str, ...], frozenset[str]]
_FIELDS: dict[type[Any], _Names] = {}


def _fields(kind: type[Any]) -> _Names:
    """The names without a default, and all."""
    found = fields(kind)
    required = [f for f in found if f.default is MISSING and f.default_factory is MISSING]
    return tuple(f.name for f in required), frozenset(f.name for f in found)


def job_of(entry: Mapping[str, Any]) -> Job:
    known = _known(Job, entry)
    known["state"] = JobState(known["state"])
    job = Job(**known)
    wanted = job.ams_wanted
    return replace(
        job,
        ams_mapping=tuple(int(index) for index in job.ams_mapping),
        ams_wanted=None if wanted is None else tuple(int(index) for index in wanted),
        options=dict(job.options),
        confirm=tuple(job.confirm),
        target=_target(entry["target"]),
        filaments=tuple(
            FilamentWish(**_known(FilamentWish, wish)) for wish in entry.get("filaments", ())
        ),
        attempts=tuple(map(_attempt, entry.get("attempts", ()))),
        **_told(entry),
    )


def _attempt(entry: Mapping[str, Any]) -> Attempt:
    return replace(Attempt(**_known(Attempt, entry)), **_told(entry))


def _told(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that a job and its past attempts have alike."""
    baseline = Baseline(**_known(Baseline, entry.get("baseline", {})))
    error = entry.get("error")
    return {
        "baseline": replace(baseline, faults=tuple(baseline.faults)),
        "error": JobError(**_known(JobError, error)) if error else None,
        "evidence": tuple(Evidence(**_known(Evidence, i)) for i in entry.get("evidence", ())),
    }


def _target(entry: Mapping[str, Any]) -> Target:
    kind, values = str(entry["kind"]), tuple(str(value) for value in entry["values"])
    if kind not in KINDS or bool(values) is (kind == "any"):
        raise ValueError(f"no target: {kind}")
    return Target(kind, values)


def printer_of(entry: Mapping[str, Any]) -> PrinterRecord:
    bed = entry.get("bed")
    return PrinterRecord(
        bed=BedRecord(**_known(BedRecord, bed)) if bed else None,
        maintenance=Maintenance(**_known(Maintenance, entry.get("maintenance") or {})),
    )


def cleanup_of(entry: Mapping[str, Any]) -> Cleanup:
    staged = entry.get("staged")
    item = Cleanup(**_known(Cleanup, entry))
    return replace(item, staged=Staged(**_known(Staged, staged)) if staged else None)


def pause_of(entry: Mapping[str, Any]) -> Pause:
    return Pause(**_known(Pause, entry))
