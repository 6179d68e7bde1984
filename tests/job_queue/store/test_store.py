"""queue.json: durable, verified, quarantined when damaged, and its invariants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import jsonio
from core.clock import ManualClock
from core.errors import Blocked, StorageError
from job_queue.job import (
    TRANSITIONS,
    Baseline,
    Evidence,
    IllegalTransition,
    Job,
    JobError,
    JobState,
    advance,
)
from job_queue.naming import remote_name
from job_queue.records import BedRecord, Cleanup, Maintenance
from job_queue.store.base import KEEP_ENDED, MAX_TOKEN, first_token
from job_queue.store.codec import SCHEMA, Damaged, decode, encode
from job_queue.store.json_store import JsonJobStore


def a_job(number: int = 1, **changes: Any) -> Job:
    job = Job(
        id=f"j-{number}",
        file_id="f" * 32,
        file_name="Gehäuse 7.gcode.3mf",
        sha256="ab",
        size_bytes=10,
        printer_id=f"p-{number}",
        token=100 + number,
        remote_name=f"x-{number}.gcode.3mf",
        ams_mapping=(0, -1, 254),
        options={"timelapse": True},
        confirm=("unknown_model",),
        baseline=Baseline(state="idle", faults=("0300-400C",), at=1.5),
        error=JobError(code="c", text="t"),
        evidence=(Evidence(at=1.0, text="seen"),),
    )
    return replace(job, **changes)


def filled(folder: Path) -> JsonJobStore:
    store = JsonJobStore(folder, ManualClock())
    with store.transaction() as tx:
        tx.add(a_job())
        tx.set_bed("p-1", BedRecord(clear=True, since=1.0, why="Marked clear"))
        tx.set_maintenance("p-2", Maintenance(on=True, note="belt", since=2.0))
        tx.add_cleanup(Cleanup(printer_id="p-1", remote_name="a", due_at=3.0))
    with store.transaction() as tx:
        tx.touch("j-1", plates=3)
    store.close()
    return store


def test_everything_comes_back(tmp_path: Path) -> None:
    before = filled(tmp_path).view()
    assert JsonJobStore(tmp_path, ManualClock()).view() == before
    assert before.rev == 2 and before.jobs["j-1"].rev == 2
    assert before.open_jobs["p-1"].plates == 3


def test_the_file_is_readable_and_signed(tmp_path: Path) -> None:
    filled(tmp_path)
    data = jsonio.loads((tmp_path / "queue.json").read_bytes())
    assert data["schema"] == SCHEMA and data["rev"] == 2 and len(data["sha256"]) == 64
    assert data["jobs"][0]["state"] == "claimed"
    assert data["printers"]["p-1"]["bed"]["why"] == "Marked clear"


def test_an_unchanged_transaction_writes_nothing(tmp_path: Path) -> None:
    store = filled(tmp_path)
    stamp = (tmp_path / "queue.json").stat().st_mtime_ns
    with store.transaction() as tx:
        tx.job("j-1")
    assert (tmp_path / "queue.json").stat().st_mtime_ns == stamp
    assert store.view().rev == 2


def test_an_exception_leaves_all_as_it_was(tmp_path: Path) -> None:
    store = filled(tmp_path)
    before = store.view()
    with pytest.raises(KeyError), store.transaction() as tx:
        tx.move("j-1", JobState.UPLOADING)
        raise KeyError
    assert store.view() is before
    assert JsonJobStore(tmp_path, ManualClock()).view() == before


def test_one_open_job_per_printer(tmp_path: Path) -> None:
    store = filled(tmp_path)
    with pytest.raises(Blocked) as refused, store.transaction() as tx:
        tx.add(a_job(2, printer_id="p-1"))
    assert refused.value.error_code == "job_open"
    assert list(store.view().jobs) == ["j-1"]


def damage(path: Path, how: str) -> None:
    raw = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "cut": raw[: len(raw) // 2],
            "edited": raw.replace(b'"plates": 3', b'"plates": 4'),
            "garbage": b"\xff\x00" * 100,
            "list": b"[]",
            "no schema": b'{"jobs": []}',
        }[how]
    )


@pytest.mark.parametrize("how", ["empty", "cut", "edited", "garbage", "list", "no schema"])
def test_a_damaged_file_is_kept_and_a_person_told(tmp_path: Path, how: str) -> None:
    """The journal has it all, yet nothing starts before somebody has looked."""
    before = filled(tmp_path).view()
    path = tmp_path / "queue.json"
    damage(path, how)
    damaged = path.read_bytes()
    store = JsonJobStore(tmp_path, ManualClock())
    (kept,) = tmp_path.glob("queue.json.corrupt-*")
    assert kept.read_bytes() == damaged
    assert "queue.json could not be used" in store.trouble
    assert store.view() == replace(before, rev=before.rev + 1, trouble=store.trouble)
    again = JsonJobStore(tmp_path, ManualClock())
    assert again.trouble == store.trouble, "until a person acknowledges"
    again.acknowledge()
    assert JsonJobStore(tmp_path, ManualClock()).trouble == ""


@pytest.mark.parametrize("how", ["empty", "garbage", "list"])
def test_a_copy_without_its_journal_is_distrusted(tmp_path: Path, how: str) -> None:
    before = filled(tmp_path).view()
    store = JsonJobStore(tmp_path, ManualClock())
    with store.transaction() as tx:
        tx.add(a_job(2, state=JobState.QUEUED, printer_id=""))
    damage(tmp_path / "queue.journal", how)
    store = JsonJobStore(tmp_path, ManualClock())
    assert "queue.journal could not be used" in store.trouble
    view = store.view()
    assert list(view.jobs) == ["j-1"] and view.rev > before.rev + 1
    assert view.jobs["j-1"].state is JobState.NEEDS_HUMAN, "a start may be missing in the copy"
    assert view.bed("p-1") is not None and not view.bed("p-1").clear  # type: ignore[union-attr]
    assert view.maintenance("p-2").on
    assert view.next_token > before.next_token and view.next_id > before.next_id


def test_a_job_that_waited_in_a_distrusted_copy_is_held(tmp_path: Path) -> None:
    """It may have been printed since; a person releases it if not."""
    store = filled(tmp_path)
    with store.transaction() as tx:
        tx.add(a_job(2, state=JobState.QUEUED, printer_id=""))
    store.close()
    (tmp_path / "queue.journal").unlink()
    held = JsonJobStore(tmp_path, ManualClock()).view().jobs["j-2"]
    assert held.state is JobState.HELD and "damaged" in held.evidence[-1].text


def test_everything_damaged_begins_empty_but_blocked(tmp_path: Path) -> None:
    filled(tmp_path)
    for name in ("queue.json", "queue.json.bak", "queue.journal"):
        damage(tmp_path / name, "cut")
    store = JsonJobStore(tmp_path, ManualClock())
    assert store.view().jobs == {} and store.trouble
    assert len(list(tmp_path.glob("*.corrupt-*"))) == 4, "the sound rest of the journal too"


def test_a_missing_file_with_a_copy_is_no_fresh_start(tmp_path: Path) -> None:
    filled(tmp_path)
    (tmp_path / "queue.json").unlink()
    store = JsonJobStore(tmp_path, ManualClock())
    assert "j-1" in store.view().jobs and store.trouble


def test_a_newer_file_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "queue.json").write_bytes(b'{"schema": 99}')
    with pytest.raises(StorageError, match="later version"):
        JsonJobStore(tmp_path, ManualClock())
    assert (tmp_path / "queue.json").read_bytes() == b'{"schema": 99}'


def test_two_open_jobs_in_a_signed_file_are_damage(tmp_path: Path) -> None:
    state = filled(tmp_path).view()
    jobs = {**state.jobs, "j-2": a_job(2, printer_id="p-1")}
    (tmp_path / "queue.json").write_bytes(encode(replace(state, jobs=jobs), 0.0))
    assert JsonJobStore(tmp_path, ManualClock()).trouble


@pytest.mark.parametrize("field", ["jobs", "printers", "next_token", "rev"])
def test_signed_nonsense_is_damage(tmp_path: Path, field: str) -> None:
    import hashlib

    filled(tmp_path)
    data = jsonio.loads((tmp_path / "queue.json").read_bytes())
    data.pop("sha256")
    data[field] = "nonsense"
    digest = hashlib.sha256(jsonio.dumps_pretty(data)).hexdigest()
    with pytest.raises(Damaged):
        decode(jsonio.dumps_pretty({**data, "sha256": digest}))


def test_only_the_last_ended_jobs_stay(tmp_path: Path) -> None:
    store = JsonJobStore(tmp_path, ManualClock())
    with store.transaction() as tx:
        for number in range(KEEP_ENDED + 5):
            ended = a_job(number, state=JobState.FINISHED, finished_at=float(number))
            tx.add(ended)
        tx.add(a_job(9999, printer_id="p"))
    jobs = store.view().jobs
    assert len(jobs) == KEEP_ENDED + 1
    assert "j-0" not in jobs and "j-4" not in jobs and "j-5" in jobs and "j-9999" in jobs


def test_tokens_are_never_given_twice(tmp_path: Path) -> None:
    clock = ManualClock()
    store = JsonJobStore(tmp_path, clock)
    tokens = []
    for _ in range(3):
        with store.transaction() as tx:
            tokens.append(tx.new_token(frozenset({str(tx.next_token)})))
    with JsonJobStore(tmp_path, clock).transaction() as tx:
        tokens.append(tx.new_token(frozenset()))
    assert len(set(tokens)) == 4 and tokens == sorted(tokens)
    assert all(0 < token <= MAX_TOKEN for token in tokens)
    clock.advance(60)
    assert first_token(clock.time()) > max(tokens), "a lost store counts on from a later number"
    assert first_token(10.0**12) < MAX_TOKEN


def test_a_used_up_counter_refuses(tmp_path: Path) -> None:
    store = JsonJobStore(tmp_path, ManualClock())
    with pytest.raises(Blocked), store.transaction() as tx:
        tx.next_token = MAX_TOKEN + 1
        tx.new_token(frozenset())


def test_every_transition_not_in_the_table_raises() -> None:
    for old in JobState:
        for new in JobState:
            job = a_job(state=old)
            if new in TRANSITIONS[old]:
                assert advance(job, new).state is new
            else:
                with pytest.raises(IllegalTransition):
                    advance(job, new)
    ended = {state: TRANSITIONS[state] for state in JobState if state.has_ended}
    again = frozenset({JobState.QUEUED})
    assert ended == {
        JobState.FINISHED: frozenset(), JobState.FAILED: again, JobState.CANCELLED: again,
    }  # fmt: skip


def test_back_into_the_queue_leads_no_way_from_a_print() -> None:
    """Only what has certainly not begun, or what a person answers for, may be tried again."""
    back = {old for old in JobState if JobState.QUEUED in TRANSITIONS[old]}
    assert not back & {JobState.PRINTING, JobState.PAUSED, JobState.FINISHED}
    assert TRANSITIONS[JobState.QUEUED] & {JobState.STARTING, JobState.PRINTING} == set()


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ('Gehäuse für 7".gcode.3mf', "Gehause_fur_7-"),
        ("../../etc/passwd", "etc_passwd-"),
        ("花瓶.3mf", "job-"),
        ("a" * 300 + ".gcode.3mf", "aaaa"),
        ("", "job-"),
        ("x\n; rm -rf.gcode", "x_rm_-rf-"),
    ],
)
def test_remote_names(name: str, start: str) -> None:
    import re

    for token in (1, MAX_TOKEN):
        remote = remote_name(name, token)
        assert remote.startswith(start) and len(remote) <= 60
        assert re.fullmatch(rf"[A-Za-z0-9_-]{{1,40}}-{token}\.gcode\.3mf", remote)
