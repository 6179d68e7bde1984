"""get_timelapses.py against paramiko's own SFTP server."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import paramiko
import pytest

from rig import get_timelapses, pull
from rig.pull import PullFailed
from rig.settings import PullSettings

VIDEO = bytes(range(256)) * 4000
NAME = "2026-01-02_03-04-05_ab12.mp4"


def load_server() -> Any:
    path = Path(__file__).with_name("sftp_server.py")
    spec = importlib.util.spec_from_file_location("rig_sftp_server", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Place:
    """A rig's folder behind a server, and this computer's folder."""

    def __init__(self, folder: Path) -> None:
        self.remote, self.local = folder / "pi" / "Timelapses", folder / "pc"
        self.remote.mkdir(parents=True)
        key = paramiko.RSAKey.generate(2048)
        key.write_private_key_file(str(folder / "key"))
        self.server = load_server().SftpServer(folder / "pi", key)
        self.known = folder / "known_hosts"
        self.know(self.server.host_key)
        self.settings = PullSettings(
            raspi_host="127.0.0.1", raspi_port=self.server.port, username="rig",
            private_key_path=str(folder / "key"), known_hosts=str(self.known),
            remote_folders=("/Timelapses",), local_folder=str(self.local),
        )  # fmt: skip

    def know(self, key: paramiko.PKey) -> None:
        host = f"[127.0.0.1]:{self.server.port}"
        self.known.write_text(f"{host} {key.get_name()} {key.get_base64()}\n")

    def video(self, name: str = NAME, data: bytes = VIDEO, *, digest: str | None = None) -> None:
        (self.remote / name).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest() if digest is None else digest
        if digest:
            (self.remote / f"{name}.sha256").write_text(f"{digest}  {name}\n")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.server.stop()


def test_a_finished_video_comes_is_checked_and_then_removed_there(place: Place) -> None:
    place.video()
    assert get_timelapses.one_round(place.settings) == 1
    assert (place.local / NAME).read_bytes() == VIDEO
    assert place.server.removed == [f"{NAME}.sha256", NAME]
    assert list(place.remote.iterdir()) == []


def test_what_has_no_checksum_is_left_alone(place: Place) -> None:
    place.video(digest="")
    (place.remote / "2026-01-02_03-04-06_ab13.mp4.part").write_bytes(b"half")
    (place.remote / "notes.txt").write_text("x")
    assert get_timelapses.one_round(place.settings) == 0
    assert not list(place.local.iterdir()) and not place.server.removed


def test_a_damaged_transfer_is_thrown_away_and_nothing_removed(place: Place) -> None:
    place.video()
    place.video("2026-01-02_03-04-06_good.mp4", b"other" * 1000)
    place.server.tampered[NAME] = VIDEO[:-1] + b"!"
    assert get_timelapses.one_round(place.settings) == 1, "the other one still comes"
    assert [path.name for path in place.local.iterdir()] == ["2026-01-02_03-04-06_good.mp4"]
    assert NAME not in place.server.removed
    place.server.tampered.clear()
    assert get_timelapses.one_round(place.settings) == 1


def test_an_interrupted_transfer_goes_on_where_it_stopped(place: Place) -> None:
    place.video()
    place.local.mkdir()
    (place.local / f"{NAME}.part").write_bytes(VIDEO[:600_000])
    assert get_timelapses.one_round(place.settings) == 1
    assert (place.local / NAME).read_bytes() == VIDEO
    assert min(offset for name, offset in place.server.reads if name == NAME) >= 600_000


def test_a_transfer_that_breaks_off_keeps_the_rigs_copy(place: Place) -> None:
    place.video()
    place.server.break_after = 300_000
    assert get_timelapses.one_round(place.settings) == 0
    assert not place.server.removed and not (place.local / NAME).exists()
    place.server.break_after = None
    assert get_timelapses.one_round(place.settings) == 1


def test_a_video_that_is_here_already_is_only_removed_there(place: Place) -> None:
    place.video()
    place.local.mkdir()
    (place.local / NAME).write_bytes(VIDEO)
    assert get_timelapses.one_round(place.settings) == 0
    assert NAME in place.server.removed


def test_another_video_of_that_name_is_never_overwritten(place: Place) -> None:
    place.video()
    place.local.mkdir()
    (place.local / NAME).write_bytes(b"mine")
    assert get_timelapses.one_round(place.settings) == 0
    assert (place.local / NAME).read_bytes() == b"mine" and not place.server.removed


@pytest.mark.parametrize(
    "content", ["", "x" * 64, "0" * 64 + "  ../../etc/passwd\n", "0" * 64 + "  other.mp4\n"]
)
def test_a_strange_checksum_file_fetches_nothing(place: Place, content: str) -> None:
    place.video()
    (place.remote / f"{NAME}.sha256").write_text(content)
    assert get_timelapses.one_round(place.settings) == 0
    assert not place.server.removed


def test_an_unknown_or_changed_host_key_is_refused_before_the_login(place: Place) -> None:
    place.video()
    place.know(paramiko.RSAKey.generate(2048))
    with pytest.raises(PullFailed, match="key"):
        get_timelapses.one_round(place.settings)
    place.known.write_text("")
    with pytest.raises(PullFailed, match="not found in known_hosts"):
        get_timelapses.one_round(place.settings)
    assert not place.server.reads


def test_as_a_program(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    place.video()
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the test's own must stay
    names = ("raspi_host", "raspi_port", "private_key_path", "known_hosts", "local_folder")
    pull = {name: getattr(place.settings, name) for name in names}
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"pull": {**pull, "remote_folders": ["/Timelapses"]}}))
    main: Callable[[list[str]], int] = get_timelapses.main
    assert main(["--config", str(config), "--once"]) == 0
    assert (place.local / NAME).exists()
    config.write_text("{}")
    assert main(["--config", str(config), "--once"]) == 2


def test_the_video_of_a_real_rig_is_fetched(
    make_rig: Callable[..., Any], place: Place, kit: SimpleNamespace
) -> None:
    rig = make_rig(rig="alone", timelapses=str(place.remote))
    rig.start()
    rig.click(3)
    rig.click(1)
    kit.wait_for(lambda: len(rig.frames()) == 1)
    rig.click(3)
    kit.wait_for(lambda: list(place.remote.glob("*.sha256")))
    made = next(place.remote.glob("*.mp4"))
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    assert get_timelapses.one_round(place.settings) == 1
    fetched = place.local / made.name
    assert hashlib.sha256(fetched.read_bytes()).hexdigest() == digest
    assert not list(place.remote.iterdir())


def test_one_video_that_cannot_be_read_keeps_no_other_away(place: Place) -> None:
    place.video("2026-01-01_00-00-00_aaaa.mp4")
    place.server.refused.add("2026-01-01_00-00-00_aaaa.mp4.sha256")
    place.video()
    assert get_timelapses.one_round(place.settings) == 1
    assert (place.local / NAME).read_bytes() == VIDEO


def test_a_file_longer_than_it_says_has_an_end_here(place: Place) -> None:
    """It may grow faster than it comes; and what is cut off is no video."""
    place.video(data=VIDEO[:1000])
    place.server.tampered[NAME] = bytes(8_000_000)
    assert get_timelapses.one_round(place.settings) == 0
    assert max(offset for _, offset in place.server.reads) < 2_000_000
    assert list(place.local.iterdir()) == [] and place.server.removed == []
    place.server.tampered[NAME] = VIDEO[:500]
    assert get_timelapses.one_round(place.settings) == 0
    assert list(place.local.iterdir()) == [] and place.server.removed == []


def test_a_size_that_nobody_can_keep_is_not_begun(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.video()
    for name, value in (("MAX_BYTES", len(VIDEO) - 1), ("RESERVE_MB", 10**12)):
        with monkeypatch.context() as patch:
            patch.setattr(pull, name, value)
            assert get_timelapses.one_round(place.settings) == 0
    assert list(place.local.iterdir()) == []
    assert get_timelapses.one_round(place.settings) == 1
