"""What Cura's front end does to G-code: placeholders filled, the header made true."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from core.errors import Unusable
from slicer.engines.cura import gcode as cura_gcode

HEADER = ";FLAVOR:Marlin\n;TIME:2596\n;Filament used: 1.89m\n;MINX:99.7"
LOG = f"Progress: export\nGcode header after slicing:\n{HEADER}\nEnd of gcode header.\n"
BEFORE = (
    b";FLAVOR:Marlin\n;TIME:6666\n;Filament used: 0m\n;MINX:2.14748e+06\n\n"
    b";Generated with Cura_SteamEngine 4.13.0\n"
)
BODY = (
    b"G28\nM117 {print_time} {filament_amount}\n;LAYER_COUNT:1\n;LAYER:0\nG1 X1 E1\n;End of Gcode\n"
)


def known(key: str, extruder: str) -> str | None:
    if key == "material_print_temperature":
        return {"": "200", "1": "240"}.get(extruder)
    return {"machine_depth": "220"}.get(key)


@pytest.mark.parametrize(
    ("code", "filled"),
    [
        ("M104 S{material_print_temperature}", "M104 S200"),
        ("M104 T1 S{material_print_temperature, 1}", "M104 T1 S240"),
        ("G1 Y{machine_depth} ; {machine_depth} mm", "G1 Y220 ; 220 mm"),
        (";Fill density: {fill_density}\nG28", ";Fill density: {fill_density}\nG28"),
        ("M117 {print_time}", "M117 {print_time}"),  # known only after slicing
        ("G28 {not a placeholder}", "G28 {not a placeholder}"),
        ("", ""),
    ],
)
def test_placeholders_get_their_values(code: str, filled: str) -> None:
    assert cura_gcode.fill(code, known, "start") == filled


@pytest.mark.parametrize(
    "code", ["M104 S{no_such}", "M104 S{material_print_temperature, 7}", "G1 X{machine_width} ;"]
)
def test_a_command_never_keeps_a_placeholder(code: str) -> None:
    with pytest.raises(Unusable) as refused:
        cura_gcode.fill(code, known, "start")
    assert refused.value.error_code == "gcode_placeholder"
    assert code[code.index("{") : code.index("}") + 1] in refused.value.message


@pytest.mark.parametrize(
    ("code", "bed", "nozzle"),
    [
        ("G28", False, False),
        ("M190 S{material_bed_temperature_layer_0}", True, False),
        ("M109 S{material_print_temperature, 0}", False, True),
        ("; M109 S{material_print_temperature}\nM140 S60", False, False),
    ],
)
def test_the_engine_heats_what_the_start_code_does_not(code: str, bed: bool, nozzle: bool) -> None:
    assert (cura_gcode.heats_bed(code), cura_gcode.heats_nozzle(code)) == (bed, nozzle)


def test_the_last_logged_header_counts() -> None:
    assert cura_gcode.logged_header(LOG.replace("2596", "1") + LOG) == HEADER
    assert cura_gcode.logged_header(LOG.replace("\n", "\r\n")) == HEADER
    later = f"[info] Gcode header after slicing: {HEADER}\n[info] Print time"  # without an end
    assert cura_gcode.logged_header(later) == HEADER
    assert cura_gcode.logged_header("Gcode header after slicing:\nnothing\n") == ""
    assert cura_gcode.seconds_in(HEADER) == 2596


def test_the_header_and_the_late_values_are_put_in(tmp_path: Path) -> None:
    path = tmp_path / "out.gcode"
    path.write_bytes(BEFORE + BODY)
    cura_gcode.rewrite(path, HEADER, {"print_time": "00:43", "filament_amount": "1.89"})
    wanted = HEADER.encode() + b"\n;Generated with Cura_SteamEngine 4.13.0\n"
    wanted += BODY.replace(b"{print_time} {filament_amount}", b"00:43 1.89")
    assert path.read_bytes() == wanted
    assert list(tmp_path.iterdir()) == [path]


def test_a_placeholder_on_the_edge_of_a_chunk_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.gcode"
    fill = b"G1 X1\n" * 200_000
    for shift in range(6):
        path.write_bytes(BEFORE + b"G1" + b"0" * shift + b"\n" + fill + b"M117 {jobname}\n" * 9)
        cura_gcode.rewrite(path, HEADER, {"jobname": "model"})
        text = path.read_bytes()
        assert b"{" not in text
        assert text.count(b"M117 model\n") == 9


def test_a_large_file_costs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "out.gcode"
    with path.open("wb") as file:
        file.write(BEFORE)
        for _ in range(40):
            file.write(b"G1 X1.5 Y2.5 E0.01\n" * 55_000)
    tracemalloc.start()
    cura_gcode.rewrite(path, HEADER, {})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 40_000_000
    assert peak < 8_000_000


@pytest.mark.parametrize("content", [b"", b"G28\n", b"G1 X1\n" * 30_000])
def test_a_file_without_curas_header_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "out.gcode"
    path.write_bytes(content)
    with pytest.raises(Unusable):
        cura_gcode.rewrite(path, HEADER, {})
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("body", "empty"),
    [
        (BODY, False),
        (b";LAYER_COUNT:0\nM84\n;End of Gcode\n", True),
        (b"G1 X1 E5\n;LAYER_COUNT:0\nG1 X1 E-2\n;End of Gcode\n", True),  # priming is no print
        (b";LAYER_COUNT:1\n;LAYER:0\nG1 X1 Y2\nG1 E-2 F2700\n;End of Gcode\n", True),
        (b"", True),
    ],
)
def test_a_file_is_empty_when_no_layer_lays_down_filament(
    tmp_path: Path, body: bytes, empty: bool
) -> None:
    path = tmp_path / "out.gcode"
    path.write_bytes(BEFORE + body)
    assert cura_gcode.is_empty(path) is empty


def test_a_file_is_whole_with_its_last_line(tmp_path: Path) -> None:
    path = tmp_path / "out.gcode"
    path.write_bytes(BEFORE + BODY)
    assert cura_gcode.is_whole(path)
    path.write_bytes((BEFORE + BODY)[:-20])
    assert not cura_gcode.is_whole(path)
