"""Job numbers never begin anew while something still goes by the former ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.clock import ManualClock
from job_queue.store.first_id import first_id
from job_queue.store.json_store import JsonJobStore

NOW = 1_800_000_000.0


def opened(folder: Path) -> str:
    """The id that the next job of a store in this folder would get."""
    store = JsonJobStore(folder, ManualClock())
    try:
        with store.transaction() as tx:
            return tx.new_id()
    finally:
        store.close()


def test_a_new_folder_begins_with_one(tmp_path: Path) -> None:
    assert opened(tmp_path) == "j-1"


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("history/2026-11.jsonl", '{"job_id":"j-41","attempt":1}\n{"job_id":"j-7","attempt":2}\n'),
        ("alerts/alerts.log", '1a2b3c4d {"t":"event","run":"j-41-2","at":1.0}\n'),
        ("alerts/alerts.log.damaged", '\x00 {"run":"j-41-1"'),
    ],
)
def test_it_goes_on_after_what_is_remembered(tmp_path: Path, place: str, text: str) -> None:
    path = tmp_path / place
    path.parent.mkdir()
    path.write_text(text)
    assert opened(tmp_path) == "j-42"


def test_a_lost_queue_does_not_give_out_its_numbers_again(tmp_path: Path) -> None:
    history = tmp_path / "history"
    history.mkdir()
    (history / "2026-11.jsonl").write_text('{"job_id":"j-9"}\n')
    assert opened(tmp_path) == "j-10"
    for path in tmp_path.glob("queue.json*"):
        path.write_bytes(b"{")
    for path in tmp_path.glob("queue.journal*"):
        path.unlink()
    assert int(opened(tmp_path).removeprefix("j-")) >= 10


def test_names_that_only_look_like_ids_count_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "history").mkdir()
    (tmp_path / "history" / "2026-11.jsonl").write_text('{"file":"j-900.gcode","job_id":"j-3"}\n')
    assert first_id(tmp_path, NOW) == 4


def test_what_cannot_be_read_does_not_make_it_begin_anew(tmp_path: Path) -> None:
    (tmp_path / "history" / "2026-11.jsonl").mkdir(parents=True)  # a folder of that name
    assert first_id(tmp_path, NOW) == int(NOW)
