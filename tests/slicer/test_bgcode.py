"""Prusa's binary G-code says the same as the text it was made from."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.clock import ManualClock
from job_queue.naming import remote_name
from slicer.bgcode import binary_file
from slicer.bounds.worker import bounds_of
from slicer.inspection import inspect_file, thumbnail
from slicer.library import FileLibrary
from slicer.printfile import Filament, Plate, PrintFile
from tests.slicer import bgcode_writer as write

DATA = Path(__file__).parent.parent / "data" / "slicer"
REAL = ("tile_meatpack_comments", "tile_meatpack", "tile_text_deflate")
WAYS = [(compression, encoding) for compression in range(4) for encoding in range(3)]


def read(save: Any, raw: bytes, name: str = "part.bgcode") -> tuple[PrintFile, Plate]:
    file = inspect_file(save(raw, name), name)
    (plate,) = file.plates
    return file, plate


@pytest.mark.parametrize("name", REAL)
def test_files_of_prusas_own_writer(name: str) -> None:
    """The twin is plain text; only what the writer drops with the comments is missing."""
    twin = inspect_file(DATA / "tile.gcode", "twin")
    file = inspect_file(DATA / f"{name}.bgcode", "part")
    assert (file.kind, twin.kind) == ("bgcode", "gcode")
    assert (file.slicer, file.slicer_version) == ("PrusaSlicer", "2.5.0")
    wanted = replace(
        twin.plates[0], model_sources=("printer_metadata", "slicer_metadata", "start_code")
    )
    if name == "tile_meatpack":
        wanted = replace(wanted, layers=None, height_mm=None)
    assert file.plates == (wanted,)
    assert (wanted.seconds, wanted.grams, wanted.models) == (49, 0.05, ("MK3S",))
    for small in (False, True):
        picture = thumbnail(DATA / f"{name}.bgcode", "part", 1, small=small)
        assert picture == thumbnail(DATA / "tile.gcode", "twin", 1, small=small)
        assert picture is not None and picture.startswith(b"\x89PNG")


@pytest.mark.parametrize("name", REAL)
def test_the_moves_of_prusas_own_writer(name: str) -> None:
    """Every command of the text, in its order; the writer keeps no space in "G92 E0"."""

    def commands(text: bytes) -> list[bytes]:
        lines = [line.partition(b";")[0].strip() for line in text.splitlines()]
        return [line.replace(b" ", b"") if line[:1] == b"G" else line for line in lines if line]

    text = b"".join(binary_file.text_chunks(DATA / f"{name}.bgcode", "part"))
    twin = (DATA / "tile.gcode").read_bytes()
    assert commands(text) == commands(twin)
    if name == "tile_meatpack_comments":
        moves = [line for line in twin.splitlines() if line.startswith(b"G1 X")]
        assert [line for line in text.splitlines() if line.startswith(b"G1 X")] == [
            line.partition(b" ;")[0] for line in moves
        ], "spaced as the slicer spaces it"


@pytest.mark.parametrize(("compression", "encoding"), WAYS)
def test_every_compression_and_encoding(compression: int, encoding: int, save: Any) -> None:
    file, plate = read(save, write.whole((write.MOVES,) * 3, compression, encoding))
    assert (file.kind, file.slicer, file.slicer_version) == ("bgcode", "PrusaSlicer", "2.8.1")
    assert file.filament_count == 2 and not file.warnings
    assert (plate.seconds, plate.grams, plate.height_mm) == (3723, 5.7, 6.2)
    assert plate.layers == (None if encoding == write.MEATPACK else 6)
    assert (plate.models, plate.printer_model, plate.nozzle_mm) == (("MK4S",), "MK4S", (0.4,))
    assert [item.name for item in plate.objects] == ["Shape-Box"]
    assert plate.filaments == (
        Filament(index=1, type="PLA", color="FF8000", name="Prusament PLA", grams=4.5, meters=1.5),
        Filament(index=2, type="PETG", color="00FF00", name="Generic PETG", grams=1.2, meters=0.4),
    )


def test_where_a_value_came_from(save: Any) -> None:
    file, _ = read(save, write.whole())
    assert file.sources == {
        "filament_count": "filaments",
        "slicer": "file_metadata: producer",
        "models": "printer_metadata, slicer_metadata, start_code",
        "nozzle_mm": "printer_metadata: nozzle_diameter",
        "filaments": "printer_metadata: filament_type, slicer_metadata: filament_colour, "
        "slicer_metadata: filament_settings_id, print_metadata: filament used [g], "
        "print_metadata: filament used [mm]",
        "seconds": "print_metadata: estimated printing time (normal mode)",
        "grams": "print_metadata: total filament used [g]",
        "layers": "layer marks",
        "height_mm": "printer_metadata: max_layer_z",
        "objects": "labels",
    }


def test_places_that_disagree_about_the_printer(save: Any) -> None:
    raw = write.whole([write.MOVES.replace(b"MK4S", b"XL")])
    file, plate = read(save, raw)
    assert plate.models == ("MK4S", "XL")
    assert plate.warnings == (
        "The file contradicts itself about its printer: it names MK4S and XL.",
    )
    assert file.plates[0].printer_model == ""


def test_a_multi_material_unit_is_no_other_machine(save: Any) -> None:
    """PrusaSlicer 2.9.4 checks for "MK4" in files of its profile MK4ISMMU3."""
    parts = write.metadata()
    parts[1] = write.block(write.PRINTER, b"printer_model=MK4ISMMU3\n")
    parts[3] = write.block(write.SLICER, b"printer_model=MK4ISMMU3\n")
    moves = write.MOVES.replace(b"MK4S", b"MK4")
    _, plate = read(save, write.header() + b"".join(parts) + write.gcode_block(moves))
    assert plate.models == ("MK4ISMMU3",) and not plate.warnings


def test_previews(save: Any, png: Any) -> None:
    def of(data: bytes, form: int = write.PNG) -> bytes:
        return write.block(write.PICTURE, data, encoding=form)

    blocks = [of(png(16, 16)), of(png(400, 300)), of(png(64, 64)), of(b"qoif", write.QOI)]
    path = save(write.whole(pictures=[*blocks, of(b"not a picture"), of(png(9000, 9000))]), "p")
    file = inspect_file(path, "p")
    assert file.plates[0].has_thumbnail and not file.warnings
    assert file.sources["thumbnail"] == "preview blocks"
    assert thumbnail(path, "p", 1) == png(400, 300)
    assert thumbnail(path, "p", 1, small=True) == png(64, 64)
    assert thumbnail(path, "p", 2) is None
    only = save(write.whole(pictures=[of(b"qoif", write.QOI), of(b"\xff\xd8", write.JPG)]), "q")
    file = inspect_file(only, "q")
    assert thumbnail(only, "q", 1) is None and not file.plates[0].has_thumbnail
    assert file.warnings == () and "thumbnail" not in file.sources


def test_without_checksums_it_is_told(save: Any) -> None:
    gcode = write.block(write.GCODE, write.MOVES, checksum=False)
    raw = write.header(checksum=0) + b"".join(write.metadata(checksum=False)) + gcode
    assert read(save, raw)[0].warnings == (
        "The file carries no checksums, so damage inside it would go unseen.",
    )


def test_settings_as_json_are_passed_over(save: Any) -> None:
    """What the next generation of PrusaSlicer may write; printers do not read that block."""
    parts = write.metadata()
    parts[3] = write.block(write.SLICER, b'{"printer_model": "XL"}', encoding=1)
    raw = write.header() + b"".join(parts) + write.gcode_block(write.MOVES)
    assert read(save, raw)[1].model_sources == ("printer_metadata", "start_code")


def test_file_metadata_may_be_missing(save: Any) -> None:
    raw = write.header() + b"".join(write.metadata()[1:]) + write.gcode_block(write.MOVES)
    file, plate = read(save, raw)
    assert (file.slicer, "slicer" in file.sources, plate.seconds) == ("", False, 3723)


def test_layers_behind_the_proof_are_counted(save: Any) -> None:
    """Behind the first megabytes only comments are unpacked; every layer still counts."""
    layer = b";LAYER_CHANGE\n;Z:0.4\n" + b"G1 X10.125 Y20.375 E.03125\n" * 2_000
    blocks = [write.gcode_block(layer)] * 250
    parts = [write.header(), *write.metadata(), write.gcode_block(write.MOVES), *blocks]
    path = save(b"".join(parts))
    (plate,) = inspect_file(path, "long").plates
    assert sum(len(text) for text in binary_file.text_chunks(path, "long")) > 12_000_000
    assert plate.layers == 252


def test_the_name_decides_nothing(save: Any, parts: Any, pack: Any) -> None:
    assert inspect_file(save(write.whole(), "a"), "Gear.gcode.3mf").kind == "bgcode"
    assert inspect_file(save(pack(parts()), "b"), "Gear.bgcode").kind == "gcode.3mf"


def test_the_library_keeps_it_under_its_own_ending(tmp_path: Path, png: Any) -> None:
    library = FileLibrary(tmp_path, ManualClock(), 10_000_000)
    raw = write.whole(pictures=[write.block(write.PICTURE, png(64, 64))])
    stored = library.add(io.BytesIO(raw), "Gear.gcode")
    assert library.path(stored.id).name == f"{stored.id}.bgcode"
    assert library.thumbnail(stored.id, 1) == png(64, 64)
    again = FileLibrary(tmp_path, ManualClock(), 10_000_000)
    assert again.get(stored.id) == stored
    assert remote_name(stored.name, 255, stored.file.kind).endswith(".bgcode")
    (tmp_path / f"{stored.id}.json").unlink()
    recovered = FileLibrary(tmp_path, ManualClock(), 10_000_000).get(stored.id)
    assert recovered.name.endswith(".bgcode") and recovered.file == stored.file


@pytest.mark.parametrize("name", REAL)
def test_its_bounds_are_those_of_its_twin(name: str) -> None:
    def facts(path: Path) -> Any:
        (plate,) = bounds_of(path, 30.0)
        assert plate.complete
        return plate.travel, plate.filament_mm, plate.nozzle_c, plate.bed_c, plate.tools

    assert facts(DATA / f"{name}.bgcode") == facts(DATA / "tile.gcode")


def test_bounds_of_a_broken_file_are_not_complete(save: Any) -> None:
    (plate,) = bounds_of(save(write.whole()[:-9]), 30.0)
    assert (plate.complete, plate.reason) == (False, "damaged")
