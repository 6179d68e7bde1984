"""What any JobStore must do. A subclass names its store; see test_store_conformance.py."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import Blocked, NotFound
from job_queue.job import Baseline, Evidence, IllegalTransition, Job, JobState
from job_queue.records import BedRecord, Cleanup, Maintenance, Pause, QueueState
from job_queue.store.base import KEEP_ENDED, MAX_TOKEN, JobStore


def a_job(number: int = 1, **changes: Any) -> Job:
    job = Job(
        id=f"j-{number}", file_id="f" * 32, file_name="Gehäuse 花.gcode.3mf", state=JobState.QUEUED,
        from_queue=True, options={"timelapse": True}, confirm=("unknown_model",), sha256="ab",
    )  # fmt: skip
    return replace(job, **changes)


class JobStoreConformance(ABC):
    """``open`` gives the store of ``place``: a second one finds what the first one confirmed, also
    when the first was never closed."""

    @abstractmethod
    def open(self, place: Path) -> JobStore: ...

    @pytest.fixture
    def store(self, tmp_path: Path) -> JobStore:
        return self.open(tmp_path)

    @pytest.fixture
    def reopened(self, tmp_path: Path, store: JobStore) -> Any:
        """``reopened()``: what a new process sees, without and with a clean stop before."""

        def reopened() -> QueueState:
            found = self.open(tmp_path).view()
            store.close()
            assert self.open(tmp_path).view() == found
            return found

        return reopened

    def test_a_new_store_is_empty_and_in_order(self, store: JobStore, reopened: Any) -> None:
        assert store.view().jobs == {} and store.trouble == ""
        assert store.view().next_token > 0
        assert reopened() == store.view()

    def test_every_record_comes_back(self, store: JobStore, reopened: Any) -> None:
        with store.transaction() as tx:
            tx.add(a_job(1, ams_wanted=(0, -1), not_before=5.5, notes="x\n\u2028", priority=-3))
            tx.add(
                a_job(
                    2, state=JobState.STARTING, printer_id="p-1", token=7, ams_mapping=(254,),
                    baseline=Baseline(state="idle", faults=("0300-400C",), at=1.5),
                    evidence=(Evidence(at=1.0, text="seen"),),
                )
            )  # fmt: skip
            tx.set_bed("p-1", BedRecord(clear=True, since=1.0, why="Marked clear"))
            tx.set_maintenance("p-2", Maintenance(on=True, note="belt", since=2.0))
            tx.add_cleanup(Cleanup(printer_id="p-1", remote_name="a", due_at=3.0))
            tx.pause = Pause(on=True, by="eve", at=4.0)
            tx.trouble = "Look."
        assert store.trouble == "Look."
        assert store.view().open_jobs == {"p-1": store.view().jobs["j-2"]}
        assert reopened() == store.view()

    def test_later_changes_come_back_too(self, store: JobStore, reopened: Any) -> None:
        with store.transaction() as tx:
            tx.add(a_job(1))
            tx.add(a_job(2))
            tx.add_cleanup(Cleanup(printer_id="p-1", remote_name="a", due_at=3.0))
            tx.set_bed("p-1", BedRecord(clear=True))
        with store.transaction() as tx:
            tx.move("j-2", JobState.CLAIMED, printer_id="p-1", token=tx.new_token(frozenset()))
            tx.drop_cleanup("p-1", "a")
        with store.transaction() as tx:
            tx.move("j-2", JobState.NEEDS_HUMAN)
            tx.set_bed("p-1", BedRecord(clear=False))
            tx.drop("j-1")
        found = reopened()
        assert found == store.view() and list(found.jobs) == ["j-2"] and found.cleanup == ()

    def test_the_order_of_jobs_stays(self, store: JobStore, reopened: Any) -> None:
        for number in (3, 1, 2):
            with store.transaction() as tx:
                tx.add(a_job(number))
        with store.transaction() as tx:
            tx.touch("j-3", notes="x")
        assert list(reopened().jobs) == ["j-3", "j-1", "j-2"] == list(store.view().jobs)

    def test_every_change_has_the_next_revision(self, store: JobStore, reopened: Any) -> None:
        first = store.view().rev
        for number in range(1, 4):
            with store.transaction() as tx:
                tx.add(a_job(number))
            assert store.view().rev == first + number
        with store.transaction() as tx:
            tx.touch("j-1", plates=2)
        assert store.view().jobs["j-1"].rev == 2
        assert reopened().rev == first + 4

    def test_nothing_changed_is_no_revision(self, store: JobStore) -> None:
        with store.transaction() as tx:
            tx.add(a_job(1))
        before = store.view()
        with store.transaction() as tx:
            tx.add(replace(tx.job("j-1")))
            tx.set_maintenance("p-9", Maintenance())
            tx.printers.pop("p-9")
        assert store.view() is before

    def test_views_never_change(self, store: JobStore) -> None:
        with store.transaction() as tx:
            tx.add(a_job(1))
        seen, jobs = store.view(), dict(store.view().jobs)
        with store.transaction() as tx:
            tx.touch("j-1", plates=9)
            tx.add(a_job(2))
            assert store.view() is seen, "nothing is seen before it is durable"
        assert dict(seen.jobs) == jobs

    def test_an_error_leaves_all_as_it_was(self, store: JobStore, reopened: Any) -> None:
        before = store.view()
        with pytest.raises(ZeroDivisionError), store.transaction() as tx:
            tx.add(a_job(1))
            tx.new_token(frozenset())
            raise ZeroDivisionError
        assert store.view() is before and reopened() == before
        with store.transaction() as tx:
            tx.add(a_job(1))
        assert reopened().jobs

    def test_a_printer_has_one_open_job(self, store: JobStore, reopened: Any) -> None:
        with store.transaction() as tx:
            tx.add(a_job(1, state=JobState.CLAIMED, printer_id="p-1"))
            tx.add(a_job(2))
        before = store.view()
        with pytest.raises(Blocked) as refused, store.transaction() as tx:
            tx.move("j-2", JobState.CLAIMED, printer_id="p-1")
        assert refused.value.error_code == "job_open"
        assert refused.value.details == {"job_id": "j-1"}
        assert reopened() == before

    def test_a_printer_is_free_in_the_write_that_ends_its_job(self, store: JobStore) -> None:
        with store.transaction() as tx:
            tx.add(a_job(1, state=JobState.PRINTING, printer_id="p-1"))
            tx.add(a_job(2))
        with store.transaction() as tx:
            tx.move("j-1", JobState.FINISHED)
            tx.move("j-2", JobState.CLAIMED, printer_id="p-1")
        assert store.view().open_jobs == {"p-1": store.view().jobs["j-2"]}
        with store.transaction() as tx:
            tx.move("j-2", JobState.QUEUED, printer_id="")
        assert store.view().open_jobs == {}

    def test_illegal_and_unknown_are_refused(self, store: JobStore) -> None:
        with store.transaction() as tx:
            tx.add(a_job(1))
        with pytest.raises(IllegalTransition), store.transaction() as tx:
            tx.move("j-1", JobState.PRINTING)
        with pytest.raises(NotFound), store.transaction() as tx:
            tx.touch("j-99")
        assert store.view().jobs["j-1"].rev == 1

    def test_numbers_are_never_given_twice(self, tmp_path: Path) -> None:
        tokens, ids = [], []
        for _ in range(4):
            with self.open(tmp_path).transaction() as tx:
                tokens.append(tx.new_token(frozenset({str(tx.next_token)})))
                ids.append(tx.new_id())
        assert tokens == sorted(set(tokens)) and len(set(ids)) == 4
        assert all(0 < token <= MAX_TOKEN for token in tokens)

    def test_many_ended_jobs_are_forgotten(self, store: JobStore, reopened: Any) -> None:
        with store.transaction() as tx:
            tx.add(a_job(9999))
            for number in range(KEEP_ENDED):
                tx.add(a_job(number, state=JobState.FINISHED, finished_at=float(number)))
        with store.transaction() as tx:
            for number in range(KEEP_ENDED, KEEP_ENDED + 3):
                tx.add(a_job(number, state=JobState.FAILED, finished_at=float(number)))
        found = reopened()
        assert found == store.view() and len(found.jobs) == KEEP_ENDED + 1
        assert "j-2" not in found.jobs and "j-3" in found.jobs and "j-9999" in found.jobs

    def test_trouble_stays_until_a_person_has_read_it(self, store: JobStore, reopened: Any) -> None:
        with store.transaction() as tx:
            tx.trouble = "Look at the printers."
        assert reopened().trouble == store.trouble == "Look at the printers."
        store.acknowledge()
        assert store.trouble == reopened().trouble == ""

    def test_writers_take_turns(self, store: JobStore, reopened: Any) -> None:
        def work(name: str) -> None:
            for _ in range(25):
                with store.transaction() as tx:
                    tx.add(a_job(1, id=f"{name}-{tx.new_id()}"))
                store.tend()

        threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = reopened()
        assert found == store.view() and found.rev == 100
        assert len({job_id.split("-", 1)[1] for job_id in found.jobs}) == 100

    def test_it_goes_on_after_a_clean_stop(self, store: JobStore, reopened: Any) -> None:
        store.close()
        with store.transaction() as tx:
            tx.add(a_job(1))
        store.close()
        store.close()
        assert "j-1" in reopened().jobs

    def test_jobs_change_only_in_ways_that_are_noted(self, store: JobStore, reopened: Any) -> None:
        """A change that the transaction did not see would be in memory and not on the disk."""
        with store.transaction() as tx:
            tx.add(a_job(1))
            tx.add(a_job(2))
        with store.transaction() as tx, pytest.raises(TypeError):
            tx.jobs["j-1"] = a_job(3)  # type: ignore[index]
        with store.transaction() as tx, pytest.raises(NotFound):
            tx.drop("j-9")
        with store.transaction() as tx:
            tx.touch("j-1", notes="first")
            tx.drop("j-2")
            tx.add(a_job(2))
            tx.touch("j-1", notes="second")
            tx.drop("j-2")
        assert reopened() == store.view()
        assert [job.notes for job in store.view().jobs.values()] == ["second"]
