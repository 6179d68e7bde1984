"""Files to and from a printer whose server has every quirk of bambu-lan A11."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import (
    Blocked,
    NotFound,
    PrinterOffline,
    PrinterRejected,
    UploadCancelled,
    UploadFailed,
)
from printers.bambu.listing import parse, parse_line
from printers.bambu.transfer import deadline_for

SIZE = 700_001


@pytest.fixture
def payload(tmp_path: Path) -> Path:
    path = tmp_path / "gear.gcode.3mf"
    path.write_bytes(bytes(range(256)) * (SIZE // 256) + b"x" * (SIZE % 256))
    return path


def ready(bambu_rig: Callable[..., Any], model: str = "P1S", **options: Any) -> Any:
    rig = bambu_rig(model, **options)
    rig.online()
    return rig


def upload(rig: Any, payload: Path, name: str = "farm_1_gear.gcode.3mf") -> int:
    return int(rig.printer.upload(payload, name, lambda _sent, _all: None, threading.Event()))


@pytest.mark.parametrize("model", ["P1S", "X1C", "A1", "H2D"])
def test_a_file_arrives_whole_on_every_kind_of_model(
    bambu_rig: Callable[..., Any], payload: Path, model: str
) -> None:
    rig = ready(bambu_rig, model)
    seen: list[tuple[int, int]] = []
    size = rig.printer.upload(
        payload, "a.gcode.3mf", lambda *now: seen.append(now), threading.Event()
    )
    assert size == SIZE
    assert rig.sim.file("/a.gcode.3mf") == payload.read_bytes()
    assert seen[0] == (0, SIZE)
    assert seen[-1] == (SIZE, SIZE)
    assert [sent for sent, _ in seen] == sorted(sent for sent, _ in seen)


def test_listing_size_download_and_delete(
    bambu_rig: Callable[..., Any], payload: Path, tmp_path: Path
) -> None:
    rig = ready(bambu_rig)
    upload(rig, payload, "a.gcode.3mf")
    listed = {item.name: item for item in rig.printer.list_files("/")}
    assert listed["a.gcode.3mf"].size_bytes == SIZE
    assert listed["a.gcode.3mf"].path == "/a.gcode.3mf"
    assert listed["timelapse"].folder
    assert rig.printer.remote_size("a.gcode.3mf") == SIZE
    target = tmp_path / "back.3mf"
    rig.printer.download("/a.gcode.3mf", target)
    assert target.read_bytes() == payload.read_bytes()
    rig.printer.delete_remote("/a.gcode.3mf")
    assert rig.printer.remote_size("a.gcode.3mf") is None
    with pytest.raises(NotFound):
        rig.printer.delete_remote("/a.gcode.3mf")
    with pytest.raises(NotFound):
        rig.printer.download("/a.gcode.3mf", tmp_path / "none.3mf")
    assert not list(tmp_path.glob("none*"))


@pytest.mark.parametrize(
    "knobs",
    [
        {"ftps_pasv_zero": True},
        {"ftps_close_notify": True},
        {"ftps_require_session_reuse": True},
        {"ftps_426_after_data": True},
        {"ftps_list_without_year": True},
        {"ftps_226_delay_s": 0.6},
    ],
    ids=lambda knobs: next(iter(knobs)),
)
def test_quirks_do_not_spoil_a_good_upload(
    bambu_rig: Callable[..., Any], payload: Path, knobs: dict[str, Any]
) -> None:
    rig = ready(bambu_rig, knobs=knobs)
    assert upload(rig, payload) == SIZE
    assert rig.printer.list_files("/")


def test_broken_encrypted_data_falls_back_to_clear_and_is_remembered(
    bambu_rig: Callable[..., Any], payload: Path
) -> None:
    rig = ready(bambu_rig, "A1", knobs={"ftps_refuse_prot_p": True})
    assert upload(rig, payload) == SIZE
    assert rig.printer.diagnostics()["ftps_data_clear"] is True
    assert rig.printer.list_files("/")


def test_a_model_without_that_defect_never_sends_data_in_the_clear(
    bambu_rig: Callable[..., Any], payload: Path
) -> None:
    rig = ready(bambu_rig, "X1C", knobs={"ftps_refuse_prot_p": True})
    with pytest.raises(UploadFailed, match="encrypted"):
        upload(rig, payload)
    assert rig.printer.diagnostics()["ftps_data_clear"] is False


def test_a_truncated_file_is_sent_once_more_then_refused_and_removed(
    bambu_rig: Callable[..., Any], payload: Path
) -> None:
    rig = ready(bambu_rig, knobs={"ftps_truncate_at": 458_752})
    with pytest.raises(UploadFailed, match="458752 bytes") as caught:
        upload(rig, payload)
    assert "Nothing was started" in caught.value.message
    rig.sim.set(ftps_truncate_at=0)
    assert rig.printer.remote_size("farm_1_gear.gcode.3mf") is None
    assert upload(rig, payload) == SIZE


def test_a_broken_connection_is_tried_once_more(
    bambu_rig: Callable[..., Any], payload: Path
) -> None:
    rig = ready(bambu_rig, knobs={"ftps_drop_at": 200_000})

    def progress(sent: int, _all: int) -> None:
        if sent >= 200_000:
            rig.sim.set(ftps_drop_at=0)

    assert rig.printer.upload(payload, "a.3mf", progress, threading.Event()) == SIZE


def test_a_connection_that_keeps_breaking_is_reported(
    bambu_rig: Callable[..., Any], payload: Path
) -> None:
    rig = ready(bambu_rig, knobs={"ftps_drop_at": 100_000})
    with pytest.raises(UploadFailed, match="Cedar"):
        upload(rig, payload)
    assert rig.printer.remote_size("farm_1_gear.gcode.3mf") is None


@pytest.mark.parametrize(
    ("knobs", "words", "reason"),
    [
        ({"sd_full": True}, "is full", "storage_full"),
        ({"sd_missing": True}, "none is inserted", "storage_missing"),
        ({"sd_readonly": True}, "write-protected", "storage_missing"),
        ({"refuse_login": True}, "refuses the access code", "auth"),
    ],
    ids=["full", "missing", "readonly", "login"],
)
def test_refusals_say_what_to_do(
    bambu_rig: Callable[..., Any],
    payload: Path,
    knobs: dict[str, Any],
    words: str,
    reason: str,
) -> None:
    rig = ready(bambu_rig)
    rig.sim.set(**knobs)
    with pytest.raises(UploadFailed, match=words) as caught:
        upload(rig, payload)
    assert caught.value.details["reason"] == reason


def test_a_switched_off_file_server_is_said(bambu_rig: Callable[..., Any], payload: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    rig = ready(bambu_rig, ftps_port=port)
    with pytest.raises(UploadFailed, match="file server is off"):
        upload(rig, payload)
    with pytest.raises(PrinterOffline, match="file server is off"):
        rig.printer.list_files("/")


def test_another_certificate_on_the_file_port_gets_no_code(
    bambu_rig: Callable[..., Any], payload: Path
) -> None:
    rig = ready(bambu_rig)
    rig.sim.rotate_certificate()
    with pytest.raises(UploadFailed, match="Another certificate"):
        upload(rig, payload)


def test_an_unseen_printer_gets_no_files(bambu_rig: Callable[..., Any], payload: Path) -> None:
    rig = bambu_rig(start=False)
    with pytest.raises(PrinterOffline, match="not been seen"):
        upload(rig, payload)


def test_a_wrong_code_is_said_for_lists_too(bambu_rig: Callable[..., Any]) -> None:
    rig = ready(bambu_rig)
    rig.sim.set(refuse_login=True)
    with pytest.raises(PrinterRejected, match="access code"):
        rig.printer.list_files("/")


def test_cancelling_stops_soon_and_removes_the_part(
    bambu_rig: Callable[..., Any], payload: Path
) -> None:
    rig = ready(bambu_rig, knobs={"ftps_bytes_per_s": 300_000})
    cancel = threading.Event()

    def progress(sent: int, _all: int) -> None:
        if sent > 0:
            cancel.set()

    began = time.monotonic()
    with pytest.raises(UploadCancelled):
        rig.printer.upload(payload, "a.3mf", progress, cancel)
    assert time.monotonic() - began < 2.0
    rig.sim.set(ftps_bytes_per_s=0)
    assert rig.printer.remote_size("a.3mf") is None


def test_a_stalled_upload_can_be_cancelled(bambu_rig: Callable[..., Any], tmp_path: Path) -> None:
    large = tmp_path / "large.3mf"
    large.write_bytes(bytes(8_000_000))
    rig = ready(bambu_rig, knobs={"ftps_bytes_per_s": 1000})
    cancel = threading.Event()
    timer = threading.Timer(0.8, cancel.set)
    timer.start()
    began = time.monotonic()
    with pytest.raises(UploadCancelled):
        rig.printer.upload(large, "a.3mf", lambda *_: None, cancel)
    timer.join()
    assert time.monotonic() - began < 4.0


def test_a_stalled_upload_is_given_up(
    bambu_rig: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printers.bambu.ftps.STALL_TIMEOUT_S", 0.3)
    large = tmp_path / "large.3mf"
    large.write_bytes(bytes(8_000_000))
    rig = ready(bambu_rig, knobs={"ftps_bytes_per_s": 1000})
    with pytest.raises(UploadFailed, match="stopped taking data") as caught:
        upload(rig, large)
    assert caught.value.details["reason"] == "stalled"


def test_one_transfer_at_a_time(
    bambu_rig: Callable[..., Any], payload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("printers.bambu.transfer.TURN_TIMEOUT_S", 0.2)
    rig = ready(bambu_rig, knobs={"ftps_bytes_per_s": 200_000})
    started = threading.Event()
    cancel = threading.Event()
    ended: list[str] = []

    def run() -> None:
        try:
            rig.printer.upload(payload, "a.3mf", lambda *_: started.set(), cancel)
        except UploadCancelled:
            ended.append("cancelled")

    thread = threading.Thread(target=run, name="upload")
    thread.start()
    assert started.wait(5)
    with pytest.raises(Blocked, match="another file transfer"):
        rig.printer.list_files("/")
    waiting = threading.Event()
    waiting.set()
    with pytest.raises(UploadCancelled):
        rig.printer.upload(payload, "b.3mf", lambda *_: None, waiting)
    cancel.set()
    thread.join(5)
    assert ended == ["cancelled"]


def test_a_printer_that_is_slow_to_confirm_is_waited_for_but_not_for_ever(
    bambu_rig: Callable[..., Any], payload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never 226, yet everything arrived: SIZE has the last word."""
    rig = ready(bambu_rig, knobs={"ftps_never_226": True})
    profile = rig.printer._files._profile
    monkeypatch.setattr(
        "printers.bambu.transfer.FileStore._profile",
        property(lambda _self: _with_patience(profile, 0.5)),
    )
    assert upload(rig, payload) == SIZE


