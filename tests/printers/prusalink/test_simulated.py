"""The PrusaLink adapter against the simulated printers of both flavours, and their faults."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.clock import SystemClock
from core.config import PrinterConfig
from core.errors import FarmError, PrinterRejected, PrinterTimeout, UploadFailed
from core.secret import Secret
from printers import commands as c
from printers.base import AdapterContext
from printers.lan.backoff import Backoff
from printers.prusalink.adapter import PrusaLinkPrinter
from printers.prusalink.rhythm import Rhythm
from printers.status import PrinterState, PrinterStatus
from simulator.farm import PrinterHandle, SimulatedFarm
from simulator.specs import make_spec
from tests.printers.follow import seen

S = PrinterState
FAST = Rhythm(
    active=0.05, idle=0.1, soon=0.03, answer=0.5, storage=0.3, start_wait=3.0, indexed=1.0,
    look=0.05, transfer=1.0,
)  # fmt: skip
FLAVOURS = [("MK3S", "mk3"), ("MK4", "firmware")]
LINES = 4000
MOVES = b"".join(
    b"M73 P%d R%d\nG1 X%d Y%d E0.5 F900\n"
    % (i * 100 // LINES, 60 - i * 60 // LINES, i % 200, i % 90)
    for i in range(LINES)
)


class Rig:
    """One simulated printer and the adapter that speaks to it."""

    def __init__(self, farm: SimulatedFarm, data_dir: Path, **config: Any) -> None:
        end = farm.endpoints["p"]
        values: dict[str, Any] = {"url": end.url, "api_key": Secret(end.api_key)} | config
        entry = PrinterConfig(id="p", name="Prusa 1", type="prusalink", model="", **values)
        context = AdapterContext(publish=lambda _: None, clock=SystemClock(), data_dir=data_dir)
        self.handle: PrinterHandle = farm.printer("p")
        self.printer = PrusaLinkPrinter(entry, context, FAST, Backoff((0.05, 0.2), 0.2))
        self.printer.start()

    @property
    def status(self) -> PrinterStatus:
        return self.printer.status

    def until(self, check: Callable[[PrinterStatus], bool]) -> PrinterStatus:
        return seen(self.printer, check)

    def shows(self, state: PrinterState) -> PrinterStatus:
        return self.until(lambda status: status.state is state)

    def put(self, source: Path, name: str = "cube-7.gcode") -> int:
        return self.printer.upload(source, name, lambda _s, _t: None, threading.Event())

    def start(self, name: str = "cube-7.gcode", timeout: float = 3.0) -> PrinterStatus:
        command = c.StartPrint(remote_name=name, token=7, display_name="cube", plate=1)
        self.printer.start_print(command, timeout)
        return self.until(lambda s: s.job is not None and s.job.file == name and s.state.has_job)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Callable[..., Rig]]:
    rigs: list[Rig] = []
    farms: list[SimulatedFarm] = []

    def build(
        model: str = "MK3S", flavour: str = "mk3", *, tls: bool = False, **config: Any
    ) -> Rig:
        spec = make_spec("p", "P", model, 1, kind="prusalink", flavour=flavour, tls=tls)
        farm = SimulatedFarm([spec], time_scale=10, tick_s=0.02, data_dir=tmp_path / "sim")
        farm.start()
        farms.append(farm)
        farm.printer("p").set(settle_s=0.05, cool_down_s=0.3)
        if "user" in config:
            end = farm.endpoints["p"]
            config |= {"user": end.user, "password": Secret(end.password), "api_key": Secret("")}
        rigs.append(Rig(farm, tmp_path / "data", **config))
        return rigs[-1]

    yield build
    for one in rigs:
        one.printer.stop()
    for farm in farms:
        farm.stop()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "cube.gcode"
    path.write_bytes(MOVES)
    return path


@pytest.mark.parametrize(("model", "flavour"), FLAVOURS)
def test_a_whole_job(model: str, flavour: str, rig: Callable[..., Rig], source: Path) -> None:
    one = rig(model, flavour)
    one.shows(S.IDLE)
    assert one.put(source, "Würfel ä-7.gcode") == len(MOVES)
    assert one.printer.remote_size("Würfel ä-7.gcode") == len(MOVES)
    assert "/farm/Würfel ä-7.gcode" in [f.path for f in one.printer.list_files("/farm")]
    one.start("Würfel ä-7.gcode")
    assert len(one.handle.asked("POST", "-7.gcode")) == 1
    one.printer.execute(c.Pause())
    one.shows(S.PAUSED)
    one.printer.execute(c.Resume())
    one.shows(S.PRINTING)
    one.printer.execute(c.Stop())
    status = one.until(lambda s: s.cancelled)
    assert status.state is S.FAILED
    assert status.job is not None
    assert (status.job.file, status.job.ended) == ("Würfel ä-7.gcode", "cancelled")


@pytest.mark.parametrize(("model", "flavour"), FLAVOURS)
def test_digest_and_fresh_challenges(
    model: str, flavour: str, rig: Callable[..., Rig], source: Path
) -> None:
    one = rig(model, flavour, user="from the spec")
    one.handle.set(nonce_uses=10)
    one.shows(S.IDLE)
    assert one.put(source) == len(MOVES)
    one.start()
    assert one.handle.peek(lambda machine: machine.started) == 1


@pytest.mark.parametrize(("model", "flavour"), FLAVOURS)
def test_file_round_trip(
    model: str, flavour: str, rig: Callable[..., Rig], source: Path, tmp_path: Path
) -> None:
    one = rig(model, flavour)
    one.shows(S.IDLE)
    one.put(source, "a b, (2)-7.gcode")
    one.printer.download("/farm/a b, (2)-7.gcode", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == MOVES
    one.printer.delete_remote("a b, (2)-7.gcode")
    assert one.printer.remote_size("a b, (2)-7.gcode") is None


def test_ends_well(rig: Callable[..., Rig], tmp_path: Path) -> None:
    short = tmp_path / "short.gcode"
    head = b"; estimated printing time (normal mode) = 10s\n"
    short.write_bytes(head + b"G28\nM73 P50 R0\nG1 X10 F9000\nM73 P100 R0\n")
    one = rig("MK4", "firmware")
    one.shows(S.IDLE)
    one.put(short)
    one.start()
    status = one.shows(S.FINISHED)
    assert status.job is not None
    assert (status.job.ended, status.job.percent) == ("finished", 100)


def test_over_https_with_a_remembered_certificate(rig: Callable[..., Rig], source: Path) -> None:
    one = rig(tls=True)
    one.shows(S.IDLE)
    assert one.put(source) == len(MOVES)
    new = one.handle.rotate_certificate()
    assert new in one.shows(S.IDENTITY).message
    one.printer.execute(c.TrustCertificate(sha256=new))
    one.shows(S.IDLE)


def test_board_unplugged(rig: Callable[..., Rig], source: Path) -> None:
    one = rig()
    one.shows(S.IDLE)
    one.put(source)
    one.start()
    one.handle.do("unplug")
    status = one.shows(S.FAULT)
    assert status.faults[0].text == "Serial device does not exist"
    assert status.heaters == ()


def test_attention_is_a_pause_and_can_be_stopped(rig: Callable[..., Rig], source: Path) -> None:
    one = rig("MK4", "firmware")
    one.shows(S.IDLE)
    one.put(source)
    one.start()
    one.handle.do("ask_attention")
    status = one.shows(S.PAUSED)
    assert status.pause_kind == "printer"
    assert status.faults
    with pytest.raises(PrinterRejected):
        one.printer.execute(c.Resume())
    one.printer.execute(c.Stop())
    one.until(lambda s: s.cancelled)


@pytest.mark.parametrize(
    "fault",
    [
        {"mute_http": True},
        {"malformed_json": True},
        {"html_page": True},
        {"truncate_body": True},
        {"http_status": 502},
        {"http_delay_s": 3.0},
        {"huge_body": 9_000_000},
        {"refuse_connections": True},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_trouble_is_offline_and_heals(fault: dict[str, Any], rig: Callable[..., Rig]) -> None:
    one = rig()
    one.shows(S.IDLE)
    one.handle.set(**fault)
    status = one.until(lambda s: not s.link.online)
    assert status.message
    one.handle.set(**{key: type(value)() for key, value in fault.items()})
    one.shows(S.IDLE)


def test_wrong_types_are_unknown_not_an_error(rig: Callable[..., Rig]) -> None:
    one = rig()
    one.shows(S.IDLE)
    one.handle.set(wrong_types=True)
    status = one.shows(S.UNKNOWN)
    assert status.heaters == ()
    one.handle.set(wrong_types=False)
    one.shows(S.IDLE)


def test_half_open_switched_off_and_on(rig: Callable[..., Rig]) -> None:
    one = rig("MK4", "firmware")
    one.shows(S.IDLE)
    one.handle.half_open()
    one.until(lambda s: s.observed_mono is not None)
    one.printer.refresh(timeout=30.0)
    one.handle.go_offline()
    one.shows(S.OFFLINE)
    one.handle.go_online()
    one.shows(S.IDLE)


def test_a_start_whose_answer_is_lost_is_uncertain(rig: Callable[..., Rig], source: Path) -> None:
    one = rig()
    one.shows(S.IDLE)
    one.put(source)
    one.handle.set(answer_lost=True)
    with pytest.raises(PrinterTimeout):
        one.start()
    one.until(lambda s: s.job is not None and s.job.file == "cube-7.gcode")
    assert one.handle.peek(lambda machine: machine.started) == 1


@pytest.mark.parametrize(
    "fault",
    [{"disk_full": True}, {"drop_upload_at": 20_000}, {"upload_lost": True}],
    ids=lambda fault: next(iter(fault)),
)
@pytest.mark.parametrize(("model", "flavour"), FLAVOURS)
def test_uploads_that_fail(
    fault: dict[str, Any],
    model: str,
    flavour: str,
    rig: Callable[..., Rig],
    source: Path,
) -> None:
    one = rig(model, flavour)
    one.shows(S.IDLE)
    one.handle.set(**fault)
    with pytest.raises(UploadFailed):
        one.put(source)
    one.handle.set(**{key: type(value)() for key, value in fault.items()})
    assert one.put(source) == len(MOVES)


def test_a_shortened_upload_is_told(rig: Callable[..., Rig], source: Path) -> None:
    one = rig()
    one.shows(S.IDLE)
    one.handle.set(upload_truncate_at=1000)
    assert one.put(source) == 1000


def test_a_missing_stick(rig: Callable[..., Rig], source: Path) -> None:
    one = rig("MK4", "firmware")
    one.shows(S.IDLE)
    one.handle.set(usb_missing=True)
    one.until(lambda s: s.storage == "missing")
    with pytest.raises(UploadFailed) as failure:
        one.put(source)
    assert failure.value.error_code == "storage_full"
    one.handle.set(usb_missing=False)
    one.until(lambda s: s.storage == "ok")


def test_inherited_progress_is_not_shown(rig: Callable[..., Rig], source: Path) -> None:
    one = rig()
    one.shows(S.IDLE)
    one.put(source)
    one.start()
    one.until(lambda s: s.job is not None and bool(s.job.percent))
    one.handle.set(inherited_progress=True)
    one.printer.execute(c.Stop())
    one.until(lambda s: s.cancelled)
    status = one.start()
    assert status.job is not None
    assert not status.job.percent


def test_changed_key_is_auth(rig: Callable[..., Rig]) -> None:
    one = rig()
    one.shows(S.IDLE)
    one.handle.set(api_key="another-key-123")
    one.shows(S.AUTH)
    with pytest.raises(FarmError):
        one.printer.execute(c.Home())
    one.handle.set(api_key="")
    one.shows(S.IDLE)


def test_starting_server_is_waited_for(rig: Callable[..., Rig]) -> None:
    one = rig()
    one.shows(S.IDLE)
    one.handle.set(starting_s=0.6)
    one.handle.go_offline()
    one.shows(S.OFFLINE)
    one.handle.go_online()
    one.until(lambda s: "is starting" in s.message)
    one.shows(S.IDLE)
