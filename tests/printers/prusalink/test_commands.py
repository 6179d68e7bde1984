"""What each PrusaLink can do, where its files are, and which requests commands become."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import NotFound, PrinterRejected, Unusable, UploadFailed
from printers import commands as c
from printers.lan.http_answers import Answered
from printers.prusalink import refusals
from printers.prusalink.commands import Request, build, is_job_order, job_order
from printers.prusalink.flavour import Flavour, Introduction, Server, has_camera, server_of
from printers.prusalink.homing import Homing
from printers.prusalink.models import MODELS, by_name
from printers.prusalink.paths import download_address, listing, locate, other_storages
from printers.status import PrinterState
from tests.printers.prusalink.samples import (
    FIRMWARE_INFO,
    FIRMWARE_STORAGE,
    FIRMWARE_VERSION,
    recorded,
)


@pytest.fixture
def pi() -> Server:
    idle = recorded("mk3_idle")
    said = Introduction(version=idle["version"], info=idle["info"], storage=idle["storage"])
    return server_of(said, "")


@pytest.fixture
def firmware() -> Server:
    said = Introduction(version=FIRMWARE_VERSION, info=FIRMWARE_INFO, storage=FIRMWARE_STORAGE)
    return server_of(said, "")


def test_the_pi_as_recorded(pi: Server) -> None:
    assert pi.flavour is Flavour.PI
    assert pi.model.code == "MK3S"
    assert pi.firmware == "3.14.1-8237"
    assert pi.serial == "CZPX4321X004XC12345"
    assert (pi.main.name, pi.main.usable) == ("local", True)
    assert [s.name for s in pi.storages] == ["local", "sdcard"]


def test_the_firmware_by_its_specification(firmware: Server) -> None:
    assert firmware.flavour is Flavour.FIRMWARE
    assert firmware.model.code == "MK4"  # by its own name on the network
    assert (firmware.main.name, firmware.nozzle_mm) == ("usb", 0.4)
    assert firmware.file_kinds == ("gcode", "bgcode")


def test_the_owners_word_goes_before_the_servers() -> None:
    said = Introduction(version=FIRMWARE_VERSION)
    assert server_of(said, "Core One").model.code == "COREONE"
    assert server_of(said, "something else").model.code == "MK4"
    assert server_of(Introduction(version={"hostname": "printer"}), "").model.name == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Original Prusa i3 MK3S+", "MK3S"),
        ("PrusaLink I3MK3S", "MK3S"),
        ("PrusaLink I3MK25", "MK2.5"),
        ("MK2.5S", "MK2.5S"),
        ("prusa mini+", "MINI"),
        ("prusa-xl", "XL"),
        ("Prusa CORE One", "COREONE"),
        ("Prusa CORE One L", "COREONEL"),
        ("mk4is", "MK4"),
        ("MK4S", "MK4S"),
        ("P1S", ""),
        ("", ""),
    ],
)
def test_models_by_name(text: str, code: str) -> None:
    model = by_name(text)
    assert (model.code if model else "") == code


def test_every_model_can_be_printed_on() -> None:
    for model in MODELS:
        assert model.volume_mm is not None
        assert min(model.volume_mm) >= 180
        assert 250 <= model.nozzle_max <= 305
        assert 100 <= model.bed_max <= 125


def test_cameras() -> None:
    assert not has_camera(recorded("mk3_idle")["cameras"])
    assert not has_camera({"camera_list": [{"camera_id": "a", "connected": False}]})
    assert has_camera({"camera_list": [{"camera_id": "a", "connected": True}]})


def test_own_files_lie_in_the_farms_folder(pi: Server, firmware: Server) -> None:
    place = locate("Würfel 50% #2?-7.gcode", pi)
    assert place.address == ("/api/v1/files/local/farm/W%C3%BCrfel%2050%25%20%232%3F-7.gcode")
    assert place.path == "/farm/Würfel 50% #2?-7.gcode"
    assert locate("a-7.bgcode", firmware).address == "/api/v1/files/usb/farm/a-7.bgcode"
    assert locate(place.path, pi) == place


def test_other_storages_by_their_name(pi: Server) -> None:
    assert locate("/sdcard/old/x.gcode", pi).address == "/api/v1/files/sdcard/old/x.gcode"
    assert locate("/sdcard/old/x.gcode", pi).path == "/sdcard/old/x.gcode"
    assert [f.path for f in other_storages(pi)] == ["/sdcard"]
    assert locate("/", pi).address == "/api/v1/files/local"


@pytest.mark.parametrize("path", ["..", "/a/../b", "a\nb", "/x/.", "a\\b", ""])
def test_paths_that_climb_out_are_refused(path: str, pi: Server) -> None:
    with pytest.raises(Unusable):
        locate(path, pi)


def test_the_stick_that_is_missing_stays_the_main_storage() -> None:
    entry = FIRMWARE_STORAGE["storage_list"][0] | {"available": False}
    said = Introduction(version=FIRMWARE_VERSION, storage={"storage_list": [entry]})
    assert server_of(said, "").main.name == "usb"


def test_listing_as_recorded(pi: Server) -> None:
    idle = recorded("mk3_idle")
    files = {f.name: f for f in listing(idle["folder"], locate("/farm", pi))}
    ours = files["Würfel groß-7.gcode"]
    assert (ours.path, ours.size_bytes) == ("/farm/Würfel groß-7.gcode", 13087)
    assert ours.modified.startswith("2026-11-21 ")
    top = {f.name: f for f in listing(idle["top"], locate("/", pi))}
    assert top["farm"].folder
    assert top["farm"].size_bytes is None


def test_listing_of_the_firmware_has_long_names_and_no_sizes(firmware: Server) -> None:
    child = {"name": "CUBE-1~1.BGC", "type": "PRINT_FILE", "display_name": "cube-12.bgcode"}
    odd = [{"display_name": "a/b"}, {"name": 5}, "x", None]
    files = listing({"children": [child, *odd]}, locate("/farm", firmware))
    assert [(f.path, f.size_bytes) for f in files] == [("/farm/cube-12.bgcode", None)]


def test_downloads_stay_on_this_server() -> None:
    file = recorded("mk3_idle")["file"]
    expected = "/api/files/local/gcodes/farm/W%C3%BCrfel%20gro%C3%9F-7.gcode/raw"
    assert download_address(file) == expected
    assert download_address({"refs": {"download": "/usb/CUBE~1.BGC"}}) == "/usb/CUBE~1.BGC"
    assert download_address({"refs": {"download": "http://elsewhere/x"}}) == ""
    assert download_address({}) == ""


def test_job_orders_name_the_job() -> None:
    assert job_order(c.Pause(), 7) == Request("PUT", "/api/v1/job/7/pause")
    assert job_order(c.Resume(), 7) == Request("PUT", "/api/v1/job/7/resume")
    assert job_order(c.Stop(), 7) == Request("DELETE", "/api/v1/job/7")
    assert not is_job_order(c.Home())


@pytest.mark.parametrize(
    ("command", "path", "body"),
    [
        (c.Home(), "printhead", {"command": "home", "axes": ["x", "y", "z"]}),
        (c.Home(axes=("x",)), "printhead", {"command": "home", "axes": ["x"]}),
        (c.Home(axes=("z",)), "printhead", {"command": "home", "axes": ["x", "y", "z"]}),
        (c.Jog(x=10, y=-5), "printhead", {"command": "jog", "speed": 2700, "x": 10, "y": -5}),
        (c.Jog(z=1), "printhead", {"command": "jog", "speed": 600, "z": 1}),
        (
            c.Jog(x=1, speed_mm_min=6000),
            "printhead",
            {"command": "jog", "speed": 2700, "x": 1},
        ),
        (c.Extrude(mm=-3), "tool", {"command": "extrude", "amount": -3, "speed": 100}),
        (c.SetSpeed(percent=80), "printhead", {"command": "speed", "factor": 80}),
        (
            c.SetTemperature(heater="nozzle", target=215),
            "tool",
            {"command": "target", "targets": {"tool0": 215}},
        ),
        (
            c.SetTemperature(heater="bed", target=60),
            "bed",
            {"command": "target", "target": 60},
        ),
    ],
)
def test_what_the_pi_takes(
    command: c.Command, path: str, body: dict[str, object], pi: Server, firmware: Server
) -> None:
    assert build(command, pi, "P") == (Request("POST", f"/api/printer/{path}", body),)
    with pytest.raises(Unusable) as refusal:
        build(command, firmware, "Prusa 1")
    assert refusal.value.error_code == "not_supported"


def test_cool_down_is_both_heaters(pi: Server) -> None:
    paths = [request.path for request in build(c.CoolDown(), pi, "P")]
    assert paths == ["/api/printer/tool", "/api/printer/bed"]


@pytest.mark.parametrize(
    "command",
    [
        c.SetFan(fan="part", percent=50),
        c.SetLight(on=True),
        c.SendGcode(line="M117"),
        c.EmergencyStop(),
        c.SetSpeed(level=2),
        c.SetTemperature(heater="chamber", target=40),
    ],
)
def test_what_no_prusalink_has(command: c.Command, pi: Server) -> None:
    with pytest.raises(Unusable):
        build(command, pi, "P")


def answered(status: int, text: str) -> Answered:
    return Answered(f"P refused: {text}", status, text)


def test_refusals_are_sentences() -> None:
    text = "File is currently printed See: http://127.0.0.1:5211/error/file-currently-printed"
    assert refusals.said(answered(409, text)) == "File is currently printed"
    assert refusals.said(answered(409, "409: Conflict File is busy")) == "Conflict File is busy"
    assert refusals.said(answered(500, "")) == "HTTP 500"
    pause = refusals.job_refused("P", c.Pause(), answered(409, "Printer Is Not Printing"))
    assert pause.message == (
        "P cannot be paused right now. PrusaLink says: Printer Is Not Printing."
    )
    gone = refusals.job_refused("P", c.Stop(), answered(404, "Not Current Job"))
    assert (type(gone), gone.error_code) == (PrinterRejected, "no_job")
    start = refusals.start_refused("P", answered(409, "Not in state to print"))
    assert (type(start), start.error_code) == (PrinterRejected, "conflict")
    assert isinstance(refusals.file_refused("P", "/a", answered(404, "")), NotFound)
    full = refusals.upload_refused("P", answered(507, "507: USB drive full"), "")
    assert (type(full), full.error_code) == (UploadFailed, "storage_full")
    busy = refusals.upload_refused("P", answered(409, "Another transfer"), "x.gcode")
    assert "x.gcode" in busy.message


def test_homing_is_held_until_the_motors_may_have_let_go() -> None:
    homing = Homing(hold=100.0)
    rest = PrinterState.IDLE
    assert homing.axes(rest, 0.0) == ""
    homing.ordered(c.Jog(x=1), 0.0)
    assert homing.axes(rest, 1.0) == ""
    homing.ordered(c.Home(axes=("x", "y")), 1.0)
    assert homing.axes(rest, 2.0) == "xy"
    homing.ordered(c.Home(), 3.0)
    assert homing.axes(rest, 103.0) == "xyz"
    homing.ordered(c.Jog(x=1), 103.0)
    assert homing.axes(PrinterState.BUSY, 203.0) == "xyz"
    assert homing.axes(rest, 203.1) == ""
    homing.ordered(c.Home(), 300.0)
    assert homing.axes(PrinterState.PRINTING, 301.0) == ""
    assert homing.axes(rest, 302.0) == ""


def test_a_server_without_a_model_has_the_lowest_limits(pi: Server) -> None:
    said = Introduction(version={"original": "PrusaLink NEWONE"})
    unknown = server_of(said, "")
    assert unknown.is_pi
    assert unknown.model.nozzle_max <= min(m.nozzle_max for m in MODELS)
    assert replace(unknown, storages=()).main.name == "local"