def _with_patience(profile: Any, seconds: float) -> Any:
    from dataclasses import replace

    return replace(profile, reply_226_timeout_s=seconds)


@pytest.mark.parametrize(
    ("line", "name", "size", "folder"),
    [
        ("-rw-rw-rw-   1 root  root   12345 Nov 21 13:05 a b.gcode.3mf", "a b.gcode.3mf", 12345, 0),
        ("-rw-r--r--    1 0 0  99 Jan  1  2025 x.3mf", "x.3mf", 99, 0),
        ("drwxr-xr-x    2 1000 1000 4096 Jan 01 1980 timelapse", "timelapse", None, 1),
        ("-rwxrwxrwx 1 user group 7 2025-01-02 10:00 y.3mf", "y.3mf", 7, 0),
        ("-rw-rw-rw- 1 root root 5 Nov 21 13:05 /cache/z.3mf", "z.3mf", 5, 0),
    ],
)
def test_listing_lines(line: str, name: str, size: int | None, folder: int) -> None:
    item = parse_line(line, "/")
    assert item is not None
    assert (item.name, item.size_bytes, item.folder) == (name, size, bool(folder))


def test_lines_that_are_no_files_are_left_out() -> None:
    text = "total 3\r\ndrwxr-xr-x 2 0 0 0 Jan 01 1980 .\r\n\r\nnonsense\r\n"
    assert parse(text, "/") == ()


def test_the_deadline_grows_with_the_file() -> None:
    assert deadline_for(1) == 600.0
    assert deadline_for(100_000_000) == 4000.0
