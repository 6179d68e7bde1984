"""The pure parts: a machine's space, what fits it, homing, pictures, names, who is asked first."""

from __future__ import annotations

import base64
import math
import re
import signal
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ManualClock
from core.config import SlicerConfig
from core.errors import BadRequest, Blocked, Unusable
from slicer.bounds.result import Box, PlateBounds
from slicer.engines.base import Installation
from slicer.gcode.pictures import picture
from slicer.gcode.plain_file import inspect_gcode
from slicer.library import FileLibrary
from slicer.profiles.presets import Family, Preset, PresetKind
from slicer.profiles.seats import Seat, contradicts, fits
from slicer.slicing.fit import fits_turned
from slicer.slicing.homing import homes, lines
from slicer.slicing.machine import limits_and_bounds, space_of
from slicer.slicing.own_picture import MAX_BYTES, insert_picture
from slicer.slicing.slicers import LOOK_AGAIN_S, Slicers
from slicer.slicing.work import Workshop, result_name


def machine(name: str = "M", **more: Any) -> Preset:
    return Preset(kind=PresetKind.MACHINE, name=name, **more)


# -- a machine's space -------------------------------------------------------------------------

SPACES = {
    "prusa": (
        Family.PRUSA,
        {"bed_shape": "0x0,250x0,250x210,0x210", "max_print_height": "210"},
        (0, 0, 250, 210, 210),
    ),
    "orca": (
        Family.ORCA,
        {"printable_area": ["0x0", "256x0", "256x256", "0x256"], "printable_height": "250"},
        (0, 0, 256, 256, 250),
    ),
    "centred": (
        Family.PRUSA,
        {"bed_shape": "-90x-90,90x-90,90x90,-90x90", "max_print_height": "300"},
        (-90, -90, 180, 180, 300),
    ),
    "cura": (
        Family.CURA,
        {"machine_width": 235, "machine_depth": "235", "machine_height": 250.0},
        (0, 0, 235, 235, 250),
    ),
    "cura, centred": (
        Family.CURA,
        {"machine_width": 200, "machine_depth": 200, "machine_center_is_zero": "True"},
        (-100, -100, 200, 200, math.inf),
    ),
}


@pytest.mark.parametrize("which", SPACES)
def test_a_machine_s_space_is_read_from_its_preset(which: str) -> None:
    family, settings, wanted = SPACES[which]
    space = space_of(machine(settings=settings), family)
    assert space is not None
    assert (space.x0, space.y0, space.width, space.depth, space.height) == wanted


@pytest.mark.parametrize(
    "value", [None, "", "0x0,1x1", "nonsense", "0x0,ax0,1x1", ["0x0", 5, "1x1"], 7, "0x0," * 9999]
)
def test_a_bed_that_is_none_is_not_guessed(value: Any) -> None:
    assert space_of(machine(settings={"bed_shape": value}), Family.PRUSA) is None


def test_a_bed_with_an_odd_corner_is_moved_to_it() -> None:
    settings = {"bed_shape": "10x5,110x5,110x105,10x105"}
    space = space_of(machine(settings=settings), Family.PRUSA)
    assert space is not None
    inside = PlateBounds(model=Box(10, 5, 0.2, 110, 105, 20))
    limits, moved = limits_and_bounds(space, inside)
    assert limits.centred is False
    assert moved.model == Box(0, 0, 0.2, 100, 100, 20)


def test_x1_and_p1_lie_two_mm_in_front() -> None:
    settings = {"printable_area": ["0x0", "256x0", "256x256"], "extruder_offset": ["0x2"]}
    space = space_of(machine(settings=settings), Family.ORCA)
    assert space is not None and space.y_shift == 2


# -- what fits ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "bed", "fit"),
    [
        ((250, 210), (250, 210), True),
        ((210, 250), (250, 210), True),  # turned by a right angle
        ((251, 10), (250, 210), True),  # turned a little
        ((320, 5), (250, 210), True),  # along the diagonal of 326
        ((320, 60), (250, 210), False),
        ((330, 1), (250, 210), False),
        ((240, 220), (250, 210), False),
    ],
)
def test_a_model_may_be_turned_about_z(
    model: tuple[float, float], bed: tuple[float, float], fit: bool
) -> None:
    assert fits_turned(*model, *bed) is fit


@given(st.floats(1, 400), st.floats(1, 400), st.floats(0, 90))
def test_what_is_cut_out_of_a_turned_bed_fits_it(width: float, depth: float, angle: float) -> None:
    """The bed around a turned rectangle takes that rectangle, whatever the angle."""
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    assert fits_turned(width, depth, width * c + depth * s, width * s + depth * c)


