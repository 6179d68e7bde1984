"""Mailboxes, durable files, secrets and the clock."""

from __future__ import annotations

import errno
import json
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.clock import ManualClock
from core.errors import StorageError
from core.events import Bus
from core.files import FolderLock, write_durably
from core.jsonio import dumps, dumps_pretty, loads
from core.secret import Secret

ROOT = Path(__file__).parents[2]


def test_the_latest_value_of_each_key_wins_in_order_of_arrival() -> None:
    bus = Bus()
    box = bus.subscribe("printer")
    for key, value in [("b", 1), ("a", 1), ("b", 2)]:
        bus.publish(("printer", key), value)
    bus.publish(("job", "x"), 9)
    assert list(box.take(0).items()) == [(("printer", "b"), 2), (("printer", "a"), 1)]
    assert box.take(0) == {}


def test_a_waiting_reader_wakes_at_once_and_a_closed_box_stays_empty() -> None:
    bus = Bus()
    box = bus.subscribe()
    got: list[object] = []
    reader = threading.Thread(target=lambda: got.append(box.take(10)))
    reader.start()
    bus.publish(("printer", "a"), 1)
    reader.join(5)
    assert got == [{("printer", "a"): 1}]
    bus.unsubscribe(box)
    bus.publish(("printer", "a"), 2)
    assert box.closed and box.take(0) == {}


def test_a_write_replaces_whole_and_keeps_a_backup(tmp_path: Path) -> None:
    path = tmp_path / "queue.json"
    write_durably(path, b"one", keep_backup=True)
    write_durably(path, b"two", keep_backup=True)
    assert path.read_bytes() == b"two"
    assert (tmp_path / "queue.json.bak").read_bytes() == b"one"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["queue.json", "queue.json.bak"]


def test_a_failed_write_keeps_the_old_file_and_leaves_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "queue.json"
    write_durably(path, b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.files.os.fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        write_durably(path, b"two")
    assert path.read_bytes() == b"one"
    assert [p.name for p in tmp_path.iterdir()] == ["queue.json"]


def test_a_second_server_on_the_same_folder_is_told_so(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from core.files import FolderLock\n"
        "from core.errors import StorageError\n"
        "try:\n FolderLock(Path(sys.argv[1])).acquire(); print('got it')\n"
        "except StorageError as error:\n print(error.message)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with FolderLock(tmp_path):
        out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        assert "Another farm server already uses the folder" in out
    out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "got it"


def test_a_folder_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    (tmp_path / "taken" / ".lock").mkdir(parents=True)
    for name in ("file", "lost", "taken"):
        with pytest.raises(StorageError, match=r"cannot keep its data in .*--data-dir"):
            FolderLock(tmp_path / name).acquire()


@pytest.mark.skipif(sys.platform == "win32", reason="locks otherwise")
def test_a_share_without_locks_is_not_taken_for_another_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", no_locks)
    with pytest.raises(StorageError, match=r"cannot be locked \(No locks available\)"):
        FolderLock(tmp_path).acquire()


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret("hunter2-canary")
    shown = f"{secret} {secret!r} {secret!s} {secret:>20} {[secret]}"
    assert "hunter2" not in shown + dumps({"code": secret}).decode()
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.matches("hunter2-canary") and not secret.matches("hunter2")
    assert secret == Secret("hunter2-canary") and secret != "hunter2-canary"


@pytest.mark.parametrize("bad", [b"{", b"NaN", b'{"a":Infinity}', b"[" * 100_000, b"\xff\xfe"])
def test_hostile_json_is_a_value_error(bad: bytes) -> None:
    with pytest.raises(ValueError):
        loads(bad)


def test_pretty_json_is_sorted_and_ends_with_a_newline() -> None:
    assert json.loads(dumps_pretty({"b": frozenset({2, 1})})) == {"b": [1, 2]}
    assert dumps_pretty({"b": 1, "a": 2}) == b'{\n  "a": 2,\n  "b": 1\n}\n'


def test_a_jump_of_the_wall_clock_leaves_intervals_alone() -> None:
    clock = ManualClock()
    before = clock.monotonic()
    clock.jump(-7200)
    clock.advance(5)
    assert clock.monotonic() - before == 5
    with pytest.raises(ValueError):
        clock.advance(-1)
