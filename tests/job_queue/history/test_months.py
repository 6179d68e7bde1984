"""The history's files under torn writes, damage and disks that refuse."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.clock import ManualClock
from core.errors import StorageError
from core.fs import FileSystem
from job_queue.history import months as months_module
from job_queue.history.attempts import Cleared, Record, Used
from job_queue.history.months import Months

NOVEMBER = "2026-11"
AT = 1_795_500_000.0  # in that month


def a_record(number: int = 1, **more: Any) -> Record:
    known: dict[str, Any] = {
        "attempt": 1, "result": "finished", "file_id": "f" * 32, "ended_at": AT + number,
        "file_name": "Gehäuse \n 7.gcode.3mf", "printer_id": "alder",
        "filaments": (Used(type="PLA", color="C4633F", grams=12.5),),
    }  # fmt: skip
    return Record(job_id=f"j-{number}", **(known | more))


def opened(folder: Path) -> Months:
    months = Months(folder, ManualClock())
    months.open()
    return months


def ids(months: Months, month: str = NOVEMBER) -> list[str]:
    return [record.job_id for _, record in months.records(month)]


def filled(folder: Path, count: int = 3) -> Path:
    months = opened(folder)
    for number in range(1, count + 1):
        months.append(NOVEMBER, [a_record(number)])
    months.append("2026-10", [a_record(90)])
    return folder / f"{NOVEMBER}.jsonl"


def test_a_record_comes_back_as_it_was(tmp_path: Path) -> None:
    filled(tmp_path)
    months = opened(tmp_path)
    assert months.names() == ["2026-10", NOVEMBER]
    assert next(months.records(NOVEMBER))[1] == a_record(1)
    assert months.problems == ()


def test_the_lines_are_json_that_other_programs_can_read(tmp_path: Path) -> None:
    path = filled(tmp_path)
    first = json.loads(path.read_text("utf-8").splitlines()[0])
    assert first["record"]["filaments"] == [
        {"type": "PLA", "color": "C4633F", "name": "", "grams": 12.5}
    ]
    assert len(first["sum"]) == 16


def test_a_later_approval_of_the_bed_is_shown_with_its_record(tmp_path: Path) -> None:
    filled(tmp_path)
    months = opened(tmp_path)
    months.append(NOVEMBER, [Cleared(job_id="j-2", attempt=1, at=AT + 50, by="Ada")])
    seen = {r.job_id: (r.cleared_at, r.cleared_by) for _, r in opened(tmp_path).records(NOVEMBER)}
    assert seen == {"j-1": (None, ""), "j-2": (AT + 50, "Ada"), "j-3": (None, "")}


def test_places_name_their_line_and_grow(tmp_path: Path) -> None:
    months = opened(tmp_path)
    given = months.append(NOVEMBER, [a_record(1), a_record(2)])
    given += months.append(NOVEMBER, [a_record(3)])
    assert given == [place for place, _ in months.records(NOVEMBER)] == sorted(given)


def test_whatever_is_torn_off_the_end_the_lines_before_stay(tmp_path: Path) -> None:
    """A crash in the middle of a write, at every byte of the last line."""
    path = filled(tmp_path)
    whole = path.read_bytes()
    last = whole.rindex(b"\n", 0, -1) + 1
    for cut in range(last + 1, len(whole)):
        path.write_bytes(whole[:cut])
        months = opened(tmp_path)
        assert ids(months) == ["j-1", "j-2"]
        assert "not written to its end" in months.problems[0]
        assert path.read_bytes() == whole[:last]
        months.append(NOVEMBER, [a_record(4)])
        assert ids(opened(tmp_path)) == ["j-1", "j-2", "j-4"]


def test_a_torn_first_line_leaves_an_empty_month(tmp_path: Path) -> None:
    path = filled(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:20])
    months = opened(tmp_path)
    assert months.names() == ["2026-10"] and path.stat().st_size == 0
    months.append(NOVEMBER, [a_record(2)])
    assert ids(months) == ["j-2"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: raw.replace(b'"j-2"', b'"j-7"'),
        lambda raw: raw.replace(b'{"sum":"', b'{"som":"', 2).replace(b"som", b"sum", 1),
        lambda raw: raw[:40] + b"\x00" * 30 + raw[70:],
        lambda raw: b"\xff garbage\n" + raw,
        lambda raw: raw.replace(b"\n", b"", 1),
    ],
    ids=["edited", "head", "zeros", "garbage", "joined"],
)
def test_a_damaged_month_is_kept_aside_and_its_good_lines_go_on(
    tmp_path: Path, harm: Callable[[bytes], bytes]
) -> None:
    path = filled(tmp_path, 4)
    october = (tmp_path / "2026-10.jsonl").read_bytes()
    damaged = harm(path.read_bytes())
    assert damaged != path.read_bytes()
    path.write_bytes(damaged)
    months = opened(tmp_path)
    kept = ids(months)
    assert {"j-3", "j-4"} <= set(kept) and months.mended == 1
    (aside,) = tmp_path.glob("*.corrupt-*")
    assert aside.read_bytes() == damaged
    assert aside.name in months.problems[0] and "could not be used" in months.problems[0]
    assert (tmp_path / "2026-10.jsonl").read_bytes() == october
    again = opened(tmp_path)
    assert ids(again) == kept and again.problems == ()


def test_two_damages_in_one_second_are_both_kept(tmp_path: Path) -> None:
    path = filled(tmp_path)
    for _ in range(2):
        path.write_bytes(path.read_bytes() + b"junk\n")
        assert ids(opened(tmp_path)) == ["j-1", "j-2", "j-3"]
    assert len(list(tmp_path.glob("*.corrupt-*"))) == 2


def test_a_line_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = filled(tmp_path)
    body = b'"photo":{"job_id":"j-1"}}\n'
    path.write_bytes(path.read_bytes() + b'{"sum":"' + months_module._digest(body) + b'",' + body)
    months = opened(tmp_path)
    assert ids(months) == ["j-1", "j-2", "j-3"] and months.mended == 0


class FailingDisk(FileSystem):
    """Refuses the nth call, or all from there on, as a full or dying disk does."""

    def __init__(self, fail_at: int, *, for_good: bool) -> None:
        self.calls = 0
        self.fail_at, self._for_good = fail_at, for_good

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self.fail_at or (self._for_good and self.calls > self.fail_at > 0):
            raise OSError(errno.ENOSPC, "No space left on device")

    def create(self, path: Path) -> int:
        self._count()
        return super().create(path)

    def append_to(self, path: Path) -> int:
        self._count()
        return super().append_to(path)

    def write(self, descriptor: int, content: bytes) -> None:
        try:
            self._count()
        except OSError:
            super().write(descriptor, content[: len(content) // 2])  # some of it gets there
            raise
        super().write(descriptor, content)

    def truncate(self, descriptor: int, size: int) -> None:
        self._count()
        super().truncate(descriptor, size)

    def fsync(self, descriptor: int) -> None:
        self._count()
        super().fsync(descriptor)

    def fsync_dir(self, folder: Path) -> None:
        self._count()
        super().fsync_dir(folder)

    def link(self, source: Path, target: Path) -> None:
        self._count()
        super().link(source, target)

    def replace(self, source: Path, target: Path) -> None:
        self._count()
        super().replace(source, target)


@pytest.mark.parametrize("for_good", [False, True])
@pytest.mark.parametrize("before", [0, 1], ids=["first line", "later line"])
def test_whichever_call_fails_a_line_is_there_once_or_not_at_all(
    tmp_path: Path, for_good: bool, before: int
) -> None:
    old = [f"j-{number}" for number in range(1, before + 1)]
    failed = []
    for fail_at in range(1, 30):
        disk = FailingDisk(0, for_good=for_good)
        months = Months(tmp_path / str(fail_at), ManualClock(), disk)
        months.open()
        for number in range(1, before + 1):
            months.append(NOVEMBER, [a_record(number)])
        disk.calls, disk.fail_at = 0, fail_at
        try:
            months.append(NOVEMBER, [a_record(2)])
            promised = True
        except StorageError as error:
            promised = False
            assert "No space left" in error.message
        called, disk.fail_at = disk.calls, 0
        assert ids(months) == [*old, *(["j-2"] if promised else [])]
        # what was not promised may be there after a crash, but then whole, and found as recorded
        assert set(ids(opened(tmp_path / str(fail_at)))) <= {*old, "j-2"}
        if not promised:
            failed.append(fail_at)
            months.append(NOVEMBER, [a_record(2)])
        months.append(NOVEMBER, [a_record(3)])
        assert ids(months) == ids(opened(tmp_path / str(fail_at))) == [*old, "j-2", "j-3"]
        if called < fail_at:
            break
    assert failed == list(range(1, 4 if before else 5)), "open, write, fsync, and of the folder"


@pytest.mark.parametrize("for_good", [False, True])
def test_whichever_call_of_the_mending_fails_no_good_line_is_lost(
    tmp_path: Path, for_good: bool
) -> None:
    failed = 0
    for fail_at in range(1, 30):
        folder = tmp_path / str(fail_at)
        path = filled(folder, 4)
        damaged = path.read_bytes().replace(b'"j-2"', b'"j-7"')
        path.write_bytes(damaged)
        disk = FailingDisk(0, for_good=for_good)
        months = Months(folder, ManualClock(), disk)
        months.open()
        disk.calls, disk.fail_at = 0, fail_at
        try:
            assert ids(months) == ["j-1", "j-3", "j-4"]
        except StorageError:
            failed += 1
        done, disk.fail_at = disk.calls < fail_at, 0
        again = opened(folder)
        assert ids(again) == ids(months) == ["j-1", "j-3", "j-4"]
        assert damaged in [one.read_bytes() for one in folder.glob("*.corrupt-*")]
        assert list(folder.glob(".*")) == []
        if done:
            break
    assert failed >= 8


def test_a_month_that_cannot_be_read_is_an_error_not_an_empty_month(tmp_path: Path) -> None:
    path = filled(tmp_path)
    months = opened(tmp_path)
    path.unlink()
    with pytest.raises(StorageError, match=r"2026-11\.jsonl"):
        ids(months)