# -- homing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (b"M83\nG28 ; home\n;LAYER_CHANGE\n", True),
        (b"M83\n;LAYER:0\nG28\n", False),
        (b"; CHANGE_LAYER\nG28\n", False),
        (b"G280\nM280\n", False),
        (b";FLAVOR:Griffin\nT0\n;LAYER:0\n", True),
        (b"T0\nM104 S210\n", False),
        (b"", False),
    ],
)
def test_homing_counts_only_before_the_first_layer(code: bytes, found: bool) -> None:
    assert homes([code]) is found


@given(st.binary(max_size=200), st.integers(1, 50))
def test_lines_do_not_depend_on_chunks(content: bytes, size: int) -> None:
    chunks = [content[at : at + size] for at in range(0, len(content), size)]
    whole = content.split(b"\n")
    assert list(lines(chunks)) == (whole[:-1] if whole[-1] == b"" else whole)


# -- pictures ----------------------------------------------------------------------------------


def png(width: int = 64, height: int = 48, *, noise: int = 0) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" * (height * (1 + 3 * width)) + b"x" * 0) + b"\7" * noise
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


GCODE = b"""; generated by PrusaSlicer 2.5.0 on 2026-11-21 at 12:00:00 UTC
G28
;LAYER_CHANGE
G1 X10 Y10 Z0.2 E1
G1 X20 Y10 E1
"""


def test_a_picture_is_put_where_slicers_put_it(tmp_path: Path) -> None:
    path, own = tmp_path / "out.gcode", png()
    path.write_bytes(GCODE)
    assert insert_picture(path, own)
    text = path.read_bytes()
    assert text.startswith(b"; generated by PrusaSlicer 2.5.0")
    begin = re.search(rb"^; thumbnail begin 64x48 (\d+)$", text, re.MULTILINE)
    assert begin is not None and int(begin[1]) == len(base64.b64encode(own))
    assert max(map(len, text.splitlines())) <= 80
    assert picture(path) == own  # the farm's own reader finds it again
    assert inspect_gcode(path, "out.gcode").plates[0].has_thumbnail
    assert text.endswith(GCODE.partition(b"\n")[2])  # and nothing else changed
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("bad", [b"", b"GIF89a", png()[:-4], png(noise=MAX_BYTES)])
def test_what_is_no_use_as_a_picture_leaves_the_file_alone(tmp_path: Path, bad: bytes) -> None:
    path = tmp_path / "out.gcode"
    path.write_bytes(GCODE)
    assert not insert_picture(path, bad)
    assert path.read_bytes() == GCODE


# -- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "name", "nozzle", "wanted"),
    [
        ("cube.stl", "Original Prusa i3 MK3S & MK3S+", 0.4, "cube MK3S.gcode"),
        ("cube.STL", "Bambu Lab P1S", 0.6, "cube P1S 0.6.gcode"),
        ("a.b.stl", "Creality Ender-3", None, "a.b Ender-3.gcode"),
        ("no ending", "X1/X1C", 0.4, "no ending X1.gcode"),
    ],
)
def test_the_result_is_named_after_model_and_machine(
    model: str, name: str, nozzle: float | None, wanted: str
) -> None:
    stored = SimpleNamespace(name=model, file=SimpleNamespace(kind="stl"))
    choice = SimpleNamespace(machine=machine(model=name, nozzle_mm=nozzle))
    order: Any = SimpleNamespace(model=stored, choice=choice, plate=0)
    assert result_name(order, "gcode") == wanted


# -- printers ----------------------------------------------------------------------------------

P1S = Seat(id="p1s", name="Alder", code="C12", model="P1S", nozzles_mm=(0.4,))
MK3 = Seat(id="mk3", name="Maple", model="Prusa MK3S+", nozzles_mm=(None,))


@pytest.mark.parametrize(
    ("preset", "seat", "fit"),
    [
        (machine(model="Bambu Lab P1S", nozzle_mm=0.4), P1S, True),
        (machine(model="Bambu Lab P1S", nozzle_mm=0.409), P1S, True),
        (machine(model="Bambu Lab P1S", nozzle_mm=0.6), P1S, False),
        (machine(model="Bambu Lab A1", nozzle_mm=0.4), P1S, False),
        (machine(model="Original Prusa i3 MK3S & MK3S+", nozzle_mm=0.4), MK3, True),
        (machine(model="Original Prusa MINI", nozzle_mm=0.4), MK3, False),
        (machine(model="Original Prusa i3 MK3S", nozzle_mm=0.4), Seat(id="x", name="X"), False),
    ],
)
def test_a_machine_is_offered_for_the_printers_it_is_for(
    preset: Preset, seat: Seat, fit: bool
) -> None:
    assert fits(preset, seat) is fit


def test_only_sure_contradictions_stop_a_slicing() -> None:
    assert "another printer than Alder" in contradicts(machine(model="Bambu Lab A1"), P1S)
    assert contradicts(machine(model="Bambu Lab X1 Carbon"), P1S) == ""  # takes the same G-code
    assert "another printer than Maple" in contradicts(machine(model="Bambu Lab A1"), MK3)
    assert contradicts(machine(model="My own Voron"), MK3) == ""  # nobody knows: the gates ask


# -- who slices --------------------------------------------------------------------------------


def engine(name: str, family: Family = Family.ORCA, kinds: tuple[str, ...] = ("stl",)) -> Any:
    return SimpleNamespace(
        name=name, label=name.title(), family=family, model_kinds=frozenset(kinds), package="pkg"
    )


ENGINES = (engine("orca"), engine("bambu"), engine("prusa", Family.PRUSA))


def slicers(*there: str, preferred: str = "auto", broken: str = "") -> Slicers:
    found = [Installation(engine=name, program=Path("/p")) for name in there]
    if broken:
        found.append(Installation(engine=broken, program=Path("/p"), problem="It is too old."))
    return Slicers(ENGINES, lambda: found, ManualClock(), preferred)


def names(found: Any) -> list[str]:
    return [one.name for one, _ in found]


def test_the_preferred_one_comes_first_then_whose_presets_they_are() -> None:
    assert names(slicers("orca", "bambu").candidates(Family.ORCA, "stl")) == ["orca", "bambu"]
    first = slicers("orca", "bambu").candidates(Family.ORCA, "stl", first="bambu")
    assert names(first) == ["bambu", "orca"]
    wished = slicers("orca", "bambu", preferred="orca")
    assert names(wished.candidates(Family.ORCA, "stl", first="bambu")) == ["orca", "bambu"]
    assert names(slicers("orca", "bambu").candidates(Family.ORCA, "stl", asked="bambu")) == [
        "bambu"
    ]


@pytest.mark.parametrize(
    ("asked", "family", "kind", "error", "code"),
    [
        ("cura", Family.ORCA, "stl", BadRequest, "bad_request"),
        ("prusa", Family.ORCA, "stl", Unusable, "engine_family"),
        ("auto", Family.ORCA, "amf", Unusable, "engine_kind"),
        ("auto", Family.PRUSA, "stl", Blocked, "no_slicer"),
        ("bambu", Family.ORCA, "stl", Blocked, "no_slicer"),
    ],
)
def test_nobody_who_can_slice_it_is_a_sentence(
    asked: str, family: Family, kind: str, error: type[Exception], code: str
) -> None:
    with pytest.raises(error) as refused:
        slicers("orca").candidates(family, kind, asked=asked)
    assert refused.value.error_code == code  # type: ignore[attr-defined]


def test_a_broken_slicer_says_what_is_wrong_with_it() -> None:
    with pytest.raises(Blocked, match="It is too old"):
        slicers(broken="prusa").candidates(Family.PRUSA, "stl")
    assert slicers(broken="prusa").why_not() == "No slicer can be used: It is too old."


def test_it_looks_again_while_there_is_none() -> None:
    clock, found = ManualClock(), []
    looked = Slicers(ENGINES, lambda: tuple(found), clock)
    assert looked.usable() == ()
    found.append(Installation(engine="orca", program=Path("/p")))
    assert looked.usable() == ()
    clock.advance(LOOK_AGAIN_S)
    assert names(looked.usable()) == ["orca"]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_the_sweep_ends_slicers_that_outlived_the_farm(tmp_path: Path) -> None:
    """Else one of them goes on writing, with nobody to watch its limits."""
    folder = tmp_path / "slicing" / "old-prusa"
    folder.mkdir(parents=True)
    child = subprocess.Popen(["/bin/sleep", "600"], env={"HOME": str(folder)})
    try:
        library = FileLibrary(tmp_path / "files", ManualClock(), 1_000_000, models=True)
        Workshop(tmp_path / "slicing", library, SlicerConfig(), ManualClock()).sweep()
        assert child.wait(20) == -signal.SIGKILL
        assert not folder.exists()
    finally:
        child.kill()
        child.wait()
